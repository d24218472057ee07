import json
import re
from pathlib import Path
from typing import Any

import pytest

from features.importing.mapping import BadMapping, load_mapping, shipped_mappings
from features.instants import DAY, parse_instant
from features.records import Declaration, Inspection, Nonconformity
from features.terms import Direction, FindingCategory, Kind, Outcome, Selection

KCS_HEAD = (
    "Declaration ID,Date,Office ID,Process Type,Import Type,Import Use,Payment Type,Mode of Transport,"
    "Declarant ID,Importer ID,Seller ID,Courier ID,HS10 Code,HS6 Code,Country of Departure,Country of Origin,"
    "Tax Rate,Tax Type,Country of Origin Indicator,Net Mass,Item Price,Fraud,Critical Fraud\n"
)
KCS_ROW = (
    "{id},2020-02-03,030,B,11,21,11,40,AGENT01,BUYER01,,,0712909000,071290,HK,CN,27.0,A,G,108.0,372254.4,"
    "{fraud}\n"
)


def kcs(*verdicts: str) -> str:
    return KCS_HEAD + "".join(
        KCS_ROW.format(id=number, fraud=verdict) for number, verdict in enumerate(verdicts)
    )


def test_a_kcs_row_yields_a_line_its_inspection_and_what_was_found(run: Any) -> None:
    summary = run(run.write("train.csv", kcs("0,0", "1,1", "1,2")), mapping="kcs")
    assert (summary.exit_status, summary.unused_columns) == (0, [])
    lines = [record for record in run.memory.records if isinstance(record, Declaration)]
    inspections = [record for record in run.memory.records if isinstance(record, Inspection)]
    findings = [record for record in run.memory.records if isinstance(record, Nonconformity)]
    assert [record.outcome for record in inspections] == [Outcome.PASS, Outcome.RECTIFIED, Outcome.RECTIFIED]
    assert [record.declaration_id for record in inspections] == [record.id for record in lines]
    assert [(record.severity, record.category) for record in findings] == [
        (2, FindingCategory.FRAUD),
        (3, FindingCategory.FRAUD),
    ]
    first = lines[0]
    assert (first.hs_code, first.office, first.transport_mode) == ("0712909000", "030", "5")
    assert (first.origin, first.departure, first.preference, first.duty_rate) == ("CN", "HK", "A", 27.0)
    assert (first.agent, first.consignee, first.overseas_party) == ("AGENT01", "BUYER01", None)


def test_a_kcs_result_is_known_one_day_after_the_declaration(run: Any) -> None:
    run(run.write("train.csv", kcs("1,1")), mapping="kcs")
    declared = parse_instant("2020-02-03T00:00:00+09:00")
    assert [entry.known_at for entry in run.memory.entries] == [declared, declared + DAY, declared + DAY]


def test_a_row_is_taken_whole_or_not_at_all(run: Any) -> None:
    text = kcs("0,0", "7,0", "1,9", "0,0").replace("3,2020-02-03", "3,2020-02-33")
    summary = run(run.write("train.csv", text), mapping="kcs")
    assert (summary.rejected, len(run.memory.entries)) == (3, 2)
    assert [(reject["row"], reject["field"], reject["value"]) for reject in run.rejects] == [
        ("3", "outcome", "7"),
        ("4", "severity", "9"),
        ("5", "happened_at", "2020-02-33"),
        ("5", "happened_at", "2020-02-33"),
    ]


def test_a_file_without_the_columns_a_mapping_reads_is_refused(run: Any) -> None:
    summary = run(run.write("train.csv", kcs("0,0").replace("Importer ID", "Importer")), mapping="kcs")
    assert (summary.exit_status, summary.rows) == (2, 0)
    assert "Importer ID" in summary.unreadable[0]


def test_a_column_nobody_reads_is_told(run: Any) -> None:
    text = kcs("0,0").replace("Critical Fraud\n", "Critical Fraud,Remark\n").replace(",0,0\n", ",0,0,hello\n")
    assert run(run.write("train.csv", text), mapping="kcs").unused_columns == ["Remark"]


RASFF = """Date of Case,Reference,Notification From,Country Origin,Product,Product Category,\
Hazard Substance,Hazard Category
"Dec 29, 2023",2023.1,Germany (DE),Türkiye,Dried figs,Fruits and vegetables,Aflatoxins,Mycotoxins; Mycotoxins
"Jan 2, 2023",2023.2,European Commission,unknown origin; China,Tea,Cocoa,,
"Jan 2, 2023",2023.3,Poland,China,Spoons,Food contact materials,Formaldehyde,migration
"2 Jan 2023",2023.4,Poland,Atlantis,Spoons,,,TSEs
"""


def test_an_overseas_notice_is_a_finding_about_imports_or_our_exports(run: Any) -> None:
    assert run(run.write("rasff.csv", RASFF), Kind.NONCONFORMITY, "rasff").rejected == 1
    figs, tea, spoons = run.memory.records
    assert (figs.origin, figs.notifying_country, figs.direction) == ("TR", "DE", Direction.IMPORT)
    assert (figs.hazard, figs.category) == ("mould_spoilage", FindingCategory.HEALTH)
    assert figs.published_at == figs.happened_at == parse_instant("2023-12-29T00:00:00+01:00")
    assert (tea.origin, tea.notifying_country, tea.direction, tea.hazard) == (
        "CN",
        "EU",
        Direction.EXPORT,
        None,
    )
    assert (spoons.hazard, spoons.direction) == ("food_contact_migration", Direction.EXPORT)
    assert run.memory.entries[0].known_at == figs.happened_at + DAY
    assert (run.rejects[0]["row"], run.rejects[0]["field"]) == ("5", "happened_at")


SAMPLING = """物料名称,产品分类,生产商,供应商,生产日期,检测项目,检测结果,限量值,判定,发布单位,发布日期
粉条,淀粉及淀粉制品-->淀粉制品,/ ,某店 ,2022-01-14,,,,合格,国内监督抽查,2022-01-14
粉条,淀粉及淀粉制品-->淀粉制品,某厂 ,"某
店 ",2022-01-14,铝的残留量,1072mg/kg,≤200mg/kg,不合格,国内监督抽查,2022-01-14
粉条,淀粉及淀粉制品-->淀粉制品,某厂 ,某店 ,2022-01-14,二氧化硫,1g/kg,≤0.1g/kg,不合格,国内监督抽查,2022-01-14
"""


def test_market_sampling_failures_are_findings_of_their_own(run: Any) -> None:
    assert run(run.write("s.csv", SAMPLING), Kind.NONCONFORMITY, "cn_sampling").exit_status == 0
    first, second = run.memory.records
    assert (first.item, first.limit, first.declaration_id) == ("铝的残留量", "≤200mg/kg", None)
    assert (first.manufacturer, first.consignee, first.hs_code) == ("某厂", "某店", "1902")
    assert first.id != second.id


def test_market_samples_as_inspections_keep_their_passes(run: Any) -> None:
    assert run(run.write("s.csv", SAMPLING), Kind.INSPECTION, "cn_sampling").exit_status == 0
    inspections = [record for record in run.memory.records if isinstance(record, Inspection)]
    assert [record.outcome for record in inspections] == [Outcome.PASS, Outcome.RECTIFIED, Outcome.RECTIFIED]
    assert {record.selected_by for record in inspections} == {Selection.RULE}
    lines = {record.id: record for record in run.memory.records if isinstance(record, Declaration)}
    assert {record.declaration_id for record in inspections} == set(lines)
    assert {line.process_type for line in lines.values()} == {"market_sampling"}
    told_by_failures = {"铝的残留量", "1072mg/kg", "二氧化硫"}
    assert not told_by_failures & {
        str(getattr(line, name)) for line in lines.values() for name in line.__struct_fields__
    }


def test_a_mapping_says_for_which_kinds_it_yields_records(run: Any) -> None:
    with pytest.raises(BadMapping, match="inspection, nonconformity"):
        run(run.write("s.csv", SAMPLING), Kind.OPINION, "cn_sampling")


HEADER = {
    "entryId": "223120211000000001", "cusIEFlag": "I", "customMaster": "2231", "iEPort": "2248",
    "declDate": "2021-03-04", "cnsnTradeScc": "91330400763937539K", "cnsnTradeCode": "3304000001",
    "cusTrafMode": "2", "supvModeCdde": "0110", "cutMode": "101", "cusTradeCountry": "USA",
    "cusTradeNationCode": "HKG", "transMode": "3", "packNo": "10", "grossWt": "120.5", "netWt": "100",
}  # fmt: skip
GOODS = {
    "gNo": 1, "codeTs": "0207141100", "gName": "冻鸡翼尖", "qty1": "100", "declTotal": "250.00",
    "tradeCurr": "USD",
    "cusOriginCountry": "USA", "destinationCountry": "CHN", "goodsLegalInspectionMark": "00",
    "noDangFlag": "1",
}  # fmt: skip


def declaration(*lines: dict[str, Any], **header: Any) -> dict[str, Any]:
    return {"data": {"preDecHeadVo": {**HEADER, **header, "decMergeListVo": list(lines)}}}


@pytest.mark.parametrize("name", ["d.json", "d.jsonl"])
def test_a_single_window_declaration_yields_a_record_a_line(run: Any, name: str) -> None:
    document = declaration(GOODS, GOODS | {"gNo": 2, "unCode": "1993", "noDangFlag": ""})
    assert (
        run(run.write(name, json.dumps(document, ensure_ascii=False)), mapping="single_window").exit_status
        == 0
    )
    first, second = run.memory.records
    assert (first.id, second.id) == ("223120211000000001-1", "223120211000000001-2")
    assert (first.direction, first.hs_code, first.supervision_mode) == (
        Direction.IMPORT,
        "0207141100",
        "0110",
    )
    assert (first.origin, first.departure, first.destination, first.trading_country) == (
        "US",
        "US",
        None,
        "HK",
    )
    assert (first.consignee, first.terms, first.statutory_inspection) == ("91330400763937539K", "3", False)
    assert (first.dangerous, second.dangerous) == (False, True)
    assert first.gross_weight_kg is None


def test_weights_of_a_declaration_are_taken_only_where_there_is_one_line(run: Any) -> None:
    run(run.write("d.json", json.dumps(declaration(GOODS, cusIEFlag="E"))), mapping="single_window")
    [line] = run.memory.records
    assert (line.gross_weight_kg, line.packages, line.direction) == (120.5, 10, Direction.EXPORT)
    assert (line.departure, line.destination) == (None, "US")


def test_a_bad_line_of_a_declaration_does_not_sink_the_others(run: Any) -> None:
    documents = [
        declaration(GOODS | {"codeTs": 207141100}, GOODS | {"gNo": 2}, "x"),
        declaration(),
        {"data": []},
    ]
    summary = run(run.write("d.json", json.dumps(documents)), mapping="single_window")
    assert (summary.rejected, run.memory.ids) == (4, ["223120211000000001-2"])
    assert [(reject["row"], reject["field"]) for reject in run.rejects] == [
        ("1", "hs_code"),
        ("1", "decMergeListVo"),
        ("2", "decMergeListVo"),
        ("3", "decMergeListVo"),
    ]


def test_a_line_without_what_its_id_is_made_of_is_rejected(run: Any) -> None:
    run(run.write("d.json", json.dumps(declaration(GOODS, entryId=""))), mapping="single_window")
    assert "entryId and gNo" in run.rejects[0]["reason"]


def test_every_shipped_mapping_loads_and_says_what_it_is() -> None:
    assert shipped_mappings() == ["cn_sampling", "kcs", "rasff", "single_window"]
    assert all(load_mapping(name).title and load_mapping(name).about for name in shipped_mappings())


OWN = """
title = "ours"
zone = "Europe/Berlin"
missing = ["-"]
[tables.side]
in = "import"
[[record]]
kind = "declaration"
known_at = { column = "when", date_format = "%d.%m.%Y", delay_days = 0.5 }
[record.fields]
id = { hash = ["number", "when"], prefix = "X-" }
happened_at = { column = "when", date_format = "%d.%m.%Y" }
direction = { column = "side", casefold = true, table = "side" }
hs_code = "code"
brand = ["brand", "maker", { constant = "none" }]
net_weight_kg = { column = "grams", scale = 0.001 }
"""


def test_an_own_mapping_reads_dates_tables_scales_and_alternatives(run: Any) -> None:
    path = run.write("own.toml", OWN)
    text = (
        "number,when,side,code,brand,maker,grams\n1,04.03.2021,IN,8501,-,Bo,1500\n1,05.03.2021,in,8501,-,,x\n"
    )
    assert run(run.write("a.csv", text), mapping=str(path)).rejected == 1
    [entry] = run.memory.entries
    berlin = parse_instant("2021-03-04T00:00:00+01:00")
    assert (entry.record.happened_at, entry.known_at) == (berlin, berlin + DAY // 2)
    assert (entry.record.brand, entry.record.net_weight_kg) == ("Bo", 1.5)
    assert entry.record.id.startswith("X-")
    assert (run.rejects[0]["field"], run.rejects[0]["value"]) == ("net_weight_kg", "x")


PARTIES = """
title = "parties"
[[record]]
kind = "party"
[record.fields]
id = "id"
happened_at = { column = "seen", date_format = "%Y/%m/%d" }
credit_level = "level"
credit_valid_from = { column = "from", date_format = "%Y/%m/%d" }
credit_valid_to = { column = "to", date_format = "%Y/%m/%d" }
"""


@pytest.mark.parametrize("time", ["", " 00:00"])
def test_a_credit_level_is_valid_on_its_last_day(run: Any, time: str) -> None:
    dated = '{ column = "to", date_format = "%Y/%m/%d'
    path = run.write("own.toml", PARTIES.replace(dated, f"{dated} %H:%M" if time else dated))
    text = f"id,seen,level,from,to\na,2024/01/01,AA,2024/01/01,2024/12/31{time}\n"
    assert run(run.write("a.csv", text), kind=Kind.PARTY, mapping=str(path)).rejected == 0
    [entry] = run.memory.entries
    assert entry.record.credit_valid_from == parse_instant("2024-01-01")
    assert entry.record.credit_valid_to == parse_instant("2024-12-31" if time else "2025-01-01")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("Europe/Berlin", "Mars/Olympus", "no time zone"),
        ('hs_code = "code"', 'hs_kode = "code"', "no field 'hs_kode'"),
        ('table = "side"', 'table = "slide"', "tables.slide"),
        ('{ constant = "none" }', '{ constant = "a", column = "b" }', "exactly one"),
        ('{ constant = "none" }', '{ colum = "b" }', "colum"),
        ("id = {", "entry_id = {", "needs an id"),
        ("title =", "title", "title|Expected"),
        ('kind = "declaration"', 'kind = "parcel"', "parcel"),
    ],
)
def test_a_mapping_that_makes_no_sense_says_why(run: Any, old: str, new: str, what: str) -> None:
    path = run.write("own.toml", OWN.replace(old, new))
    with pytest.raises(BadMapping, match=what):
        load_mapping(str(path))


def test_a_wrong_known_at_costs_its_row_only(run: Any) -> None:
    text = "number,when,side,code,brand,maker,grams\n1,04.03.2021,in,8501,,,\n2,2021-03-04,in,8501,,,\n"
    path = run.write(
        "own.toml", OWN.replace('happened_at = { column = "when",', 'happened_at = { column = "at",')
    )
    text = text.replace("grams\n", "grams,at\n").replace(",,,\n", ",,,,04.03.2021\n")
    assert run(run.write("a.csv", text), mapping=str(path)).rejected == 1
    assert [(reject["field"], reject["value"]) for reject in run.rejects] == [("known_at", "2021-03-04")]


def test_the_mapping_in_the_documentation_works(run: Any) -> None:
    page = (Path(__file__).parents[3] / "docs" / "importing.md").read_text(encoding="utf-8")
    [example] = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    path = run.write("port.toml", example)
    text = (
        "报关单号,项号,申报日期,进出口,商品编号,收货人代码,收货人海关编码,净重(克),原产国,查验结果,查验日期,备注\n"
        "A1,1,2021/03/04,进口,0101210000,,9133,1500,德国;法国,合格,2021-03-05,急\n"
        "A1,2,2021/03/04,出口,8501,/,9133,,不详,,,\n"
    )
    summary = run(run.write("a.csv", text), mapping=str(path))
    assert (summary.exit_status, summary.unused_columns) == (0, [])
    assert run.memory.ids == ["A1-1", "A1-1-I", "A1-2"]
    assert (run.memory.records[0].origin, run.memory.records[0].net_weight_kg) == ("DE", 1.5)


@pytest.mark.parametrize("name", ["nothing", "nothing.toml"])
def test_a_mapping_that_is_not_there_says_which_are(name: str) -> None:
    with pytest.raises(BadMapping, match="kcs, rasff"):
        load_mapping(name)
