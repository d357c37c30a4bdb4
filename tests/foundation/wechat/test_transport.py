"""One request: where it goes, what it carries, and what comes of every kind of answer."""

import asyncio
import contextlib
import json
import socket
import traceback
from collections.abc import Iterator

import aiohttp
import pytest
from aiohttp import web

from foundation.wechat.errors import (
    WeChatCodeError,
    WeChatCredentialError,
    WeChatError,
    WeChatRejectedError,
    WeChatUnavailableError,
)
from foundation.wechat.transport import TIMEOUT, Binary, Transport
from tests.foundation.wechat.host import RID, Host, refused, said

QUERY = {"secret": "hush"}
PNG = b"\x89PNG\r\n\x1a\n and more"


@pytest.fixture
def transport(host: Host, session: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch) -> Transport:
    """Ask that host, and wait for it as long as a busy machine may take."""
    monkeypatch.setattr("foundation.wechat.transport.TIMEOUT", aiohttp.ClientTimeout(total=60))
    return Transport(session, host.base)


def typed(body: bytes, content_type: str) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": content_type})


async def test_chinese_and_emoji_are_sent_as_they_are(transport: Transport, host: Host) -> None:
    host.answer("/x", said({"errcode": 0}))

    await transport.ask("POST", "x", body={"content": "深圳 😀 \ud800"})

    sent = host.seen[0]
    assert "深圳 😀".encode() in sent.body
    assert b"\\u" not in sent.body
    assert sent.content_type == "application/json"


async def test_json_that_calls_itself_text_is_read(transport: Transport, host: Host) -> None:
    host.answer("/x", said({"openid": "o1", "name": "王芳"}))

    assert await transport.ask("GET", "x") == {"openid": "o1", "name": "王芳", "errcode": 0}


@pytest.mark.parametrize("content_type", ["application/json; encoding=utf-8", "text/html", "text/plain; charset=gbk"])
async def test_the_declared_charset_is_not_believed(transport: Transport, host: Host, content_type: str) -> None:
    host.answer("/x", typed('{"name":"王芳"}'.encode(), content_type))

    assert await transport.ask("GET", "x") == {"name": "王芳", "errcode": 0}


async def test_a_raw_newline_inside_a_text_is_read(transport: Transport, host: Host) -> None:
    host.answer("/x", typed(b'{"a":"1\n2"}', "text/plain"))

    assert await transport.ask("GET", "x") == {"a": "1\n2", "errcode": 0}


@pytest.mark.parametrize("errcode", [0, "0"], ids=["number", "text"])
async def test_no_error_is_written_in_several_ways(transport: Transport, host: Host, errcode: object) -> None:
    host.answer("/x", said({"errcode": errcode, "errmsg": "ok"}))

    assert await transport.ask("GET", "x")


async def test_a_picture_is_given_as_bytes_and_its_error_as_an_error(transport: Transport, host: Host) -> None:
    host.answer("/x", typed(PNG, "image/png"), refused(41030, "invalid page"))

    assert await transport.ask("POST", "x", body={}) == Binary("image/png", PNG)
    with pytest.raises(WeChatRejectedError):
        await transport.ask("POST", "x", body={})


async def test_a_picture_where_fields_are_due_is_no_answer(transport: Transport, host: Host) -> None:
    host.answer("/x", typed(PNG, "image/png"))

    with pytest.raises(WeChatUnavailableError):
        await transport.ask_json("POST", "x", body={})


@pytest.mark.parametrize(
    ("errcode", "kind"),
    [
        (-1, WeChatUnavailableError),
        (45009, WeChatUnavailableError),
        (45011, WeChatUnavailableError),
        (40001, WeChatCredentialError),
        (40125, WeChatCredentialError),
        (40164, WeChatCredentialError),
        (40029, WeChatCodeError),
        (40163, WeChatCodeError),
        (40003, WeChatRejectedError),
        (40226, WeChatRejectedError),
        (87014, WeChatRejectedError),
        (123456789, WeChatRejectedError),
    ],
)
async def test_the_code_alone_decides_between_later_and_never(
    transport: Transport, host: Host, errcode: int, kind: type[WeChatError]
) -> None:
    host.answer("/x", refused(errcode, "ok"))

    with pytest.raises(WeChatError) as failed:
        await transport.ask("GET", "x")
    assert type(failed.value) is kind
    assert (failed.value.errcode, failed.value.rid) == (errcode, RID)


def test_our_own_account_refused_is_worth_another_try_and_a_bad_code_is_not() -> None:
    assert issubclass(WeChatCredentialError, WeChatUnavailableError)
    assert issubclass(WeChatCodeError, WeChatRejectedError)
    assert not issubclass(WeChatRejectedError, WeChatUnavailableError)


async def test_an_error_with_empty_lists_is_an_error(transport: Transport, host: Host) -> None:
    host.answer("/x", said({"errcode": "40014", "errmsg": None, "list": []}))

    with pytest.raises(WeChatCredentialError) as failed:
        await transport.ask("GET", "x")
    assert (failed.value.errcode, failed.value.errmsg, failed.value.rid) == (40014, "", None)


@pytest.mark.parametrize(
    "answer",
    [
        said({}, status=500),
        said({}, status=502),
        said({}, status=429),
        said({}, status=404),
        typed(b"<html>busy</html>", "text/html"),
        typed(b"", "text/plain"),
        typed(b'{"a":', "text/plain"),
        typed(b"[1]", "text/plain"),
        typed(b"null", "text/plain"),
        typed(b'{"errcode":"many"}', "text/plain"),
        typed(b'{"errcode":null}', "text/plain"),
        typed(b"[" * 100_000, "text/plain"),
    ],
)
async def test_an_answer_that_says_nothing_is_no_answer(transport: Transport, host: Host, answer: web.Response) -> None:
    host.answer("/x", answer)

    with pytest.raises(WeChatUnavailableError):
        await transport.ask("GET", "x")


async def test_a_redirect_is_not_followed_with_our_secrets(transport: Transport, host: Host) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": f"{host.base}/elsewhere"})

    host.answer("/x", elsewhere)

    with pytest.raises(WeChatUnavailableError):
        await transport.ask("GET", "x", params={"access_token": "t"})
    assert host.calls("/elsewhere") == []


async def test_a_dropped_connection_is_no_answer(transport: Transport, host: Host) -> None:
    async def drop(request: web.Request) -> web.Response:
        assert request.transport
        request.transport.abort()
        return web.Response()

    host.answer("/x", drop)

    with pytest.raises(WeChatUnavailableError, match="Disconnected"):
        await transport.ask("GET", "x")


async def test_a_closed_port_is_no_answer(session: aiohttp.ClientSession, unused_tcp_port: int) -> None:
    with pytest.raises(WeChatUnavailableError):
        await Transport(session, f"http://127.0.0.1:{unused_tcp_port}").ask("GET", "x")


def test_a_call_ends_before_the_callers_do() -> None:
    assert (TIMEOUT.total, TIMEOUT.connect) == (5, 2)


async def test_a_host_that_never_answers_is_left_in_time(
    transport: Transport, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.sleep(30)
        return web.Response()

    host.answer("/x", hang)
    monkeypatch.setattr("foundation.wechat.transport.TIMEOUT", aiohttp.ClientTimeout(total=0.2))

    with pytest.raises(WeChatUnavailableError, match="Timeout"):
        await transport.ask("GET", "x")


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full: connections to it never come about."""
    with contextlib.ExitStack() as opened:
        listener = opened.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = opened.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


async def test_no_failure_shows_the_address_with_its_secrets(
    session: aiohttp.ClientSession, full_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("foundation.wechat.transport.TIMEOUT", aiohttp.ClientTimeout(total=2, connect=0.2))
    transport = Transport(session, f"http://127.0.0.1:{full_port}")

    with pytest.raises(WeChatUnavailableError) as failed:
        await transport.ask("GET", "x", params=QUERY)

    assert "hush" not in "".join(traceback.format_exception(failed.value))
    assert failed.value.__context__ is None


async def test_secrets_do_not_show_when_the_answer_is_bad(transport: Transport, host: Host) -> None:
    host.answer("/x", typed(b'{"session_key":"hush', "text/plain"))

    with pytest.raises(WeChatUnavailableError) as failed:
        await transport.ask("GET", "x", params=QUERY)

    assert "hush" not in "".join(traceback.format_exception(failed.value))
    assert failed.value.__context__ is None


@pytest.mark.parametrize("base", ["http://127.0.0.1:1", "http://127.0.0.1:1/", "http://gateway/wx"])
def test_every_official_address_is_put_under_our_base(session: aiohttp.ClientSession, base: str) -> None:
    transport = Transport(session, base)

    for address in ("https://api.weixin.qq.com/cgi-bin/menu/get", "cgi-bin/menu/get", "/cgi-bin/menu/get"):
        assert transport.rooted(address) == f"{base.rstrip('/')}/cgi-bin/menu/get"


@pytest.mark.parametrize(
    "address", ["https://mp.weixin.qq.com/cgi-bin/showqrcode", "https://api.weixin.qq.com.evil/x", "http://evil/x"]
)
def test_another_host_is_never_called(session: aiohttp.ClientSession, address: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        Transport(session, "http://127.0.0.1:1").rooted(address)


async def test_files_are_sent_as_a_form(transport: Transport, host: Host) -> None:
    host.answer("/x", said({"errcode": 0}))

    await transport.ask("POST", "x", files={"media": ("a.png", PNG)}, body={"type": "image"})

    sent = host.seen[0]
    assert sent.content_type == "multipart/form-data"
    assert PNG in sent.body
    assert b'name="media"; filename="a.png"' in sent.body
    assert b'name="type"' in sent.body


async def test_bytes_and_text_are_sent_as_they_are(transport: Transport, host: Host) -> None:
    host.answer("/x", said({}))

    await transport.ask("POST", "x", body=b"raw")
    await transport.ask("POST", "x", body="字")
    await transport.ask("POST", "x", body={}, params={"yes": True, "none": None, "n": 1})

    assert [call.body for call in host.seen] == [b"raw", "字".encode(), json.dumps({}).encode()]
    assert host.seen[2].query == {"yes": "true", "n": "1"}
