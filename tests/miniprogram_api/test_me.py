"""What is one's own over HTTP: profile, phone, home; and who may confirm a home."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from community.people.actions import MOST_SHARING_A_PHONE
from community.people.models import Home, Resident, RoleName
from community.people.posts import PRODUCT, appoint_leader
from community.places.models import Origin, Place, PlaceKind
from foundation.audit import AuditEntry
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from tests.miniprogram_api.signing_in import (  # noqa: F401 - fixtures
    Person,
    places,
    problem_code,
    resident_named,
    settings,
    staff_with,
    wechat,
)
from tests.miniprogram_api.small_wechat import SmallWechat

Api = TestClient[Any, Any]
pytestmark = pytest.mark.usefixtures("wechat")
PHONE = "13800000413"


async def bind(person: Person, number: str = PHONE) -> Any:
    return await person.ask("PUT", "/me/phone", {"code": SmallWechat.phone_code(number)})


async def live_in(person: Person, place: Place, room: str = "1203") -> dict[str, Any]:
    home: dict[str, Any] = (await person.told("PUT", "/me/home", {"place_id": str(place.id), "room": room}))["home"]
    return home


async def everything_stored() -> str:
    tables = await query(
        "SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    )
    reads = (f'SELECT row_to_json(t)::text AS text FROM "{table["name"]}" t' for table in tables)  # noqa: S608
    rows = [await query(read) for read in reads]
    return str(rows)


async def test_a_new_resident_knows_nothing_of_themselves_yet(api: Api) -> None:
    hua = await resident_named(api, "hua")

    assert await hua.told("GET", "/me") == {
        "id": str(hua.id),
        "kind": "resident",
        "nickname": "",
        "language": "zh-Hans",
        "large_text": False,
        "home": None,
        "phone_masked": None,
        "roles": [],
        "notification_settings": {},
    }


async def test_a_profile_changes_by_parts(api: Api) -> None:
    hua = await resident_named(api, "hua")

    await hua.told("PATCH", "/me", {"nickname": "  阿华 "})
    told = await hua.told("PATCH", "/me", {"large_text": True})

    assert (told["nickname"], told["large_text"]) == ("阿华", True)


@pytest.mark.parametrize(
    "body",
    [
        {"nickname": "字" * 31},
        {"nickname": " "},
        {"nickname": "a\x07"},
        {"language": "fr"},
        {"large_text": "yes"},
        {"phone": PHONE},
    ],
)
async def test_a_wrong_profile_is_refused(api: Api, body: dict[str, Any]) -> None:
    hua = await resident_named(api, "hua")

    assert (await hua.ask("PATCH", "/me", body)).status == 422


async def test_the_request_chooses_the_language_until_the_person_does(api: Api) -> None:
    hua = await resident_named(api, "hua")
    english = {"Accept-Language": "en"}
    assert (await hua.told("GET", "/me", None, **english))["language"] == "en"

    await hua.told("PATCH", "/me", {"language": "zh-Hant"})

    assert (await hua.told("GET", "/me", None, **english))["language"] == "zh-Hant"
    refused = await hua.ask("PUT", "/me/home", {"place_id": "999999"}, **english)
    assert refused.headers["Content-Language"] == "zh-Hant"


async def test_a_phone_is_shown_masked_and_found_by_its_fingerprint(api: Api, ground: Ground) -> None:
    hua = await resident_named(api, "hua")

    told = await (await bind(hua)).json()

    fingerprint = ground.vault.fingerprint(f"+86{PHONE}", context="resident.phone")
    assert told["phone_masked"] == "138****0413"
    assert await Resident.filter(phone_fingerprint=fingerprint).count() == 1


async def test_a_phone_is_in_no_row_and_no_log_in_clear(
    api: Api,
    places: dict[str, Place],
    capfd: pytest.CaptureFixture[str],
) -> None:
    hua = await resident_named(api, "hua")
    await bind(hua)
    await live_in(hua, places["building"], room="秘密室")

    stored = await everything_stored()
    printed = "".join(capfd.readouterr())
    assert "phone_sealed" in stored
    for secret in (PHONE, "秘密室", hua.token):
        assert secret not in stored
        assert secret not in printed
        assert secret.encode().hex() not in stored


async def test_a_phone_code_is_good_once_and_no_login_code(api: Api) -> None:
    hua = await resident_named(api, "hua")
    code = SmallWechat.phone_code(PHONE)
    await hua.told("PUT", "/me/phone", {"code": code})

    used = await hua.ask("PUT", "/me/phone", {"code": code})
    login = await hua.ask("PUT", "/me/phone", {"code": SmallWechat.login_code("hua")})

    assert (used.status, login.status) == (422, 422)
    assert await problem_code(used) == "invalid-code"


async def test_a_number_that_cannot_be_called_is_refused(api: Api) -> None:
    hua = await resident_named(api, "hua")

    answer = await bind(hua, "12345")

    assert (answer.status, await problem_code(answer)) == (422, "unusable-phone")


async def test_a_family_may_share_a_phone_but_not_a_crowd_also_at_once(api: Api) -> None:
    crowd = [await resident_named(api, f"cousin{n}") for n in range(MOST_SHARING_A_PHONE + 2)]

    answers = await asyncio.gather(*(bind(person) for person in crowd))

    assert sorted(answer.status for answer in answers) == [200] * MOST_SHARING_A_PHONE + [409, 409]
    assert (await bind(crowd[0], "13800000999")).status == 200


async def test_a_home_is_claimed_with_the_way_to_it(api: Api, places: dict[str, Place]) -> None:
    hua = await resident_named(api, "hua")

    home = await live_in(hua, places["building"])

    names = ("district", "street", "community", "grid", "building")
    assert home == {
        "place_id": str(places["building"].id),
        "place": {
            "id": str(places["building"].id),
            "name": "building",
            "path": [{"id": str(places[name].id), "name": name} for name in names],
        },
        "room": "1203",
        "standing": "claimed",
    }


async def test_moving_ends_the_former_home_and_keeps_it(
    api: Api,
    places: dict[str, Place],
    clock: FrozenClock,
) -> None:
    hua = await resident_named(api, "hua")
    await live_in(hua, places["building"])
    moved_at = clock.advance(days=3)

    await live_in(hua, places["next_building"])

    former, present = await Home.all().order_by("id")
    assert (former.to_at, present.from_at, present.to_at) == (moved_at, moved_at, None)
    assert (await hua.told("GET", "/me"))["home"]["place_id"] == str(places["next_building"].id)


async def test_two_claims_at_once_leave_one_open_home(api: Api, places: dict[str, Place]) -> None:
    hua = await resident_named(api, "hua")

    await asyncio.gather(*(live_in(hua, places["building"], room=str(n)) for n in range(5)))

    assert await Home.filter(to_at__isnull=True).count() == 1


@pytest.mark.parametrize(("name", "code"), [("grid", "home-needs-building"), ("district", "home-needs-building")])
async def test_a_home_is_no_larger_than_a_building(
    api: Api,
    places: dict[str, Place],
    name: str,
    code: str,
) -> None:
    hua = await resident_named(api, "hua")

    answer = await hua.ask("PUT", "/me/home", {"place_id": str(places[name].id)})

    assert (answer.status, await problem_code(answer)) == (422, code)


async def test_a_home_in_no_place_is_refused(api: Api, places: dict[str, Place]) -> None:
    hua = await resident_named(api, "hua")
    gone = places["building"]
    await Place.filter(id=gone.id).update(current=False)

    unknown = await hua.ask("PUT", "/me/home", {"place_id": "999999"})
    former = await hua.ask("PUT", "/me/home", {"place_id": str(gone.id)})

    assert (unknown.status, await problem_code(unknown)) == (422, "unknown-place")
    assert (former.status, await problem_code(former)) == (422, "unknown-place")


@pytest.mark.parametrize("role", [RoleName.SECRETARY, RoleName.GRID_WORKER])
@pytest.mark.parametrize("over", ["street", "community", "grid", "building"])
async def test_a_post_over_the_place_confirms_a_home_and_is_audited(
    api: Api,
    places: dict[str, Place],
    role: RoleName,
    over: str,
) -> None:
    hua = await resident_named(api, "hua")
    await live_in(hua, places["building"])
    staff = await staff_with(api, role, places[over])

    told = await staff.told("POST", f"/staff/homes/{hua.id}/confirmation")

    assert told["home"]["standing"] == "confirmed"
    assert (await hua.told("GET", "/me"))["home"]["standing"] == "confirmed"
    entry = await AuditEntry.get(what="home.confirmed")
    assert (entry.actor_kind, entry.actor_id, entry.subject) == ("staff", staff.id, f"resident:{hua.id}")
    assert entry.request_id


async def test_a_post_over_an_estate_reaches_its_buildings(api: Api, places: dict[str, Place]) -> None:
    estate = await Place.create(
        kind=PlaceKind.ESTATE, name="estate", parent_id=places["community"].id, origin=Origin.GENERATED
    )
    await Place.filter(id=places["building"].id).update(area_id=estate.id)
    hua = await resident_named(api, "hua")
    await live_in(hua, places["building"])
    worker = await staff_with(api, RoleName.GRID_WORKER, estate)

    assert (await worker.ask("POST", f"/staff/homes/{hua.id}/confirmation")).status == 200


@pytest.mark.parametrize(
    ("role", "over"),
    [
        (RoleName.SECRETARY, "other_community"),
        (RoleName.BUILDING_LEADER, "next_building"),
        (RoleName.AUDITOR, None),
        (RoleName.DUTY_OFFICER, "community"),
    ],
)
async def test_who_has_no_such_post_over_the_place_sees_nobody(
    api: Api,
    places: dict[str, Place],
    role: RoleName,
    over: str | None,
) -> None:
    hua = await resident_named(api, "hua")
    await live_in(hua, places["building"])
    staff = await staff_with(api, role, places[over] if over else None)

    forbidden = await staff.ask("POST", f"/staff/homes/{hua.id}/confirmation")
    absent = await staff.ask("POST", "/staff/homes/999999/confirmation")

    assert (forbidden.status, absent.status) == (404, 404)
    assert await forbidden.text() == await absent.text()
    assert (await Home.get()).standing == "claimed"


async def test_a_resident_confirms_only_as_leader_of_the_building(
    api: Api,
    places: dict[str, Place],
    clock: FrozenClock,
) -> None:
    hua, ming = await resident_named(api, "hua"), await resident_named(api, "ming")
    await live_in(hua, places["building"])
    assert (await hua.ask("POST", f"/staff/homes/{hua.id}/confirmation")).status == 404

    await appoint_leader(PRODUCT, ming.id, place_id=places["building"].id, at=clock.now())

    assert (await ming.ask("POST", f"/staff/homes/{hua.id}/confirmation")).status == 200


async def test_the_same_home_again_stays_confirmed_and_another_is_only_claimed(
    api: Api,
    places: dict[str, Place],
) -> None:
    hua = await resident_named(api, "hua")
    await live_in(hua, places["building"])
    chief = await staff_with(api, RoleName.GRID_CHIEF, places["grid"])
    await chief.told("POST", f"/staff/homes/{hua.id}/confirmation")
    await chief.told("POST", f"/staff/homes/{hua.id}/confirmation")

    again = await live_in(hua, places["building"])
    elsewhere = await live_in(hua, places["building"], room="1204")

    assert (again["standing"], elsewhere["standing"]) == ("confirmed", "claimed")


async def test_staff_see_themselves_and_keep_the_name_their_office_gave(
    api: Api,
    places: dict[str, Place],
) -> None:
    staff = await staff_with(api, RoleName.SECRETARY, places["community"])

    told = await staff.told("PATCH", "/me", {"language": "en"})
    renamed = await staff.ask("PATCH", "/me", {"nickname": "Boss"})

    assert (told["kind"], told["nickname"], told["language"]) == ("staff", "secretary community", "en")
    assert (renamed.status, await problem_code(renamed)) == (422, "name-given-by-office")
    assert (await staff.ask("PUT", "/me/home", {"place_id": "1"})).status == 404
