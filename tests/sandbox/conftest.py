"""A dispatch core, a mini-program platform and an inbox, each on its own port."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from sandbox.dispatch_core.app import Plan, build
from sandbox.dispatch_core.core import Rules
from sandbox.wechat import app as wechat_app
from tests.sandbox.line import API_KEY, CALLBACKS, KEY_ID, SECRET, Inbox, Line


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    """One HTTP client."""
    async with ClientSession() as opened:
        yield opened


@pytest.fixture
async def inbox() -> AsyncIterator[Inbox]:
    """Where callbacks arrive."""
    box, app = Inbox(), web.Application()
    app.router.add_post(CALLBACKS, box.take)
    async with TestServer(app) as server:
        box.url = str(server.make_url(CALLBACKS))
        yield box


@pytest.fixture
async def core(session: ClientSession, tmp_path: Path) -> AsyncIterator[Line]:
    """A dispatch core whose units do nothing by themselves and which calls nobody."""
    app = build(Plan(tmp_path / "core.db", Rules(api_key=API_KEY, token_seconds=0, retry_base_seconds=0.02)))
    async with TestServer(app) as server:
        yield Line(session, str(server.make_url("")).rstrip("/"))


@pytest.fixture
async def wired(core: Line, inbox: Inbox) -> Line:
    """The same core, calling the inbox."""
    await core.steer("/configure", {"callback": {"url": inbox.url, "key_id": KEY_ID, "secret": SECRET}})
    return core


@pytest.fixture
async def wechat(session: ClientSession) -> AsyncIterator[Line]:
    """A mini-program platform."""
    async with TestServer(wechat_app.build(wechat_app.Plan("wxapp", "s" * 32))) as server:
        yield Line(session, str(server.make_url("")).rstrip("/"))
