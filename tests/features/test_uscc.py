import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.uscc import ALPHABET, check_digit, is_valid

VECTORS = [
    ("91330400763937539K", True),
    ("913302043169258512", True),
    ("914403000539716870", True),
    ("91110000600037341L", True),
    ("91350200MA2YJ1XR9G", True),
    ("123502001549897397", True),
    ("91350203M0001QAY9B", False),
    ("A1110000600037341L", False),
    ("A1110000600037341K", True),
    ("9133040076393753", False),
    ("", False),
    ("91330400763937539k", False),
]


@pytest.mark.parametrize(("code", "valid"), VECTORS)
def test_public_codes_are_judged_as_expected(code: str, valid: bool) -> None:
    assert is_valid(code) is valid


@given(
    stem=st.text(alphabet=ALPHABET, min_size=17, max_size=17),
    position=st.integers(0, 17),
    by=st.integers(1, 30),
)
def test_a_check_digit_finds_every_single_wrong_character(stem: str, position: int, by: int) -> None:
    code = stem + str(check_digit(stem))
    assert is_valid(code)
    wrong = ALPHABET[(ALPHABET.index(code[position]) + by) % 31]
    assert not is_valid(code[:position] + wrong + code[position + 1 :])


def test_characters_outside_the_alphabet_have_no_check_digit() -> None:
    assert check_digit("I" * 17) is None
    assert check_digit("91") is None
