"""Fixtures and short ways for tests in which people sign in."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient

from community.people.credentials import open_staff_session
from community.people.models import RoleName, Staff
from community.people.posts import PRODUCT, appoint
from community.places.models import Place
from foundation.clock import real_now
from foundation.settings import Settings
from tests.community.people.lane import lay_out_lane
from tests.conftest import STARTED_AT
from tests.miniprogram_api.small_wechat import SmallWechat

API = "/api/v1"


@pytest.fixture(scope="session")
async def wechat() -> AsyncIterator[SmallWechat]:
    async with SmallWechat().listening() as small:
        yield small


@pytest.fixture(scope="session")
def settings(settings: Settings, wechat: SmallWechat) -> Settings:
    wechat.app_id = settings.miniprogram.app_id
    miniprogram = settings.miniprogram.model_copy(update={"api_base": wechat.base_url})
    return settings.model_copy(update={"miniprogram": miniprogram})


@pytest.fixture
async def places(database: None) -> dict[str, Place]:
    """A lane of places from the district down to two buildings."""
    return await lay_out_lane()


@dataclass(frozen=True)
class Person:
    """Somebody who is signed in, and talks to the doors."""

    api: TestClient[Any, Any]
    token: str
    id: int

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> ClientResponse:
        sent = {"Authorization": f"Bearer {self.token}", **headers}
        return await self.api.request(method, f"{API}{path}", json=body, headers=sent)

    async def told(self, method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
        answer = await self.ask(method, path, body, **headers)
        assert answer.status < 300, await answer.text()
        told: dict[str, Any] = await answer.json() if answer.status != 204 else {}
        return told


async def sign_in(api: TestClient[Any, Any], code: str, **headers: str) -> ClientResponse:
    return await api.post(f"{API}/sessions", json={"code": code}, headers=headers)


async def resident_named(api: TestClient[Any, Any], name: str) -> Person:
    answer = await sign_in(api, SmallWechat.login_code(name))
    told = await answer.json()
    assert answer.status == 201, told
    return Person(api, told["token"], int(told["resident"]["id"]))


async def staff_with(api: TestClient[Any, Any], role: RoleName, place: Place | None) -> Person:
    staff = await Staff.create(name=f"{role} {place.name if place else ''}", created_at=STARTED_AT)
    await appoint(PRODUCT, staff, role, place_id=place.id if place else None, at=STARTED_AT)
    opened = await open_staff_session(staff.id, device="", real_at=real_now(), good_for=timedelta(days=30))
    return Person(api, opened.token, staff.id)


async def problem_code(answer: ClientResponse) -> str:
    told = await answer.json()
    return str(told["type"]).removeprefix("/problems/")
