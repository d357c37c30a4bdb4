"""Counting working days. Pure, but for the days that come with the program."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.calendar.shipped_days import shipped_days
from community.calendar.working_days import (
    LOCAL,
    WorkingCalendar,
    add_working_days,
    is_working_day,
    working_days_between,
)

DAYS = {row.day: row.is_off for row in shipped_days()}
CALENDAR = WorkingCalendar(None, DAYS, frozenset(row.notice_year for row in shipped_days()))
WORKED_WEEKENDS_2026 = {
    date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
}  # fmt: skip
instants = st.datetimes(datetime(2004, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def local(year: int, month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=LOCAL)


def days_of_2026() -> list[date]:
    return [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]


def test_the_worked_weekend_days_of_2026_are_the_six_announced() -> None:
    worked = {day for day in days_of_2026() if day.weekday() >= 5 and is_working_day(day, DAYS)}

    assert worked == WORKED_WEEKENDS_2026


def test_a_year_has_as_many_working_days_as_announced() -> None:
    assert sum(is_working_day(day, DAYS) for day in days_of_2026()) == 248


def test_the_day_of_the_start_does_not_count_and_the_time_of_day_stays() -> None:
    assert add_working_days(local(2026, 3, 2, 15, 30), 1, DAYS) == local(2026, 3, 3, 15, 30)
    assert add_working_days(local(2026, 3, 2, 15, 30), 5, DAYS) == local(2026, 3, 9, 15, 30)


def test_what_comes_in_on_a_day_off_counts_from_the_first_working_day() -> None:
    assert add_working_days(local(2026, 3, 1, 23, 50), 1, DAYS) == local(2026, 3, 2, 23, 50)


def test_the_last_evening_before_spring_festival() -> None:
    filed = local(2026, 2, 14, 23, 50)  # a Saturday that is worked; nine days off follow

    assert is_working_day(filed.date(), DAYS)
    assert add_working_days(filed, 1, DAYS) == local(2026, 2, 24, 23, 50)
    assert add_working_days(filed, 5, DAYS) == local(2026, 2, 28, 23, 50)  # again a worked Saturday
    assert filed + timedelta(hours=24) == local(2026, 2, 15, 23, 50)  # natural hours know no calendar


def test_a_count_that_begins_on_the_last_day_of_the_last_announced_year_does_not_fail() -> None:
    filed = local(2026, 12, 31, 10)

    due = CALENDAR.add_working_days(filed, 3)

    assert due == local(2027, 1, 5, 10)  # 1, 4 and 5 January: the ordinary week, until somebody announces it
    assert CALENDAR.counts_on_a_guess(filed, due)
    assert CALENDAR.is_provisional(date(2027, 1, 1))
    assert not CALENDAR.counts_on_a_guess(filed, local(2026, 12, 31, 23))


def test_the_local_day_counts_and_not_the_day_in_utc() -> None:
    just_after_midnight = local(2026, 3, 3, 0, 30)  # still 2 March in UTC

    assert add_working_days(just_after_midnight, 1, DAYS) == local(2026, 3, 4, 0, 30)


def test_none_is_the_start_itself_and_backwards_is_refused() -> None:
    start = local(2026, 2, 15)

    assert add_working_days(start, 0, DAYS) == start
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(start, -1, DAYS)
    with pytest.raises(ValueError, match="aware"):
        add_working_days(start.replace(tzinfo=None), 1, DAYS)


@given(instants, st.integers(0, 60))
def test_a_due_instant_lies_on_a_working_day_and_so_many_of_them_lie_between(start: datetime, n: int) -> None:
    due = add_working_days(start, n, DAYS)

    assert due.tzinfo is UTC
    assert due.astimezone(LOCAL).time() == start.astimezone(LOCAL).time()
    assert working_days_between(start, due, DAYS) == n
    assert n == 0 or is_working_day(due.astimezone(LOCAL).date(), DAYS)


@given(instants, st.integers(0, 30), st.integers(0, 30))
def test_counting_in_two_parts_is_counting_at_once(start: datetime, first: int, second: int) -> None:
    assert add_working_days(add_working_days(start, first, DAYS), second, DAYS) == add_working_days(
        start, first + second, DAYS
    )


@given(instants, instants, st.integers(0, 30))
def test_who_comes_later_is_never_due_earlier(one: datetime, other: datetime, n: int) -> None:
    early, late = sorted((one, other))
    if early.astimezone(LOCAL).date() == late.astimezone(LOCAL).date():
        assert add_working_days(early, n, DAYS) <= add_working_days(late, n, DAYS)
    else:
        assert (
            add_working_days(early, n, DAYS).astimezone(LOCAL).date()
            <= add_working_days(late, n, DAYS).astimezone(LOCAL).date()
        )


def test_the_package_fills_the_years_the_notices_lack() -> None:
    sources = {row.notice_year: row.source for row in shipped_days()}

    assert {sources[2004], sources[2006]} == {"chinesecalendar"}
    assert {sources[2007], sources[2026]} == {"state_council"}
    assert min(sources) == 2004
    assert DAYS[date(2005, 10, 3)] is True
    assert DAYS[date(2006, 12, 30)] is False  # named by the notice for 2007
