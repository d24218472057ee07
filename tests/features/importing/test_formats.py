import datetime as dt
import json
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.instants import DAY, parse_instant
from features.terms import Kind

MOMENT = parse_instant("2021-03-04T10:00:00")


def test_a_line_of_json_is_a_row(run: Any, line: dict[str, Any]) -> None:
    text = (
        json.dumps(line, ensure_ascii=False) + "\n\n" + json.dumps(line | {"id": "a-2", "packages": 3}) + "\n"
    )
    assert run(run.write("lines.jsonl", "\ufeff" + text)).exit_status == 0
    assert run.memory.ids == ["a-1", "a-2"]


def test_lines_of_json_may_be_gbk(run: Any, line: dict[str, Any]) -> None:
    text = json.dumps(line | {"goods_name": "改良种用马"}, ensure_ascii=False)
    assert run(run.write("lines.ndjson", text.encode("gbk"))).exit_status == 0
    assert run.memory.records[0].goods_name == "改良种用马"


@pytest.mark.parametrize(
    "junk", ["{", "[1]", "3", '{"id": NaN}', '{"id": "a\xff"}', '{"id": "a", "colour": 1}']
)
def test_a_line_that_is_no_record_costs_itself_only(run: Any, line: dict[str, Any], junk: str) -> None:
    good = json.dumps(line).encode()
    summary = run(run.write("lines.jsonl", good + b"\n" + junk.encode("latin-1") + b"\n" + good))
    assert (summary.rejected, len(run.memory.ids)) == (1, 2)
    assert run.rejects[0]["row"] == "2"


def test_a_json_list_is_read_element_by_element(run: Any, line: dict[str, Any]) -> None:
    rows = [line | {"id": f"a-{number}", "goods_name": "马" * 400} for number in range(3_000)]
    assert run(run.write("lines.json", json.dumps(rows, ensure_ascii=False, indent=1))).exit_status == 0
    assert len(run.memory.ids) == 3_000


@pytest.mark.parametrize("text", ["", "nonsense", '[{"id": "a"', '[{"id": NaN}]'])
def test_a_json_file_that_breaks_off_cannot_be_read(run: Any, text: str) -> None:
    assert run(run.write("lines.json", text)).exit_status == 2


def write_parquet(path: Path, **columns: Any) -> Path:
    rows = len(next(iter(columns.values())))
    base = {
        "id": [f"a-{row}" for row in range(rows)],
        "direction": ["import"] * rows,
        "hs_code": ["0101"] * rows,
    }
    pq.write_table(pa.table(base | columns), path)
    return path


@pytest.mark.parametrize(
    "column",
    [
        pa.array([MOMENT]),
        pa.array([float(MOMENT)]),
        pa.array(["2021-03-04T10:00:00"]),
        pa.array(["2021-03-04T02:00:00Z"]),
        pa.array([dt.datetime(2021, 3, 4, 10)]),
        pa.array([dt.datetime(2021, 3, 4, 10)], pa.timestamp("ns")),
        pa.array([dt.datetime(2021, 3, 4, 2, tzinfo=dt.UTC)], pa.timestamp("ms", "UTC")),
        pa.array(["2021-03-04T10:00:00+08:00"]).dictionary_encode(),
    ],
)
def test_parquet_times_come_in_many_types(run: Any, column: pa.Array) -> None:
    assert run(write_parquet(run.folder / "a.parquet", happened_at=column, known_at=column)).exit_status == 0
    [entry] = run.memory.entries
    assert (entry.record.happened_at, entry.known_at) == (MOMENT, MOMENT)


def test_parquet_columns_without_a_value_are_missing_and_rows_stay_apart(run: Any) -> None:
    times = pa.array([dt.date(2021, 3, 4), None], pa.date32())
    path = write_parquet(run.folder / "a.parquet", happened_at=times, brand=pa.nulls(2), packages=[None, 2])
    assert run(path).rejected == 1
    assert run.memory.ids == ["a-0"]
    assert (run.rejects[0]["row"], run.rejects[0]["field"]) == ("2", "happened_at")


def test_parquet_lists_become_tuples(run: Any) -> None:
    pq.write_table(
        pa.table(
            {"id": ["i"], "declaration_id": ["a"], "happened_at": [MOMENT], "items_tested": [["铅", "镉"]]}
        ),
        run.folder / "i.parquet",
    )
    assert run(run.folder / "i.parquet", Kind.INSPECTION).exit_status == 0
    assert run.memory.records[0].items_tested == ("铅", "镉")
    pq.write_table(
        pa.table(
            {"id": ["p"], "happened_at": [MOMENT], "events": [[{"kind": "recall", "happened_at": MOMENT}]]}
        ),
        run.folder / "p.parquet",
    )
    assert run(run.folder / "p.parquet", Kind.PARTY).exit_status == 0
    assert run.memory.records[1].events[0].kind == "recall"


@pytest.mark.parametrize("name", ["a.parquet", "a.xlsx"])
def test_a_file_of_other_content_cannot_be_read(run: Any, name: str) -> None:
    assert run(run.write(name, b"id,name\n1,2\n")).exit_status == 2


def write_sheet(path: Path, *rows: list[Any]) -> Path:
    workbook = openpyxl.Workbook()
    assert workbook.active is not None
    for row in [["id", "happened_at", "direction", "hs_code", "total_price", None], *rows]:
        workbook.active.append(row)
    workbook.save(path)
    return path


def test_a_sheet_is_read_with_its_dates_and_numbers(run: Any) -> None:
    moment = dt.datetime(2021, 3, 4, 10)
    rows = [["a-1", moment, "import", "0101210000", 12.5], [], [7, "2021-03-04", "export", "8501", None]]
    assert run(write_sheet(run.folder / "a.xlsx", *rows)).exit_status == 0
    first, second = run.memory.records
    assert (first.happened_at, first.total_price) == (MOMENT, 12.5)
    assert (second.id, second.total_price) == ("7", None)


def test_a_code_that_a_sheet_made_a_number_is_rejected(run: Any) -> None:
    rows = [["a-1", "2021-03-04", "import", 101210000, 1], ["a-2", "2021-03-04", "import", "8501", 1, "x"]]
    assert run(write_sheet(run.folder / "a.xlsx", *rows)).rejected == 2
    assert [(reject["row"], reject["field"]) for reject in run.rejects] == [("2", "hs_code"), ("3", "row")]
    assert "leading zeros" in run.rejects[0]["reason"]


def test_what_became_known_when_is_read_and_checked(run: Any, line: dict[str, Any]) -> None:
    happened = parse_instant("2021-03-04")
    known: list[Any] = [None, "", "2021-03-05", happened + DAY, "2021-03-03", "2999-01-01", "soon"]
    rows = [json.dumps(line | {"id": f"a-{number}", "known_at": at}) for number, at in enumerate(known)]
    assert run(run.write("a.jsonl", "\n".join(rows))).rejected == 3
    assert [entry.known_at for entry in run.memory.entries] == [None, None, happened + DAY, happened + DAY]
    assert {reject["field"] for reject in run.rejects} == {"known_at"}
    assert [reject["value"] for reject in run.rejects] == ["2021-03-03", "2999-01-01", "soon"]
    assert run.rejects[0]["reason"].startswith("is before it happened, at 2021-03-04T00:00:00+08:00")
    assert run.rejects[1]["reason"].startswith("is after now")
    assert run.rejects[1]["reason_zh"].endswith("（2999-01-01T00:00:00+08:00 晚于当前时间）")


def test_a_record_can_be_withdrawn_or_redacted_and_a_refusal_by_the_store_costs_its_row_only(
    run: Any, line: dict[str, Any]
) -> None:
    assert run(run.write("a.jsonl", json.dumps(line))).exit_status == 0
    actions = [
        line | {"id": "a-2", "action": "put"},
        {"id": "nobody", "action": "withdraw"},
        {"id": "a-1", "action": "withdraw", "known_at": "2021-03-09"},
        {"id": "nobody", "action": "redact"},
        {"id": "a-1", "action": "redact"},
        {"id": "a-1", "action": "burn"},
        {"action": "redact"},
        line | {"id": "a-3", "action": ""},
    ]
    assert run(run.write("a.jsonl", "\n".join(json.dumps(row) for row in actions))).rejected == 4
    assert sorted(int(reject["row"]) for reject in run.rejects) == [2, 4, 6, 7]
    assert run.memory.ids == ["a-1", "a-2", "a-3"]
    removals = [(entry.action, entry.known_at) for entry in run.memory.entries if entry.removed]
    assert removals == [("withdraw", parse_instant("2021-03-09")), ("redact", None)]
