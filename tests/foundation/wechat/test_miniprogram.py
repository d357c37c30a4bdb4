"""The mini-program's calls: signing in, telephone number, text check, token."""

import logging
import traceback

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr
from redis.asyncio import Redis

from foundation.settings import MiniprogramSettings
from foundation.wechat.errors import (
    WeChatCodeError,
    WeChatCredentialError,
    WeChatRejectedError,
    WeChatUnavailableError,
)
from foundation.wechat.miniprogram import (
    LONGEST_TEXT,
    MiniProgram,
    PhoneNumber,
    Suggestion,
    TextScene,
    TextVerdict,
    WxSession,
)
from tests.foundation.wechat.host import APP_ID, APP_SECRET, Host, refused, said

SESSION, PHONE, CHECK = "/sns/jscode2session", "/wxa/business/getuserphonenumber", "/wxa/msg_sec_check"


def phone_answer(country_code: object = "86", appid: str = APP_ID) -> web.Response:
    watermark = {"timestamp": 1764000000, "appid": appid}
    phone = {"phoneNumber": "+8613800138000", "purePhoneNumber": "13800138000", "countryCode": country_code}
    return said({"errcode": 0, "errmsg": "ok", "phone_info": {**phone, "watermark": watermark}})


def verdict(suggest: str, label: object = 100) -> web.Response:
    result = {"suggest": suggest, "label": label}
    return said({"errcode": 0, "errmsg": "ok", "trace_id": "t1", "result": result, "detail": []})


async def test_a_login_code_tells_who_signs_in_and_needs_no_token(miniprogram: MiniProgram, host: Host) -> None:
    host.answer(SESSION, said({"openid": "o1", "session_key": "c2VjcmV0", "unionid": "u1"}))

    assert await miniprogram.code_to_session("0a b+c/=") == WxSession("o1", "u1")

    (call,) = host.seen
    assert (call.method, call.query) == (
        "GET",
        {"appid": APP_ID, "secret": APP_SECRET, "js_code": "0a b+c/=", "grant_type": "authorization_code"},
    )


@pytest.mark.parametrize("unionid", [{}, {"unionid": ""}, {"unionid": None}])
async def test_without_an_open_platform_account_there_is_no_unionid(
    miniprogram: MiniProgram, host: Host, unionid: dict[str, object]
) -> None:
    host.answer(SESSION, said({"openid": "o1", "session_key": "k", **unionid}))

    assert await miniprogram.code_to_session("c") == WxSession("o1", None)


@pytest.mark.parametrize("errcode", [40029, 40163])
async def test_a_bad_or_used_code_is_named_as_such(miniprogram: MiniProgram, host: Host, errcode: int) -> None:
    host.answer(SESSION, refused(errcode, "invalid code"))

    with pytest.raises(WeChatCodeError):
        await miniprogram.code_to_session("c")


@pytest.mark.parametrize("answer", [{}, {"openid": ""}, {"openid": 5}, {"session_key": "k"}])
async def test_a_session_without_a_person_is_no_answer(
    miniprogram: MiniProgram, host: Host, answer: dict[str, object]
) -> None:
    host.answer(SESSION, said(answer))

    with pytest.raises(WeChatUnavailableError):
        await miniprogram.code_to_session("c")


async def test_the_session_key_is_nowhere_to_be_seen(
    miniprogram: MiniProgram, host: Host, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    host.answer(SESSION, said({"openid": "o1", "session_key": "aHVzaC1odXNo"}))

    session = await miniprogram.code_to_session("c")

    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]  # the host's own
    shown = repr(session) + repr(miniprogram) + "".join(logged) + "".join(capsys.readouterr())
    assert "aHVzaC1odXNo" not in shown
    assert APP_SECRET not in shown


@pytest.mark.parametrize("country_code", ["86", 86], ids=["text", "number"])
async def test_a_phone_number_comes_in_the_international_form(
    miniprogram: MiniProgram, host: Host, country_code: object
) -> None:
    host.answer(PHONE, phone_answer(country_code))

    phone = await miniprogram.phone_number("code-1")

    assert (phone.number, phone.country_code) == ("+8613800138000", "86")
    (call,) = host.calls(PHONE)
    assert (call.method, call.query, call.json) == ("POST", {"access_token": "token-1"}, {"code": "code-1"})


def test_a_phone_number_is_not_shown() -> None:
    assert "138" not in repr(PhoneNumber("+8613800138000", "86"))


async def test_a_number_given_to_another_app_is_not_taken(miniprogram: MiniProgram, host: Host) -> None:
    host.answer(PHONE, phone_answer(appid="wx-another"))

    with pytest.raises(WeChatRejectedError):
        await miniprogram.phone_number("c")


@pytest.mark.parametrize(
    "info", [None, {}, {"purePhoneNumber": "", "countryCode": "86"}, {"purePhoneNumber": "138 0013", "countryCode": 86}]
)
async def test_a_phone_number_that_is_none_is_no_answer_and_not_shown(
    miniprogram: MiniProgram, host: Host, info: object
) -> None:
    host.answer(PHONE, said({"errcode": 0, "phone_info": info}))

    with pytest.raises(WeChatUnavailableError) as failed:
        await miniprogram.phone_number("c")
    assert "138 0013" not in "".join(traceback.format_exception(failed.value, chain=False))


async def test_a_text_is_checked_by_version_two_with_its_author(miniprogram: MiniProgram, host: Host) -> None:
    host.answer(CHECK, verdict("pass"))

    assert await miniprogram.check_text("楼道灯坏了 😀", openid="o1", scene=TextScene.FORUM) == TextVerdict(
        Suggestion.PASS, 100, "t1"
    )

    (call,) = host.calls(CHECK)
    assert call.json == {"version": 2, "openid": "o1", "scene": 3, "content": "楼道灯坏了 😀"}
    assert "楼道灯坏了 😀".encode() in call.body


@pytest.mark.parametrize(
    ("suggest", "label", "expected"),
    [
        ("review", 20001, (Suggestion.REVIEW, 20001)),
        ("risky", "20002", (Suggestion.RISKY, 20002)),
        ("something new", 21000, (Suggestion.REVIEW, 21000)),
    ],
)
async def test_the_verdict_is_wechats(
    miniprogram: MiniProgram, host: Host, suggest: str, label: object, expected: tuple[Suggestion, int]
) -> None:
    host.answer(CHECK, verdict(suggest, label))

    seen = await miniprogram.check_text("x", openid="o1", scene=TextScene.COMMENT)

    assert (seen.suggestion, seen.label) == expected


async def test_a_long_text_is_checked_in_pieces_that_overlap_and_the_worst_counts(
    miniprogram: MiniProgram, host: Host
) -> None:
    text = "".join(chr(0x4E00 + place) for place in range(4000))
    host.answer(CHECK, verdict("pass"), verdict("risky", 20003), verdict("review", 10001))

    seen = await miniprogram.check_text(text, openid="o1", scene=TextScene.FORUM)

    pieces = [call.json["content"] for call in host.calls(CHECK)]
    assert (seen.suggestion, seen.label) == (Suggestion.RISKY, 20003)
    assert [len(piece) for piece in pieces] == [2000, 2000, 100]
    assert pieces[0][-50:] == pieces[1][:50]
    assert pieces[0] + pieces[1][50:] + pieces[2][50:] == text


@pytest.mark.parametrize("length", [LONGEST_TEXT - 1, LONGEST_TEXT])
async def test_a_text_that_fits_is_one_call(miniprogram: MiniProgram, host: Host, length: int) -> None:
    host.answer(CHECK, verdict("pass"))

    await miniprogram.check_text("x" * length, openid="o1", scene=TextScene.FORUM)

    assert len(host.calls(CHECK)) == 1


async def test_nothing_needs_no_check(miniprogram: MiniProgram, host: Host) -> None:
    seen = await miniprogram.check_text(" \n", openid="o1", scene=TextScene.FORUM)

    assert seen.suggestion is Suggestion.PASS
    assert host.seen == []


async def test_an_author_who_was_not_here_lately_cannot_be_checked(miniprogram: MiniProgram, host: Host) -> None:
    host.answer(CHECK, refused(61010, "code is expired"))

    with pytest.raises(WeChatRejectedError):
        await miniprogram.check_text("x", openid="o1", scene=TextScene.FORUM)


async def test_a_verdict_without_a_result_is_no_answer(miniprogram: MiniProgram, host: Host) -> None:
    host.answer(CHECK, said({"errcode": 0, "errmsg": "ok"}))

    with pytest.raises(WeChatUnavailableError):
        await miniprogram.check_text("x", openid="o1", scene=TextScene.FORUM)


async def test_the_stable_interface_is_asked_as_documented(miniprogram: MiniProgram, host: Host) -> None:
    grant = await miniprogram.stable_token()
    forced = await miniprogram.stable_token(force=True)

    assert (grant.token, grant.expires_in, forced.token) == ("token-1", 7200, "token-2")
    plain = {"grant_type": "client_credential", "appid": APP_ID, "secret": APP_SECRET}
    assert [call.json for call in host.seen] == [plain, {**plain, "force_refresh": True}]


@pytest.mark.parametrize("answer", [{}, {"access_token": "t"}, {"access_token": "t", "expires_in": "soon"}])
async def test_a_token_without_an_end_is_no_answer(
    miniprogram: MiniProgram, host: Host, answer: dict[str, object]
) -> None:
    host.answer("/cgi-bin/stable_token", said(answer))

    with pytest.raises(WeChatUnavailableError):
        await miniprogram.stable_token()


async def test_a_wrong_secret_says_so_without_saying_it(
    host: Host, session: aiohttp.ClientSession, redis: Redis
) -> None:
    wrong = MiniprogramSettings(app_id=APP_ID, secret=SecretStr("hush-hush"), api_base=host.base)
    miniprogram = MiniProgram.from_settings(wrong, session=session, redis=redis)

    with pytest.raises(WeChatCredentialError) as failed:
        await miniprogram.phone_number("c")

    assert failed.value.errcode == 40125
    assert "hush-hush" not in repr(miniprogram) + "".join(traceback.format_exception(failed.value))
    assert len(host.calls("/cgi-bin/stable_token")) == 1
