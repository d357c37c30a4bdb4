"""Who may come in at each door of the product, asked at every one of them.

The doors are taken from the wired parts, so a new one is asked too. What belongs to
somebody does not exist for others: a new path with an id must be named in `OWNED` or `EVERYBODYS`.
An address that is no endpoint asks nobody who they are: it must be named in `RAW`, with what guards it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from community.people.credentials import open_staff_session
from community.people.models import Staff
from foundation.access import Access
from foundation.clock import real_now
from foundation.parts import load_parts
from foundation.web.endpoint import Endpoint
from tests.conftest import STARTED_AT, Client
from tests.miniprogram_api.complaint_fixtures import BAD
from tests.phone import API, Answer, Phone
from tests.town import Town

Owned = Callable[[Phone, Town], Awaitable[str]]


async def _complaint(phone: Phone, _: Town) -> str:
    return str((await phone.file())["id"])


async def _device(phone: Phone, _: Town) -> str:
    return str((await phone.get("/me/devices")).body["items"][0]["id"])


async def _place(_: Phone, town: Town) -> str:
    return str(town.building.id)


async def _home(phone: Phone, _: Town) -> str:
    return str(phone.resident_id)


OWNED: dict[str, Owned] = {"/complaints/{id}": _complaint, "/me/devices/{id}": _device}
"""Things with one owner, whom alone they exist for."""
EVERYBODYS: dict[str, Owned] = {"/places/{id}": _place}
"""Things that exist for everybody who may come in."""
WITH_A_POST: dict[str, Owned] = {"/staff/homes/{resident_id}": _home}
"""Things that exist for those who hold a post there, and not even for whom they are about."""
FOR_OTHERS = {("PUT", "/complaints/{id}/follow"), ("DELETE", "/complaints/{id}/follow")}
"""Made for those who do not own the thing."""
BODIES: dict[str, Any] = {
    "/complaints/{id}/supplements": {"text": "补充"},
    "/complaints/{id}/withdrawal": {"reason": "不用了"},
    "/complaints/{id}/rating": BAD,
    "/complaints/{id}/reopening": {"reason": "没解决"},
}
RAW: dict[str, str] = {
    "GET /api/v1/live": "says nothing before a token or a ticket was right",
    "GET /media/{media_id}/{variant}": "a signature in the address, which only those get who may see the thing",
    "GET /api/v1/openapi.json": "the same for everybody: the description of the API",
    "GET /api/v1/docs": "the same for everybody: the description for people",
    "GET /api/v1/docs.js": "a file of that page",
    "GET /api/v1/docs.css": "a file of that page",
    "GET /healthz": "says that the process lives, and nothing else",
    "GET /readyz": "names of servers, for the balancer; the proxy keeps it to the inside",
    "GET /metrics": "numbers about nobody; the proxy keeps it to the inside",
    "GET /": "leads to the first page",
    "GET /web/settings.json": "what every page must know before anybody is signed in",
    "GET /web/{name}": "the pages' files, the same for everybody",
    "GET /favicon.ico": "the pages' icon",
}
"""Every address that is no endpoint, and why nobody must be known there."""
ENDPOINTS = [endpoint for part in load_parts() for endpoint in part.endpoints]


def named(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def thing(endpoint: Endpoint) -> tuple[str, Owned] | None:
    """Find what a path with an id is about."""
    for table in (OWNED, EVERYBODYS, WITH_A_POST):
        for prefix, make in table.items():
            if endpoint.path.startswith(prefix):
                return prefix, make
    assert "{" not in endpoint.path, f"say in OWNED or EVERYBODYS whose {named(endpoint)} is"
    return None


@dataclass
class Doors:
    """All doors, and somebody who asks at them."""

    api: Client
    town: Town

    async def staff(self) -> Phone:
        """Let somebody sign in who works here and holds no post."""
        staff = await Staff.create(name="没有职务的人", created_at=STARTED_AT)
        opened = await open_staff_session(staff.id, device="", real_at=real_now(), good_for=timedelta(days=1))
        return Phone(self.api, opened.token, staff.id)

    async def ask(self, endpoint: Endpoint, who: Phone | None, owner: Phone) -> Answer:
        """Ask at a door, about something of the owner's."""
        path, found = endpoint.path, thing(endpoint)
        if found:
            prefix, make = found
            filled = prefix[: prefix.index("{")] + await make(owner, self.town)
            path = path.replace(prefix, filled)
        body = BODIES.get(endpoint.path, {}) if "body" in endpoint.models else None
        assert "body" not in endpoint.models or not found or endpoint.path in BODIES, named(endpoint)
        if who:
            return await who.call(endpoint.method, path, json=body)
        async with self.api.request(endpoint.method, API + path, json=body) as response:
            told = await response.json(content_type=None) if await response.read() else None
            return Answer(response.status, told, dict(response.headers))

    async def everywhere(self, who: Callable[[Phone], Awaitable[Phone | None]]) -> dict[str, tuple[Endpoint, Answer]]:
        """Ask at every door, each time about a fresh owner's thing."""
        answers = {}
        for endpoint in ENDPOINTS:
            owner = await self.town.resident(self.api, "主人")
            answers[named(endpoint)] = endpoint, await self.ask(endpoint, await who(owner), owner)
        return answers


@pytest.fixture
def doors(api: Client, town: Town) -> Doors:
    return Doors(api, town)


UNSIGNED = "/problems/bad-signature"
"""What a door for machines answers to whoever has not signed."""


def is_stranger(answer: Answer) -> bool:
    return answer.status == 401 and answer.body["type"] in {"/problems/not-signed-in", UNSIGNED}


def exists_for(answers: dict[str, tuple[Endpoint, Answer]]) -> set[str]:
    """List the doors that let somebody in and do not say that there is nothing."""
    for name, (_, answer) in answers.items():
        assert answer.status < 500, (name, answer.body)
        assert answer.status < 400 or answer.headers["Content-Type"].startswith("application/problem+json"), name
    return {name for name, (_, answer) in answers.items() if not is_stranger(answer) and answer.status != 404}


def expected(*, owner: bool, kind: str) -> set[str]:
    """Derive which doors exist for somebody from what they declare."""
    admitted = {Access.ANYONE, Access.SIGNED_IN, Access(kind)}
    exist = set()
    for each in ENDPOINTS:
        owned = any(each.path.startswith(prefix) for prefix in OWNED)
        posted = any(each.path.startswith(prefix) for prefix in WITH_A_POST)
        mine = not owned or owner or (each.method, each.path) in FOR_OTHERS
        if each.access in admitted and mine and not posted:
            exist.add(named(each))
    return exist


async def test_who_is_nobody_comes_in_only_where_anyone_may(doors: Doors) -> None:
    async def nobody(_: Phone) -> None:
        return None

    answers = await doors.everywhere(nobody)

    assert {name for name, (_, answer) in answers.items() if not is_stranger(answer)} == {
        named(each) for each in ENDPOINTS if each.access is Access.ANYONE
    }
    for name, (endpoint, answer) in answers.items():
        if endpoint.access not in {Access.ANYONE, Access.MACHINE}:
            assert answer.headers["WWW-Authenticate"] == "Bearer", name


async def test_at_a_door_for_machines_a_person_is_nobody(doors: Doors) -> None:
    async def oneself(owner: Phone) -> Phone:
        return owner

    answers = await doors.everywhere(oneself)

    assert {name for name, (_, answer) in answers.items() if (answer.body or {}).get("type") == UNSIGNED} == {
        named(each) for each in ENDPOINTS if each.access is Access.MACHINE
    }


async def test_every_address_is_a_door_that_says_for_whom_or_one_that_is_named_with_its_guard(api: Client) -> None:
    assert api.app
    addresses = {
        f"{route.method} {route.resource.canonical}"
        for route in api.app.router.routes()
        if route.resource and route.method != "HEAD"
    }

    assert addresses == {f"{each.method} {API}{each.path}" for each in ENDPOINTS} | set(RAW)


async def test_a_resident_comes_in_at_every_door_for_residents_and_to_what_is_theirs(doors: Doors) -> None:
    async def oneself(owner: Phone) -> Phone:
        return owner

    assert exists_for(await doors.everywhere(oneself)) == expected(owner=True, kind="resident")


async def test_for_another_resident_what_is_somebody_elses_does_not_exist(doors: Doors) -> None:
    async def another(_: Phone) -> Phone:
        return await doors.town.resident(doors.api, "别人")

    assert exists_for(await doors.everywhere(another)) == expected(owner=False, kind="resident")


async def test_for_staff_without_a_post_the_doors_of_residents_do_not_exist(doors: Doors) -> None:
    async def staff(_: Phone) -> Phone:
        return await doors.staff()

    assert exists_for(await doors.everywhere(staff)) == expected(owner=False, kind="staff")


async def test_a_token_that_is_none_is_nobody(doors: Doors) -> None:
    owner = await doors.town.resident(doors.api, "主人")
    endpoint = next(each for each in ENDPOINTS if named(each) == "GET /complaints/{id}")

    for token in ("", "x", "x" * 5000, "Bearer", "\udcff"):
        assert is_stranger(await doors.ask(endpoint, Phone(doors.api, token, 0), owner)), token


async def test_an_id_of_no_known_form_is_one_that_does_not_exist(doors: Doors) -> None:
    owner = await doors.town.resident(doors.api, "主人")

    for id_ in (
        "x",
        "1",
        "018f0000-0000-7000-8000-00000000000",
        "00000000-0000-0000-0000-000000000000",
        "%00",
        "..%2f",
    ):
        answer = await owner.get(f"/complaints/{id_}")
        assert (answer.status, answer.body["type"]) == (404, "/problems/not-found"), id_
