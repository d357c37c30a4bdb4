"""Fixtures and short ways for tests of complaints at the doors."""

from typing import Any

import pytest
from aiohttp import FormData

from foundation.clock import FrozenClock
from tests.community.complaints.line import Line, Unit
from tests.conftest import Client
from tests.foundation.media.files import jpeg, quarters
from tests.jobs import Worker
from tests.phone import Answer, Phone

GOOD = {"solved": True, "speed": 5, "result": 5, "service": 5, "answer": 5}
BAD = {"solved": False, "speed": 1, "result": 1, "service": 1, "answer": 1}


@pytest.fixture
def unit(api: Client, worker: Worker, clock: FrozenClock) -> Unit:
    """The unit that answers for everything."""
    return Unit(Line(api), worker, clock)


def code(answer: Answer) -> tuple[int, str]:
    """Give the status and the problem's name."""
    return answer.status, str((answer.body or {}).get("type", "")).removeprefix("/problems/")


def of(complaint: dict[str, Any], what: str = "") -> str:
    """Give the path of a complaint, or of something of it."""
    return f"/complaints/{complaint['id']}" + (f"/{what}" if what else "")


async def upload(phone: Phone) -> str:
    """Take a photo; give its id."""
    form = FormData()
    form.add_field("file", jpeg(quarters()), filename="IMG_413.jpg", content_type="image/jpeg")
    answer = await phone.call("POST", "/media", data=form)
    assert answer.status == 201, answer.body
    return str(answer.body["id"])


async def types(phone: Phone, complaint: dict[str, Any]) -> list[str]:
    """List a complaint's events by type."""
    return [event["type"] for event in await phone.timeline(complaint)]
