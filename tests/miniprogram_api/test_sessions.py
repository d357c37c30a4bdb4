"""Signing in and out over HTTP, against real PostgreSQL and a WeChat that speaks its own shapes."""

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from community.people.credentials import MOST_DEVICES
from community.people.models import Resident, RoleGrant, RoleName, SignIn, Ticket, WechatAccount
from community.people.posts import PRODUCT, end_post
from community.people.tokens import hash_of
from community.places.models import Place
from foundation.clock import FrozenClock, real_now
from foundation.database import query, transaction
from foundation.ground import Ground
from miniprogram_api.identity import authenticate_token
from tests.miniprogram_api.signing_in import (  # noqa: F401 - fixtures
    API,
    places,
    problem_code,
    resident_named,
    settings,
    sign_in,
    staff_with,
    wechat,
)
from tests.miniprogram_api.small_wechat import BUSY, RISKY, SmallWechat

Api = TestClient[Any, Any]
pytestmark = pytest.mark.usefixtures("wechat")


async def test_the_first_sign_in_makes_a_resident_whose_token_opens_the_doors(api: Api) -> None:
    answer = await sign_in(api, SmallWechat.login_code("hua"))

    told = await answer.json()
    assert answer.status == 201
    assert set(told) == {"token", "expires_at", "resident"}
    me = await api.get(f"{API}/me", headers={"Authorization": f"Bearer {told['token']}"})
    assert (await me.json()) == told["resident"]


async def test_signing_in_again_is_the_same_resident_with_another_token(api: Api) -> None:
    first = await resident_named(api, "hua")
    second = await resident_named(api, "hua")

    assert first.id == second.id
    assert first.token != second.token
    assert (await first.ask("GET", "/me")).status == 200


async def test_parallel_first_sign_ins_make_one_resident(api: Api) -> None:
    people = await asyncio.gather(*(resident_named(api, "twin") for _ in range(6)))

    assert len({person.id for person in people}) == 1
    assert await Resident.all().count() == 1
    assert await WechatAccount.all().count() == 1


async def test_a_code_is_good_once(api: Api) -> None:
    code = SmallWechat.login_code("hua")
    await sign_in(api, code)

    again = await sign_in(api, code)

    assert again.status == 422
    assert (await again.json())["errors"][0]["pointer"] == "/code"


async def test_a_code_wechat_never_gave_is_refused_like_a_used_one(api: Api) -> None:
    answer = await sign_in(api, "made-up")

    assert (answer.status, await problem_code(answer)) == (422, "invalid-code")
    assert await Resident.all().count() == 0


async def test_while_wechat_is_busy_one_is_asked_to_come_again(api: Api, wechat: SmallWechat) -> None:
    wechat.next_error = BUSY

    answer = await sign_in(api, SmallWechat.login_code("hua"))

    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) >= 1


async def test_an_account_that_wechat_blocks_is_not_signed_in(api: Api, wechat: SmallWechat) -> None:
    wechat.next_error = RISKY

    answer = await sign_in(api, SmallWechat.login_code("hua"))

    assert (answer.status, await problem_code(answer)) == (401, "sign-in-refused")


async def test_after_signing_out_the_token_opens_nothing(api: Api) -> None:
    hua = await resident_named(api, "hua")
    assert (await hua.ask("GET", "/me")).status == 200

    assert (await hua.ask("DELETE", "/sessions/current")).status == 204

    assert (await hua.ask("GET", "/me")).status == 401


async def test_a_token_revoked_by_another_process_is_gone_within_five_seconds(api: Api) -> None:
    hua = await resident_named(api, "hua")
    assert (await hua.ask("GET", "/me")).status == 200

    await SignIn.all().update(revoked_at=real_now())

    began = time.monotonic()
    while (await hua.ask("GET", "/me")).status == 200:
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.05)


async def test_unknown_expired_and_revoked_tokens_answer_alike(api: Api) -> None:
    expired, revoked = await resident_named(api, "expired"), await resident_named(api, "revoked")
    await SignIn.filter(resident_id=expired.id).update(expires_at=real_now() - timedelta(seconds=1))
    await SignIn.filter(resident_id=revoked.id).update(revoked_at=real_now())
    tokens = (expired.token, revoked.token, "unknown", "", "x" * 5000)

    answers = [await api.get(f"{API}/me", headers={"Authorization": f"Bearer {token}"}) for token in tokens]

    assert {answer.status for answer in answers} == {401}
    assert len({await answer.text() for answer in answers}) == 1


async def test_using_a_sign_in_moves_its_end_on_at_most_once_an_hour(api: Api) -> None:
    hua = await resident_named(api, "hua")
    long_ago = real_now() - timedelta(days=29)
    await SignIn.all().update(last_used_at=long_ago, expires_at=long_ago + timedelta(days=30))

    await hua.told("GET", "/me")

    noted = await SignIn.get()
    assert noted.last_used_at > real_now() - timedelta(minutes=1)
    assert noted.expires_at > real_now() + timedelta(days=29)
    await SignIn.all().update(last_used_at=real_now() - timedelta(minutes=50))
    before = await SignIn.get()
    await hua.told("GET", "/me")
    assert (await SignIn.get()).last_used_at == before.last_used_at


async def test_a_use_is_noted_also_while_a_ticket_or_page_of_the_sign_in_is_being_stored(api: Api) -> None:
    hua = await resident_named(api, "hua")
    long_ago = real_now() - timedelta(days=29)
    await SignIn.all().update(last_used_at=long_ago, expires_at=long_ago + timedelta(days=30))

    async with transaction() as tx:
        await tx.query("SELECT id FROM sign_in FOR KEY SHARE")  # as a row that names it takes it
        await hua.told("GET", "/me")

    assert (await SignIn.get()).last_used_at > real_now() - timedelta(minutes=1)


async def test_of_many_who_come_back_together_each_is_known_and_each_use_is_noted(api: Api) -> None:
    people = [await resident_named(api, f"neighbour{number}") for number in range(12)]
    long_ago = real_now() - timedelta(days=29)
    await SignIn.all().update(last_used_at=long_ago, expires_at=long_ago + timedelta(days=30))
    await SignIn.filter(resident_id=people[0].id).update(revoked_at=real_now())

    answers = await asyncio.gather(*(person.ask("GET", "/me") for person in people))

    assert [answer.status for answer in answers] == [401] + [200] * 11
    assert [(await answer.json())["id"] for answer in answers[1:]] == [str(person.id) for person in people[1:]]
    noted = await SignIn.filter(last_used_at__gt=real_now() - timedelta(minutes=1))
    assert {each.resident_id for each in noted} == {person.id for person in people[1:]}


async def test_tokens_and_tickets_are_stored_only_as_hashes(api: Api) -> None:
    hua = await resident_named(api, "hua")
    ticket = (await hua.told("POST", "/live-tickets"))["ticket"]

    rows = await query("SELECT s.*, t.* FROM sign_in s JOIN sign_in_ticket t ON t.sign_in_id = s.id")

    assert (await SignIn.get()).token_hash == hash_of(hua.token)
    assert hua.token not in str(rows)
    assert ticket not in str(rows)


async def test_devices_are_listed_and_can_be_signed_out_one_by_one(api: Api) -> None:
    lost, kept = await resident_named(api, "hua"), await resident_named(api, "hua")

    devices = (await kept.told("GET", "/me/devices"))["items"]
    other = next(device for device in devices if not device["current"])
    assert len(devices) == 2
    assert (await kept.ask("DELETE", f"/me/devices/{other['id']}")).status == 204

    assert (await lost.ask("GET", "/me")).status == 401
    assert (await kept.ask("DELETE", f"/me/devices/{other['id']}")).status == 404
    assert len((await kept.told("GET", "/me/devices"))["items"]) == 1


async def test_nobody_can_sign_out_another_persons_device(api: Api) -> None:
    hua, ming = await resident_named(api, "hua"), await resident_named(api, "ming")
    device = (await hua.told("GET", "/me/devices"))["items"][0]

    assert (await ming.ask("DELETE", f"/me/devices/{device['id']}")).status == 404
    assert (await ming.ask("DELETE", "/me/devices/999999999")).status == 404

    assert (await hua.ask("GET", "/me")).status == 200


async def test_the_device_unused_for_longest_gives_way_to_a_new_one(api: Api) -> None:
    first = await resident_named(api, "hua")
    await SignIn.all().update(last_used_at=real_now() - timedelta(minutes=1))

    last = [await resident_named(api, "hua") for _ in range(MOST_DEVICES)][-1]

    assert len((await last.told("GET", "/me/devices"))["items"]) == MOST_DEVICES
    assert (await first.ask("GET", "/me")).status == 401


async def test_staff_sign_in_answers_plainly_where_wecom_is_not_connected(api: Api) -> None:
    answer = await api.post(f"{API}/staff-sessions", json={"code": "x"})

    assert (answer.status, await problem_code(answer)) == (503, "staff-sign-in-closed")


async def test_a_live_ticket_opens_once_also_when_used_twice_at_once(api: Api, ground: Ground) -> None:
    hua = await resident_named(api, "hua")
    ticket = (await hua.told("POST", "/live-tickets"))["ticket"]

    actors = await asyncio.gather(*(authenticate_token(ground, ticket) for _ in range(4)))

    assert [actor.id for actor in actors if actor] == [hua.id]
    assert await authenticate_token(ground, ticket) is None


async def test_an_expired_live_ticket_and_a_page_ticket_open_no_socket(api: Api, ground: Ground) -> None:
    hua = await resident_named(api, "hua")
    page = (await hua.told("POST", "/page-tickets"))["ticket"]
    expired = (await hua.told("POST", "/live-tickets"))["ticket"]
    await Ticket.filter(kind="live").update(expires_at=real_now() - timedelta(seconds=1))

    assert await authenticate_token(ground, page) is None
    assert await authenticate_token(ground, expired) is None


async def test_a_live_ticket_dies_with_its_sign_in(api: Api, ground: Ground) -> None:
    hua = await resident_named(api, "hua")
    ticket = (await hua.told("POST", "/live-tickets"))["ticket"]

    await hua.ask("DELETE", "/sessions/current")

    assert await authenticate_token(ground, ticket) is None
    assert await authenticate_token(ground, hua.token) is None


async def test_a_post_that_ended_is_gone_from_the_roles_within_five_seconds(
    api: Api,
    places: dict[str, Place],
    clock: FrozenClock,
) -> None:
    secretary = await staff_with(api, RoleName.SECRETARY, places["community"])
    assert (await secretary.told("GET", "/me"))["roles"] == [
        {"role": "secretary", "place_id": str(places["community"].id)}
    ]

    await end_post(PRODUCT, (await RoleGrant.get()).id, at=clock.now())

    began = time.monotonic()
    while (await secretary.told("GET", "/me"))["roles"]:
        assert time.monotonic() - began < 5
        await asyncio.sleep(0.05)
