import csv
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from customs_risk import main
from features.importing.entries import plain_plan
from features.importing.importer import BATCH, Importer
from features.importing.rejects import Rejects
from features.instants import now, parse_instant
from features.store.database import Store
from features.terms import Kind

HEAD = "id,happened_at,known_at,direction,hs_code,consignee\n"
ROW = "a-{0},2021-03-04,2021-03-05,import,{1},91350203M0001QAY9B\n"


def command(folder: Path, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["import", *map(str, arguments), "--home", str(folder / "home")])


def lines(folder: Path, *codes: str) -> Path:
    path = folder / "lines.csv"
    path.write_text(
        HEAD + "".join(ROW.format(number, code) for number, code in enumerate(codes)), encoding="utf-8"
    )
    return path


def figures(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    return found


def test_what_was_imported_is_in_the_store(tmp_path: Path) -> None:
    result = command(
        tmp_path, "declaration", lines(tmp_path, "8501", "8502"), "--json", tmp_path / "figures.json"
    )
    assert result.exit_code == 0, result.output
    assert "declaration: 2 accepted, 0 revised, 0 unchanged, 0 rejected" in result.output
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'customs-risk.db'}")
    [revisions] = list(store.changes())
    store.close()
    assert [revision.known_at for revision in revisions] == [parse_instant("2021-03-05")] * 2
    told = figures(tmp_path)
    assert (told["accepted"], told["rejected"], told["rejects_file"]) == (2, 0, None)
    assert told["kinds"] == {"declaration": {"accepted": 2, "revised": 0, "unchanged": 0, "rejected": 0}}
    assert told["warnings"][0]["records"] == 2
    assert "check digit" in told["warnings"][0]["warning"]


def test_importing_again_changes_nothing_and_changed_content_is_a_revision(tmp_path: Path) -> None:
    command(tmp_path, "declaration", lines(tmp_path, "8501", "8502"))
    assert (
        "0 accepted, 0 revised, 2 unchanged"
        in command(tmp_path, "declaration", lines(tmp_path, "8501", "8502")).output
    )
    assert (
        "1 accepted, 1 revised, 1 unchanged"
        in command(tmp_path, "declaration", lines(tmp_path, "8501", "8503", "8504")).output
    )


def test_a_rejected_row_goes_to_the_rejects_file_and_the_status_is_three(tmp_path: Path) -> None:
    rejects = tmp_path / "out" / "rejects.csv"
    result = command(
        tmp_path,
        "declaration",
        lines(tmp_path, "8501", "501"),
        "--rejects",
        rejects,
        "--json",
        tmp_path / "figures.json",
    )
    assert result.exit_code == 3
    assert str(rejects) in result.output
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        [reject] = csv.DictReader(file)
    assert (reject["row"], reject["field"], reject["value"]) == ("3", "hs_code", "501")
    assert "leading zero" in reject["reason"]
    assert (figures(tmp_path)["accepted"], figures(tmp_path)["rejected"]) == (1, 1)


def test_rejected_rows_are_never_thrown_away(tmp_path: Path) -> None:
    assert command(tmp_path, "declaration", lines(tmp_path, "501")).exit_code == 3
    assert len(list((tmp_path / "home" / "rejects").iterdir())) == 1
    assert command(tmp_path, "declaration", lines(tmp_path, "8501")).exit_code == 0
    assert len(list((tmp_path / "home" / "rejects").iterdir())) == 1


def test_a_file_that_cannot_be_read_is_status_two_and_the_others_are_imported(tmp_path: Path) -> None:
    result = command(tmp_path, "declaration", tmp_path / "none.csv", lines(tmp_path, "8501"))
    assert result.exit_code == 2
    assert "none.csv: there is no such file" in result.output
    assert "1 accepted" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["parcel", "a.csv"],
        ["declaration"],
        ["declaration", "a.csv", "--mapping", "nothing"],
        ["declaration", "a.csv", "--mapping", "kcs", "--known-at-column", "Date"],
        ["declaration", "a.csv", "--database-url", "nonsense://"],
    ],
)
def test_a_command_that_makes_no_sense_is_status_two(tmp_path: Path, arguments: list[str]) -> None:
    result = command(tmp_path, *arguments)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_another_column_can_say_what_was_known_when(tmp_path: Path) -> None:
    path = tmp_path / "lines.csv"
    path.write_text("id,happened_at,direction,hs_code\na,2021-03-04,import,8501\n", encoding="utf-8")
    assert command(tmp_path, "declaration", path, "--known-at-column", "happened_at").exit_code == 0
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'customs-risk.db'}")
    [[revision]] = list(store.changes())
    store.close()
    assert revision.known_at == revision.happened_at == parse_instant("2021-03-04")


def test_a_file_larger_than_what_is_kept_in_memory_streams_through(tmp_path: Path, run: Any) -> None:
    peaks = []
    for rows in (BATCH, 5 * BATCH):
        path = lines(tmp_path, *["8501"] * rows)
        run.memory.__init__(keeps=False)
        with Rejects(tmp_path / "rejects.csv") as rejects:
            importer = Importer(run.memory, Kind.DECLARATION, plain_plan(Kind.DECLARATION, now()), rejects)
            tracemalloc.start()
            summary = importer.run(path)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
        assert summary.rows == rows
        assert max(run.memory.batches) <= BATCH
    assert peaks[1] < 1.1 * peaks[0] + 1_000_000


@pytest.mark.parametrize(
    "secret", ["138-1234-5678", "１３８１２３４５６７８", "021-62345678", "130503670401001"]
)
def test_a_rejected_opinion_is_written_down_and_shown_without_personal_numbers(
    tmp_path: Path, secret: str
) -> None:
    path, rejects = tmp_path / "opinions.csv", tmp_path / "rejects.csv"
    rows = [
        f"o-1,2021-03-04,12345,漏电 {secret},",
        f"o-2,2021-03-04,热线{secret},漏电,",
        f"o-3,2021-03-04,review,漏电,{secret}",
    ]
    path.write_text("\n".join(["id,happened_at,channel,text,complainant", *rows]) + "\n", encoding="utf-8")
    result = command(tmp_path, "opinion", path, "--rejects", str(rejects))
    assert result.exit_code == 3, result.output
    written = rejects.read_text(encoding="utf-8-sig")
    assert "rows rejected: 2" in result.output
    assert "complainant" in written
    stored = (tmp_path / "home" / "customs-risk.db").read_bytes()
    assert secret not in written + result.output
    assert secret.encode() not in stored


def test_an_import_reads_again_the_opinions_that_something_older_came_after(tmp_path: Path) -> None:
    opinions, lines = tmp_path / "opinions.csv", tmp_path / "lines.csv"
    opinions.write_text(
        "id,happened_at,channel,text,known_at\no-1,2021-03-04,12345,奥乐养生壶漏电,2021-03-05\n",
        encoding="utf-8",
    )
    lines.write_text(
        "id,happened_at,direction,hs_code,goods_name,brand,known_at\n"
        "d-1,2021-03-01,import,8516109000,养生壶,奥乐,2021-03-01\n",
        encoding="utf-8",
    )
    assert "read again" not in command(tmp_path, "opinion", opinions).output
    assert (
        "1 opinions read again with what was known before them"
        in command(tmp_path, "declaration", lines).output
    )
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'customs-risk.db'}")
    assert [one.brand for one in store.readings.of([1]).values()] == ["奥乐"]
    store.close()


def test_personal_numbers_in_opinions_never_reach_the_store(tmp_path: Path) -> None:
    path = tmp_path / "opinions.csv"
    said = "孩子被电到了 请回电13812345678或a.b@example.com 身份证110101199003078515"
    path.write_text(f"id,happened_at,channel,text\no-1,2021-03-04,12345,{said}\n", encoding="utf-8")
    result = command(tmp_path, "opinion", path)
    assert result.exit_code == 0, result.output
    stored = (tmp_path / "home" / "customs-risk.db").read_bytes()
    for number in (b"13812345678", b"a.b@example.com", b"110101199003078515"):
        assert number not in stored
    assert "[电话]".encode() in stored


def test_a_column_says_it_with_a_mapping_too_and_a_mapping_that_says_it_itself_stands(tmp_path: Path) -> None:
    mapping = tmp_path / "ours.toml"
    mapping.write_text(
        'title = "ours"\n[[record]]\nkind = "declaration"\n[record.fields]\nid = "Nr"\nhs_code = "HS"\n'
        'happened_at = "Tag"\ndirection = { constant = "import" }\n',
        encoding="utf-8",
    )
    path = tmp_path / "lines.csv"
    path.write_text("Nr,HS,Tag,Bekannt\na,8501,2021-03-04,2021-03-06\n", encoding="utf-8")
    told = command(tmp_path, "declaration", path, "--mapping", mapping).output
    assert "known_at is not given for what happened more than a week ago" in told
    result = command(tmp_path, "declaration", path, "--mapping", mapping, "--known-at-column", "Bekannt")
    assert result.exit_code == 0, result.output
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'customs-risk.db'}")
    assert [one.known_at for one in store.revisions(Kind.DECLARATION, ["a"])["a"]][-1] == parse_instant(
        "2021-03-06"
    )
    store.close()
    said = mapping.read_text(encoding="utf-8").replace("[record.fields]", 'known_at = "Tag"\n[record.fields]')
    mapping.write_text(said, encoding="utf-8")
    result = command(tmp_path, "declaration", path, "--mapping", mapping, "--known-at-column", "Bekannt")
    assert result.exit_code == 2
    assert "the mapping says itself" in result.output


def test_what_was_erased_or_withdrawn_stays_so_when_its_file_is_imported_again(tmp_path: Path) -> None:
    first, removals = lines(tmp_path, "8501", "8502"), tmp_path / "removals.csv"
    removals.write_text("id,action\na-0,redact\na-1,withdraw\n", encoding="utf-8")
    command(tmp_path, "declaration", first)
    command(tmp_path, "declaration", removals)
    rejects = tmp_path / "rejects.csv"
    result = command(tmp_path, "declaration", first, "--rejects", rejects)
    assert (result.exit_code, "0 revised, 1 unchanged, 1 rejected" in result.output) == (3, True)
    with rejects.open(encoding="utf-8-sig", newline="") as file:
        [reject] = csv.DictReader(file)
    assert (reject["field"], reject["value"]) == ("id", "a-0")
    assert "erased by a redaction" in reject["reason"]
    assert "new id" in reject["remedy"]
    assert "新的编号" in reject["remedy_zh"]
    assert "删除" in reject["reason_zh"]
    store = Store.open(f"sqlite:///{tmp_path / 'home' / 'customs-risk.db'}")
    assert list(store.current(Kind.DECLARATION)) == []
    store.close()


def test_looks_at_lines_that_nobody_declared_are_counted_not_listed(tmp_path: Path) -> None:
    path = tmp_path / "looks.csv"
    path.write_text(
        "id,happened_at,known_at,declaration_id\n"
        "i,2021-03-04,2021-03-05,a-0\nj,2021-03-04,2021-03-05,x\nk,2021-03-04,2021-03-05,y\n"
        "l,2021-03-01,2021-03-05,a-0\n",
        encoding="utf-8",
    )
    command(tmp_path, "declaration", lines(tmp_path, "8501"))
    told = command(tmp_path, "inspection", path, "--json", tmp_path / "figures.json").output
    assert (
        "warning: declaration_id is no declaration stored so far: the record counts once it is (2 x)" in told
    )
    assert "warning: happened_at is before the line was declared (1 x)" in told
    assert "尚无该报关单商品项" in figures(tmp_path)["warnings"][0]["warning_zh"]
