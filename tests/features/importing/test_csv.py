import gzip
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from features.errors import UnreadableFile
from features.importing.csv_rows import open_csv
from features.importing.encodings import detect_encoding
from features.rules import BrokenRule, BrokenText, MalformedRow

HEAD = "id,happened_at,direction,hs_code,goods_name\n"
ROW = "a-{0},2021-03-04,import,0101210000,改良种用马{0}\n"
TABLE = HEAD + "".join(ROW.format(number) for number in range(5))


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        ("\ufeff" + TABLE).encode(),
        TABLE.encode("gbk"),
        TABLE.replace(",", "\t").encode("gb18030"),
        TABLE.replace(",", ";").replace("\n", "\r\n").encode(),
        re.sub("(改良种用马.)", r'"\1"', TABLE).encode(),
        (TABLE + "\n\n").encode(),
        TABLE.replace(",改", ",改").replace("0\n", "0,,\n").encode(),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_text_is_read_in_its_encoding(run: Any, content: bytes, packed: bool) -> None:
    path = run.write("lines.csv.gz" if packed else "lines.csv", gzip.compress(content) if packed else content)
    assert run(path).exit_status == 0
    assert [record.goods_name for record in run.memory.records] == [
        f"改良种用马{number}" for number in range(5)
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_broken_byte_costs_its_own_row_only(run: Any, encoding: str) -> None:
    rows = [ROW.format(number).encode(encoding) for number in range(5)]
    rows[2] = rows[2].replace("良".encode(encoding), b"\xff\xff")
    summary = run(run.write("lines.csv", HEAD.encode() + b"".join(rows)))
    assert (summary.rejected, summary.exit_status) == (1, 3)
    assert run.memory.ids == ["a-0", "a-1", "a-3", "a-4"]
    [reject] = run.rejects
    assert (reject["row"], reject["field"]) == ("4", "goods_name")
    assert "encoding" in reject["reason"]
    assert reject["remedy_zh"]


def test_a_quote_that_nothing_closes_costs_its_own_row_only(run: Any) -> None:
    rows = [ROW.format(number) for number in range(2_000)]
    rows[1] = 'a-1,2021-03-04,import,0101210000,"改良种\n'
    rows[1_990] = 'a-1990,2021-03-04,import,0101210000,"改良种\n'
    summary = run(run.write("lines.csv", HEAD + "".join(rows)))
    assert summary.rejected == 2
    assert len(run.memory.ids) == 1_998
    assert [reject["row"] for reject in run.rejects] == ["3", "1992"]
    assert "quote" in run.rejects[0]["reason"]


def test_a_cell_may_hold_line_breaks(run: Any) -> None:
    table = HEAD + 'a-0,2021-03-04,import,0101210000,"改良\n种用\n马"\n' + ROW.format(1) + "a-2,x\n"
    assert run(run.write("lines.csv", table)).rejected == 1
    assert run.memory.records[0].goods_name == "改良\n种用\n马"
    assert run.rejects[0]["row"] == "6"


def test_a_row_with_too_few_or_too_many_cells_is_rejected_with_both_counts(run: Any) -> None:
    run(run.write("lines.csv", HEAD + "a-1,2021\n" + ROW.format(2).replace("\n", ",x\n") + ROW.format(3)))
    assert run.memory.ids == ["a-3"]
    assert [reject["reason"] for reject in run.rejects] == [
        "has 2 cells where the header has 5",
        "has 6 cells where the header has 5",
    ]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.csv", b"", "header is empty"),
        ("a.csv", b"\n\n", "header is empty"),
        ("a.csv", b"id,id\n1,2\n", "repeats"),
        ("a.csv", b"PK\x03\x04\0\0,\n", "not text"),
        ("a.csv", b"\xff\xfei\0d\0", "not text"),
        ("a.csv.gz", b"no gzip", "a.csv.gz"),
        ("a.csv.gz", gzip.compress(TABLE.encode())[:-30], "a.csv.gz"),
        (
            "a.csv",
            b"id,colour\n1,red\n",
            "these columns are no declaration fields: colour. Rename or drop them",
        ),
        ("a.csv", b"happened_at\n2021\n", "lacks the columns id. Add them"),
        ("a.doc", b"", "the ending is none of"),
        ("a", b"", "the ending is none of"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(run: Any, name: str, content: bytes, what: str) -> None:
    summary = run(run.write(name, content))
    assert summary.exit_status == 2
    assert what in summary.unreadable[0]
    assert name in summary.unreadable[0]


def test_a_missing_file_says_so(run: Any) -> None:
    assert "no such file" in run(run.folder / "none.csv").unreadable[0]


def test_rows_before_a_break_in_a_packed_file_are_kept(run: Any) -> None:
    table = HEAD + "".join(ROW.format(number) for number in range(60_000))
    summary = run(run.write("lines.csv.gz", gzip.compress(table.encode(), 1)[:-60_000]))
    assert summary.exit_status == 2
    assert "the rows before it were" in summary.unreadable[0]
    assert len(run.memory.ids) > 1_000


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"", "utf-8"),
        (b"plain\n" * 9, "utf-8"),
        ("改良种用马".encode(), "utf-8"),
        ("改良种用马".encode("gbk"), "gb18030"),
        (b"plain\n" * 200_000 + "改良种用马".encode("gbk"), "gb18030"),
        ("改良种用马".encode() * 9 + b"\xff\xfe", "utf-8"),
    ],
)
def test_the_encoding_is_told_from_the_bytes_that_are_not_ascii(content: bytes, encoding: str) -> None:
    assert detect_encoding(io.BytesIO(content)) == encoding


def read(content: bytes) -> list[tuple[int, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(content)
        source = open_csv(path)
        try:
            return list(source.rows)
        finally:
            source.close()


@settings(max_examples=200)
@given(
    position=st.integers(0, 9),
    garbage=st.binary(min_size=1, max_size=30).filter(lambda junk: not set(junk) & {10, 13}),
    encoding=st.sampled_from(["utf-8", "gbk"]),
)
@example(position=9, garbage=b'"', encoding="utf-8")
@example(position=0, garbage=b',"', encoding="gbk")
def test_whatever_one_row_holds_the_others_are_read(position: int, garbage: bytes, encoding: str) -> None:
    rows = [f"a-{number},改良种用马{number}".encode(encoding) for number in range(10)]
    rows[position] += garbage
    read_rows = read(b"id,name\n" + b"\n".join(rows) + b"\n")
    taken = {row["id"]: row["name"] for _, row in read_rows if not isinstance(row, BrokenRule)}
    others = {f"a-{number}": f"改良种用马{number}" for number in range(10) if number != position}
    assert others.items() <= taken.items()
    assert len(read_rows) == 10


@settings(max_examples=200)
@given(content=st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail(content: bytes) -> None:
    try:
        rows = read(content)
    except UnreadableFile:
        return
    assert all(isinstance(row, (dict, BrokenText, MalformedRow)) for _, row in rows)
