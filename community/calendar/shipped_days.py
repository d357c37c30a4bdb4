"""The days that come with the program: what the State Council announced, as kept in `facts/holidays.csv`.

Years the file does not have are taken from the package `chinesecalendar`, as far as it knows them.
"""

import csv
from datetime import date, timedelta
from pathlib import Path

import chinese_calendar

from community.calendar.models import CalendarDay
from community.calendar.working_days import SATURDAY

NOTICE, PACKAGE = "state_council", "chinesecalendar"
PACKAGE_YEARS = range(2004, 2100)
_FILE = Path(__file__).parent / "facts" / "holidays.csv"


def shipped_days() -> list[CalendarDay]:
    """List them, unsaved, in order."""
    kept = _days_of_the_file()
    years = {day.notice_year for day in kept}
    named = {day.day for day in kept}
    others = [day for day in _days_of_the_package(years) if day.day not in named]
    return sorted(kept + others, key=lambda day: day.day)


def _days_of_the_file() -> list[CalendarDay]:
    with _FILE.open(encoding="utf-8", newline="") as file:
        return [
            CalendarDay(
                day=date.fromisoformat(row["date"]), is_off=row["is_off_day"] == "1", name=row["name"],
                source=NOTICE, notice_year=int(row["notice_year"]), announced=True,
            )
            for row in csv.DictReader(file)
        ]  # fmt: skip


def _days_of_the_package(known: set[int]) -> list[CalendarDay]:
    days = []
    for year in PACKAGE_YEARS:
        if year in known:
            continue
        try:
            chinese_calendar.is_holiday(date(year, 1, 1))
        except NotImplementedError:  # how the package says that it does not know a year
            continue
        days += [day for day in map(_day_of_the_package, _days_of(year)) if day]
    return days


def _days_of(year: int) -> list[date]:
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def _day_of_the_package(day: date) -> CalendarDay | None:
    """Give a day that has a name there, or differs from the ordinary week."""
    is_off, name = chinese_calendar.get_holiday_detail(day)
    if name is None and is_off == (day.weekday() >= SATURDAY):
        return None
    chinese = chinese_calendar.Holiday(name).chinese if name else ""
    return CalendarDay(day=day, is_off=is_off, name=chinese, source=PACKAGE, notice_year=day.year, announced=True)
