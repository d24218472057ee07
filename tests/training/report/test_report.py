"""Tables read well where they stand: long sentences one below the other, wide tables within the page."""

from __future__ import annotations

from training.report import Page, Table, text_table

SENTENCE = (
    "斜率 1.25 ± 0.44（36 行不合格）；区间须触及 0.75 至 1.35",
    "slope 1.25 ± 0.44 on 36 positives; the interval must touch",
)
TABLE = Table(
    ("门槛", "Gates"),
    (("状态", "state"), ("所见", "seen")),
    [(("通过", "open"), SENTENCE), (("关闭", "CLOSED"), ("无", "none"))],
    marked=frozenset({1}),
)


def test_a_terminal_shows_long_sentences_below_each_other() -> None:
    lines = text_table(TABLE).splitlines()
    assert lines[0] == "门槛 Gates"
    assert lines[2].endswith(SENTENCE[0])
    assert lines[3].strip() == SENTENCE[1]
    assert lines[4].startswith("! 关闭 CLOSED  无 none")
    assert len(lines) == 5


def test_a_page_keeps_tables_within_itself_and_says_both_languages() -> None:
    page = Page(("页", "page"))
    page.table(TABLE)
    html = page.html()
    assert html.count('<div class="wide"><table>') == html.count("</table></div>") == 1
    assert all(text in html for text in SENTENCE)
    assert '<tr class="marked">' in html
