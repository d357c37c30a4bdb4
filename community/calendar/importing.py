"""Filling the calendar: the days that come with the program, and files with new notices.

A file speaks for the whole of each notice year it names: days of that year it does not name are taken out.
Whoever holds running promises hears of a change as `CalendarChanged`. Start at `import_holidays`.
"""

from collections.abc import Container, Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from community.calendar.events import CalendarChanged
from community.calendar.models import CalendarDay
from community.calendar.shipped_days import NOTICE, shipped_days
from community.places.sheets import ImportReport, LineError, SheetLine, day_of, read_sheet, text_of
from foundation.database import Transaction, query, transaction

COLUMNS = {
    "date": ("日期",),
    "name": ("名称", "节日"),
    "is_off_day": ("是否放假", "放假"),
    "notice_year": ("通知年份", "year_file"),
    "announced": ("已公布",),
}
YES, NO = frozenset({"1", "是", "true", "放假", "休"}), frozenset({"0", "否", "false", "上班", "班"})
YEARS = range(2000, 2100)


async def seed_calendar(*, at: datetime) -> ImportReport:
    """Put in the days that come with the program, for the years the table does not have yet."""
    report = ImportReport()
    async with transaction() as tx:
        await _one_at_a_time()
        known = set(await CalendarDay.all().distinct().values_list("notice_year", flat=True))
        await _bring_to(tx, [day for day in shipped_days() if day.notice_year not in known], report, at=at)
    return report


async def import_holidays(path: Path, *, at: datetime) -> ImportReport:
    """Put in the days of a file, CSV or XLSX, each notice year as a whole.

    Raises:
        UnreadableSheetError, MissingColumnError: the file is no such table.

    """
    report = ImportReport()
    days: dict[date, CalendarDay] = {}
    for line in read_sheet(path, COLUMNS, needed=("date", "is_off_day")):
        try:
            day = _read_day(line, days)
            days[day.day] = day
        except LineError as error:
            report.refuse(line, error)
    async with transaction() as tx:
        await _one_at_a_time()
        await _bring_to(tx, list(days.values()), report, at=at)
    return report


async def _one_at_a_time() -> None:
    """Let imports of the calendar wait for one another; readers are not kept waiting."""
    await query("LOCK TABLE calendar_day IN SHARE ROW EXCLUSIVE MODE")


async def _bring_to(tx: Transaction, days: Sequence[CalendarDay], report: ImportReport, *, at: datetime) -> None:
    """Make the table hold exactly these days of their notice years, and tell of what is different now."""
    years = {day.notice_year for day in days}
    named = [day.day for day in days]
    known = {day.day: day for day in [*await CalendarDay.filter(day__in=named), *await _days_of(years)]}
    added = [day for day in days if day.day not in known]
    changed = [day for day in days if day.day in known and not _same(day, known[day.day])]
    gone = sorted(known.keys() - set(named))
    if gone or changed:
        await CalendarDay.filter(day__in=[*gone, *(day.day for day in changed)]).delete()
    if added or changed:
        await CalendarDay.bulk_create([*added, *changed])
    if added or changed or gone:
        touched = {day.year for day in (*gone, *(day.day for day in (*added, *changed)))}
        tx.emit(CalendarChanged(occurred_at=at, years=tuple(sorted(touched))))
    report.added += len(added)
    report.changed += len(changed) + len(gone)
    report.unchanged += len(days) - len(added) - len(changed)


async def _days_of(years: Iterable[int]) -> list[CalendarDay]:
    return await CalendarDay.filter(notice_year__in=list(years))


def _same(one: CalendarDay, other: CalendarDay) -> bool:
    return all(
        getattr(one, name) == getattr(other, name) for name in ("is_off", "name", "source", "notice_year", "announced")
    )


def _read_day(line: SheetLine, before: Container[date]) -> CalendarDay:
    day = day_of(line, "date", "日期")
    if day in before:
        raise LineError("日期", "repeated", "这一天在文件里已经有了")
    year = line.get("notice_year") or str(day.year)
    if not year.isdigit() or int(year) not in YEARS:
        raise LineError("通知年份", "bad_year", "应当是年份，例如 2026")
    return CalendarDay(
        day=day,
        is_off=_read_yes(line, "is_off_day", "是否放假"),
        name=text_of(line, "name", "名称", longest=40, needed=False),
        source=NOTICE,
        notice_year=int(year),
        announced=_read_yes(line, "announced", "已公布") if line.get("announced") else True,
    )


def _read_yes(line: SheetLine, column: str, shown: str) -> bool:
    word = line.get(column).lower()
    if word not in YES | NO:
        raise LineError(shown, "not_yes_or_no", "请填“是”或“否”")
    return word in YES
