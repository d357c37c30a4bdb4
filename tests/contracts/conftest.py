"""A dispatch core of its own for the tests of the line: nobody in it acts by himself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from sandbox.dispatch_core.app import Plan, build
from sandbox.dispatch_core.core import Rules
from tests.sandbox.line import API_KEY, Line


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    """Give a line to a core; tokens become ids at once."""
    app = build(Plan(tmp_path / "core.db", Rules(api_key=API_KEY, token_seconds=0)))
    async with ClientSession() as session, TestServer(app) as server:
        yield Line(session, str(server.make_url("")).rstrip("/"))
