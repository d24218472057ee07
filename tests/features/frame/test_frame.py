"""One function makes every frame: its order, its bits, its missing values and its warnings."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.catalog import CATALOG, MODEL_FEATURES
from features.errors import FeaturesError
from features.frame import BLOCK, FrameWarning, build_frame
from features.instants import DAY
from features.lines import Lines
from features.records import Declaration
from features.schema import FeatureSpec, fit_spec
from features.terms import Direction

ALL = tuple(CATALOG)
codes = st.none() | st.sampled_from(["", "0", "110", "US", "FR", "全部", "x" * 64])
names = st.none() | st.sampled_from(["葡萄酒", "红葡萄酒|红", "。", "全部"])
amounts = st.none() | st.just(0.0) | st.floats(0, 1e300) | st.floats(1, 1e6)
instants = st.integers(0, 2_000_000_000_000_000)


@st.composite
def declarations(draw: st.DrawFn) -> Declaration:
    text = (
        *("origin", "departure", "destination", "trading_country", "preference", "unit", "currency", "terms"),
        *("consignee", "owner", "agent", "manufacturer", "brand", "overseas_party", "office", "port_office"),
    )
    number = ("duty_rate", "total_price", "quantity", "gross_weight_kg", "net_weight_kg", "value_cny")
    fields = {name: draw(codes) for name in text} | {name: draw(amounts) for name in number}
    return Declaration(
        id=str(draw(st.integers(0, 9))),
        happened_at=draw(instants),
        direction=draw(st.sampled_from(Direction)),
        hs_code=draw(st.sampled_from(["", "22", "2204", "2204210000", "9503002100", "一二三四五六"])),
        produced_at=draw(st.none() | instants),
        shelf_life_days=draw(st.none() | st.integers(0, 10_000)),
        packages=draw(st.none() | st.integers(0, 10**9)),
        dangerous=draw(st.none() | st.booleans()),
        goods_name=draw(names),
        goods_model=draw(names),
        **fields,
    )


def bits(values: np.ndarray) -> bytes:
    return np.ascontiguousarray(values).tobytes()


def test_columns_stand_in_the_order_of_the_spec_as_float64_in_c_order(judged, slow_history):
    spec = fit_spec(judged, MODEL_FEATURES[::-1])
    frame = build_frame(judged, slow_history, judged["happened_at"], spec)
    assert frame.names == MODEL_FEATURES[::-1]
    assert frame.values.shape == (3, len(MODEL_FEATURES))
    assert frame.values.dtype == np.float64
    assert frame.values.flags.c_contiguous
    straight = build_frame(judged, slow_history, judged["happened_at"], fit_spec(judged))
    assert bits(straight.values[:, ::-1]) == bits(frame.values)


def test_a_feature_does_not_depend_on_the_other_features_asked_for(judged, slow_history):
    whole = build_frame(judged, slow_history, judged["happened_at"], fit_spec(judged, ALL))
    for position, name in list(enumerate(ALL))[::7]:
        alone = build_frame(judged, slow_history, judged["happened_at"], fit_spec(judged, [name]))
        assert bits(alone.values[:, 0]) == bits(whole.values[:, position]), name


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(declarations(), st.integers(0, 900)), min_size=1, max_size=12), st.randoms())
def test_one_line_equals_its_row_in_any_batch_bit_for_bit_and_never_infinite(
    hashed_history, name_risk, pairs, shuffle
):
    lines = Lines.of([declared for declared, _ in pairs])
    as_of = lines["happened_at"] + np.array([days for _, days in pairs]) * DAY
    spec = fit_spec(lines, ALL, name_risk)
    whole = build_frame(lines, hashed_history, as_of, spec).values
    assert not np.isinf(whole).any()
    order = np.array(shuffle.sample(range(len(pairs)), len(pairs)))
    permuted = build_frame(lines.take(order), hashed_history, as_of[order], spec).values
    assert bits(permuted) == bits(whole[order])
    for row in range(len(pairs)):
        alone = build_frame(lines.take(np.array([row])), hashed_history, as_of[[row]], spec).values
        assert bits(alone[0]) == bits(whole[row])


def test_blocks_of_a_large_frame_leave_no_seam(judged, slow_history, monkeypatch):
    many = judged.take(np.arange(30) % 3)
    as_of = many["happened_at"] + np.arange(30) * DAY
    spec = fit_spec(judged, [name for name in MODEL_FEATURES if name != "origin"])
    whole = build_frame(many, slow_history, as_of, spec)
    monkeypatch.setattr("features.frame.BLOCK", 7)
    assert BLOCK > 30
    assert bits(build_frame(many, slow_history, as_of, spec).values) == bits(whole.values)


def test_an_unseen_code_is_0_with_a_warning_and_a_missing_one_is_1_without(judged, slow_history):
    spec = FeatureSpec(("origin", "office"), {"origin": ("CN", "IT"), "office": ("2225",)})
    frame = build_frame(judged, slow_history, judged["happened_at"], spec)
    assert frame.values.tolist() == [[0, 2], [1, 1], [0, 2]]
    assert frame.warnings == (FrameWarning(0, "origin", "FR"), FrameWarning(2, "origin", "FR"))


def test_warnings_name_the_row_of_the_whole_frame(judged, slow_history, monkeypatch):
    monkeypatch.setattr("features.frame.BLOCK", 2)
    spec = FeatureSpec(("origin",), {"origin": ()})
    frame = build_frame(judged, slow_history, judged["happened_at"], spec)
    assert [warning.row for warning in frame.warnings] == [0, 2]


def test_what_a_line_does_not_state_is_missing_from_every_number_made_of_it(judged, slow_history):
    spec = fit_spec(judged, ALL)
    row = build_frame(judged, slow_history, judged["happened_at"], spec).values[1]
    for position, name in enumerate(ALL):
        if "manufacturer" in name and name not in ("manufacturer_unstated", "known_of_manufacturer"):
            assert np.isnan(row[position]), name
    assert row[ALL.index("manufacturer_unstated")] == 1
    assert np.isnan(row[ALL.index("log_value")])
    assert row[ALL.index("nonconformity_ratio_by_consignee_90d")] == 0, "a newcomer is as usual"


def test_what_is_known_at_the_instant_itself_counts_for_nothing(judged, slow_history):
    line = judged.take(np.array([0]))
    spec = fit_spec(judged, [name for name in ALL if "_by_" in name and "price" not in name])
    known_at = slow_history.seen["N2"]
    at, after = (
        build_frame(line, slow_history, np.array([t]), spec).values for t in (known_at, known_at + 1)
    )
    before = build_frame(line, slow_history, np.array([known_at - 1]), spec).values
    severity = spec.names.index("found_severity_by_brand_365d")
    assert at[0, severity] == before[0, severity]
    assert after[0, severity] > at[0, severity]


def test_an_instant_is_needed_for_every_line(judged, slow_history):
    with pytest.raises(FeaturesError, match="one instant a line"):
        build_frame(judged, slow_history, np.array([1, 2]), fit_spec(judged))


def test_no_lines_make_an_empty_frame(judged, slow_history):
    nothing = judged.take(np.array([], dtype=np.int64))
    frame = build_frame(nothing, slow_history, np.array([], dtype=np.int64), fit_spec(judged))
    assert frame.values.shape == (0, len(MODEL_FEATURES))


def test_each_tally_is_asked_once_however_many_features_read_it(judged, slow_history):
    asked: list[str] = []

    class Listening:
        parties = staticmethod(slow_history.parties)

        @staticmethod
        def counts(tally, lines, as_of):
            asked.append(tally)
            return slow_history.counts(tally, lines, as_of)

    build_frame(judged, Listening(), judged["happened_at"], fit_spec(judged, ALL))
    assert sorted(asked) == ["complained", "declared", "endangered", "found", "inspected", "priced"]
    asked.clear()
    build_frame(judged, Listening(), judged["happened_at"], fit_spec(judged, ["origin", "log_value"]))
    assert asked == []
