"""The mini-program platform to the letter."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.sandbox.line import Line

APP, SECRET = "wxapp", "s" * 32


async def login(wechat: Line, code: str, **other: str) -> Any:
    asked = {"appid": APP, "secret": SECRET, "js_code": code, "grant_type": "authorization_code", **other}
    return await wechat.get("/sns/jscode2session", **asked)


async def stable(wechat: Line, **other: Any) -> Any:
    asked = {"grant_type": "client_credential", "appid": APP, "secret": SECRET, **other}
    _, text = await wechat.raw("POST", "/cgi-bin/stable_token", json=asked)
    return json.loads(text)


async def call(wechat: Line, path: str, body: Any, token: str | None = None) -> Any:
    token = token if token is not None else (await stable(wechat))["access_token"]
    data = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
    _, text = await wechat.raw("POST", path, params={"access_token": token}, data=data.encode())
    return json.loads(text)


async def judge(wechat: Line, content: str, openid: str, token: str | None = None, **other: Any) -> Any:
    asked = {"version": 2, "scene": 2, "openid": openid, "content": content, **other}
    return await call(wechat, "/wxa/msg_sec_check", asked, token)


async def test_a_login_code_is_good_once(wechat: Line) -> None:
    opened = await wechat.steer("/actors/resident/open", {"nickname": "小林"})
    first = await login(wechat, opened["code"])
    assert first["openid"] == opened["openid"]
    assert set(first) == {"openid", "session_key", "unionid"}
    assert (await login(wechat, opened["code"]))["errcode"] == 40163
    again = await wechat.steer("/actors/resident/open", {"openid": opened["openid"]})
    assert (await login(wechat, again["code"]))["unionid"] == first["unionid"]


async def test_answers_are_json_that_calls_itself_text(wechat: Line) -> None:
    response, text = await wechat.raw("GET", "/sns/jscode2session", params={"appid": APP})
    assert (response.status, response.content_type) == (200, "text/plain")
    assert json.loads(text)["errcode"] == 41004
    assert " rid: " in json.loads(text)["errmsg"]


@pytest.mark.parametrize(
    ("wrong", "errcode"),
    [
        ({"js_code": "never-given"}, 40029),
        ({"js_code": ""}, 41008),
        ({"appid": ""}, 41002),
        ({"secret": ""}, 41004),
        ({"appid": "wxother"}, 40013),
        ({"secret": "x"}, 40125),
        ({"grant_type": "x"}, 40002),
    ],
)
async def test_a_login_is_refused_by_its_code(wechat: Line, wrong: dict[str, str], errcode: int) -> None:
    code = (await wechat.steer("/actors/resident/open"))["code"]
    assert (await login(wechat, code, **wrong))["errcode"] == errcode


async def test_a_login_code_lasts_five_minutes_unless_made_to_last(wechat: Line) -> None:
    short = await wechat.steer("/actors/resident/open")
    lasting = await wechat.steer("/actors/resident/open", {"expires": False})
    await wechat.steer("/clock", {"advance_seconds": 301})
    assert (await login(wechat, short["code"]))["errcode"] == 40029
    assert (await login(wechat, lasting["code"]))["openid"] == lasting["openid"]


async def test_a_blocked_account_and_a_full_quota_have_their_own_codes(wechat: Line) -> None:
    someone = await wechat.steer("/actors/resident/open")
    await wechat.steer("/actors/platform/block", {"openid": someone["openid"]})
    assert (await login(wechat, someone["code"]))["errcode"] == 40226
    await wechat.steer("/quotas", {"stable_token": {"per_day": 1}}, "PUT")
    assert "access_token" in await stable(wechat)
    assert (await stable(wechat))["errcode"] == 45009


async def test_the_phone_code_is_another_code(wechat: Line) -> None:
    opened = await wechat.steer("/actors/resident/open")
    shared = await wechat.steer("/actors/resident/share_phone", {"openid": opened["openid"], "phone": "13900001111"})
    path = "/wxa/business/getuserphonenumber"
    assert (await call(wechat, path, {"code": opened["code"]}))["errcode"] == 40029
    assert (await login(wechat, shared["code"]))["errcode"] == 40029
    answer = await call(wechat, path, {"code": shared["code"]})
    assert answer["phone_info"]["purePhoneNumber"] == "13900001111"
    assert answer["phone_info"]["watermark"]["appid"] == APP
    assert (await call(wechat, path, {"code": shared["code"]}))["errcode"] == 40029


async def test_the_stable_token_stays_the_same_and_rolls_with_an_overlap(wechat: Line) -> None:
    first = await stable(wechat)
    assert (await stable(wechat))["access_token"] == first["access_token"]
    await wechat.steer("/clock", {"advance_seconds": 7200 - 200})
    rolled = await stable(wechat)
    assert rolled["access_token"] != first["access_token"]
    assert rolled["expires_in"] >= 300
    known = (await wechat.steer("/actors/resident/open"))["openid"]
    for token in (first["access_token"], rolled["access_token"]):
        assert (await judge(wechat, "你好", known, token))["errcode"] == 0
    await wechat.steer("/clock", {"advance_seconds": 301})
    assert (await judge(wechat, "你好", known, first["access_token"]))["errcode"] == 40001


async def test_force_refresh_is_rationed(wechat: Line) -> None:
    first = (await stable(wechat))["access_token"]
    forced = (await stable(wechat, force_refresh=True))["access_token"]
    assert forced != first
    assert (await stable(wechat, force_refresh=True))["access_token"] == forced
    for _ in range(19):
        await wechat.steer("/clock", {"advance_seconds": 31})
        forced = (await stable(wechat, force_refresh=True))["access_token"]
    await wechat.steer("/clock", {"advance_seconds": 31})
    assert (await stable(wechat, force_refresh=True))["access_token"] == forced


async def test_the_two_token_families_do_not_touch_each_other(wechat: Line) -> None:
    known = (await wechat.steer("/actors/resident/open"))["openid"]
    kept = (await stable(wechat))["access_token"]
    asked = {"grant_type": "client_credential", "appid": APP, "secret": SECRET}
    old = (await wechat.get("/cgi-bin/token", **asked))["access_token"]
    new = (await wechat.get("/cgi-bin/token", **asked))["access_token"]
    assert old != new
    await wechat.steer("/clock", {"advance_seconds": 301})
    codes = [(await judge(wechat, "好", known, token))["errcode"] for token in (kept, new, old)]
    assert codes == [0, 0, 40001]


async def test_a_call_without_a_good_token_is_refused(wechat: Line) -> None:
    token = (await stable(wechat))["access_token"]
    assert (await judge(wechat, "好", "o", ""))["errcode"] == 41001
    assert (await judge(wechat, "好", "o", "short"))["errcode"] == 40014
    assert (await judge(wechat, "好", "o", "x" * 120))["errcode"] == 40001
    await wechat.steer("/clock", {"advance_seconds": 7201})
    assert (await judge(wechat, "好", "o", token))["errcode"] == 42001
    token = (await stable(wechat))["access_token"]
    await wechat.steer("/actors/platform/revoke_tokens")
    assert (await judge(wechat, "好", "o", token))["errcode"] == 40001


async def test_the_text_check_judges_by_the_rules_laid_down(wechat: Line) -> None:
    known = (await wechat.steer("/actors/resident/open"))["openid"]
    passed = await judge(wechat, "楼下路灯坏了", known)
    assert passed["result"] == {"suggest": "pass", "label": 100}
    rules = [{"word": "坏话", "label": 20003}, {"word": "可疑", "suggest": "review", "label": 21000}]
    await wechat.steer("/text_rules", rules)
    risky = await judge(wechat, "可疑的坏话", known)
    assert risky["result"] == {"suggest": "risky", "label": 20003}
    assert risky["detail"][1]["keyword"] == "坏话"
    assert (await judge(wechat, "可疑", known))["result"]["suggest"] == "review"
    assert (await judge(wechat, "好", known, nickname="坏话"))["result"]["suggest"] == "risky"
    assert (await call(wechat, "/wxa/msg_sec_check", {"content": "坏话"}))["errcode"] == 87014


@pytest.mark.parametrize(
    ("other", "errcode"),
    [
        ({"scene": 9}, 40129),
        ({"openid": "o-unknown"}, 40003),
        ({"content": ""}, 44002),
        ({"content": "字" * 2501}, 45002),
    ],
)
async def test_a_text_check_is_refused_by_its_code(wechat: Line, other: dict[str, Any], errcode: int) -> None:
    known = (await wechat.steer("/actors/resident/open"))["openid"]
    asked = {"version": 2, "scene": 2, "openid": known, "content": "好", **other}
    assert (await call(wechat, "/wxa/msg_sec_check", asked))["errcode"] == errcode


RIGHT: dict[str, dict[str, Any]] = {
    "/wxa/business/getuserphonenumber": {"code": "never-given"},
    "/wxa/msg_sec_check": {"version": 2, "scene": 2, "openid": "o", "content": "好"},
    "/cgi-bin/stable_token": {"grant_type": "client_credential", "appid": APP, "secret": SECRET},
}
WRONG: dict[str, list[dict[str, Any]]] = {
    "/wxa/business/getuserphonenumber": [{"code": 5}, {"openid": ["o"]}],
    "/wxa/msg_sec_check": [
        {"content": 5}, {"content": ["好"]}, {"content": {}}, {"openid": 5}, {"scene": True}, {"scene": "2"},
        {"scene": 2.0}, {"version": True}, {"version": [2]}, {"nickname": 5}, {"title": ["好"]},
    ],
    "/cgi-bin/stable_token": [{"grant_type": 5}, {"appid": 5}, {"secret": True}, {"force_refresh": "true"}],
}  # fmt: skip


@pytest.mark.parametrize(("path", "wrong"), [(path, wrong) for path, each in WRONG.items() for wrong in each])
async def test_a_field_of_the_wrong_json_type_is_a_format_error(wechat: Line, path: str, wrong: dict[str, Any]) -> None:
    well_formed = await call(wechat, path, RIGHT[path])
    missing = await call(wechat, path, RIGHT[path] | dict.fromkeys(wrong))

    assert (await call(wechat, path, RIGHT[path] | wrong))["errcode"] == 47001
    assert 47001 not in (well_formed.get("errcode"), missing.get("errcode"))


async def test_broken_json_and_the_wrong_method_have_their_codes(wechat: Line) -> None:
    assert (await call(wechat, "/wxa/msg_sec_check", "{not json"))["errcode"] == 47001
    assert json.loads((await wechat.raw("POST", "/sns/jscode2session"))[1])["errcode"] == 43001
    assert json.loads((await wechat.raw("GET", "/cgi-bin/stable_token"))[1])["errcode"] == 43002


async def test_who_has_not_opened_the_mini_program_lately_is_not_judged(wechat: Line) -> None:
    known = (await wechat.steer("/actors/resident/open"))["openid"]
    await wechat.steer("/clock", {"advance_seconds": 2 * 3600 + 1})
    assert (await judge(wechat, "好", known))["errcode"] == 61010
    await wechat.steer("/actors/resident/open", {"openid": known})
    assert (await judge(wechat, "好", known))["errcode"] == 0


async def test_a_fault_can_make_the_platform_busy(wechat: Line) -> None:
    value = {"body": {"errcode": -1, "errmsg": "system error"}}
    await wechat.steer("/faults", [{"match": {"path": "msg_sec"}, "do": "answer", "value": value, "times": 1}], "PUT")
    assert (await judge(wechat, "好", "o", "t"))["errcode"] == -1


async def test_the_journal_shows_no_secret_no_session_key_and_no_phone(wechat: Line) -> None:
    opened = await wechat.steer("/actors/resident/open")
    session = await login(wechat, opened["code"])
    shared = await wechat.steer("/actors/resident/share_phone", {"openid": opened["openid"], "phone": "13900001111"})
    token = (await stable(wechat))["access_token"]
    await call(wechat, "/wxa/business/getuserphonenumber", {"code": shared["code"]}, token)
    text = json.dumps(await wechat.steer("/journal", method="GET"), ensure_ascii=False)
    hidden = (SECRET, session["session_key"], token, "13900001111", opened["code"], shared["code"], opened["openid"])
    assert [word for word in hidden if word in text] == []
    assert "139****1111" in text


@pytest.fixture
async def product() -> AsyncIterator[str]:
    """As much of the product as a phone needs to come in."""

    async def post_session(request: web.Request) -> web.Response:
        assert (await request.json())["code"]
        return web.json_response({"token": "bearer-1"}, status=201)

    async def post_ticket(request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer bearer-1"
        return web.json_response({"ticket": "once", "expires_at": "2026-11-22T00:00:00Z"}, status=201)

    app = web.Application()
    app.router.add_post("/api/v1/sessions", post_session)
    app.router.add_post("/api/v1/page-tickets", post_ticket)
    async with TestServer(app) as server:
        yield str(server.make_url("/api/v1"))


async def test_a_phone_from_the_shelf_opens_the_first_page_with_a_ticket(wechat: Line, product: str) -> None:
    await wechat.steer("/configure", {"api": product, "pages": "http://pages.test/"})
    await wechat.steer("/phones", [{"openid": "o1", "name": "林阿姨", "home": "3 栋 501"}])
    _, shelf = await wechat.raw("GET", "/phones")
    assert "选一部测试手机" in shelf
    assert "林阿姨" in shelf
    response, _ = await wechat.raw("POST", "/phones/o1/open", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "http://pages.test/home.html#ticket=once")


async def test_a_phone_says_plainly_when_the_product_is_away(wechat: Line) -> None:
    await wechat.steer("/configure", {"api": "http://127.0.0.1:9/api/v1", "pages": "http://pages.test"})
    await wechat.steer("/phones", [{"openid": "o1", "name": "林阿姨"}])
    response, shown = await wechat.raw("POST", "/phones/o1/open")
    assert response.status == 502
    assert "连不上邻里服务" in shown
    assert (await wechat.raw("POST", "/phones/nobody/open"))[0].status == 404
