"""Case numbers can be read out over the telephone: one slip is always noticed."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from community.complaints.numbers import case_number, check_digit, is_case_number

FILED_AT = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)
NUMBERS = [case_number(running, FILED_AT) for running in (1, 101, 413, 9999, 10000, 123456)]


def digits_of(number: str) -> str:
    return number.replace("-", "")


def test_a_number_names_the_day_in_shenzhen_and_counts_on() -> None:
    assert case_number(413, FILED_AT) == "1120-04136"
    assert case_number(413, datetime(2026, 11, 20, 16, 0, tzinfo=UTC))[:5] == "1121-"
    assert case_number(123456, FILED_AT)[5:-1] == "123456"


def test_damms_own_example_comes_out() -> None:
    assert check_digit("572") == "4"


@pytest.mark.parametrize("number", NUMBERS)
def test_every_single_wrong_digit_is_noticed(number: str) -> None:
    digits = digits_of(number)
    wrong = [
        digits[:at] + other + digits[at + 1 :]
        for at in range(len(digits))
        for other in "0123456789"
        if other != digits[at]
    ]

    assert is_case_number(number)
    assert [each for each in wrong if is_case_number(each)] == []


@pytest.mark.parametrize("number", NUMBERS)
def test_every_two_neighbours_that_changed_places_are_noticed(number: str) -> None:
    digits = digits_of(number)
    swapped = [
        digits[:at] + right + left + digits[at + 2 :]
        for at, (left, right) in enumerate(pairwise(digits))
        if left != right
    ]

    assert [each for each in swapped if is_case_number(each)] == []


@pytest.mark.parametrize("typed", ["1120-04136", " 112004136 ", "1120 0413 6"])
def test_it_may_be_typed_with_or_without_its_line(typed: str) -> None:
    assert is_case_number(typed)


@pytest.mark.parametrize("typed", ["", "0", "1120", "1120-0413", "1120-0413x", "１１２０-０４１３６", "-", "0" * 5])  # noqa: RUF001
def test_what_is_no_number_at_all_is_none(typed: str) -> None:
    assert not is_case_number(typed)
