"""Which hazard, given nonconformity: an answer for every line, shrunk where few, safe to carry."""

from __future__ import annotations

import dataclasses
import json
import sys
from functools import lru_cache
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.text.lexicon import hazards
from models.bundle import FILES, MANIFEST, OPTIONAL, bundles_folder, read_bundle, store_bundle
from models.errors import BundleError, ModelsError
from models.grading.words import HAZARD_BASES
from models.hazards import HAZARDS, PLACE, HazardCounts, HazardModel, InvalidHazards
from models.keys import public_keys, signing_key
from models.risk_model import RiskModel
from models.trial import examine

sys.path.insert(0, str(Path(__file__).parent))

from model_samples import NAMES, model, rows

CODES = ["8516109000", "8516799000", "0402100000", "9503002100", "6109100021", ""]
FOUND = st.lists(st.tuples(st.sampled_from(CODES[:5]), st.integers(0, len(HAZARDS) - 1)), max_size=60)


def counted(found: list[tuple[str, int]]) -> HazardCounts:
    return HazardCounts.of([code for code, _ in found], [place for _, place in found], [1.0] * len(found))


@lru_cache(maxsize=1)
def with_trees() -> HazardModel:
    X = rows(600, 3)
    y = (np.nan_to_num(X[:, 1]) > 0) + 2 * (np.nan_to_num(X[:, 2]) > 0.5)
    y = np.minimum(y, 2)
    data = lgb.Dataset(X, y, categorical_feature=[0], params={"verbose": -1})
    booster = lgb.train({"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}, data, 5)
    found = [(CODES[n % 5], n % 7) for n in range(70)]
    return HazardModel(counted(found), booster.model_to_string(), HAZARDS[:3], 0.8, (0.1,) * len(HAZARDS))


@given(FOUND, st.sampled_from(CODES))
def test_shares_are_probabilities_of_every_hazard_however_few_the_findings(
    found: list[tuple[str, int]], code: str
) -> None:
    shares = counted(found).shares(code)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares > 0).all()


@given(FOUND, st.integers(0, len(HAZARDS) - 1), st.sampled_from(CODES[:5]))
def test_one_finding_more_never_makes_its_hazard_less_likely(
    found: list[tuple[str, int]], place: int, code: str
) -> None:
    before, after = counted(found).shares(code), counted([*found, (code, place)]).shares(code)
    assert after[place] > before[place]


@given(FOUND, st.integers(0, len(HAZARDS) - 1), st.sampled_from(CODES[:5]))
def test_leaving_a_finding_out_is_as_if_it_had_never_been_counted(
    found: list[tuple[str, int]], place: int, code: str
) -> None:
    without = counted([*found, (code, place)]).shares(code, place)
    assert without == pytest.approx(counted(found).shares(code))


def test_many_findings_outweigh_the_taxonomy_and_none_leave_it_as_it_is() -> None:
    many = counted([("8516109000", PLACE["burns_heat"])] * 500)
    assert many.shares("8516109000")[PLACE["burns_heat"]] > 0.95
    typical = [name for name, hazard in hazards().items() if "85" in hazard.chapters]
    unseen = HazardModel().probabilities(np.zeros((1, 1)), ["8516109000"])[0]
    assert {HAZARDS[at] for at in np.argsort(-unseen)[: len(typical)]} == set(typical)
    assert many.support("8516109000") == 500
    assert many.support("9503002100") == 0


def test_a_line_has_the_same_bits_alone_and_among_others() -> None:
    X, codes = rows(64, 9), [CODES[n % 5] for n in range(64)]
    together = with_trees().probabilities(X, codes)
    for row in range(64):
        alone = with_trees().probabilities(X[row : row + 1], codes[row : row + 1])
        assert alone.tobytes() == together[row : row + 1].tobytes()
    assert together.sum(axis=1) == pytest.approx(np.ones(64))


def test_trees_are_lightgbms_own_on_top_of_the_log_shares() -> None:
    X, hazard_model = rows(50, 4), with_trees()
    told = lgb.Booster(model_str=hazard_model.text).predict(X, raw_score=True)
    codes = [CODES[0]] * 50
    shares = np.log(hazard_model.counts.shares(CODES[0]))
    expected = np.tile(shares, (50, 1))
    expected[:, :3] += told
    assert hazard_model.logits(X, codes) == pytest.approx(expected)


def kept(home: Path, hazard_model: HazardModel) -> str:
    whole = dataclasses.replace(model(), hazards=hazard_model)
    return store_bundle(whole, home, {}, signing_key(home), gates={"passed": True}, model_card={})


def read(home: Path, fingerprint: str) -> RiskModel:
    return read_bundle(bundles_folder(home) / fingerprint, public_keys(home))


def test_a_bundle_carries_its_hazards_to_the_bit_and_is_tried_with_them(tmp_path: Path) -> None:
    again = read(tmp_path, kept(tmp_path, with_trees()))
    X, codes = rows(20), [CODES[n % 5] for n in range(20)]
    assert again.hazards.probabilities(X, codes).tobytes() == with_trees().probabilities(X, codes).tobytes()
    assert again.hazards.support(CODES[0]) == with_trees().support(CODES[0])
    assert examine(again)["rows"] == 64


def test_a_bundle_from_before_hazards_is_read_and_answers_from_the_taxonomy(tmp_path: Path) -> None:
    again = read(tmp_path, kept(tmp_path, HazardModel()))
    assert {file.name for file in (bundles_folder(tmp_path) / again.fingerprint).iterdir()} >= set(FILES)
    assert not OPTIONAL & {file.name for file in (bundles_folder(tmp_path) / again.fingerprint).iterdir()}
    assert again.hazards.findings == 0
    assert again.hazards.probabilities(rows(2), CODES[:2]).shape == (2, len(HAZARDS))


@pytest.mark.parametrize("name", ["hazards.json", "hazards.txt"])
def test_altered_or_missing_hazards_are_refused_before_they_are_parsed(tmp_path: Path, name: str) -> None:
    folder = bundles_folder(tmp_path) / kept(tmp_path, with_trees())
    file = folder / name
    content = file.read_bytes()
    file.write_bytes(content.replace(b"e", b"f", 1))
    with pytest.raises(BundleError, match=name):
        read(tmp_path, folder.name)
    file.unlink()
    with pytest.raises(BundleError, match=name):
        read(tmp_path, folder.name)


def resigned(folder: Path, home: Path, **changes: Any) -> None:
    """Write a manifest anew, as another version might have written it, and sign it."""
    manifest = json.loads((folder / MANIFEST).read_text()) | changes
    content = json.dumps(manifest).encode()
    (folder / MANIFEST).write_bytes(content)
    (folder / "manifest.sig").write_bytes(signing_key(home).sign(content).hex().encode())


def test_a_bundle_of_a_newer_version_is_refused_with_what_is_new(tmp_path: Path) -> None:
    folder = bundles_folder(tmp_path) / kept(tmp_path, with_trees())
    resigned(folder, tmp_path, format=2)
    with pytest.raises(BundleError, match="bundle format 2; this version reads 1"):
        read_bundle(folder, public_keys(tmp_path))
    (folder / "harms.json").write_text("{}")
    with pytest.raises(BundleError, match=r"harms\.json.*no bundle of this version has"):
        read_bundle(folder, public_keys(tmp_path))


def test_a_manifest_that_does_not_name_the_hazards_beside_it_is_refused(tmp_path: Path) -> None:
    folder = bundles_folder(tmp_path) / kept(tmp_path, with_trees())
    files = json.loads((folder / MANIFEST).read_text())["files"]
    resigned(folder, tmp_path, files={name: sha for name, sha in files.items() if name != "hazards.txt"})
    with pytest.raises(BundleError, match=r"hazards\.txt"):
        read_bundle(folder, public_keys(tmp_path))


def test_hazards_of_another_taxonomy_or_shape_are_refused() -> None:
    parts = with_trees().to_parts()
    told = json.loads(parts["hazards.json"])
    for changes, said in (
        ({"hazards": ["spell", *HAZARDS[1:]]}, "spell"),
        ({"taught": list(HAZARDS[:2])}, "3 outputs for 2 hazards"),
        ({"slope": -1.0}, "positive"),
        ({"bias": [0.0]}, "in the taxonomy|bias"),
    ):
        altered = {**parts, "hazards.json": json.dumps({**told, **changes}).encode()}
        with pytest.raises(InvalidHazards, match=said):
            HazardModel.from_parts(altered)
    assert issubclass(InvalidHazards, ModelsError)
    with pytest.raises(InvalidHazards, match="0 outputs"):
        HazardModel(taught=HAZARDS[:2])
    assert len(NAMES) == with_trees().tree_shap.n_features  # type: ignore[union-attr]


def test_a_model_says_whether_trees_speak_shares_alone_or_the_taxonomy() -> None:
    assert with_trees().basis == "trees"
    assert HazardModel(with_trees().counts).basis == "shares"
    assert HazardModel().basis == "taxonomy"
    assert HAZARD_BASES.keys() == {"trees", "shares", "taxonomy"}
