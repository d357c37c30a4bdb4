"""The table of the calendar: how it is filled, corrected and noticed."""

from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from community.calendar.events import CalendarChanged
from community.calendar.importing import import_holidays, seed_calendar
from community.calendar.models import CalendarDay
from community.calendar.queries import current_calendar
from community.calendar.working_days import LOCAL
from foundation import events
from foundation.database import query, transaction
from foundation.events import reaction
from foundation.ground import Ground

AT = datetime(2026, 11, 20, tzinfo=UTC)
FILED = datetime(2026, 12, 31, 10, tzinfo=LOCAL)
HEAD = "date,name,is_off_day,year_file"


def sheet(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "holidays.csv"
    path.write_text("\n".join((head, *lines)) + "\n", encoding="utf-8")
    return path


def new_year_2027(folder: Path) -> Path:
    return sheet(folder, "2027-01-01,元旦,1,2027", "2027-01-02,元旦,1,2027", "2027-01-03,元旦,0,2027")


async def test_an_empty_table_is_stood_in_for_by_the_days_that_come_along(database: None) -> None:
    calendar = await current_calendar()

    assert calendar.version is None
    assert not calendar.is_working_day(date(2026, 10, 1))
    assert max(calendar.announced_years) == 2026


async def test_seeding_twice_changes_nothing(database: None) -> None:
    first = await seed_calendar(at=AT)
    version = (await current_calendar()).version

    again = await seed_calendar(at=AT)

    assert first.added == await CalendarDay.all().count() > 700
    assert (again.added, again.changed) == (0, 0)
    assert (await current_calendar()).version == version


async def test_the_calendar_is_read_once_for_each_version(database: None) -> None:
    await seed_calendar(at=AT)

    assert await current_calendar() is await current_calendar()


async def test_a_new_year_that_is_announced_moves_what_is_due(database: None, tmp_path: Path) -> None:
    await seed_calendar(at=AT)
    before = await current_calendar()
    guessed = before.add_working_days(FILED, 3)

    report = await import_holidays(new_year_2027(tmp_path), at=AT)

    after = await current_calendar()
    assert report.added == 3
    assert after.version != before.version
    assert guessed == datetime(2027, 1, 5, 10, tzinfo=LOCAL)
    assert after.add_working_days(FILED, 3) == datetime(2027, 1, 5, 10, tzinfo=LOCAL)  # 3, 4 and 5 January
    assert after.is_working_day(date(2027, 1, 3))
    assert not after.is_working_day(date(2027, 1, 1))
    assert not after.counts_on_a_guess(FILED, after.add_working_days(FILED, 3))


async def test_a_notice_speaks_for_its_whole_year(database: None, tmp_path: Path) -> None:
    await import_holidays(new_year_2027(tmp_path), at=AT)

    report = await import_holidays(sheet(tmp_path, "2027-01-01,元旦,1,2027"), at=AT)

    assert (report.added, report.changed, report.unchanged) == (0, 2, 1)
    assert [row.day for row in await CalendarDay.all()] == [date(2027, 1, 1)]


async def test_the_same_notice_twice_changes_nothing(database: None, tmp_path: Path) -> None:
    await import_holidays(new_year_2027(tmp_path), at=AT)
    version = (await current_calendar()).version

    report = await import_holidays(new_year_2027(tmp_path), at=AT)

    assert (report.added, report.changed, report.unchanged) == (0, 0, 3)
    assert (await current_calendar()).version == version


async def test_an_expectation_counts_but_stays_provisional(database: None, tmp_path: Path) -> None:
    head = "日期,名称,是否放假,通知年份,已公布"

    await import_holidays(sheet(tmp_path, "2027/1/1,元旦,是,2027,否", head=head), at=AT)

    calendar = await current_calendar()
    assert not calendar.is_working_day(date(2027, 1, 1))
    assert calendar.is_provisional(date(2027, 1, 1))


async def test_a_workbook_with_real_dates_is_read(database: None, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["日期", "节日", "放假"])
    page.append([datetime(2027, 1, 1), "元旦", True])  # noqa: DTZ001 - workbooks know no zones
    page.append([date(2027, 1, 3), "元旦", 0])
    path = tmp_path / "holidays.xlsx"
    book.save(path)

    await import_holidays(path, at=AT)

    assert {row.day: row.is_off for row in await CalendarDay.all()} == {
        date(2027, 1, 1): True, date(2027, 1, 3): False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("01.01.2027,元旦,1,2027", "bad_day"),
        ("2027-02-30,元旦,1,2027", "bad_day"),
        ("2027-01-01,元旦,maybe,2027", "not_yes_or_no"),
        ("2027-01-01,元旦,,2027", "not_yes_or_no"),
        ("2027-01-01,元旦,1,27", "bad_year"),
        (f"2027-01-01,{'长' * 41},1,2027", "too_long"),
    ],
)
async def test_a_bad_line_is_named(database: None, line: str, rule: str, tmp_path: Path) -> None:
    report = await import_holidays(sheet(tmp_path, "2027-01-02,元旦,1,2027", line, "2027-01-02,元旦,0,2027"), at=AT)

    assert [(each.line, each.rule) for each in report.refused] == [(3, rule), (4, "repeated")]
    assert report.added == 1


@reaction(CalendarChanged, "tests.count_anew")
async def count_anew(ground: Ground, event: CalendarChanged) -> None:
    """Stands for whoever holds running promises."""


async def test_whoever_holds_promises_hears_of_a_change_and_only_of_a_change(
    database: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "_table", {CalendarChanged: [count_anew]})

    await import_holidays(new_year_2027(tmp_path), at=AT)
    await import_holidays(new_year_2027(tmp_path), at=AT)

    jobs = await query("SELECT args FROM procrastinate_jobs WHERE task_name = 'tests.count_anew'")
    assert [job["args"]["event"]["years"] for job in jobs] == [[2027]]


async def test_nobody_sees_a_change_before_it_is_true(database: None, tmp_path: Path) -> None:
    await seed_calendar(at=AT)
    before = await current_calendar()

    with pytest.raises(ZeroDivisionError):
        await work_on_national_day_and_give_up()

    assert (await current_calendar()).version == before.version
    assert not (await current_calendar()).is_working_day(date(2026, 10, 1))


async def work_on_national_day_and_give_up() -> None:
    async with transaction():
        await CalendarDay.filter(day=date(2026, 10, 1)).delete()
        assert (await current_calendar()).is_working_day(date(2026, 10, 1))
        raise ZeroDivisionError


async def test_the_version_is_kept_by_the_database(database: None) -> None:
    await query("INSERT INTO calendar_day VALUES ('2027-01-01', true, '元旦', 'by hand', 2027, true)")

    assert (await current_calendar()).version is not None
    assert not (await current_calendar()).is_working_day(date(2027, 1, 1))
