"""The dispatch core's own control doors, beside those every stand-in has. Start at `add_routes`."""

from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from sandbox.control import FASTEST, STAND_IN, control, read
from sandbox.dispatch_core.core import Core, Target
from sandbox.dispatch_core.events import STEP_WORDS
from sandbox.dispatch_core.georeport import CORE, COURIER, UNITS
from sandbox.dispatch_core.records import Case, Update
from sandbox.dispatch_core.services import SERVICES

ATTEMPT_SECONDS = 3.0


class Callback(BaseModel):
    """Where callbacks go."""

    model_config = ConfigDict(extra="forbid")
    url: str
    key_id: str
    secret: str


class Configuration(BaseModel):
    """What can be set while the core runs; what is absent stays."""

    model_config = ConfigDict(extra="forbid")
    callback: Callback | None = None
    api_key: str | None = None
    jurisdiction: str | None = None
    token_seconds: float | None = Field(default=None, ge=0)
    retry_base_seconds: float | None = Field(default=None, gt=0)


class Pace(BaseModel):
    """How many times faster than real people the units are."""

    model_config = ConfigDict(extra="forbid")
    speed: float = Field(ge=0, le=FASTEST, allow_inf_nan=False)


class Play(BaseModel):
    """One event to be sent exactly so; whatever else is given goes into the update as it is."""

    model_config = ConfigDict(extra="allow")
    event: str
    deliver: bool = True


class Acting(Play):
    """The same, naming the request in the body and the event in the address."""

    service_request_id: str
    event: str = ""


class HandOver(BaseModel):
    """Updates to be delivered now, in this order; repeats allowed."""

    model_config = ConfigDict(extra="forbid")
    update_ids: list[str] = Field(max_length=1000)
    parallel: bool = False


def add_routes(app: web.Application) -> None:
    """Everything a test or the demo steers the core with."""
    stand_in = app[STAND_IN]
    control(app, stand_in, "POST", "/configure", configure)
    control(app, stand_in, "POST", "/services", post_services)
    control(app, stand_in, "GET", "/units", get_units)
    control(app, stand_in, "PUT", "/units", put_units)
    control(app, stand_in, "GET", "/requests", get_requests)
    control(app, stand_in, "POST", "/requests/{id}/updates", post_update)
    control(app, stand_in, "POST", "/callbacks", post_callbacks)
    control(app, stand_in, "GET", "/callbacks", get_callbacks)
    control(app, stand_in, "POST", "/actors/{actor:unit|core|operator}/{event}", post_actor)


async def configure(request: web.Request) -> web.Response:
    """Set the callback target and the rest."""
    core, wanted = request.app[CORE], await read(request, Configuration)
    for name, value in wanted.model_dump(exclude={"callback"}, exclude_none=True).items():
        setattr(core.rules, name, value)
    if wanted.callback is not None:
        core.aim(Target(**wanted.callback.model_dump()))
    rules = {name: value for name, value in vars(core.rules).items() if name != "api_key"}
    return web.json_response({"callback": {"url": core.target.url, "key_id": core.target.key_id}, **rules})


async def post_services(request: web.Request) -> web.Response:
    """Replace the list of services."""
    core = request.app[CORE]
    core.catalogue.replace(SERVICES.validate_json(await request.read() or b"[]"))
    return web.json_response({"services": len(core.catalogue.all())})


async def get_units(request: web.Request) -> web.Response:
    """How fast the units are, and what is planned."""
    core, units = request.app[CORE], request.app[UNITS]
    row = core.store.row("SELECT count(*) AS planned FROM plan")
    return web.json_response({"speed": units.speed, "planned": row["planned"] if row else 0})


async def put_units(request: web.Request) -> web.Response:
    """Make the units faster, slower, or stop them."""
    request.app[UNITS].work_at((await read(request, Pace)).speed)
    return await get_units(request)


async def get_requests(request: web.Request) -> web.Response:
    """Show requests with everything the core knows, for a test to look at."""
    core = request.app[CORE]
    if external := request.query.get("external_id"):
        found = core.cases("WHERE external_id = ?", external)
    elif public := request.query.get("service_request_id"):
        found = core.cases("WHERE id = ?", public)
    else:
        found = core.cases("ORDER BY number DESC LIMIT 200")
    return web.json_response({"items": [_case_view(core, case) for case in found]})


async def post_update(request: web.Request) -> web.Response:
    """Play the unit or the core: send exactly this."""
    play = await read(request, Play)
    return await _play(request, request.match_info["id"], play)


async def post_actor(request: web.Request) -> web.Response:
    """Do the same as a named action of an actor."""
    acting = await read(request, Acting)
    acting.event = request.match_info["event"]
    return await _play(request, acting.service_request_id, acting)


async def _play(request: web.Request, public: str, play: Play) -> web.Response:
    core = request.app[CORE]
    case = core.find(public)
    if case is None:
        message = f"no request {public}"
        raise LookupError(message)
    update = core.append(case, play.event, play.model_extra or {}, deliver=play.deliver)
    request.app[UNITS].played(case, play.event)
    told: dict[str, Any] = {"update_id": update.update_id, "sequence": update.sequence}
    if play.deliver and core.target.url:
        told["delivery"] = await request.app[COURIER].attempted(update, ATTEMPT_SECONDS)
    return web.json_response(told)


async def post_callbacks(request: web.Request) -> web.Response:
    """Deliver stored updates in the order given, whatever the queue says."""
    wanted = await read(request, HandOver)
    results = await request.app[COURIER].hand_over(wanted.update_ids, parallel=wanted.parallel)
    items = [{"update_id": name, "status": outcome.status, "error": outcome.error} for name, outcome in results]
    return web.json_response({"statuses": [item["status"] for item in items], "results": items})


async def get_callbacks(request: web.Request) -> web.Response:
    """Show the queue: what waits, what was delivered, what was refused as a conflict."""
    core = request.app[CORE]
    rows = core.store.rows(
        "SELECT d.state, d.attempts, d.last_status, d.last_error, u.update_id, u.event, c.id AS service_request_id"
        " FROM deliveries d JOIN updates u ON u.number = d.update_number JOIN cases c ON c.number = d.case_number"
        " WHERE ? = '' OR d.state = ? ORDER BY d.number",
        request.query.get("state", ""),
        request.query.get("state", ""),
    )
    return web.json_response({"items": [dict(row) for row in rows]})


def _case_view(core: Core, case: Case) -> dict[str, Any]:
    history = core.store.rows("SELECT * FROM updates WHERE case_number = ? ORDER BY number", case.number)
    deliveries = core.store.rows("SELECT * FROM deliveries WHERE case_number = ?", case.number)
    by_update = {row["update_number"]: row for row in deliveries}
    return {
        "service_request_id": case.id,
        "external_id": case.external_id,
        "token": case.token,
        "service_code": case.service_code,
        "description": case.description,
        "attributes": case.filed.get("attributes", {}),
        "media_urls": case.filed.get("media_urls", []),
        "contact_given": sorted(case.filed.get("contact", {})),
        "step": case.step,
        "step_words": STEP_WORDS[case.step],
        "round": case.round,
        "unit": case.unit,
        "requested_at": case.requested_at.isoformat(),
        "updated_at": case.updated_at.isoformat(),
        "updates": [_update_row(row, by_update.get(row["number"])) for row in history],
    }


def _update_row(row: Any, delivery: Any) -> dict[str, Any]:
    update = Update(**{name: row[name] for name in ("number", "update_id", "case_number", "origin", "event",
                                                    "sequence", "round", "at", "body")})  # fmt: skip
    state = {name: delivery[name] for name in ("state", "attempts", "last_status", "last_error")} if delivery else None
    return {"origin": update.origin, "event": update.event, "at": row["at"], **update.fields, "delivery": state}
