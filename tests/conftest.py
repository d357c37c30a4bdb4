"""The fixtures every room's tests stand on: real PostgreSQL, real Redis, the whole product in one process."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from foundation.clock import FrozenClock
from foundation.database import connected, query, tortoise_config
from foundation.ground import Ground
from foundation.migrating import migrate
from foundation.parts import apps_of, load_parts
from foundation.settings import DatabaseSettings, DispatchSettings, JobSettings, Settings
from sandbox.dispatch_core.app import Plan
from sandbox.dispatch_core.app import build as build_core
from sandbox.dispatch_core.core import Rules
from tests import servers
from tests.core import API_KEY, DispatchCore
from tests.jobs import Worker
from tests.phone import Phone
from tests.processes.programs import Copy
from tests.town import Town

Client = TestClient[web.Request, web.Application]
STARTED_AT = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)  # a Friday evening, 21:06 in Shenzhen
TEMPLATE = "linli_template"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers, PostgreSQL once for all processes, and bring a template database to the present shape."""
    if hasattr(config, "workerinput"):
        _note(config, servers.start_own_redis(servers.admin_url()))
        return
    started = servers.start_servers()
    _note(config, started)
    url = servers.create_template(started.database_url, TEMPLATE)
    config_of = tortoise_config(url, apps_of(load_parts()), DatabaseSettings(pool=2), name="linli-tests")
    asyncio.run(migrate(config_of))


def _note(config: pytest.Config, started: servers.Servers) -> None:
    config.stash[SERVERS] = started
    os.environ["LINLI_TEST_SERVERS"] = f"{started.database_url} {started.redis_url}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the servers."""
    if started := config.stash.get(SERVERS, None):
        started.stop()


SERVERS: pytest.StashKey[servers.Servers] = pytest.StashKey()
LONG = ("tests/processes", "tests/faults", "tests/migrations", "tests/browser")
"""Folders of long tests: begun first, so that none of them is left over for the end when everybody else is done."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long ones in front; among themselves all stay as they were shuffled."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_collection_finish() -> None:
    """Put aside what has been loaded: it is never garbage, and each full collection would look through all of it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def addresses() -> tuple[str, str]:
    """Give the addresses of this process's own database and of Redis."""
    redis_url = os.environ["LINLI_TEST_SERVERS"].split(" ")[1]
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return servers.clone_database(servers.admin_url(), TEMPLATE, f"test_{worker}_{os.getpid()}"), redis_url


@pytest.fixture(scope="session")
async def core_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DispatchCore]:
    """Run the dispatch core's stand-in on a port of its own."""
    app = build_core(Plan(tmp_path_factory.mktemp("core") / "core.db", Rules(api_key=API_KEY, retry_base_seconds=0.05)))
    async with ClientSession() as session, TestServer(app) as server:
        yield DispatchCore(session, str(server.make_url("")).rstrip("/"))


@pytest.fixture(scope="session")
def settings(
    addresses: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, core_server: DispatchCore
) -> Settings:
    """Give settings for tests: this process's servers and stand-ins, retries within milliseconds."""
    database_url, redis_url = addresses
    return Settings(
        environment="test",
        var=tmp_path_factory.mktemp("var"),
        database_url=database_url,
        redis_url=redis_url,
        database=DatabaseSettings(pool=16),
        jobs=JobSettings(first_retry_seconds=0.05, longest_retry_seconds=0.5),
        dispatch=DispatchSettings(base_url=f"{core_server.url}/open311/v2", breaker_seconds=0.2, timeout_seconds=2),
    )


@pytest.fixture(scope="session")
async def pool(settings: Settings) -> AsyncIterator[None]:
    """Open the pool for the session's loop."""
    apps = apps_of(load_parts())
    config = tortoise_config(settings.database_url or "", apps, settings.database, name="linli-tests")
    async with connected(config):
        yield


@pytest.fixture
async def database(pool: None) -> AsyncIterator[None]:
    """Give the test an empty database and leave an empty one."""
    yield
    await empty_database()


async def empty_database() -> None:
    """Remove every row the test wrote, whatever triggers forbid it."""
    tables = await query(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT IN ('tortoise_migrations')"
        " AND c.relname NOT LIKE 'procrastinate_%%'"
    )
    names = [row["name"] for row in tables]
    deletes = "; ".join(f'DELETE FROM "{name}"' for name in names)
    await query(
        "DO $$ BEGIN SET LOCAL session_replication_role = replica; "
        f"{deletes}; DELETE FROM procrastinate_events; DELETE FROM procrastinate_jobs;"
        " DELETE FROM procrastinate_workers; END $$"
    )


@pytest.fixture(scope="session")
async def redis_client(addresses: tuple[str, str]) -> AsyncIterator[Redis]:
    """Open one client for all tests."""
    async with Redis.from_url(addresses[1]) as client:
        yield client


@pytest.fixture
async def redis(redis_client: Redis) -> Redis:
    """Give an empty Redis."""
    await redis_client.flushall()
    return redis_client


@pytest.fixture
def clock() -> FrozenClock:
    """Give a clock that stands still on a Friday evening."""
    return FrozenClock(STARTED_AT)


@pytest.fixture
async def ground(database: None, redis: Redis, settings: Settings, clock: FrozenClock) -> AsyncIterator[Ground]:
    """Give the opened ground of a process."""
    from foundation.process import open_ground_on_pool  # noqa: PLC0415 - only tests of the whole need every room

    async with open_ground_on_pool(settings, load_parts(), clock=clock) as opened:
        yield opened


class Server(TestServer):
    """A test server that takes as long addresses as the real one, and like it goes on when a phone has gone."""

    async def _make_runner(self, **kwargs: Any) -> web.AppRunner:
        as_the_real_one = {"max_line_size": 16 * 1024, "max_field_size": 16 * 1024, "handler_cancellation": False}
        return web.AppRunner(self.app, **kwargs | as_the_real_one)


@pytest.fixture
async def api(ground: Ground) -> AsyncIterator[Client]:
    """Give a client of the whole product's doors, in this process."""
    from foundation.tasks import spawn, stop  # noqa: PLC0415
    from foundation.web.app import create_app  # noqa: PLC0415

    parts = load_parts()
    feed = spawn(ground.live.run(ground, [topic for part in parts for topic in part.topics]), name="live")
    app = create_app(ground, parts)
    app.on_shutdown.append(lambda _: ground.live.close())
    async with TestClient(Server(app)) as client:
        yield client
    await stop(feed)


@pytest.fixture
async def worker(ground: Ground) -> AsyncIterator[Worker]:
    """Give a worker that is run by hand: `await worker.run_until_idle()`."""
    async with Worker.opened(ground) as opened:
        yield opened


@pytest.fixture
async def core(core_server: DispatchCore, api: Client) -> AsyncIterator[DispatchCore]:
    """Give an empty dispatch core that calls back to the doors of this test; leave an empty one without faults."""
    await core_server.reset()
    await core_server.call_back_to(str(api.make_url("/api/v1/callbacks/dispatch")))
    yield core_server
    await core_server.reset()


@pytest.fixture
async def town(ground: Ground) -> Town:
    """Give a small neighbourhood."""
    return await Town.build(ground)


@pytest.fixture
async def phone(api: Client, town: Town) -> Phone:
    """Give the phone of a resident whose home is confirmed."""
    return await town.resident(api, "陈阿姨")


@pytest.fixture
async def neighbour(api: Client, town: Town) -> Phone:
    """Give the phone of somebody who lives next door."""
    return await town.resident(api, "隔壁老李")


@pytest.fixture
def copy(tmp_path: Path, settings: Settings) -> Copy:
    """Give a copy whose commands, each a process of its own, work on the test's database and its core."""
    return Copy(tmp_path, {
        "LINLI_DATABASE_URL": settings.database_url or "",
        "LINLI_REDIS_URL": settings.redis_url or "",
        "LINLI_DISPATCH__BASE_URL": settings.dispatch.base_url,
    })  # fmt: skip


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the folder of the checkout."""
    return Path(__file__).parent.parent
