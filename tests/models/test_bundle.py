from __future__ import annotations

import json
import stat
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from features.goods.edition import Edition
from features.goods.name_risk import NameRisk
from features.terms import Direction
from models.bundle import (
    FILES,
    MANIFEST,
    NAMES,
    SIGNATURE,
    bundles_folder,
    read_bundle,
    read_spec,
    store_bundle,
    write_bundle,
)
from models.errors import BundleError, KeyFileError
from models.keys import public_keys, signing_key
from models.risk_model import RiskModel
from models.trial import try_bundle

sys.path.insert(0, str(Path(__file__).parent))

from model_samples import kept, model, rows


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return bundles_folder(tmp_path) / kept(tmp_path)


def read(bundle: Path) -> RiskModel:
    return read_bundle(bundle, public_keys(bundle.parent.parent))


def test_a_model_read_back_scores_with_the_same_bits(bundle: Path) -> None:
    before, after = (m.explain(rows(20), [Direction.EXPORT] * 20) for m in (model(), read(bundle)))
    assert after.contributions.tobytes() == before.contributions.tobytes()
    assert after.probability.tobytes() == before.probability.tobytes()


def test_a_model_read_back_knows_its_bundle_card_spec_and_reference(bundle: Path) -> None:
    again = read(bundle)
    assert again.fingerprint == bundle.name
    assert again.card["until"] == "2024-12-31"
    assert again.feature_spec == model().feature_spec
    assert again.reference.percentile(0.2, "import", "food") is not None


@pytest.fixture
def reading(tmp_path: Path) -> Path:
    """A bundle whose model reads declared names."""
    risk = NameRisk(("充电宝",), [Edition(5, -3, (0,), (4096,))])
    reads = replace(model(), feature_spec=replace(model().feature_spec, name_risk=risk))
    key, card = signing_key(tmp_path), {"until": "2024-12-31"}
    fingerprint = store_bundle(reads, tmp_path, {}, key, gates={"passed": True}, model_card=card)
    return bundles_folder(tmp_path) / fingerprint


def test_the_editions_that_read_names_travel_in_a_file_of_their_own(bundle: Path, reading: Path) -> None:
    assert not (bundle / NAMES).exists()
    again = read(reading).feature_spec
    assert again.name_risk.opened("充电宝", None, 5) is not None
    assert again == read_spec(reading, public_keys(reading.parent.parent))
    assert "充电宝" not in (reading / "features.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, b"{}"])
def test_editions_altered_or_taken_away_are_refused(reading: Path, content: bytes | None) -> None:
    (reading / NAMES).unlink()
    if content is not None:
        (reading / NAMES).write_bytes(content)
    with pytest.raises(BundleError, match=NAMES):
        read(reading)


def test_editions_put_into_a_bundle_that_has_none_are_refused(bundle: Path) -> None:
    (bundle / NAMES).write_text("{}")
    with pytest.raises(BundleError, match=NAMES):
        read(bundle)


def test_the_same_model_has_the_same_fingerprint(tmp_path: Path) -> None:
    assert kept(tmp_path) == kept(tmp_path)
    assert [folder.name for folder in bundles_folder(tmp_path).iterdir()] == [kept(tmp_path)]


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_one_altered_byte_in_any_file_is_refused(bundle: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)
    with pytest.raises(BundleError):
        read(bundle)


@pytest.mark.parametrize("name", [*FILES, MANIFEST, SIGNATURE])
def test_a_missing_file_is_refused_and_named(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=name):
        read(bundle)


def test_an_extra_file_is_refused_and_named(bundle: Path) -> None:
    (bundle / "hook.py").write_text("print('hello')")
    with pytest.raises(BundleError, match=r"hook\.py"):
        read(bundle)


def test_a_link_in_place_of_a_file_is_refused(bundle: Path, tmp_path: Path) -> None:
    (bundle / "model.txt").rename(tmp_path / "elsewhere.txt")
    (bundle / "model.txt").symlink_to(tmp_path / "elsewhere.txt")
    with pytest.raises(BundleError, match="plain file"):
        read(bundle)


def test_a_bundle_signed_by_another_key_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "foreign"
    stranger = Ed25519PrivateKey.generate()
    write_bundle(model(), folder, {}, stranger, gates={"passed": True}, model_card={})
    signing_key(tmp_path)
    with pytest.raises(BundleError, match="none of the 1 keys"):
        read_bundle(folder, public_keys(tmp_path))
    assert read_bundle(folder, [stranger.public_key()]).target == "nonconforming"


def test_another_bundle_than_the_one_asked_for_is_refused(bundle: Path) -> None:
    with pytest.raises(BundleError, match=bundle.name):
        read_bundle(bundle, public_keys(bundle.parent.parent), fingerprint="0" * 64)


def test_a_resigned_manifest_with_other_files_is_refused(bundle: Path) -> None:
    home = bundle.parent.parent
    manifest = json.loads((bundle / MANIFEST).read_bytes())
    manifest["files"]["../../etc/passwd"] = "0" * 64
    content = json.dumps(manifest).encode()
    (bundle / MANIFEST).write_bytes(content)
    (bundle / SIGNATURE).write_text(signing_key(home).sign(content).hex())
    with pytest.raises(BundleError, match="passwd"):
        read(bundle)


@settings(max_examples=30)
@given(manifest=st.binary(max_size=200))
def test_any_signed_nonsense_for_a_manifest_is_refused(
    tmp_path_factory: pytest.TempPathFactory, manifest: bytes
) -> None:
    home = tmp_path_factory.mktemp("home")
    folder, key = home / "bundle", signing_key(home)
    folder.mkdir()
    for name in FILES:
        (folder / name).write_bytes(b"{}")
    (folder / MANIFEST).write_bytes(manifest)
    (folder / SIGNATURE).write_text(key.sign(manifest).hex())
    with pytest.raises(BundleError):
        read_bundle(folder, [key.public_key()])


def test_a_gate_report_without_a_verdict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="passed"):
        write_bundle(model(), tmp_path / "b", {}, signing_key(tmp_path), gates={}, model_card={})


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match="empty"):
        write_bundle(
            model(), tmp_path, {}, Ed25519PrivateKey.generate(), gates={"passed": True}, model_card={}
        )


def test_the_key_is_made_at_first_use_for_its_owner_only(tmp_path: Path) -> None:
    first, second = signing_key(tmp_path), signing_key(tmp_path)
    assert first.private_bytes_raw() == second.private_bytes_raw()
    assert stat.S_IMODE((tmp_path / "keys" / "signing.pem").stat().st_mode) == 0o600
    assert len(public_keys(tmp_path)) == 1


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    (tmp_path / "keys" / "signing.pem").chmod(0o644)
    with pytest.raises(KeyFileError, match="0600"):
        signing_key(tmp_path)


def test_a_public_key_file_that_holds_none_is_refused(tmp_path: Path) -> None:
    signing_key(tmp_path)
    (tmp_path / "keys" / "public" / "x.pem").write_text("nothing")
    with pytest.raises(KeyFileError, match="public"):
        public_keys(tmp_path)


def test_a_good_bundle_survives_its_trial_in_another_process(bundle: Path) -> None:
    found = try_bundle(bundle, bundle.parent.parent)
    assert found["fingerprint"] == bundle.name
    assert found["additivity"] < 1e-9
    assert np.isfinite(found["additivity"])


def test_a_trial_says_why_a_bundle_is_refused(bundle: Path) -> None:
    (bundle / "model.txt").write_text("tree\n")
    with pytest.raises(BundleError, match="altered"):
        try_bundle(bundle, bundle.parent.parent)
