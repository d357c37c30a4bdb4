"""A district for breaking: its data survive a killed server, its retries are quick, and nobody files too often."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from psycopg.conninfo import make_conninfo

from foundation.embedded import EmbeddedServers
from tests.faults.story import Story, told
from tests.processes.conftest import outside
from tests.processes.district import PACE, District, StandIns
from tests.processes.programs import Copy

__all__ = ["outside"]

MEDIA_IN_AN_HOUR = 3
FASTER = {
    "LINLI_JOBS__DEAD_AFTER_SECONDS": "3",
    "LINLI_DISPATCH__TIMEOUT_SECONDS": "1",
    "LINLI_DISPATCH__RECONCILE_MINUTES": "0.1",
    "LINLI_LIMITS__SESSIONS": "",
    "LINLI_LIMITS__FILING": "",
    "LINLI_LIMITS__WRITING": "",
    "LINLI_LIMITS__READING": "",
    "LINLI_LIMITS__MEDIA": f"{MEDIA_IN_AN_HOUR}/3600s",
}


@pytest.fixture(scope="session")
async def district(tmp_path_factory: pytest.TempPathFactory, outside: StandIns) -> AsyncIterator[District]:
    """Run durable servers for a district; its programs are started by the tests, and by whoever misses one."""
    folder = tmp_path_factory.mktemp("faults")
    connector = aiohttp.TCPConnector(force_close=True)
    with EmbeddedServers(folder / "servers", database_url=None, redis_url=None) as servers:
        database_url = make_conninfo(servers.addresses.database_url, password=outside.secrets.database_password)
        addresses = {"LINLI_DATABASE_URL": database_url, "LINLI_REDIS_URL": servers.addresses.redis_url}
        copy = Copy(folder, PACE | FASTER | outside.settings() | addresses)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield District(copy, outside, servers, session)
        copy.close()


@pytest.fixture
async def story(district: District) -> AsyncIterator[Story]:
    """Begin a story in the district, with everything up and nothing wrong."""
    await district.up()
    async with told(district) as begun:
        yield begun
