"""The section on market sampling judges by whole days, and says so when the set is not there."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.cn_sampling import Judged, figures_of, imported, roc_auc, rows_of
from features.records import Declaration, Nonconformity

HEAD = [
    "物料名称",
    "产品分类",
    "生产商",
    "供应商",
    "生产日期",
    "检测项目",
    "检测结果",
    "限量值",
    "判定",
    "发布单位",
    "发布日期",
]


def test_without_the_set_the_section_says_so(tmp_path):
    (only,) = rows_of(tmp_path / "nowhere")
    assert "no folder nowhere" in only["note"]


def test_the_area_is_scikit_learns_with_ties():
    random = np.random.default_rng(1)
    positive, score = random.random(300) < 0.2, random.integers(0, 9, 300).astype(float)
    assert roc_auc(positive, score) == pytest.approx(roc_auc_score(positive, score))


def test_a_score_that_knows_is_over_chance_and_one_that_does_not_is_not():
    random = np.random.default_rng(2)
    positive, day = random.random(600) < 0.1, np.arange(600) // 20
    judged, every = Judged(positive, day, positive), np.ones(600, dtype=bool)
    knowing, guessing = positive + random.random(600), random.random(600)
    for score, known in ((knowing, True), (guessing, False)):
        precision, area = figures_of("x", judged, score, every, "told")
        assert ("over chance by [+" in precision["note"]) is known
        assert ("over chance by [+" in area["note"]) is known
        assert precision["peer"] == pytest.approx(positive.mean())


def test_what_was_tested_reaches_no_line(tmp_path):
    row = [
        "长豆泡",
        "豆及豆制品-->非发酵豆制品",
        "厂",
        "店",
        "2022-01-14",
        "防腐剂",
        "0.9",
        "0.3",
        "不合格",
        "局",
        "2022-01-14",
    ]
    with gzip.open(tmp_path / "some.csv.gz", "wt", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEAD, row])
    store = imported(tmp_path, tmp_path)
    records = [revision.record for chunk in store.changes() for revision in chunk]
    (line,) = [record for record in records if isinstance(record, Declaration)]
    (finding,) = [record for record in records if isinstance(record, Nonconformity)]
    assert finding.item == "防腐剂"
    told = [getattr(line, field) for field in line.__struct_fields__]
    assert not {"防腐剂", "0.9", "0.3", 0.9, 0.3, "不合格"} & {
        one for one in told if isinstance(one, str | float)
    }
    store.close()
