"""What a line with days asks for, given what its holder held before."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from community.people.terms import Days, Step, decide
from community.places.sheets import LineError

NOW = datetime(2026, 3, 6, 12, tzinfo=UTC)


@dataclass
class Held:
    """A term somebody holds or held."""

    from_at: datetime
    to_at: datetime | None = None


def midnight(year: int, month: int, day: int) -> datetime:
    """Give the beginning of a day in Shenzhen, eight hours before that of Greenwich."""
    return datetime.fromisoformat(f"{year}-{month:02}-{day:02}T00:00:00+08:00")


SINCE_JANUARY = Held(midnight(2026, 1, 1))
LAST_YEAR = Held(midnight(2025, 1, 1), midnight(2026, 1, 1))


def test_a_day_is_one_of_shenzhen_and_the_last_is_held_to_its_end() -> None:
    days = Days(date(2026, 1, 1), date(2026, 1, 31))

    assert days.from_at == datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert days.to_at == datetime(2026, 1, 31, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "held", "step", "meant"),
    [
        (None, None, [], Step.BEGIN, None),
        (None, None, [SINCE_JANUARY], Step.NOTHING, SINCE_JANUARY),
        (None, None, [LAST_YEAR], Step.BEGIN, None),
        (None, date(2026, 12, 31), [], Step.BEGIN, None),
        (None, date(2026, 2, 28), [SINCE_JANUARY], Step.END, SINCE_JANUARY),
        (None, date(2026, 12, 31), [SINCE_JANUARY], Step.END, SINCE_JANUARY),
        (None, date(2025, 12, 31), [LAST_YEAR], Step.NOTHING, LAST_YEAR),
        (None, date(2025, 6, 30), [LAST_YEAR], Step.END, LAST_YEAR),
        (date(2026, 1, 1), None, [SINCE_JANUARY], Step.NOTHING, SINCE_JANUARY),
        (date(2026, 1, 1), date(2026, 1, 31), [SINCE_JANUARY], Step.END, SINCE_JANUARY),
        (date(2025, 1, 1), None, [LAST_YEAR], Step.NOTHING, LAST_YEAR),
        (date(2025, 1, 1), date(2025, 12, 31), [LAST_YEAR, SINCE_JANUARY], Step.NOTHING, LAST_YEAR),
        (date(2025, 1, 1), date(2025, 12, 31), [SINCE_JANUARY], Step.BEGIN, None),
        (date(2026, 1, 1), None, [LAST_YEAR], Step.BEGIN, None),
        (date(2027, 1, 1), None, [], Step.BEGIN, None),
    ],
)
def test_a_line_asks_for(first: date | None, last: date | None, held: list[Held], step: Step, meant: Held) -> None:
    assert decide(Days(first, last), held, now=NOW) == (step, meant)


@pytest.mark.parametrize(
    ("first", "last", "held", "rule"),
    [
        (None, date(2026, 2, 28), [], "not_held"),
        (None, date(2025, 12, 30), [SINCE_JANUARY], "ends_before_it_begins"),
        (None, date(2026, 2, 28), [LAST_YEAR], "ended_already"),
        (date(2025, 1, 1), date(2026, 2, 28), [LAST_YEAR], "ended_already"),
        (date(2026, 2, 1), None, [SINCE_JANUARY], "held_already"),
        (date(2025, 1, 1), None, [SINCE_JANUARY], "held_already"),
        (date(2025, 6, 1), date(2025, 7, 1), [LAST_YEAR], "held_already"),
    ],
)
def test_a_line_is_refused_that_contradicts_what_is_known(
    first: date | None, last: date | None, held: list[Held], rule: str
) -> None:
    with pytest.raises(LineError) as refused:
        decide(Days(first, last), held, now=NOW)

    assert refused.value.rule == rule
