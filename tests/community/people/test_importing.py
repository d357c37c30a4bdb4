"""Staff and posts from a file."""

from pathlib import Path

import pytest

from community.people.importing import import_people
from community.people.models import RoleGrant, RoleName, Staff
from community.places.models import Post
from community.places.queries import responsible_for
from community.places.sheets import MissingColumnError
from foundation.clock import FrozenClock
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


async def test_the_same_file_twice_changes_nothing(tmp_path: Path, clock: FrozenClock) -> None:
    await lay_out_lane()
    await import_people(sheet(tmp_path, GOOD), at=clock.now())

    again = await import_people(sheet(tmp_path, GOOD), at=clock.advance(days=1))

    assert (again.added, again.changed, again.unchanged) == (0, 0, 3)
    assert await RoleGrant.all().count() == 3


async def test_a_new_office_phone_under_a_known_account_is_a_change(tmp_path: Path, clock: FrozenClock) -> None:
    await lay_out_lane()
    await import_people(sheet(tmp_path, GOOD), at=clock.now())

    again = await import_people(sheet(tmp_path, GOOD.replace("6789", "0000")), at=clock.advance(days=1))

    assert (again.changed, again.unchanged) == (1, 2)
    assert (await Staff.get(wecom_userid="wangfang")).office_phone == "0755-2345 0000"


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
