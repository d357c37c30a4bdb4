"""A shelf of test phones: pick one, and its mini-program opens. Start at `get_phones`."""

from html import escape

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict, TypeAdapter

from sandbox.control import STAND_IN, control
from sandbox.page import page, shown
from sandbox.wechat.doors import PLATFORM, Platform

PATIENCE = aiohttp.ClientTimeout(total=10)


class Phone(BaseModel):
    """A phone on the shelf: whose, and where they live."""

    model_config = ConfigDict(extra="forbid")
    openid: str
    name: str
    home: str = ""


PHONES = TypeAdapter(list[Phone])


class OutOfOrderError(Exception):
    """Why a phone could not come in, in plain words."""


def add_routes(app: web.Application) -> None:
    """Serve the shelf, and the press on a phone."""
    control(app, app[STAND_IN], "POST", "/phones", post_phones)
    app.router.add_get("/phones", get_phones)
    app.router.add_post("/phones/{openid}/open", open_phone)


async def post_phones(request: web.Request) -> web.Response:
    """Put phones on the shelf; replaces what lies there."""
    platform, phones = request.app[PLATFORM], PHONES.validate_json(await request.read() or b"[]")
    store = platform.accounts.store
    with store.together():
        store.empty("phones")
        for phone in phones:
            insert = "INSERT INTO phones (openid, name, home) VALUES (?, ?, ?)"
            store.write(insert, phone.openid, phone.name, phone.home)
            if platform.accounts.find(phone.openid) is None:
                platform.accounts.opens(phone.openid, phone.name)
    return web.json_response({"phones": len(phones)})


async def get_phones(request: web.Request) -> web.Response:
    """Show the page to pick a phone from."""
    rows = request.app[STAND_IN].store.rows("SELECT * FROM phones ORDER BY position")
    doors = "".join(
        f'<form method="post" action="/phones/{escape(row["openid"])}/open"><button class="door">'
        f"<b>{escape(row['name'])}</b><small>{escape(row['home'] or '还没有填住址')}</small></button></form>"
        for row in rows
    )
    empty = '<p class="quiet">这里还没有手机。请先启动演示。</p>'
    body = f"<p>点一部，就像在微信里打开小程序。</p>{doors or empty}"
    return shown(_phone_page("选一部测试手机", body))


async def open_phone(request: web.Request) -> web.Response:
    """Do what the mini-program does when it opens: log in, ask for a ticket, open the first page with it."""
    platform, openid = request.app[PLATFORM], request.match_info["openid"]
    if request.app[STAND_IN].store.row("SELECT 1 FROM phones WHERE openid = ?", openid) is None:
        return shown(_phone_page("没有这部手机", '<p>这部手机不在这里了，<a href="/phones">重新选一部</a>。</p>'), 404)
    account = platform.accounts.opens(openid, None)
    try:
        ticket = await _ticket(platform, platform.accounts.give_code("login", account.openid))
    except OutOfOrderError as why:
        body = f'<p>{escape(str(why))}</p><p><a href="/phones">回去再试</a></p>'
        return shown(_phone_page("现在打不开", body), 502)
    raise web.HTTPSeeOther(f"{(platform.pages or '').rstrip('/')}/home.html#ticket={ticket}")


async def _ticket(platform: Platform, code: str) -> str:
    if not platform.api or not platform.pages:
        message = "邻里服务还没有启动好，请稍等一会儿。"
        raise OutOfOrderError(message)
    api = platform.api.rstrip("/")
    try:
        async with aiohttp.ClientSession(timeout=PATIENCE, trust_env=False) as session:
            signed_in = await _post(session, f"{api}/sessions", {"code": code}, {})
            bearer = {"Authorization": f"Bearer {signed_in['token']}"}
            return str((await _post(session, f"{api}/page-tickets", None, bearer))["ticket"])
    except (aiohttp.ClientError, TimeoutError, OSError):
        message = "连不上邻里服务，请看看它是不是在运行。"
        raise OutOfOrderError(message) from None
    except (KeyError, TypeError, ValueError):
        message = "邻里服务的回答看不懂，请看它的日志。"
        raise OutOfOrderError(message) from None


async def _post(
    session: aiohttp.ClientSession, url: str, body: dict[str, str] | None, headers: dict[str, str]
) -> dict[str, object]:
    async with session.post(url, json=body, headers=headers) as response:
        if response.status >= 400:  # noqa: PLR2004
            message = f"邻里服务没有让这部手机进来（状态 {response.status}）。"
            raise OutOfOrderError(message)
        answer: dict[str, object] = await response.json(content_type=None)
        return answer


def _phone_page(title: str, body: str) -> str:
    return page(title, body).replace("<body>", '<body class="phone">', 1)
