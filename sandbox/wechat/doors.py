"""The platform's true interface. Start at `add_routes`."""

import base64
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.control import STAND_IN, Handler
from sandbox.wechat.accounts import Accounts
from sandbox.wechat.replies import WeChatError, refuse, reply
from sandbox.wechat.text_check import TextCheck
from sandbox.wechat.tokens import Tokens

Fields = Mapping[str, tuple[type, ...]]
"""Which JSON types each field of a body may have."""

LONGEST_TEXT = 2500
SCENES = (1, 2, 3, 4)
TEXT, NUMBER, BOOLEAN = (str,), (int,), (bool,)
TOKEN_FIELDS: Fields = {"grant_type": TEXT, "appid": TEXT, "secret": TEXT, "force_refresh": BOOLEAN}
PHONE_FIELDS: Fields = {"code": TEXT, "openid": TEXT}
CHECK_FIELDS: Fields = {
    **dict.fromkeys(("content", "openid", "title", "nickname", "signature"), TEXT),
    "scene": NUMBER,
    "version": (int, str),
}


@dataclass
class Platform:
    """One mini-program on the platform."""

    app_id: str
    app_secret: str
    accounts: Accounts
    tokens: Tokens
    text_check: TextCheck
    # Bound to an open platform account: then logins carry a unionid.
    bound: bool = True
    api: str | None = None
    pages: str | None = None


PLATFORM = web.AppKey("platform", Platform)


def add_routes(app: web.Application) -> None:
    """Serve the calls a mini-program's server makes."""
    for method, path, handler in (
        ("GET", "/sns/jscode2session", jscode2session),
        ("GET", "/cgi-bin/token", token),
        ("POST", "/cgi-bin/stable_token", stable_token),
        ("POST", "/wxa/business/getuserphonenumber", getuserphonenumber),
        ("POST", "/wxa/msg_sec_check", msg_sec_check),
    ):
        app.router.add_route(method, path, handler)
    app.middlewares.append(_answer_errors)


@web.middleware
async def _answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.app[STAND_IN].is_control(request.path):
        return await handler(request)
    try:
        return await handler(request)
    except WeChatError as refused:
        return refuse(refused.errcode)
    except web.HTTPMethodNotAllowed as wrong:
        return refuse(43001 if "GET" in wrong.allowed_methods else 43002)


async def jscode2session(request: web.Request) -> web.Response:
    """Turn a login code into an openid and a session key; no errcode when it works."""
    platform, query = request.app[PLATFORM], request.query
    _check_app(platform, query.get("appid"), query.get("secret"))
    code = query.get("js_code")
    if not code:
        raise WeChatError(41008)
    if query.get("grant_type") != "authorization_code":
        raise WeChatError(40002)
    account = platform.accounts.take_login(code)
    platform.tokens.count("jscode2session", account.openid)
    account = platform.accounts.opens(account.openid, None)
    session_key = base64.b64encode(secrets.token_bytes(16)).decode()
    answer: dict[str, object] = {"session_key": session_key, "openid": account.openid}
    return reply(answer | ({"unionid": account.unionid} if platform.bound else {}))


async def token(request: web.Request) -> web.Response:
    """Answer the old token call: a new one every time."""
    platform, query = request.app[PLATFORM], request.query
    if query.get("grant_type") != "client_credential":
        raise WeChatError(40002)
    _check_app(platform, query.get("appid"), query.get("secret"))
    platform.tokens.count("token")
    fresh, seconds = platform.tokens.legacy()
    return reply({"access_token": fresh, "expires_in": seconds})


async def stable_token(request: web.Request) -> web.Response:
    """Answer the stable token call: the same one while it lasts."""
    platform, given = request.app[PLATFORM], await _json(request, TOKEN_FIELDS)
    if given.get("grant_type") != "client_credential":
        raise WeChatError(40002)
    _check_app(platform, given.get("appid"), given.get("secret"))
    platform.tokens.count("stable_token")
    current, seconds = platform.tokens.stable(force=given.get("force_refresh") is True)
    return reply({"access_token": current, "expires_in": seconds})


async def getuserphonenumber(request: web.Request) -> web.Response:
    """Turn a phone code (never the login code) into a phone number."""
    platform = request.app[PLATFORM]
    platform.tokens.check(request.query.get("access_token"))
    given = await _json(request, PHONE_FIELDS)
    platform.tokens.count("getuserphonenumber")
    pure = platform.accounts.take_phone(given.get("code") or "", given.get("openid"))
    watermark = {"timestamp": int(platform.accounts.clock.seconds()), "appid": platform.app_id}
    numbers = {"phoneNumber": pure, "purePhoneNumber": pure, "countryCode": "86"}
    return reply({"errcode": 0, "errmsg": "ok", "phone_info": {**numbers, "watermark": watermark}})


async def msg_sec_check(request: web.Request) -> web.Response:
    """Version 2 judges a text of someone who opened the mini-program lately; version 1 only says yes or no."""
    platform = request.app[PLATFORM]
    platform.tokens.check(request.query.get("access_token"))
    given = await _json(request, CHECK_FIELDS)
    platform.tokens.count("msg_sec_check")
    content = given.get("content")
    if not content:
        raise WeChatError(44002)
    if len(content) > LONGEST_TEXT:
        raise WeChatError(45002)
    if given.get("version") not in (2, "2"):
        worst = platform.text_check.worst(content)
        return refuse(87014) if worst and worst.suggest == "risky" else reply({"errcode": 0, "errmsg": "ok"})
    if given.get("scene") not in SCENES:
        raise WeChatError(40129)
    account = platform.accounts.find(given.get("openid") or "")
    if account is None:
        raise WeChatError(40003)
    if not platform.accounts.is_active(account):
        raise WeChatError(61010)
    words = [content, *(given[name] for name in ("title", "nickname", "signature") if given.get(name))]
    return reply(platform.text_check.judged("\n".join(words)))


async def _json(request: web.Request, fields: Fields) -> dict[str, Any]:
    """Read the body; the platform does not look at its declared type, but at that of each field.

    A field that is null is one that is missing.
    """
    raw = await request.read()
    if not raw.strip():
        raise WeChatError(44002)
    try:
        given = json.loads(raw)
    except ValueError:
        raise WeChatError(47001) from None
    if not isinstance(given, dict) or any(_is_mistyped(given.get(name), kinds) for name, kinds in fields.items()):
        raise WeChatError(47001)
    return given


def _is_mistyped(value: object, kinds: tuple[type, ...]) -> bool:
    """Whether a value has another type; true is no 1, though Python takes it for one."""
    return value is not None and type(value) not in kinds


def _check_app(platform: Platform, app_id: object, secret: object) -> None:
    if not app_id:
        raise WeChatError(41002)
    if not secret:
        raise WeChatError(41004)
    if app_id != platform.app_id:
        raise WeChatError(40013)
    if not hmac.compare_digest(str(secret).encode(), platform.app_secret.encode()):
        raise WeChatError(40125)
