"""A district of real processes, shared by all tests of this folder: what one test kills, the next one starts again."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from psycopg.conninfo import make_conninfo

from foundation.embedded import EmbeddedServers
from tests.processes.district import PACE, District, StandIns, stand_ins
from tests.processes.programs import Copy


@pytest.fixture(scope="session")
async def outside(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StandIns]:
    """Run the stand-ins of the outside systems."""
    async with stand_ins(tmp_path_factory.mktemp("outside")) as both:
        yield both


@pytest.fixture(scope="session")
async def district(tmp_path_factory: pytest.TempPathFactory, outside: StandIns) -> AsyncIterator[District]:
    """Run servers for a district; its programs are started by the tests."""
    folder = tmp_path_factory.mktemp("district")
    connector = aiohttp.TCPConnector(force_close=True)
    with EmbeddedServers(folder / "servers", database_url=None, redis_url=None, durable=False) as servers:
        database_url = make_conninfo(servers.addresses.database_url, password=outside.secrets.database_password)
        addresses = {"LINLI_DATABASE_URL": database_url, "LINLI_REDIS_URL": servers.addresses.redis_url}
        copy = Copy(folder, PACE | outside.settings() | addresses)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield District(copy, outside, servers, session)
        copy.close()
