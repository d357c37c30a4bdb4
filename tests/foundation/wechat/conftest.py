"""WeChat's host, real Redis, and a mini-program that speaks with both."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from foundation.settings import MiniprogramSettings
from foundation.wechat.miniprogram import MiniProgram
from tests.foundation.wechat.host import APP_ID, APP_SECRET, Host, listening


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with listening() as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


def account(host: Host) -> MiniprogramSettings:
    return MiniprogramSettings(app_id=APP_ID, secret=SecretStr(APP_SECRET), api_base=host.base)


@pytest.fixture
def miniprogram(host: Host, session: aiohttp.ClientSession, redis: Redis) -> MiniProgram:
    return MiniProgram.from_settings(account(host), session=session, redis=redis)
