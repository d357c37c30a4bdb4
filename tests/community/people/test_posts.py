"""Who holds which post, and what residents are told of it."""

import pytest

from community.people.models import Resident, RoleGrant, RoleName, Staff
from community.people.posts import PRODUCT, StaffCard, appoint, appoint_leader, employ, end_post
from community.people.queries import open_at, places_over
from community.places.actions import Holder
from community.places.actions import appoint as show
from community.places.models import Post, Responsibility
from community.places.queries import responsible_for
from foundation.audit import AuditEntry
from foundation.clock import FrozenClock
from tests.community.people.lane import lay_out_lane

pytestmark = pytest.mark.usefixtures("database")


async def holders_of(role: RoleName, clock: FrozenClock) -> list[int | None]:
    return [grant.staff_id for grant in await RoleGrant.filter(open_at(clock.now()), role=role)]


async def test_the_same_card_is_the_same_member_of_staff(clock: FrozenClock) -> None:
    first = await employ(StaffCard("王芳", "0755-1", "wangfang"), at=clock.now())
    renamed = await employ(StaffCard("王芳芳", "0755-2", "wangfang"), at=clock.now())
    bare = [await employ(StaffCard("李明"), at=clock.now()) for _ in range(2)]

    assert (first.id, renamed.name, renamed.office_phone) == (renamed.id, "王芳芳", "0755-2")
    assert bare[0].id == bare[1].id
    assert await Staff.all().count() == 2


async def test_a_new_secretary_relieves_the_former_and_is_shown_to_residents(clock: FrozenClock) -> None:
    place = (await lay_out_lane())["community"]
    former = await employ(StaffCard("王芳", "0755-1"), at=clock.now())
    await appoint(PRODUCT, former, RoleName.SECRETARY, place_id=place.id, at=clock.now())
    before = clock.now()
    changed_at = clock.advance(days=30)

    successor = await employ(StaffCard("李明", "0755-2"), at=changed_at)
    await appoint(PRODUCT, successor, RoleName.SECRETARY, place_id=place.id, at=changed_at)

    assert await holders_of(RoleName.SECRETARY, clock) == [successor.id]
    now, then = [await responsible_for(place.id, Post.SECRETARY, at=at) for at in (changed_at, before)]
    assert (now and now.holder_name, then and then.holder_name) == ("李明", "王芳")
    assert await AuditEntry.filter(what="post.ended", subject=f"staff:{former.id}").count() == 1


async def test_a_holder_known_by_name_gets_the_card_and_keeps_the_interval(clock: FrozenClock) -> None:
    place = (await lay_out_lane())["community"]
    shown = await show(place, Post.SECRETARY, Holder("王芳"), from_at=clock.now())
    staff = await employ(StaffCard("王芳", "0755-1"), at=clock.advance(days=9))

    await appoint(PRODUCT, staff, RoleName.SECRETARY, place_id=place.id, at=clock.now())

    kept = await Responsibility.get()
    assert (kept.id, kept.staff_id, kept.from_at) == (shown.id, staff.id, shown.from_at)
    assert kept.office_phone == "0755-1"


async def test_a_new_phone_is_shown_where_its_owner_holds_a_post_and_not_where_they_held_one(
    clock: FrozenClock,
) -> None:
    lane = await lay_out_lane()
    staff = await employ(StaffCard("王芳", "0755-1", "wangfang"), at=clock.now())
    for place in (lane["community"], lane["street"]):
        await appoint(PRODUCT, staff, RoleName.SECRETARY, place_id=place.id, at=clock.now())
    former = await RoleGrant.get(place_id=lane["street"].id)
    await end_post(PRODUCT, former.id, at=clock.advance(days=1))

    await employ(StaffCard("王芳", "0755-2", "wangfang"), at=clock.advance(days=1))

    shown = {row.place_id: row.office_phone for row in await Responsibility.all()}
    assert shown == {lane["community"].id: "0755-2", lane["street"].id: "0755-1"}


async def test_several_may_be_grid_workers_of_one_grid(clock: FrozenClock) -> None:
    grid = (await lay_out_lane())["grid"]
    staff = [await employ(StaffCard(name), at=clock.now()) for name in ("甲", "乙")]
    for person in (*staff, *staff):
        await appoint(PRODUCT, person, RoleName.GRID_WORKER, place_id=grid.id, at=clock.now())

    assert await holders_of(RoleName.GRID_WORKER, clock) == [person.id for person in staff]


async def test_an_ended_post_is_no_longer_shown(clock: FrozenClock) -> None:
    place = (await lay_out_lane())["community"]
    staff = await employ(StaffCard("王芳"), at=clock.now())
    grant = await appoint(PRODUCT, staff, RoleName.SECRETARY, place_id=place.id, at=clock.now())

    await end_post(PRODUCT, grant.id, at=clock.advance(days=1))
    await end_post(PRODUCT, grant.id, at=clock.advance(days=1))

    assert await responsible_for(place.id, Post.SECRETARY, at=clock.now()) is None
    assert await holders_of(RoleName.SECRETARY, clock) == []
    assert await AuditEntry.filter(what="post.ended").count() == 1


async def test_what_lies_over_a_building_is_its_path_and_its_estate() -> None:
    lane = await lay_out_lane()

    over = await places_over(lane["building"].id)

    assert set(over) == {lane[name].id for name in ("district", "street", "community", "grid", "building")}
    assert await places_over(999_999) == []


async def test_a_leader_is_appointed_once(clock: FrozenClock) -> None:
    lane, resident = await lay_out_lane(), await Resident.create(created_at=clock.now())

    grants = [
        await appoint_leader(PRODUCT, resident.id, place_id=lane["building"].id, at=clock.now()) for _ in range(2)
    ]

    assert grants[0].id == grants[1].id
