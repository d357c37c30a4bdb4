"""The mini-program platform's program, put together. Start at `build`."""

from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox import control
from sandbox.control import StandIn
from sandbox.wechat import accounts, doors, people, phones, tokens
from sandbox.wechat.accounts import Accounts
from sandbox.wechat.doors import PLATFORM, Platform
from sandbox.wechat.text_check import TextCheck
from sandbox.wechat.tokens import Tokens


@dataclass
class Plan:
    """How a platform is set up."""

    app_id: str = "sandbox-wx-app"
    app_secret: str = "sandbox-wx-secret"  # noqa: S105 - the one the product has by default
    store: Path | None = None
    api: str | None = None
    """Where the product is, until `/configure` says otherwise."""
    pages: str | None = None


def build(plan: Plan) -> web.Application:
    """One platform with one mini-program on one store."""
    app = web.Application(client_max_size=4 * 1024 * 1024)
    stand_in = StandIn.opened("wechat", plan.store, accounts.SCHEMA + tokens.SCHEMA)
    control.install(app, stand_in)
    people_of, tokens_of = Accounts(stand_in), Tokens(stand_in)
    platform = Platform(plan.app_id, plan.app_secret, people_of, tokens_of, TextCheck(stand_in))
    product = stand_in.store.kept("product", {})
    platform.api, platform.pages = product.get("api") or plan.api, product.get("pages") or plan.pages
    app[PLATFORM] = platform
    doors.add_routes(app)
    people.add_routes(app)
    phones.add_routes(app)
    return app
