"""Recognisable words, names, numbers and tokens go through every door, also where all goes wrong: none is written down.

Lines are looked at before the mask of `foundation.logs` covers anything, so the mask stays the last defence.
"""

import json
import logging
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import structlog
from aiohttp import FormData
from structlog.testing import capture_logs

from community.complaints.dispatch.comparing import compare
from community.complaints.dispatch.inbound import TRIES
from community.complaints.dispatch.reconciling import reconcile
from foundation import logs
from foundation.clock import FrozenClock, real_now
from foundation.database import query
from foundation.ground import Ground
from foundation.settings import LimitSettings, Settings
from tests.community.complaints.line import Line, update
from tests.community.complaints.passing_on import REQUESTS, UPDATES
from tests.conftest import Client
from tests.core import DispatchCore
from tests.foundation.media.files import jpeg, quarters
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import BAD, of
from tests.miniprogram_api.test_bad_input import BODIES, OPERATIONS, own_path
from tests.phone import API, Phone

WORDS = {
    "text": "绝密楼道灯三号",
    "name": "欧阳测试某某",
    "room": "9栋8楼76房",
    "phone": "13912340987",
    "card": "440300199001011234",
    "reason": "缘由不可外传",
    "code": "oneTimeCode4711abcdef",
    "file": "私人照片名字",
    "nick": "昵称不外传",
    "lng": "114.0387654",
    "lat": "22.6543218",
    "guardian": "监护人上官某",
    "guardian_phone": "13698761234",
}
PIN = {"lng": WORDS["lng"], "lat": WORDS["lat"], "datum": "wgs84"}
SENT = f"{WORDS['text']}，找{WORDS['name']}，住{WORDS['room']}，电话{WORDS['phone']}，证件{WORDS['card']}"


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """Ask as often as wanted."""
    unlimited = LimitSettings(sessions="", filing="", media="", writing="", reading="")
    return settings.model_copy(update={"limits": unlimited})


class Ears:
    """Everything that was answered with a refusal, and what may be in none of it."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.problems: list[str] = []
        self.statuses: set[int] = set()

    async def call(self, method: str, path: str, **options: Any) -> Any:
        answer = await self.phone.call(method, path, **options)
        self.statuses.add(answer.status)
        if answer.status >= 400:
            self.problems.append(json.dumps(answer.body, ensure_ascii=False))
        return answer

    async def every_door_with_wrong_bodies(self) -> None:
        """Send everything as every field of every body, and as no field at all."""
        for method, path in BODIES:
            where = await own_path(self.phone, path)
            for body in (
                dict.fromkeys(("text", "reason", "code", "ticket", "room", "nickname"), SENT),
                SENT,
                [SENT],
            ):
                await self.call(method, where, json=body, key=uuid4().hex)
            await self.call(
                method, where, data=f'{{"text": "{SENT}'.encode(), headers={"Content-Type": "application/json"}
            )
            await self.call(method, where, data=SENT.encode(), headers={"Content-Type": "text/plain"})

    async def every_door_with_wrong_addresses(self) -> None:
        """Send it in paths, queries and headers."""
        leaving = {("DELETE", f"{API}/me"), ("DELETE", f"{API}/sessions/current")}
        for method, path in OPERATIONS.keys() - leaving:
            where = path.removeprefix(API)
            for name in ("id", "resident_id"):
                where = where.replace(f"{{{name}}}", WORDS["phone"])
            await self.call(method, where, params={"q": SENT, "text": SENT, "cursor": SENT, "place_id": SENT})
            await self.call(
                method,
                where,
                headers={"Authorization": f"Bearer {WORDS['code']}", "Idempotency-Key": SENT.encode().hex()},
            )
        await self.call("GET", f"/nowhere/{WORDS['phone']}/{WORDS['name']}")

    async def pins(self) -> None:
        """Point at the same place in a question and in a body, well and badly."""
        for wrong in ({}, {"limit": "x"}, {"datum": "x"}, {"lat": WORDS["lat"] + "x"}):
            answer = await self.call("GET", "/places/near", params=PIN | wrong)
            assert (answer.status == 200) is (not wrong), answer.body
        here: dict[str, Any] = {"lng": float(PIN["lng"]), "lat": float(PIN["lat"]), "datum": "wgs84"}
        for bad in ({}, {"datum": "x"}, {"lng": WORDS["lng"]}, {"lat": float(PIN["lng"])}):
            answer = await self.call(
                "POST", "/complaints", json={"text": SENT, "location": here | bad}, key=uuid4().hex
            )
            assert (answer.status == 201) is (not bad), answer.body

    async def guardians(self) -> None:
        """Name who speaks for a child, well and badly."""
        named = {"name": WORDS["guardian"], "phone": WORDS["guardian_phone"]}
        for guardian, until in (
            (named, "2030-01-01"), (named, WORDS["guardian_phone"]), (named | {"phone": WORDS["guardian_phone"] + "x" * 20}, "2030-01-01"),
            (named | {"name": WORDS["guardian"] * 20}, "2030-01-01"), (WORDS["guardian"], "2030-01-01"),
        ):  # fmt: skip
            yes = [{"purpose": purpose, "version": 1, "given": True} for purpose in ("exact_location", "voice")]
            body = {"items": yes, "under_14_until": until, "guardian": guardian}
            await self.call("PUT", "/me/consents", json=body)

    async def uploads(self) -> None:
        for content, kind in ((jpeg(quarters()), "image/jpeg"), (SENT.encode(), "image/jpeg"), (b"", WORDS["phone"])):
            form = FormData()
            form.add_field("file", content, filename=f"{WORDS['file']}.jpg", content_type=kind if "/" in kind else None)
            if content != jpeg(quarters()):
                form.add_field("note", SENT)
            await self.call("POST", "/media", data=form)


async def everything_fails_on_the_way_to_the_core(
    core: DispatchCore, worker: Worker, phone: Phone, complaint: dict[str, Any]
) -> None:
    """Let the core be down, cut the line, and refuse with the resident's own words in its refusal."""
    told = [{"code": 400, "description": f"bad: {SENT}"}]
    for do, value in (
        ("status", 500), ("drop", None), ("accept_then_drop", None), ("answer", {"status": 200, "body": SENT}),
        ("answer", {"status": 400, "body": told}),
    ):  # fmt: skip
        rules = [
            {"match": {"path": path, "method": "POST"}, "do": do, "value": value, "times": 3}
            for path in (REQUESTS, UPDATES)
        ]
        await core.control("/faults", rules, method="PUT")
        await phone.post(
            "/complaints", {"text": SENT, "on_behalf_of": {"name": WORDS["name"], "phone": WORDS["phone"]}}
        )
        await phone.post(of(complaint, "supplements"), {"text": SENT})
        await worker.run_until_idle()
    await core.control("/faults", [], method="PUT")


async def callbacks_of_every_kind(
    line: Line, worker: Worker, complaint: dict[str, Any], clock: FrozenClock
) -> set[int]:
    """Tell personal things in callbacks that are good, forged, stale, conflicting, unfit, unknown and garbled."""
    personal = {"description": SENT, "agency_phone": WORDS["phone"], "agency_responsible": WORDS["name"]}
    known = update(complaint, "note", clock.now(), **personal)
    nowhere = update({"id": "018f0000-0000-7000-8000-000000000000"}, "note", clock.now(), **personal)
    broken = update(complaint, "note", clock.now(), **personal)
    statuses = [
        (await line.tell(known)).status,
        (await line.tell(known | {"description": SENT * 2})).status,
        (await line.tell(known | {"update_id": "forged"}, secret=WORDS["code"])).status,
        (await line.tell(known | {"update_id": "stale"}, age=400)).status,
        (await line.tell(known | {"update_id": SENT * 20})).status,
        (await line.tell(f'{{"description": "{SENT}"'.encode())).status,
        (await line.tell(nowhere)).status,
        (await line.tell(broken)).status,
        (
            await line.tell(
                update(complaint, "inspected", clock.now(), media_url=f"http://x/{WORDS['file']}", **personal)
            )
        ).status,
    ]
    body = json.dumps({"update_id": 1, "updated_datetime": SENT})
    await query(
        "UPDATE dispatch_update SET body = %s::jsonb WHERE update_id = %s RETURNING id", body, broken["update_id"]
    )
    for _ in range(TRIES + 1):
        await query(
            "UPDATE dispatch_update SET claimed_until = NULL, not_before = now() - interval '1 second' RETURNING id"
        )
        await worker.clear_desks()
    return set(statuses)


async def live_doors(api: Client, phone: Phone) -> None:
    """Say it in frames, in tickets and in topics."""
    async with aiohttp.ClientSession() as session:
        url = str(api.make_url(f"{API}/live"))
        for first in ({"type": "hello", "token": WORDS["code"]}, {"type": SENT}, SENT):
            async with session.ws_connect(url) as socket:
                await (socket.send_str(first) if isinstance(first, str) else socket.send_json(first))
                await socket.receive(timeout=5)
        async with session.ws_connect(f"{url}?token={WORDS['code']}") as socket:
            await socket.receive(timeout=5)
        async with session.ws_connect(url) as socket:
            await socket.send_json({"type": "hello", "token": phone.token})
            for frame in (
                {"type": "watch", "topic": f"complaint:{SENT}", "after": 0},
                {"type": "watch", "topic": SENT},
            ):
                await socket.send_json(frame)
                await socket.receive(timeout=5)


async def test_no_word_of_anybody_is_written_down(
    *,
    api: Client,
    phone: Phone,
    core: DispatchCore,
    worker: Worker,
    ground: Ground,
    clock: FrozenClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock.set(real_now())
    caplog.set_level(logging.DEBUG)
    for library in logs._QUIET:  # noqa: SLF001 - as every program of ours has it, also where it tells the most
        caplog.set_level(logging.WARNING, logger=library)
    ears = Ears(phone)

    with capture_logs([structlog.processors.format_exc_info]) as lines:
        complaint = await phone.file(SENT)
        await ears.call("PATCH", "/me", json={"nickname": WORDS["nick"]})
        await ears.every_door_with_wrong_bodies()
        await ears.every_door_with_wrong_addresses()
        await ears.pins()
        await ears.guardians()
        await ears.uploads()
        await worker.run_until_idle()
        await everything_fails_on_the_way_to_the_core(core, worker, phone, complaint)
        statuses = await callbacks_of_every_kind(Line(api), worker, complaint, clock)
        await live_doors(api, phone)
        await core.play(complaint, "answered", deliver=False, public_text=SENT)
        await reconcile(ground)
        await compare(ground)
        await worker.run_until_idle()
        await ears.call("POST", of(complaint, "rating"), json=BAD | {"text": WORDS["reason"]})
        async with api.get("/metrics") as answer:
            metrics = await answer.text()

    secrets = [*WORDS.values(), phone.token]
    written = [*map(repr, lines), *caplog.text.splitlines(), *metrics.splitlines(), *ears.problems]
    assert [line for line in written if any(word in line for word in secrets)] == []
    assert statuses == {200, 400, 401, 409, 422}
    assert {201, 400, 401, 404, 415, 422} <= ears.statuses
    alarms = {line["event"] for line in lines if line["log_level"] == "error"}
    assert {
        "dispatch_update_conflict",
        "dispatch_update_parked",
        "dispatch_message_parked",
        "dispatch_event_unknown",
    } <= alarms
