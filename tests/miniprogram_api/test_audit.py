"""Who reads the audit: auditors, for their places; and reading it is written down as well."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from community.people.credentials import open_staff_session
from community.people.models import RoleGrant, RoleName, Staff
from community.places.actions import PlaceDraft, add_place
from community.places.models import Origin, PlaceKind
from foundation.access import Actor
from foundation.audit import AuditEntry, record_look
from foundation.clock import FrozenClock, real_now
from foundation.database import transaction
from tests.conftest import Client
from tests.phone import Answer, Phone
from tests.town import Town

SECRETARY = Actor("staff", 77)


@pytest.fixture
async def elsewhere(town: Town) -> int:
    """Give another community, with a look in it."""
    draft = PlaceDraft(kind=PlaceKind.COMMUNITY, name="南苑社区", origin=Origin.GENERATED)
    place = await add_place(draft, parent=town.street)
    return int(place.id)


async def look(what: str, place_id: int | None, subject: str = "resident:1") -> None:
    async with transaction():
        await record_look(SECRETARY, subject=subject, what=what, reason="call back", place_id=place_id)


async def staff_with(api: Client, clock: FrozenClock, role: RoleName | None, place_id: int | None) -> Phone:
    staff = await Staff.create(name="审计员", created_at=clock.now())
    if role is not None:
        await RoleGrant.create(staff=staff, role=role, place_id=place_id, from_at=clock.now())
    opened = await open_staff_session(staff.id, device="", real_at=real_now(), good_for=timedelta(days=1))
    return Phone(api, opened.token, staff.id)


async def read(who: Phone, **asked: Any) -> Answer:
    return await who.get(f"/staff/audit?{urlencode(asked)}")


def seen(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.body
    return [item["what"] for item in answer.body["items"]]


async def test_an_auditor_of_a_community_reads_what_was_seen_in_it_and_no_more(
    api: Client, town: Town, clock: FrozenClock, elsewhere: int
) -> None:
    await look("phone", town.building.id)
    await look("home", elsewhere)
    await look("post.given", None)
    auditor = await staff_with(api, clock, RoleName.AUDITOR, town.community.id)

    answer = await read(auditor)

    assert seen(answer) == ["phone"]
    (item,) = answer.body["items"]
    assert (item["actor_id"], item["subject"], item["place_id"]) == ("77", "resident:1", str(town.building.id))
    assert seen(await read(auditor, place_id=town.grid.id)) == ["phone"]
    assert (await read(auditor, place_id=elsewhere)).status == 404
    assert (await read(auditor, place_id=town.street.id)).status == 404


async def test_an_auditor_of_everywhere_reads_all(api: Client, town: Town, clock: FrozenClock, elsewhere: int) -> None:
    await look("phone", town.building.id)
    await look("home", elsewhere)
    await look("post.given", None)
    auditor = await staff_with(api, clock, RoleName.AUDITOR, None)

    assert seen(await read(auditor)) == ["post.given", "home", "phone"]
    assert seen(await read(auditor, place_id=elsewhere)) == ["home"]


@pytest.mark.parametrize("role", [None, RoleName.SECRETARY, RoleName.GRID_WORKER, RoleName.DUTY_OFFICER])
async def test_who_is_no_auditor_reads_nothing(
    api: Client, town: Town, clock: FrozenClock, role: RoleName | None
) -> None:
    await look("phone", town.building.id)
    who = await staff_with(api, clock, role, town.district.id if role else None)

    assert seen(await read(who)) == []
    assert (await read(who, place_id=town.community.id)).status == 404
    assert await AuditEntry.filter(what="audit.read").count() == 0


async def test_reading_is_audited_with_what_was_looked_for(api: Client, town: Town, clock: FrozenClock) -> None:
    auditor = await staff_with(api, clock, RoleName.AUDITOR, None)

    await read(auditor, place_id=town.community.id, subject="resident:1", what="phone")

    entry = await AuditEntry.get(what="audit.read")
    assert (entry.actor_id, entry.subject) == (auditor.resident_id, f"place:{town.community.id}")
    assert entry.reason == "subject=resident:1 what=phone"
    assert seen(await read(auditor)) == ["audit.read"]


async def test_it_is_narrowed_by_time_subject_and_kind(api: Client, town: Town, clock: FrozenClock) -> None:
    await look("phone", town.building.id, "resident:1")
    await look("home", town.building.id, "resident:2")
    auditor = await staff_with(api, clock, RoleName.AUDITOR, None)
    past, future = (real_now() - timedelta(hours=1)).isoformat(), (real_now() + timedelta(hours=1)).isoformat()
    narrowed: list[tuple[dict[str, str], list[str]]] = [
        ({"subject": "resident:2"}, ["home"]),
        ({"what": "phone"}, ["phone"]),
        ({"from": future}, []),
        ({"to": past}, []),
    ]

    for asked, expected in narrowed:
        assert seen(await read(auditor, **asked)) == expected, asked


async def test_pages_follow_each_other_without_a_gap(api: Client, town: Town, clock: FrozenClock) -> None:
    for number in range(5):
        await look(f"look-{number}", town.building.id)
    auditor = await staff_with(api, clock, RoleName.AUDITOR, town.community.id)
    collected: list[str] = []
    asked: dict[str, Any] = {"limit": 2}

    while True:
        answer = await read(auditor, **asked)
        collected += seen(answer)
        if answer.body["next_cursor"] is None:
            break
        asked["cursor"] = answer.body["next_cursor"]

    assert collected == [f"look-{number}" for number in reversed(range(5))]
    assert (await read(auditor, cursor="nonsense")).status == 422


async def test_a_resident_has_no_business_here(phone: Phone) -> None:
    assert (await read(phone)).status == 404
