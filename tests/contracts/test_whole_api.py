"""The whole described API under generated requests: no crash, and no answer that the description does not know.

Each operation is asked by a resident with a home and with complaints in several states, below /staff by somebody with
posts, and as the dispatch core with a good signature; half of the requests name things that exist. Who leaves is a new
resident each time. `LINLI_TEST_SOAK=1` asks seventy times as often.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode, checks
from schemathesis.core.result import Ok

from community.complaints.dispatch.signature import sign
from community.people.credentials import open_staff_session
from community.people.models import RoleGrant, RoleName, Staff
from foundation.clock import real_now
from foundation.parts import load_parts
from foundation.settings import LimitSettings, Settings
from foundation.web.openapi import describe
from tests.community.complaints.line import KEY, SECRET
from tests.conftest import Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.miniprogram_api.small_wechat import SmallWechat
from tests.phone import Phone
from tests.town import Town

SOAK = bool(os.environ.get("LINLI_TEST_SOAK"))
EXAMPLES = 1000 if SOAK else 15
MOST_WAIT = 0.05
DOCUMENT = describe([endpoint for part in load_parts() for endpoint in part.endpoints])
FOUND = [
    result.ok() for result in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations() if isinstance(result, Ok)
]
OPERATIONS: dict[str, APIOperation[Any, Any, Any, Any]] = {operation.label: operation for operation in FOUND}
LEAVING = ("DELETE /api/v1/me", "DELETE /api/v1/sessions/current")
CALLBACK = "POST /api/v1/callbacks/dispatch"
GOES_IN = {
    "GET /api/v1/staff/audit": 200,
    "POST /api/v1/staff/homes/{resident_id}/confirmation": 200,
    CALLBACK: 200,
} | (dict.fromkeys(LEAVING, 204))
"""Doors behind which only the right one comes, and the answer that shows that somebody did."""
REFUSED_BY_DESIGN = {"/problems/staff-sign-in-closed"}
"""Refusals that say 5xx and mean it: POST /staff-sessions answers 503, as this copy has no way in for staff yet."""


def no_crash(_context: Any, answer: Any, _case: Case[Any]) -> None:
    """Refuse every 5xx but those."""
    if answer.status_code >= 500 and answer.json().get("type") not in REFUSED_BY_DESIGN:
        raise AssertionError(f"{answer.status_code}: {answer.text}")


CHECKS: list[Any] = [
    no_crash,
    checks.CHECKS.get_one("status_code_conformance"),
    checks.CHECKS.get_one("content_type_conformance"),
    checks.CHECKS.get_one("response_headers_conformance"),
    checks.CHECKS.get_one("response_schema_conformance"),
]


pytestmark = [
    pytest.mark.timeout(3600 if SOAK else 300),
    # It is the application in the other thread that does: it spreads its heartbeats.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies"),
]


@pytest.fixture(scope="session")
async def wechat() -> AsyncIterator[SmallWechat]:
    """Run a WeChat that refuses every invented code."""
    async with SmallWechat().listening() as small:
        yield small


@pytest.fixture(scope="session")
def settings(settings: Settings, wechat: SmallWechat) -> Settings:
    """Ask that WeChat, and ask as often as wanted."""
    unlimited = LimitSettings(sessions="", filing="", media="", writing="", reading="")
    miniprogram = settings.miniprogram.model_copy(update={"api_base": wechat.base_url})
    return settings.model_copy(update={"miniprogram": miniprogram, "limits": unlimited})


@pytest.fixture
async def known(phone: Phone, neighbour: Phone, town: Town, core: DispatchCore, worker: Worker) -> dict[str, list[Any]]:
    """Give ids of things that exist, by the word before them in an address."""
    complaints = [await phone.file(f"第{number}件事，楼道灯坏了") for number in range(3)] + [await neighbour.file()]
    await worker.run_until_idle()
    for event in ("assigned", "accepted", "answered"):
        await core.play(complaints[1], event, agency_responsible="环卫所")
    await core.play(complaints[2], "closed")
    await worker.run_until_idle()
    devices = (await phone.get("/me/devices")).body["items"]
    return {
        "complaints": [complaint["id"] for complaint in complaints],
        "places": [town.building.id, town.district.id],
        "devices": [devices[0]["id"]],
        "homes": [phone.resident_id, neighbour.resident_id],
    }


def cases_of(operation: APIOperation[Any, Any, Any, Any], known: dict[str, list[Any]]) -> st.SearchStrategy[Case[Any]]:
    """Give requests that fit the description and, where that is possible, ones that do not, of existing things too."""
    kinds = [operation.as_strategy(GenerationMode.POSITIVE)]
    words = operation.path.split("/")
    for word, name in pairwise(words):
        if name.startswith("{"):
            kinds += [operation.as_strategy(path_parameters={name[1:-1]: each}) for each in known[word]]
    if operation.body or operation.query:
        kinds.append(operation.as_strategy(GenerationMode.NEGATIVE))
    return st.one_of(kinds)


def make_telling(case: Case[Any], known: dict[str, list[Any]]) -> None:
    """Name a place that exists where one that fits is named, and wait for no event for half a minute."""
    for part in (case.body, case.query):
        if not isinstance(part, dict):
            continue
        if str(part.get("place_id", "")).isdecimal():
            part["place_id"] = str(known["places"][0])
        wait = part.get("wait")
        if isinstance(wait, int | float):
            part["wait"] = min(wait, MOST_WAIT)


def ask_often(
    operation: APIOperation[Any, Any, Any, Any], known: dict[str, list[Any]], url: str, token: Callable[[], str]
) -> Counter[int]:
    """Send many requests from this thread; give the answers' statuses."""
    answered: Counter[int] = Counter()

    @profile(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases_of(operation, known))
    def ask(case: Case[Any]) -> None:
        make_telling(case, known)
        session.cookies.clear()
        answer = case.call(url, session, headers={"Authorization": f"Bearer {token()}"}, timeout=30)
        answered[answer.status_code] += 1
        case.validate_response(answer, checks=CHECKS)

    with requests.Session() as session:
        session.auth = signed if operation.label == CALLBACK else None
        ask()
    return answered


def signed(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Sign whatever is about to be sent, as the dispatch core does."""
    body = request.body or b""
    raw = body.encode() if isinstance(body, str) else body
    assert isinstance(raw, bytes)
    timestamp, nonce = str(int(real_now().timestamp())), uuid4().hex
    signature = sign(
        SECRET, timestamp=timestamp, nonce=nonce, method=str(request.method), path=request.path_url, body=raw
    )
    request.headers.update({
        "X-Linli-Key-Id": KEY, "X-Linli-Timestamp": timestamp, "X-Linli-Nonce": nonce, "X-Linli-Signature": signature,
    })  # fmt: skip
    return request


@pytest.fixture
async def staff_token(town: Town) -> str:
    """Sign somebody in who may read the audit and confirm homes."""
    staff = await Staff.create(name="王芳", created_at=town.ground.clock.now())
    for role in (RoleName.AUDITOR, RoleName.SECRETARY):
        await RoleGrant.create(staff=staff, role=role, place_id=town.district.id, from_at=town.ground.clock.now())
    opened = await open_staff_session(staff.id, device="", real_at=real_now(), good_for=timedelta(days=1))
    return opened.token


def test_every_operation_of_the_description_is_asked() -> None:
    described = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}

    assert OPERATIONS.keys() == described


async def test_the_description_is_the_one_at_the_door(api: Client) -> None:
    async with api.get("/api/v1/openapi.json") as answer:
        assert await answer.json() == DOCUMENT


QUESTIONS = [name for name in OPERATIONS if name.startswith("GET ")]
"""They change nothing, so one neighbourhood is enough for all of them."""


@pytest.mark.parametrize("names", [QUESTIONS, *([name] for name in OPERATIONS if name not in QUESTIONS)], ids="+".join)
async def test_whatever_is_asked_the_answer_is_a_described_one(
    *, names: list[str], api: Client, town: Town, phone: Phone, known: dict[str, list[Any]], staff_token: str
) -> None:
    url, loop = str(api.make_url("")).rstrip("/"), asyncio.get_running_loop()

    def of_a_new_resident() -> str:
        return asyncio.run_coroutine_threadsafe(town.resident(api, "过客"), loop).result(30).token

    for name in names:
        same = partial(str, staff_token if "/staff/" in name else phone.token)
        token = of_a_new_resident if name in LEAVING else same
        answered = await asyncio.to_thread(ask_often, OPERATIONS[name], known, url, token)
        assert answered.total() > 0
        assert answered[GOES_IN.get(name, 401)] > 0 or name not in GOES_IN, (name, answered)
