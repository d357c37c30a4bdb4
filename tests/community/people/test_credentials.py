"""Sign-ins below the doors: who is behind one, what the database refuses, what is cleared away."""

from datetime import timedelta

import pytest
from tortoise.exceptions import IntegrityError

from community.people.actions import ResidentSignedIn, WechatIdentity, sign_in
from community.people.credentials import issue_ticket, open_page_session, open_sign_in, revoke_all
from community.people.jobs import clear_ended_sign_ins
from community.people.models import Home, PageSession, Resident, SignIn, Ticket, TicketKind, WechatAccount
from community.people.queries import valid_sign_ins
from foundation.clock import FrozenClock, real_now
from foundation.errors import NotSignedInError
from foundation.ground import Ground
from tests.community.people.lane import lay_out_lane

pytestmark = pytest.mark.usefixtures("database")
MONTH = timedelta(days=30)


async def come_in(clock: FrozenClock, identity: WechatIdentity) -> ResidentSignedIn:
    return await sign_in(identity, device="", at=clock.now(), real_at=real_now(), good_for=MONTH)


async def test_one_person_in_two_apps_of_one_platform_is_one_resident(clock: FrozenClock) -> None:
    here = await come_in(clock, WechatIdentity("miniprogram", "o1", "union-1"))
    there = await come_in(clock, WechatIdentity("official", "o9", "union-1"))

    assert here.resident.id == there.resident.id
    assert await WechatAccount.all().count() == 2


async def test_a_union_id_told_later_is_kept(clock: FrozenClock) -> None:
    await come_in(clock, WechatIdentity("miniprogram", "o1"))
    await come_in(clock, WechatIdentity("miniprogram", "o1", "union-1"))

    assert (await WechatAccount.get()).unionid == "union-1"


async def test_one_openid_in_two_apps_is_two_people(clock: FrozenClock) -> None:
    first = await come_in(clock, WechatIdentity("one", "same"))
    second = await come_in(clock, WechatIdentity("two", "same"))

    assert first.resident.id != second.resident.id


async def test_the_database_refuses_a_sign_in_of_nobody(clock: FrozenClock) -> None:
    with pytest.raises(IntegrityError, match="sign_in_is_of_one_person"):
        await open_sign_in(device="", real_at=real_now(), good_for=MONTH)


async def test_the_database_refuses_a_second_open_home(clock: FrozenClock) -> None:
    lane, resident = await lay_out_lane(), await Resident.create(created_at=clock.now())
    await Home.create(resident=resident, place=lane["building"], from_at=clock.now())

    with pytest.raises(IntegrityError, match="home_open_once"):
        await Home.create(resident=resident, place=lane["next_building"], from_at=clock.now())


async def test_an_ended_sign_in_issues_no_ticket(clock: FrozenClock) -> None:
    signed_in = await come_in(clock, WechatIdentity("miniprogram", "o1"))
    assert await valid_sign_ins([signed_in.opened.sign_in.id], real_at=real_now()) == {signed_in.opened.sign_in.id}
    await revoke_all(resident_id=signed_in.resident.id, real_at=real_now())

    with pytest.raises(NotSignedInError):
        await issue_ticket(signed_in.opened.sign_in.id, TicketKind.PAGE, real_at=real_now(), good_for=MONTH)
    assert await valid_sign_ins([signed_in.opened.sign_in.id], real_at=real_now()) == set()


async def test_what_ended_a_week_ago_is_cleared_with_all_that_hangs_from_it(ground: Ground, clock: FrozenClock) -> None:
    kept = (await come_in(clock, WechatIdentity("miniprogram", "o1"))).opened.sign_in
    gone = (await come_in(clock, WechatIdentity("miniprogram", "o2"))).opened.sign_in
    for sign_in_id in (kept.id, gone.id):
        issued = await issue_ticket(sign_in_id, TicketKind.PAGE, real_at=real_now(), good_for=MONTH)
        await open_page_session(issued.ticket, real_at=real_now())
    await SignIn.filter(id=gone.id).update(revoked_at=real_now() - timedelta(days=8))

    await clear_ended_sign_ins.run(ground)

    assert [sign_in.id for sign_in in await SignIn.all()] == [kept.id]
    assert [ticket.sign_in_id for ticket in await Ticket.all()] == [kept.id]
    assert [page.sign_in_id for page in await PageSession.all()] == [kept.id]
