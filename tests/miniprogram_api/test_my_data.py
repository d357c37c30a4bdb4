"""Taking everything along, and leaving: what was somebody's is in the export, and afterwards nowhere."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import FormData

from community.complaints.dispatch_models import DispatchConflict, DispatchUpdate, UpdateState
from community.complaints.erasing import GONE
from community.complaints.models import Complaint, ComplaintEvent
from community.people.actions import WechatIdentity, bind_phone, sign_in
from community.people.credentials import open_sign_in
from community.people.models import Consent, Resident, RoleGrant, RoleName, WechatAccount
from foundation.clock import FrozenClock, real_now
from foundation.database import query
from foundation.ground import Ground
from foundation.media.models import Media
from foundation.parts import load_parts
from tests.community.complaints.line import Line, update
from tests.conftest import Client
from tests.core import DispatchCore
from tests.foundation.media.files import amr
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import BAD, of, upload
from tests.phone import Phone
from tests.scripts import run_together
from tests.town import Town

PIN = {"lng": 114.0212345, "lat": 22.6523456, "datum": "gcj02"}
PLANTED = {
    "nickname": "玄武湖老周",
    "room": "暗号一七零三",
    "text": "楼道灯坏了，我叫周暗号甲，请打电话",
    "supplement": "补充：周暗号乙在家等",
    "behalf": "周暗号丙",
    "behalf_phone": "13912344321",
    "told": "已与周暗号丁通话",
    "rating": "周暗号戊不满意",
    "reason": "周暗号己觉得没修好",
    "device": "PhoneOfZhou/1",
    "guardian": "周暗号庚",
    "late": "周暗号辛不在家所以晚了",
    "openid": "openid-of-zhou",
    "unionid": "unionid-of-zhou",
}
"""What is put everywhere a person's words can go, each in a place of its own."""
PHONE = "13812345678"
UNREAD = {
    "conflicting": "周暗号子又说没修",
    "parked": "周暗号丑等着认领",
    "conflicting with it": "周暗号寅换了说法",
}
"""What the core said that became no step; held, and shown to nobody."""
STAYS = {
    "consent": "the proof that there was consent, without a name",
    "role_grant": "who could see what, as ended intervals",
    "audit_entry": "the law keeps it",
}
"""Tables that name a person by number after the leaving, and why."""


@dataclass
class Person:
    """Somebody with everything in it, and their complaints."""

    phone: Phone
    filed: dict[str, Any]
    pinned: dict[str, Any]
    followed: dict[str, Any] = field(default_factory=dict)
    """A neighbour's."""


async def rows_naming(resident_id: int) -> dict[str, int]:
    """Count, in every table that can name a person, the rows that name this one."""
    columns = await query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('resident_id', 'owner_id', 'actor_id', 'actor_key')"
    )
    counts = {}
    for each in columns:
        found = await query(
            f'SELECT count(*) AS n FROM "{each["table_name"]}" WHERE "{each["column_name"]}"::text = ANY(%s)',  # noqa: S608
            [str(resident_id), f"resident:{resident_id}"],
        )
        counts[each["table_name"]] = int(found[0]["n"])
    return counts


async def everything_stored() -> str:
    """Give every column of every table as one text, the job queue too; bytes as what they spell."""
    tables = await query(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    texts = []
    for table in tables:
        rows = await query(f'SELECT row_to_json(t)::text AS text FROM "{table["name"]}" t')  # noqa: S608
        texts += [row["text"] for row in rows]
    columns = await query(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND data_type = 'bytea'"
    )
    for each in columns:
        rows = await query(f'SELECT "{each["column_name"]}" AS value FROM "{each["table_name"]}"')  # noqa: S608
        texts += [bytes(row["value"]).decode("utf-8", "replace") for row in rows if row["value"] is not None]
    return json.dumps(texts, ensure_ascii=False)


async def opened_seals(ground: Ground) -> str:
    """Give what the vault still opens, as one text: a sealed value is one that is held."""
    texts = []
    for each in (column for part in load_parts() for column in part.sealed):
        rows = await query(f'SELECT "{each.column}" AS value FROM "{each.table}" WHERE "{each.column}" IS NOT NULL')  # noqa: S608
        texts += [ground.vault.open(bytes(row["value"]), context=each.context) for row in rows]
    return json.dumps(texts, ensure_ascii=False)


def files_in(ground: Ground) -> list[str]:
    """List the objects in the store."""
    folder = ground.settings.var.absolute() / "media"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


async def upload_voice(phone: Phone) -> str:
    form = FormData()
    form.add_field("file", amr(), filename="a.amr", content_type="audio/amr")
    answer = await phone.call("POST", "/media", data=form)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def consent(phone: Phone, purpose: str, *, given: bool = True, **more: Any) -> Any:
    body = {"items": [{"purpose": purpose, "version": 1, "given": given}], **more}
    return await phone.call("PUT", "/me/consents", json=body)


async def settle(
    *, town: Town, api: Client, ground: Ground, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> Person:
    """Let somebody leave a trace in every table that can hold one."""
    for name in files_in(ground):  # other tests' objects: the folder is the whole session's
        next((ground.settings.var.absolute() / "media").rglob(name)).unlink()
    phone = await town.resident(api, PLANTED["nickname"])
    await bind_phone(phone.resident_id, PHONE, vault=ground.vault, at=clock.now())
    await WechatAccount.create(
        resident_id=phone.resident_id,
        app_id="another-app",
        openid=PLANTED["openid"],
        unionid=PLANTED["unionid"],
        created_at=clock.now(),
    )
    await RoleGrant.create(
        resident_id=phone.resident_id, role=RoleName.BUILDING_LEADER, place_id=town.building.id, from_at=clock.now()
    )
    await phone.call("PUT", "/me/home", json={"place_id": str(town.building.id), "room": PLANTED["room"]})
    guardian = {"name": PLANTED["guardian"], "phone": "13700001111"}
    until = (clock.now() + timedelta(days=900)).date().isoformat()
    answer = await consent(phone, "guardian", under_14_until=until, guardian=guardian)
    assert answer.status == 200, answer.body
    await open_sign_in(
        resident_id=phone.resident_id, device=PLANTED["device"], real_at=real_now(), good_for=timedelta(days=1)
    )
    filed = await phone.file(
        PLANTED["text"],
        media_ids=[await upload(phone), await upload_voice(phone)],
        on_behalf_of={"name": PLANTED["behalf"], "phone": PLANTED["behalf_phone"]},
    )
    pinned = await phone.file("路边井盖松了，" + PLANTED["supplement"], location=PIN)
    await upload(phone)  # and one that nothing uses
    await worker.run_until_idle()
    await core.play(filed, "assigned", at=clock.now(), agency_responsible="综合行政执法队")
    await worker.run_until_idle()
    clock.advance(hours=2)
    await core.play(filed, "accepted", at=clock.now(), description=PLANTED["late"])
    await core.play(filed, "answered", at=clock.now(), description=PLANTED["told"])
    await worker.run_until_idle()
    added = await phone.post(of(filed, "supplements"), {"text": PLANTED["supplement"]}, key=uuid4().hex)
    rated = await phone.post(of(filed, "rating"), BAD | {"text": PLANTED["rating"]}, key=uuid4().hex)
    assert (added.status, rated.status) == (201, 201) or (added.status, rated.status) == (200, 200), rated.body
    await core.play(pinned, "assigned", at=clock.now())
    await core.play(pinned, "answered", at=clock.now(), public_text="已换新井盖")
    await worker.run_until_idle()
    again = await phone.post(of(pinned, "reopening"), {"reason": PLANTED["reason"]}, key=uuid4().hex)
    assert again.status < 300, again.body
    await worker.run_until_idle()
    await say_what_becomes_no_step(Line(api), filed, pinned)
    return Person(phone, filed, pinned, await follow_a_neighbour(town, api, phone))


async def say_what_becomes_no_step(line: Line, filed: dict[str, Any], pinned: dict[str, Any]) -> None:
    """Let the core contradict itself, and let an update be parked that cannot be applied."""
    known = await DispatchUpdate.filter(body__contains={"external_id": filed["id"]}).first()
    assert known is not None
    said = update(filed, "closed", real_now(), update_id=known.update_id, description=UNREAD["conflicting"])
    assert (await line.tell(said)).status == 409
    parked = update(pinned, "note", real_now(), update_id="parked", description=UNREAD["parked"])
    assert (await line.tell(parked)).status == 200
    await DispatchUpdate.filter(update_id="parked").update(state=UpdateState.PARKED)
    nameless = {**parked, "external_id": None, "description": UNREAD["conflicting with it"]}
    assert (await line.tell(nameless)).status == 409


async def follow_a_neighbour(town: Town, api: Client, phone: Phone) -> dict[str, Any]:
    """Give a neighbour's complaint that the person follows."""
    followed = await (await town.resident(api, "邻居")).file("楼下路面有个坑")
    assert (await phone.call("PUT", of(followed, "follow"))).status < 300
    return followed


@pytest.fixture
async def person(  # noqa: PLR0917 - fixtures
    town: Town, api: Client, ground: Ground, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> Person:
    return await settle(town=town, api=api, ground=ground, core=core, worker=worker, clock=clock)


async def leave(person: Person, worker: Worker) -> None:
    answer = await person.phone.call("DELETE", "/me")
    assert (answer.status, answer.body) == (204, None)
    await worker.run_until_idle()


async def test_the_export_has_everything_and_after_leaving_nothing_is_anywhere(
    person: Person, ground: Ground, worker: Worker
) -> None:
    export = await person.phone.get("/me/export")
    told = json.dumps(export.body, ensure_ascii=False)
    held_before = await everything_stored() + await opened_seals(ground)
    objects = files_in(ground)

    await leave(person, worker)

    assert [each["complaint_id"] for each in export.body["held"]["complaints"]["followed"]] == [person.followed["id"]]
    assert [secret for secret in UNREAD.values() if secret not in held_before] == []
    secrets = [*PLANTED.values(), PHONE, "13700001111", str(PIN["lng"]), str(PIN["lat"])]
    assert export.status == 200
    assert [secret for secret in secrets if secret not in told] == []
    assert [secret for secret in secrets if secret not in held_before] == []  # else the search is blind
    stored = await everything_stored() + await opened_seals(ground)
    assert [secret for secret in [*secrets, *UNREAD.values()] if secret in stored] == []
    assert objects
    assert files_in(ground) == []
    assert await Media.all().count() == 0


async def test_no_table_names_somebody_who_left_but_those_that_must(person: Person, worker: Worker) -> None:
    await person.phone.get("/me/export")
    before = await rows_naming(person.phone.resident_id)

    await leave(person, worker)

    after = await rows_naming(person.phone.resident_id)
    assert [table for table, rows in before.items() if not rows] == []  # else a table is not looked at
    assert {table for table, rows in after.items() if rows} == set(STAYS)


async def test_every_table_that_names_people_is_declared_by_a_holding(database: None) -> None:
    declared = [table for part in load_parts() for holding in part.holdings for table in holding.tables]

    assert sorted(declared) == sorted(await rows_naming(0)), "declare it in the room's HOLDINGS: given, and ended"


@pytest.mark.parametrize("by", ["our id", "the core's id", "the first update"])
async def test_what_the_core_says_otherwise_after_the_leaving_is_kept_without_words(
    person: Person, api: Client, core: DispatchCore, worker: Worker, by: str
) -> None:
    remote_id = await core.request_id(person.filed)
    known = await DispatchUpdate.filter(body__contains={"external_id": person.filed["id"]}).first()
    assert known is not None
    await leave(person, worker)
    said = update(person.filed, "closed", real_now(), update_id=known.update_id, description="周暗号卯没有同意")
    names: dict[str, dict[str, Any]] = {
        "our id": {"external_id": f"{{{person.filed['id'].upper()}}}"},
        "the core's id": {"external_id": None, "service_request_id": remote_id},
        "the first update": {"external_id": None},
    }

    answers = [await Line(api).tell(said | names[by] | {"update_id": each}) for each in (known.update_id, "parked")]

    assert [answer.status for answer in answers] == [409, 409]
    assert [row.body for row in await DispatchConflict.filter(settled_at=None)] == [{}] * 4
    assert "周暗号卯" not in await everything_stored()


async def test_an_update_that_waits_at_the_leaving_and_is_parked_later_loses_its_words(
    person: Person, api: Client, worker: Worker
) -> None:
    waiting = update(person.filed, "note", real_now(), update_id="waiting", description="周暗号辰在等")
    assert (await Line(api).tell(waiting)).status == 200
    assert (await Line(api).tell(waiting | {"description": "周暗号巳在等"})).status == 409
    assert (await person.phone.call("DELETE", "/me")).status == 204

    await DispatchUpdate.filter(update_id="waiting").update(state=UpdateState.PARKED)

    stored = await everything_stored()
    assert [name for name in ("周暗号辰", "周暗号巳") if name in stored] == []


async def test_a_conflict_that_comes_while_somebody_leaves_waits_for_it(
    person: Person, api: Client, worker: Worker
) -> None:
    known = await DispatchUpdate.filter(body__contains={"external_id": person.filed["id"]}).first()
    assert known is not None
    said = update(person.filed, "closed", real_now(), update_id=known.update_id)
    telling = [Line(api).tell(said | {"description": f"周暗号午说法{n}"}) for n in range(8)]

    left, *answers = await asyncio.gather(person.phone.call("DELETE", "/me"), *telling)

    assert (left.status, {answer.status for answer in answers}) == (204, {409})
    assert "周暗号午" not in await everything_stored()


async def test_the_export_shows_photos_that_can_be_fetched_and_who_looked(
    person: Person, api: Client, ground: Ground
) -> None:
    held = (await person.phone.get("/me/export")).body["held"]
    again = (await person.phone.get("/me/export")).body["held"]

    assert len(held["uploads"]) == 3
    async with api.get(held["uploads"][0]["url"]) as picture:
        assert picture.status == 200
    assert [look["what"] for look in again["looks_at_me"]][-1] == "export"
    assert set(held) >= {"person", "consents", "complaints", "uploads", "kept_answers", "looks_at_me"}


async def test_nobody_elses_data_are_in_an_export(person: Person, neighbour: Phone) -> None:
    told = json.dumps((await neighbour.get("/me/export")).body, ensure_ascii=False)

    assert [secret for secret in PLANTED.values() if secret in told] == []


async def test_an_open_complaint_goes_on_without_its_owner(
    person: Person, core: DispatchCore, worker: Worker, clock: FrozenClock, neighbour: Phone
) -> None:
    follow = await neighbour.call("PUT", of(person.pinned, "follow"))
    await leave(person, worker)

    kept = await Complaint.get(id=person.pinned["id"])
    assert follow.status < 300
    assert (kept.status.value, kept.text, kept.number) == ("in_progress", GONE, person.pinned["number"])
    assert kept.place_id is not None
    await core.until_heard(person.pinned, '"note"')
    seen = await neighbour.timeline(person.pinned)
    assert "已换新井盖" in [event["text"] for event in seen]
    await core.play(person.pinned, "answered", at=clock.now(), description="又修了，给周暗号甲回了电话")
    await worker.run_until_idle()
    assert (await Complaint.get(id=person.pinned["id"])).status.value == "answered"
    assert "周暗号甲" not in await everything_stored()


async def test_what_the_core_was_not_given_yet_is_taken_back(
    town: Town, api: Client, core: DispatchCore, worker: Worker
) -> None:
    phone = await town.resident(api, "没交出去")
    filed = await phone.file("这件事还没有交出去，我叫周暗号壬")

    await leave(Person(phone, filed, filed), worker)

    (request,) = await core.requests(filed)
    assert "周暗号壬" not in json.dumps(request, ensure_ascii=False)
    assert (await Complaint.get(id=filed["id"])).status.value == "withdrawn"
    assert "周暗号壬" not in await everything_stored()


async def test_every_device_is_out_at_once_and_leaving_twice_is_being_nobody(
    person: Person, api: Client, worker: Worker
) -> None:
    opened = await open_sign_in(
        resident_id=person.phone.resident_id, device="", real_at=real_now(), good_for=timedelta(days=1)
    )
    other = Phone(api, opened.token, person.phone.resident_id)
    assert (await other.get("/me")).status == 200
    async with api.ws_connect("/api/v1/live") as socket:
        await socket.send_json({"type": "hello", "token": opened.token})
        assert (await socket.receive_json())["type"] == "welcome"

        await leave(person, worker)

        async with asyncio.timeout(10):
            while not socket.closed:
                await socket.receive()
        assert socket.close_code == 4401
    assert [(await who.get("/me")).status for who in (other, person.phone)] == [401, 401]
    assert (await person.phone.call("DELETE", "/me")).status == 401
    assert (await other.post("/complaints", {"text": "还能交吗？不应该"}, key="k")).status == 401


async def test_leaving_at_once_on_two_phones_ends_once(person: Person) -> None:
    answers = await asyncio.gather(*(person.phone.call("DELETE", "/me") for _ in range(2)))

    assert sorted(answer.status for answer in answers) == [204, 401]


async def test_filing_and_leaving_at_the_same_moment_leave_no_words(
    town: Town, api: Client, worker: Worker, core: DispatchCore
) -> None:
    for _ in range(5):
        phone = await town.resident(api, "同时的人")
        filing = phone.post("/complaints", {"text": "同时交的，我叫周暗号癸"}, key=uuid4().hex)
        filed, left = await asyncio.gather(filing, phone.call("DELETE", "/me"))
        assert (filed.status in (201, 401), left.status) == (True, 204), filed.body
    await worker.run_until_idle()

    assert "周暗号癸" not in await everything_stored()


async def test_the_same_wechat_account_comes_back_as_a_new_person(
    town: Town, api: Client, clock: FrozenClock, worker: Worker, core: DispatchCore
) -> None:
    identity = WechatIdentity("sandbox-wx-app", "comes-back", "union-back")
    options = {"device": "", "at": clock.now(), "real_at": real_now(), "good_for": timedelta(days=1)}
    first = await sign_in(identity, **options)  # type: ignore[arg-type]
    phone = Phone(api, first.opened.token, first.resident.id)
    await leave(Person(phone, {}, {}), worker)

    second = await sign_in(identity, **options)  # type: ignore[arg-type]

    assert second.resident.id != first.resident.id
    assert (await Phone(api, second.opened.token, second.resident.id).get("/complaints")).body["items"] == []


async def test_signing_in_and_leaving_at_the_same_moment_never_end_in_a_shell(
    town: Town, api: Client, clock: FrozenClock
) -> None:
    options = {"device": "", "at": clock.now(), "real_at": real_now(), "good_for": timedelta(days=1)}
    for turn in range(5):
        identity = WechatIdentity("sandbox-wx-app", f"both-{turn}", None)
        first = await sign_in(identity, **options)  # type: ignore[arg-type]
        phone = Phone(api, first.opened.token, first.resident.id)

        again, left = await asyncio.gather(
            sign_in(identity, **options),  # type: ignore[arg-type]
            phone.call("DELETE", "/me"),
        )

        assert left.status == 204
        who = await Resident.get(id=again.resident.id)
        answer = await Phone(api, again.opened.token, who.id).get("/me")
        assert (answer.status, who.erased_at is None) in ((200, True), (401, False))


async def test_a_number_that_went_to_somebody_else_is_theirs_alone(
    person: Person, neighbour: Phone, ground: Ground, clock: FrozenClock, worker: Worker
) -> None:
    await leave(person, worker)

    await bind_phone(neighbour.resident_id, PHONE, vault=ground.vault, at=clock.now())

    fingerprint = ground.vault.fingerprint(f"+86{PHONE}", context="resident.phone")
    assert [row.id for row in await Resident.filter(phone_fingerprint=fingerprint)] == [neighbour.resident_id]
    assert (await neighbour.get("/complaints")).body["items"] == []


async def test_consents_stay_as_proof_without_a_name(person: Person, worker: Worker) -> None:
    await leave(person, worker)

    lines = await Consent.filter(resident_id=person.phone.resident_id)
    assert [line.purpose.value for line in lines] == ["guardian"]
    assert [line.guardian_sealed for line in lines] == [None]


async def test_numbers_and_marks_stay_and_add_up(person: Person, worker: Worker) -> None:
    before = await ComplaintEvent.filter(complaint_id=person.filed["id"]).count()

    await leave(person, worker)

    events = await ComplaintEvent.filter(complaint_id=person.filed["id"]).order_by("seq")
    marks = await query("SELECT solved, result, text FROM complaint_rating")
    assert [event.seq for event in events] == list(range(1, before + 2))
    assert marks == [{"solved": False, "result": 1, "text": None}]


@pytest.mark.parametrize(
    "change", ["UPDATE consent SET given = NOT given", "DELETE FROM consent", "TRUNCATE consent CASCADE"]
)
async def test_the_ledger_is_never_changed(phone: Phone, change: str) -> None:
    assert (await consent(phone, "voice")).status == 200

    for opened in ([], ["SELECT set_config('linli.erasing', 'on', true)"]):
        with pytest.raises(Exception, match="append-only"):
            await run_together(*opened, change)
    assert [line.given for line in await Consent.all()] == [True]
