"""The dispatch core's program, put together. Start at `build`."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from sandbox import control
from sandbox.background import running
from sandbox.control import STAND_IN, StandIn
from sandbox.dispatch_core import control_doors, georeport, operator_page, pictures, records, services, update_doors
from sandbox.dispatch_core.core import Core, Rules, Target
from sandbox.dispatch_core.courier import Courier
from sandbox.dispatch_core.georeport import BASE, CORE, COURIER, UNITS
from sandbox.dispatch_core.units import Units

LARGEST_CALL = 128 * 1024 * 1024


@dataclass
class Plan:
    """How a dispatch core is set up."""

    store: Path | None = None
    rules: Rules = field(default_factory=Rules)
    target: Target = field(default_factory=Target)
    usual_target: Target = field(default_factory=Target)
    """Where callbacks go if neither `target` nor an earlier `/configure` says so."""
    speed: float = 0.0
    seed: int = 0


def build(plan: Plan) -> web.Application:
    """One dispatch core on one store."""
    app = web.Application(client_max_size=LARGEST_CALL)
    stand_in = StandIn.opened("dispatch_core", plan.store, records.SCHEMA + services.SCHEMA, (BASE,))
    control.install(app, stand_in)
    core = Core(stand_in, plan.rules, plan.target, plan.usual_target)
    app[CORE], app[UNITS], app[COURIER] = core, Units(core, plan.speed, plan.seed), Courier(core)
    georeport.add_routes(app)
    update_doors.add_routes(app)
    control_doors.add_routes(app)
    operator_page.add_routes(app)
    app.router.add_get("/media/{name}", _get_media)
    app.router.add_get("/pictures/{name}.png", _get_picture)
    app.router.add_get("/", _to_operator)
    app.cleanup_ctx.append(_work)
    return app


async def _work(app: web.Application) -> AsyncIterator[None]:
    async with running(app[COURIER].run), running(app[UNITS].sweep):
        yield


async def _get_media(request: web.Request) -> web.Response:
    """Show a file that came with a request."""
    found = request.app[STAND_IN].store.row("SELECT * FROM media WHERE id = ?", request.match_info["name"])
    if found is None:
        raise web.HTTPNotFound
    return web.Response(body=found["content"], content_type=found["content_type"])


async def _get_picture(request: web.Request) -> web.Response:
    """Show a unit's picture."""
    return web.Response(body=pictures.picture(request.match_info["name"]), content_type="image/png")


async def _to_operator(_request: web.Request) -> web.Response:
    raise web.HTTPSeeOther("/operator")
