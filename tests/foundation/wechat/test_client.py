"""wechatpy's request builders on our transport."""

import io

import pytest
import wechatpy.client.api
from aiohttp import web
from redis.asyncio import Redis
from wechatpy.client.api.base import BaseWeChatAPI

from foundation.wechat.errors import WeChatCredentialError, WeChatRejectedError, WeChatUnavailableError
from foundation.wechat.miniprogram import MiniProgram
from foundation.wechat.transport import OFFICIAL_BASE, Binary
from tests.foundation.wechat.host import APP_ID, APP_SECRET, Host, refused, said


async def test_an_api_class_calls_our_host_with_the_shared_token(miniprogram: MiniProgram, host: Host) -> None:
    await miniprogram.client.wxa.send_subscribe_message(
        "o1", "t1", {"thing1": {"value": "电梯维修"}}, page="pages/home"
    )

    (call,) = host.calls("/cgi-bin/message/subscribe/send")
    assert call.query == {"access_token": "token-1"}
    assert call.json["data"] == {"thing1": {"value": "电梯维修"}}
    assert "电梯维修".encode() in call.body


async def test_api_classes_with_other_bases_and_whole_addresses_stay_on_our_host(
    miniprogram: MiniProgram, host: Host
) -> None:
    client = miniprogram.client
    host.answer("/card/get", said({"card": {}}))
    host.answer("/bizwifi/shop/list", said({"data": {}}))

    await client.user.get("o1")
    await client.card.get("c1")
    await client.wifi.list_shops()
    await client.customservice.get_session("o1")

    paths = [call.path for call in host.seen if call.path != "/cgi-bin/stable_token"]
    assert paths == ["/cgi-bin/user/info", "/card/get", "/bizwifi/shop/list", "/customservice/kfsession/getsession"]


def test_every_base_that_wechatpy_carries_is_one_that_we_replace(miniprogram: MiniProgram) -> None:
    classes = [kind for kind in vars(wechatpy.client.api).values() if isinstance(kind, type)]
    bases = {
        base for kind in classes if issubclass(kind, BaseWeChatAPI) and (base := getattr(kind, "API_BASE_URL", ""))
    }

    assert len(bases) > 5
    assert all(base.startswith(OFFICIAL_BASE) for base in bases)


async def test_an_expired_token_is_renewed_and_the_call_made_again_once(miniprogram: MiniProgram, host: Host) -> None:
    await miniprogram.client.user.get("o1")
    host.rolls_by_itself = True
    host.token = "renewed elsewhere"  # noqa: S105

    assert await miniprogram.client.user.get("o1")

    assert [call.query["access_token"] for call in host.calls("/cgi-bin/user/info")] == [
        "token-1", "token-1", "token-2",
    ]  # fmt: skip
    assert len(host.calls("/cgi-bin/stable_token")) == 2


@pytest.mark.parametrize("errcode", [40001, 40014, 42001])
async def test_a_token_that_is_refused_for_ever_costs_two_calls_not_five_hundred(
    miniprogram: MiniProgram, host: Host, errcode: int
) -> None:
    host.answer("/cgi-bin/user/info", refused(errcode))

    with pytest.raises(WeChatCredentialError):
        await miniprogram.client.user.get("o1")

    assert len(host.calls("/cgi-bin/user/info")) == 2
    assert len(host.calls("/cgi-bin/stable_token")) == 3  # at first, again, and once by force


async def test_other_refusals_are_not_repeated(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/cgi-bin/user/info", refused(40003, "invalid openid"))

    with pytest.raises(WeChatRejectedError):
        await miniprogram.client.user.get("o1")

    assert len(host.calls("/cgi-bin/user/info")) == 1


async def test_no_permission_is_not_a_matter_of_the_token(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/cgi-bin/user/info", refused(48001, "api unauthorized"))

    with pytest.raises(WeChatCredentialError):
        await miniprogram.client.user.get("o1")

    assert len(host.calls("/cgi-bin/user/info")) == 1


async def test_a_result_is_processed_after_it_was_awaited(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/cgi-bin/getcallbackip", said({"ip_list": ["127.0.0.1"]}))

    assert await miniprogram.client.misc.get_wechat_ips() == ["127.0.0.1"]


async def test_an_answer_that_its_api_class_cannot_read_is_no_answer(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/cgi-bin/getcallbackip", said({"errcode": 0}))

    with pytest.raises(WeChatUnavailableError):
        await miniprogram.client.misc.get_wechat_ips()


async def test_a_picture_comes_as_bytes(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/wxa/getwxacodeunlimit", web.Response(body=b"jpeg", headers={"Content-Type": "image/jpeg"}))

    assert await miniprogram.client.wxa.get_wxa_code_unlimited("r7f3") == Binary("image/jpeg", b"jpeg")


async def test_a_file_is_sent_whole_on_the_second_try_too(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/cgi-bin/media/upload", refused(42001), said({"media_id": "m1"}))

    assert await miniprogram.client.media.upload("image", ("大门.png", io.BytesIO(b"pixels")))

    first, second = host.calls("/cgi-bin/media/upload")
    assert b"pixels" in first.body
    assert b"pixels" in second.body
    assert second.query["type"] == "image"


async def test_a_token_of_the_callers_own_is_used_as_it_is(miniprogram: MiniProgram, host: Host) -> None:
    host.answer("/cgi-bin/user/info", said({"openid": "o1"}))

    await miniprogram.client.get("user/info", params={"access_token": "mine", "openid": "o1"})

    assert host.calls("/cgi-bin/user/info")[0].query == {"access_token": "mine", "openid": "o1"}
    assert host.calls("/cgi-bin/stable_token") == []


async def test_what_requests_would_understand_and_we_do_not_is_refused(miniprogram: MiniProgram) -> None:
    with pytest.raises(TypeError, match="verify"):
        await miniprogram.client.get("user/info", verify=False)


def test_nothing_can_call_out_synchronously(miniprogram: MiniProgram) -> None:
    for name in ("access_token", "_http"):
        with pytest.raises(AttributeError):
            getattr(miniprogram.client, name)
    with pytest.raises(AttributeError):
        miniprogram.client.fetch_access_token()


async def test_no_part_of_the_secret_is_a_name_in_redis(miniprogram: MiniProgram, redis: Redis) -> None:
    await miniprogram.client.user.get("o1")

    names = str(await redis.keys("*"))
    assert APP_SECRET[:10] not in names
    assert APP_ID in names
