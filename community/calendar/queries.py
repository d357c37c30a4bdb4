"""The calendar that deadlines are counted with. Start at `current_calendar`."""

from datetime import date
from functools import cache
from types import MappingProxyType
from uuid import UUID

from community.calendar.models import CalendarDay
from community.calendar.shipped_days import shipped_days
from community.calendar.working_days import WorkingCalendar
from foundation.database import Asked, Transaction, read

_kept: dict[UUID, WorkingCalendar] = {}
"""The last version this process has read."""


async def current_calendar() -> WorkingCalendar:
    """Give the working calendar as it stands; it is read anew only when its version has changed.

    A table that nobody has filled yet is stood in for by the days that come with the program.
    """
    rows = await read("SELECT version FROM calendar_version")
    return await calendar_of(UUID(str(rows[0]["version"])) if rows else None)


def ask_version(tx: Transaction) -> Asked:
    """Ask which version stands, together with the transaction's next question; `calendar_asked_for` reads the answer."""
    return tx.ask("SELECT version FROM calendar_version")


async def calendar_asked_for(version: Asked) -> WorkingCalendar:
    """Give the calendar of the version that was asked for."""
    rows = await version.rows()
    return await calendar_of(rows[0]["version"] if rows else None)


async def calendar_of(version: UUID | None) -> WorkingCalendar:
    """Give the calendar of the version that stands, for who has just read which one that is; none is not filled yet."""
    if version is None:
        return _shipped_calendar()
    if version not in _kept:
        calendar = await _read_calendar(version)
        _kept.clear()
        _kept[version] = calendar
    return _kept[version]


def known_calendar() -> WorkingCalendar:
    """Give the calendar this process has read last, for what shows no working days."""
    return next(iter(_kept.values()), None) or _shipped_calendar()


async def _read_calendar(version: UUID) -> WorkingCalendar:
    rows = await CalendarDay.all()
    return _calendar_of(version, rows) if rows else _shipped_calendar()


@cache
def _shipped_calendar() -> WorkingCalendar:
    return _calendar_of(None, shipped_days())


def _calendar_of(version: UUID | None, rows: "list[CalendarDay]") -> WorkingCalendar:
    days: dict[date, bool] = {row.day: row.is_off for row in rows}
    announced = frozenset(row.notice_year for row in rows if row.announced)
    return WorkingCalendar(version, MappingProxyType(days), announced)
