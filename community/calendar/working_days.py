"""Counting working days. Pure; start at `add_working_days`.

The rule: the day of the start does not count, and what is due after n working days is due on the n-th
working day after it, at the same local time of day. So what comes in on a Sunday at 23:50 and is due after
one working day is due on Monday at 23:50. Natural hours do not come here: they are simply added.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from foundation.clock import LOCAL_ZONE_NAME

LOCAL = ZoneInfo(LOCAL_ZONE_NAME)
ONE_DAY = timedelta(days=1)
SATURDAY = 5


def is_working_day(day: date, days: Mapping[date, bool]) -> bool:
    """Whether offices work on a day; `days` says of exceptional ones whether they are off."""
    off = days.get(day)
    return day.weekday() < SATURDAY if off is None else not off


def add_working_days(start: datetime, n: int, days: Mapping[date, bool]) -> datetime:
    """Give the instant n working days after the start, in UTC; with n = 0 the start itself.

    Raises:
        ValueError: n is negative, or the start is without a zone.

    """
    if n < 0 or start.tzinfo is None:
        msg = "working days are counted forwards, from an aware instant"
        raise ValueError(msg)
    local = start.astimezone(LOCAL)
    day = local.date()
    for _ in range(n):
        day = next_working_day(day, days)
    return local.replace(year=day.year, month=day.month, day=day.day).astimezone(UTC)


def next_working_day(day: date, days: Mapping[date, bool]) -> date:
    """Give the first working day after a day."""
    day += ONE_DAY
    while not is_working_day(day, days):
        day += ONE_DAY
    return day


def working_days_between(start: datetime, end: datetime, days: Mapping[date, bool]) -> int:
    """Count the working days after the start's day up to and with the end's day, both local."""
    day, last = start.astimezone(LOCAL).date(), end.astimezone(LOCAL).date()
    count = 0
    while day < last:
        day += ONE_DAY
        count += is_working_day(day, days)
    return count


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """The calendar as it stood in one version: the exceptional days, and the years that were announced."""

    version: UUID | None
    days: Mapping[date, bool] = field(repr=False)
    announced_years: frozenset[int]

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        return is_working_day(day, self.days)

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """Give the instant so many working days after the start, in UTC."""
        return add_working_days(start, days, self.days)

    def working_days_between(self, start: datetime, end: datetime) -> int:
        """Count the working days after the start's day up to and with the end's day."""
        return working_days_between(start, end, self.days)

    def is_provisional(self, day: date) -> bool:
        """Whether a day is guessed by the ordinary week because nobody has announced its year."""
        return day.year not in self.announced_years

    def counts_on_a_guess(self, start: datetime, due: datetime) -> bool:
        """Whether a span touches a year that is not announced, so that its end may still change."""
        first, last = start.astimezone(LOCAL).year, due.astimezone(LOCAL).year
        return any(year not in self.announced_years for year in range(first, last + 1))
