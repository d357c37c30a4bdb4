"""Examples in the pages are run as they stand there."""

import ast
import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from typing import Any

import pytest
from aiohttp.test_utils import TestClient

from foundation.clock import FrozenClock
from tests.core import DispatchCore
from tests.documentation.pages import PAGES, ROOT, blocks_of, name_of
from tests.jobs import Worker
from tests.phone import Phone

DEADLINE = 10


def run_block(page: str) -> dict[str, Any]:
    """Run the one Python block of a page; give what it defines."""
    (block,) = blocks_of(ROOT / page, "python")
    defined: dict[str, Any] = {}
    exec(compile(block, page, "exec"), defined)  # noqa: S102 - our own page
    return defined


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_python_block_is_python(page: Any) -> None:
    for block in blocks_of(page, "python"):
        ast.parse(block)


async def test_the_example_of_a_test_is_a_test_that_passes(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    tests = [value for name, value in run_block("docs/testing.md").items() if name.startswith("test_")]

    assert len(tests) == 1
    await tests[0](phone, core, worker, clock)


def events_of(api: TestClient[Any, Any], phone: Phone, complaint_id: str, after: int = 0) -> Any:
    """Watch with the client that the page shows."""
    watch: Callable[..., AsyncIterator[dict[str, Any]]] = run_block("docs/api.md")["events_of"]
    return aclosing(watch(str(api.make_url("/api/v1")), phone.token, complaint_id, after))


async def test_the_client_in_the_page_gets_each_event_once_and_in_order(
    api: TestClient[Any, Any], phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    heard = []

    async with asyncio.timeout(DEADLINE), events_of(api, phone, complaint["id"]) as events:
        heard.append(await anext(events))
        await worker.run_until_idle()
        heard.append(await anext(events))
        await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
        await worker.run_until_idle()
        heard.append(await anext(events))

    assert [(event["seq"], event["type"]) for event in heard] == [(1, "submitted"), (2, "pushed"), (3, "assigned")]


async def test_the_client_in_the_page_goes_on_from_where_it_was(
    api: TestClient[Any, Any], phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()

    async with asyncio.timeout(DEADLINE), events_of(api, phone, complaint["id"], after=1) as events:
        event = await anext(events)

    assert event["seq"] == 2


async def test_the_client_in_the_page_is_told_what_it_may_not_see(
    api: TestClient[Any, Any], phone: Phone, neighbour: Phone
) -> None:
    complaint = await phone.file()

    async with asyncio.timeout(DEADLINE), events_of(api, neighbour, complaint["id"]) as events:
        with pytest.raises(PermissionError):
            await anext(events)
