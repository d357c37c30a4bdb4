"""Our client and the stand-in understand each other."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from redis.asyncio import Redis

from foundation.settings import MiniprogramSettings
from foundation.wechat.errors import WeChatCodeError, WeChatRejectedError
from foundation.wechat.miniprogram import MiniProgram, Suggestion, TextScene
from sandbox.wechat.app import Plan, build


@pytest.fixture
async def platform(session: aiohttp.ClientSession) -> AsyncIterator[str]:
    async with TestServer(build(Plan(app_id="wx1", app_secret="s" * 32))) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def resident_of(platform: str, session: aiohttp.ClientSession, redis: Redis) -> MiniProgram:
    account = MiniprogramSettings(app_id="wx1", secret=SecretStr("s" * 32), api_base=platform)
    return MiniProgram.from_settings(account, session=session, redis=redis)


async def act(session: aiohttp.ClientSession, platform: str, path: str, **fields: object) -> Any:
    async with session.post(f"{platform}/control/{path}", json=fields) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def test_a_resident_signs_in_shares_the_number_and_writes(
    resident_of: MiniProgram, platform: str, session: aiohttp.ClientSession
) -> None:
    opened = await act(session, platform, "actors/resident/open", nickname="王芳")

    signed_in = await resident_of.code_to_session(opened["code"])
    with pytest.raises(WeChatCodeError) as used:
        await resident_of.code_to_session(opened["code"])
    shared = await act(session, platform, "actors/resident/share_phone", openid=signed_in.openid, phone="13800138000")
    phone = await resident_of.phone_number(shared["code"])
    harmless = await resident_of.check_text("楼道灯坏了", openid=signed_in.openid, scene=TextScene.FORUM)
    harmful = await resident_of.check_text("代开发票", openid=signed_in.openid, scene=TextScene.FORUM)

    assert (signed_in.openid, bool(signed_in.unionid)) == (opened["openid"], True)
    assert (used.value.errcode, bool(used.value.rid)) == (40163, True)
    assert phone.number == "+8613800138000"
    assert (harmless.suggestion, harmful.suggestion) == (Suggestion.PASS, Suggestion.RISKY)


async def test_tokens_revoked_before_their_time_are_noticed_and_replaced(
    resident_of: MiniProgram, platform: str, session: aiohttp.ClientSession
) -> None:
    opened = await act(session, platform, "actors/resident/open")
    await resident_of.check_text("x", openid=opened["openid"], scene=TextScene.FORUM)
    await act(session, platform, "actors/platform/revoke_tokens")

    seen = await resident_of.check_text("x", openid=opened["openid"], scene=TextScene.FORUM)

    assert seen.suggestion is Suggestion.PASS


async def test_somebody_unknown_cannot_be_checked(resident_of: MiniProgram) -> None:
    with pytest.raises(WeChatRejectedError):
        await resident_of.check_text("x", openid="o-nobody", scene=TextScene.FORUM)
