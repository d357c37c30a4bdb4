"""Staff, units and their posts from a file."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import psycopg
import pytest

from community.people.importing import import_people
from community.people.models import RoleGrant, RoleName, Staff
from community.places.models import Place, Post, Responsibility
from community.places.queries import responsible_for, units_of
from community.places.sheets import MissingColumnError
from foundation.audit import AuditEntry
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.settings import Settings
from tests.community.people.lane import lay_out_lane

pytestmark = pytest.mark.usefixtures("database")
HEADING = "姓名,岗位,地点,职务,办公电话,企业微信账号\n"
GOOD = (
    "王芳,社区书记,street/community,党委书记,0755-2345 6789,wangfang\n"
    "李明,网格员,street/community/grid,,,\n"
    "赵审,审计员,,,,\n"
)


def sheet(folder: Path, text: str) -> Path:
    path = folder / "people.csv"
    path.write_text(HEADING + text, encoding="utf-8")
    return path


async def test_good_lines_go_in_and_residents_see_the_secretary(tmp_path: Path, clock: FrozenClock) -> None:
    lane = await lay_out_lane()

    report = await import_people(sheet(tmp_path, GOOD), at=clock.now())

    assert (report.added, report.refused) == (3, [])
    shown = await responsible_for(lane["building"].id, Post.SECRETARY, at=clock.now())
    assert shown is not None
    assert (shown.holder_name, shown.office_phone) == ("王芳", "0755-2345 6789")
    assert (await RoleGrant.get(role=RoleName.AUDITOR)).place_id is None


async def test_people_come_in_while_places_are_being_put_in(
    tmp_path: Path, clock: FrozenClock, settings: Settings
) -> None:
    await lay_out_lane()

    with psycopg.connect(settings.database_url or "") as importing:
        importing.execute("LOCK TABLE place IN SHARE ROW EXCLUSIVE MODE")
        report = await import_people(sheet(tmp_path, GOOD), at=clock.now())

    assert (report.added, report.refused) == (3, [])


async def test_the_same_file_twice_changes_nothing(tmp_path: Path, clock: FrozenClock) -> None:
    await lay_out_lane()
    await import_people(sheet(tmp_path, GOOD), at=clock.now())

    again = await import_people(sheet(tmp_path, GOOD), at=clock.advance(days=1))

    assert (again.added, again.changed, again.unchanged) == (0, 0, 3)
    assert await RoleGrant.all().count() == 3


async def test_a_new_office_phone_under_a_known_account_is_a_change(tmp_path: Path, clock: FrozenClock) -> None:
    lane = await lay_out_lane()
    await import_people(sheet(tmp_path, GOOD), at=clock.now())

    again = await import_people(sheet(tmp_path, GOOD.replace("6789", "0000")), at=clock.advance(days=1))

    assert (again.changed, again.unchanged) == (1, 2)
    assert (await Staff.get(wecom_userid="wangfang")).office_phone == "0755-2345 0000"
    shown = await responsible_for(lane["building"].id, Post.SECRETARY, at=clock.now())
    assert shown is not None
    assert shown.office_phone == "0755-2345 0000"


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("王芳,皇帝,street/community,,,", "unknown_role"),
        (",社区书记,street/community,,,", "empty"),
        ("王芳,社区书记,street/nowhere,,,", "parent_missing"),
        ("王芳,社区书记,,,,", "empty"),
        ("王芳,社区书记,street/community,,13800000413,", "private_phone"),
        (f"{'字' * 61},社区书记,street/community,,,", "too_long"),
    ],
)
async def test_a_wrong_line_is_reported_and_the_others_go_in(
    tmp_path: Path, clock: FrozenClock, line: str, rule: str
) -> None:
    await lay_out_lane()

    report = await import_people(sheet(tmp_path, f"{line}\n{GOOD}"), at=clock.now())

    assert [(refused.line, refused.rule) for refused in report.refused] == [(2, rule)]
    assert report.added == 3


async def test_two_secretaries_of_one_place_in_one_file_are_one_too_many(tmp_path: Path, clock: FrozenClock) -> None:
    await lay_out_lane()

    report = await import_people(sheet(tmp_path, f"{GOOD}张三,书记,street/community,,,\n"), at=clock.now())

    assert [refused.rule for refused in report.refused] == ["repeated"]


async def test_another_secretary_at_the_same_instant_is_refused_and_nothing_of_the_line_stays(
    tmp_path: Path, clock: FrozenClock
) -> None:
    await lay_out_lane()
    await import_people(sheet(tmp_path, GOOD), at=clock.now())

    report = await import_people(sheet(tmp_path, "张三,书记,street/community,,,\n"), at=clock.now())

    assert [refused.rule for refused in report.refused] == ["post_taken"]
    assert not await Staff.exists(name="张三")


async def test_a_file_without_a_needed_column_is_refused_whole(tmp_path: Path, clock: FrozenClock) -> None:
    path = tmp_path / "people.csv"
    path.write_text("姓名,岗位\n王芳,书记\n", encoding="utf-8")

    with pytest.raises(MissingColumnError):
        await import_people(path, at=clock.now())


DATED = "姓名,岗位,地点,起,止,事项,办公电话\n"


def dated(folder: Path, text: str) -> Path:
    path = folder / "dated.csv"
    path.write_text(DATED + text, encoding="utf-8")
    return path


def shenzhen(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+08:00")


async def holder(place: Place, post: Post, at: datetime) -> str | None:
    held = await responsible_for(place.id, post, at=at)
    return held.holder_name if held else None


async def units(place: Place, at: datetime) -> list[str | None]:
    return [each.holder_name for each in await units_of(place.id, at=at)]


async def test_holders_follow_one_another_on_their_days_whatever_the_order_of_the_lines(
    tmp_path: Path, clock: FrozenClock
) -> None:
    place = (await lay_out_lane())["community"]
    path = dated(
        tmp_path,
        "王芳,书记,street/community,2025-07-01,,,\n"
        "李明,书记,street/community,2024年1月1日,2024/12/31,,\n"
        "周杰,书记,street/community,2025-01-01,,,\n",
    )

    report = await import_people(path, at=clock.now())
    again = await import_people(path, at=clock.advance(days=1))

    assert (report.added, report.refused, again.unchanged) == (3, [], 3)
    for day, name in (
        ("2023-12-31", None), ("2024-01-01", "李明"), ("2025-01-01", "周杰"), ("2025-06-30", "周杰"), ("2025-07-01", "王芳"),
    ):  # fmt: skip
        assert await holder(place, Post.SECRETARY, shenzhen(day)) == name
    rights = await RoleGrant.filter(role=RoleName.SECRETARY).order_by("from_at").values_list("to_at", flat=True)
    assert rights == [shenzhen("2025-01-01"), shenzhen("2025-07-01"), None]


async def test_a_last_day_ends_the_post_and_its_rights_with_that_day(tmp_path: Path, clock: FrozenClock) -> None:
    place = (await lay_out_lane())["community"]
    await import_people(dated(tmp_path, "王芳,书记,street/community,2025-01-01,,,\n"), at=clock.now())
    path = dated(tmp_path, "王芳,书记,street/community,,2025-12-31,,\n")

    report = await import_people(path, at=clock.now())
    again = await import_people(path, at=clock.now())

    assert (report.changed, again.unchanged, report.refused, again.refused) == (1, 1, [], [])
    assert await holder(place, Post.SECRETARY, shenzhen("2025-12-31")) == "王芳"
    assert await holder(place, Post.SECRETARY, shenzhen("2026-01-01")) is None
    assert (await RoleGrant.get()).to_at == shenzhen("2026-01-01")
    assert await AuditEntry.filter(what="post.ended").count() == 1


async def test_a_post_may_begin_and_end_on_days_to_come(tmp_path: Path, clock: FrozenClock) -> None:
    place = (await lay_out_lane())["community"]
    clock.set(shenzhen("2026-03-06"))

    report = await import_people(
        dated(tmp_path, "王芳,书记,street/community,2026-04-01,2026-06-30,,\n"), at=clock.now()
    )

    assert (report.added, report.refused) == (1, [])
    assert await holder(place, Post.SECRETARY, clock.now()) is None
    assert await holder(place, Post.SECRETARY, shenzhen("2026-04-01")) == "王芳"
    assert await holder(place, Post.SECRETARY, shenzhen("2026-07-01")) is None


async def test_units_answer_for_a_place_beside_one_another_and_one_for_a_subject(
    tmp_path: Path, clock: FrozenClock
) -> None:
    lane = await lay_out_lane()
    clock.set(shenzhen("2026-03-06"))
    path = dated(
        tmp_path,
        "城管队,责任单位,street,2025-01-01,,,0755-2345 6789\n"
        "住建办,责任单位,street,2025-01-01,2025-12-31,住建,\n"
        "建设局,责任单位,street,2026-01-01,,住建,\n",
    )

    report = await import_people(path, at=clock.now())
    again = await import_people(path, at=clock.now())

    assert (report.added, report.refused, again.unchanged) == (3, [], 3)
    assert await units(lane["building"], shenzhen("2025-12-31")) == ["住建办", "城管队"]
    assert await units(lane["building"], clock.now()) == ["建设局", "城管队"]
    assert not await Staff.exists()


async def test_a_unit_gets_another_telephone_and_an_end(tmp_path: Path, clock: FrozenClock) -> None:
    lane = await lay_out_lane()
    clock.set(shenzhen("2026-03-06"))
    line = "城管队,责任单位,street,2025-01-01,{last},,{phone}\n"
    await import_people(dated(tmp_path, line.format(last="", phone="0755-1")), at=clock.now())

    called = await import_people(dated(tmp_path, line.format(last="", phone="0755-2")), at=clock.now())
    ended = await import_people(dated(tmp_path, line.format(last="2026-03-05", phone="0755-2")), at=clock.now())

    assert (called.changed, ended.changed) == (1, 1)
    assert (await Responsibility.get()).office_phone == "0755-2"
    assert await units(lane["building"], clock.now()) == []


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("李明,书记,street/community,去年,,,", "起", "bad_day"),
        ("李明,书记,street/community,2025-02-30,,,", "起", "bad_day"),
        ("李明,书记,street/community,2025-03-01,2025-02-28,,", "止", "last_before_first"),
        ("李明,书记,street/community,2024-06-01,,,", "岗位", "post_taken"),
        ("李明,书记,street/community,2025-06-01,2025-07-31,,", "岗位", "post_taken"),
        ("李明,书记,street/community,,2025-12-31,,", "止", "not_held"),
        ("王芳,书记,street/community,2025-06-01,,,", "起", "held_already"),
        ("城管队,责任单位,,2025-01-01,,,", "地点", "empty"),
        (f"{'队' * 41},责任单位,street,,,,", "姓名", "too_long"),
        ("城管队,责任单位,street,,,,13800000413", "办公电话", "private_phone"),
    ],
)
async def test_a_line_whose_days_cannot_be_is_named_and_nothing_of_it_stays(
    line: str, column: str, rule: str, tmp_path: Path, clock: FrozenClock
) -> None:
    await lay_out_lane()
    clock.set(shenzhen("2026-03-06"))
    await import_people(dated(tmp_path, "王芳,书记,street/community,2025-01-01,,,\n"), at=clock.now())
    before = await query("SELECT * FROM responsibility, staff, role_grant")

    report = await import_people(dated(tmp_path, f"{line}\n"), at=clock.now())

    (refused,) = report.refused
    assert (refused.line, refused.column, refused.rule) == (2, column, rule)
    assert "{" not in refused.sentence()
    assert await query("SELECT * FROM responsibility, staff, role_grant") == before


async def test_a_workbook_with_its_own_days_is_read(tmp_path: Path, clock: FrozenClock) -> None:
    lane = await lay_out_lane()
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["姓名", "岗位", "地点", "起", "止"])
    page.append(["王芳", "书记", "street/community", date(2024, 1, 1), datetime(2024, 12, 31)])  # noqa: DTZ001 - as Excel keeps a day
    page.append(["城管队", "责任单位", "street", "2024-1-1", None])
    book.save(tmp_path / "people.xlsx")

    report = await import_people(tmp_path / "people.xlsx", at=clock.now())

    assert (report.added, report.refused) == (2, [])
    assert await holder(lane["community"], Post.SECRETARY, shenzhen("2024-12-31")) == "王芳"
    assert await holder(lane["community"], Post.SECRETARY, shenzhen("2025-01-01")) is None
    assert await units(lane["building"], shenzhen("2024-01-01")) == ["城管队"]
