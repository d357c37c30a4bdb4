"""What people and the platform's staff do, as control doors. Start at `add_routes`."""

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from sandbox.control import STAND_IN, control, read
from sandbox.wechat.doors import PLATFORM
from sandbox.wechat.text_check import RULES


class Opening(BaseModel):
    """Someone opens the mini-program."""

    model_config = ConfigDict(extra="forbid")
    openid: str | None = Field(default=None, min_length=1, max_length=64)
    nickname: str | None = None
    expires: bool = True


class Sharing(BaseModel):
    """Someone lets the mini-program have their phone number."""

    model_config = ConfigDict(extra="forbid")
    openid: str
    phone: str = Field(pattern=r"^\d{6,15}$")


class Person(BaseModel):
    """Someone of the platform's accounts."""

    model_config = ConfigDict(extra="forbid")
    openid: str
    blocked: bool = True


class Configuration(BaseModel):
    """What can be set while the platform runs; what is absent stays."""

    model_config = ConfigDict(extra="forbid")
    app_id: str | None = None
    app_secret: str | None = None
    bound: bool | None = None
    api: str | None = None
    pages: str | None = None


QUOTAS = TypeAdapter(dict[str, dict[str, int | None]])


def add_routes(app: web.Application) -> None:
    """Serve the named actions of the resident and of the platform, and the settings."""
    stand_in = app[STAND_IN]
    control(app, stand_in, "POST", "/actors/resident/open", resident_opens)
    control(app, stand_in, "POST", "/actors/resident/share_phone", resident_shares_phone)
    control(app, stand_in, "POST", "/actors/platform/block", platform_blocks)
    control(app, stand_in, "POST", "/actors/platform/revoke_tokens", platform_revokes)
    control(app, stand_in, "POST", "/text_rules", post_text_rules)
    control(app, stand_in, "PUT", "/quotas", put_quotas)
    control(app, stand_in, "POST", "/configure", configure)


async def resident_opens(request: web.Request) -> web.Response:
    """`wx.login` on their phone: a fresh code."""
    accounts, wanted = request.app[PLATFORM].accounts, await read(request, Opening)
    account = accounts.opens(wanted.openid, wanted.nickname)
    code = accounts.give_code("login", account.openid, expires=wanted.expires)
    return web.json_response({"openid": account.openid, "code": code})


async def resident_shares_phone(request: web.Request) -> web.Response:
    """Press the phone number button: a code for the number, good once."""
    accounts, wanted = request.app[PLATFORM].accounts, await read(request, Sharing)
    if accounts.find(wanted.openid) is None:
        message = f"no account {wanted.openid}"
        raise LookupError(message)
    return web.json_response({"code": accounts.give_code("phone", wanted.openid, phone=wanted.phone)})


async def platform_blocks(request: web.Request) -> web.Response:
    """Take someone for a risk, or no longer."""
    accounts, wanted = request.app[PLATFORM].accounts, await read(request, Person)
    accounts.store.write("UPDATE accounts SET blocked = ? WHERE openid = ?", int(wanted.blocked), wanted.openid)
    return web.json_response(wanted.model_dump())


async def platform_revokes(request: web.Request) -> web.Response:
    """Every token becomes invalid before its time."""
    request.app[PLATFORM].tokens.revoke()
    return web.json_response({"revoked": True})


async def post_text_rules(request: web.Request) -> web.Response:
    """Which words the text check minds; replaces the list."""
    rules = RULES.validate_json(await request.read() or b"[]")
    request.app[PLATFORM].text_check.replace(rules)
    return web.json_response({"items": RULES.dump_python(rules)})


async def put_quotas(request: web.Request) -> web.Response:
    """Other quotas by endpoint."""
    quotas = QUOTAS.validate_json(await request.read() or b"{}")
    request.app[PLATFORM].tokens.limit(quotas)
    return web.json_response(quotas)


async def configure(request: web.Request) -> web.Response:
    """Set the app's credentials and where the product is."""
    platform, wanted = request.app[PLATFORM], await read(request, Configuration)
    for name, value in wanted.model_dump(exclude_none=True).items():
        setattr(platform, name, value)
    platform.accounts.store.keep("product", {"api": platform.api, "pages": platform.pages})
    return web.json_response({"app_id": platform.app_id, "api": platform.api, "pages": platform.pages})
