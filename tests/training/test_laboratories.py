from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from features.records import Inspection
from features.terms import Depth, Outcome
from training.labels import KnownRecord
from training.laboratories import LEAST, OWN_COUNT, USUAL, USUAL_COUNT, Laboratories, laboratories_of

Results = list[tuple[str | None, bool]]
RESULTS = st.lists(st.tuples(st.sampled_from(["A", "B", "C", None]), st.booleans()), max_size=4)


def line(
    results: Results, *, third_party: bool = False, depth: Depth = Depth.LABORATORY
) -> list[KnownRecord]:
    return [
        KnownRecord(
            Inspection(
                id=f"I{at}",
                happened_at=at,
                declaration_id="L",
                depth=depth,
                outcome=Outcome.RETURNED if failed else Outcome.PASS,
                laboratory=laboratory,
                third_party_accepted=third_party,
            ),
            at,
        )
        for at, (laboratory, failed) in enumerate(results)
    ]


AGREEING = [line([("A", True), ("B", True)])] * 30
DIFFERING = [line([("A", False), ("C", True)])] * 30


def test_without_a_retest_nobody_is_doubted() -> None:
    alone = laboratories_of([line([("A", True)]), line([("A", True), ("A", False)]), line([(None, True)])])
    assert alone == Laboratories()
    assert alone.trust(line([("A", True)], third_party=True), positive=True) == 1
    assert alone.trust(line([("A", True), ("A", False)]), positive=True) == 1


@given(st.lists(RESULTS, max_size=12))
def test_agreement_is_counted_by_pairs_of_laboratories_and_shrunk(lines: list[Results]) -> None:
    found = laboratories_of([line(results) for results in lines])
    pairs = [
        (one, other)
        for results in lines
        for at, one in enumerate(results)
        for other in results[at + 1 :]
        if None not in (one[0], other[0]) and one[0] != other[0]
    ]
    assert found.retests == len(pairs)
    if not pairs:
        return
    same = sum(one[1] == other[1] for one, other in pairs)
    usual = (same + USUAL * USUAL_COUNT) / (len(pairs) + USUAL_COUNT)
    for name, told in found.of.items():
        mine = [one[1] == other[1] for one, other in pairs if name in (one[0], other[0])]
        assert abs(told - (sum(mine) + usual * OWN_COUNT) / (len(mine) + OWN_COUNT)) < 1e-12
    assert found.agreement("never seen") == found.usual == usual


@given(RESULTS, st.booleans())
def test_trust_is_a_chance_and_one_plain_result_is_never_doubted(results: Results, third: bool) -> None:
    found = laboratories_of([*AGREEING, *DIFFERING])
    told = [found.trust(line(results, third_party=third), positive=label) for label in (True, False)]
    if len(results) > 1 or (results and third):
        assert abs(sum(told) - 1) < 1e-9
    else:
        assert told == [1, 1]


def test_confirmed_labels_are_trusted_more_than_contested_ones() -> None:
    found = laboratories_of([*AGREEING, *DIFFERING])
    assert found.agreement("B") > found.agreement("A") > found.agreement("C")
    once = found.trust(line([("A", True)], third_party=True), positive=True)
    twice = found.trust(line([("A", True), ("B", True)]), positive=True)
    contested = found.trust(line([("B", False), ("C", True)]), positive=True)
    assert twice > once >= LEAST > 0.5 > contested


def test_papers_are_no_test() -> None:
    papers = [line([("A", True), ("B", False)], depth=Depth.DOCUMENT)] * 5
    assert laboratories_of(papers).retests == 0
