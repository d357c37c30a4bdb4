"""What every stand-in shares: the journal, faults on the line, the movable clock, reset. Start at `install`.

The doors hang under `/control` and again under each base path of the true interface, so that a caller who knows only
that base finds them. Control calls are neither written into the journal nor hit by faults.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from sandbox import journal
from sandbox.clock import MovableClock
from sandbox.faults import INCOMING, Fault, Faults
from sandbox.journal import Exchange, Journal
from sandbox.store import Store

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
M = TypeVar("M", bound=BaseModel)
MULTIPART = "multipart/form-data"
FASTEST = 1e6
"""How many times faster than real a clock or a unit can be made: twelve days in a second."""


@dataclass
class StandIn:
    """The common ground of one stand-in."""

    name: str
    store: Store
    bases: tuple[str, ...] = ()
    aside: tuple[str, ...] = ("/control", "/operator", "/phones")
    base_url: str = ""
    after_move: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    on_reset: list[Callable[[], None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Open what lives on the store."""
        self.clock = MovableClock(self.store)
        self.journal = Journal(self.store, self.clock)
        self.faults = Faults()

    @classmethod
    def opened(cls, name: str, path: Path | None, schema: str, bases: tuple[str, ...] = ()) -> "StandIn":
        """Open a stand-in on a file, or in memory."""
        return cls(name, Store(path, journal.SCHEMA + schema), bases)

    def is_control(self, path: str) -> bool:
        """Whether a path is one of ours rather than of the true interface."""
        return any(path.startswith(base + ours) for base in ("", *self.bases) for ours in self.aside)


STAND_IN = web.AppKey("stand_in", StandIn)
EXCHANGE = web.RequestKey("exchange", Exchange)


class Move(BaseModel):
    """A move of the clock."""

    model_config = ConfigDict(extra="forbid")
    advance_seconds: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    rate: float | None = Field(default=None, ge=0, le=FASTEST, allow_inf_nan=False)

    @model_validator(mode="after")
    def _says_something(self) -> "Move":
        if self.advance_seconds is None and self.rate is None:
            message = "advance_seconds or rate"
            raise ValueError(message)
        return self


class Reset(BaseModel):
    """What a reset forgets; the clock goes back to real time only when asked."""

    model_config = ConfigDict(extra="forbid")
    clock: bool = False


def install(app: web.Application, stand_in: StandIn) -> None:
    """Give an application the shared doors and put the journal and the faults around all others."""
    app[STAND_IN] = stand_in
    app.middlewares.extend([_know_own_address, _keep_journal, _apply_faults, _answer_control_errors])
    control(app, stand_in, "GET", "/journal", _get_journal)
    control(app, stand_in, "GET", "/faults", _get_faults)
    control(app, stand_in, "PUT", "/faults", _put_faults)
    control(app, stand_in, "GET", "/clock", _get_clock)
    control(app, stand_in, "POST", "/clock", _post_clock)
    control(app, stand_in, "POST", "/reset", _post_reset)
    app.on_cleanup.append(_close)


def control(app: web.Application, stand_in: StandIn, method: str, path: str, handler: Handler) -> None:
    """Add one control door, at the root and under every base path."""
    for base in ("", *stand_in.bases):
        app.router.add_route(method, f"{base}/control{path}", handler)


async def read(request: web.Request, model: type[M]) -> M:
    """Read a control call's JSON body; an empty one counts as `{}`."""
    return model.model_validate_json(await request.read() or b"{}")


@web.middleware
async def _know_own_address(request: web.Request, handler: Handler) -> web.StreamResponse:
    stand_in = request.app[STAND_IN]
    stand_in.base_url = stand_in.base_url or str(request.url.origin())
    return await handler(request)


@web.middleware
async def _keep_journal(request: web.Request, handler: Handler) -> web.StreamResponse:
    stand_in = request.app[STAND_IN]
    if stand_in.is_control(request.path):
        return await handler(request)
    exchange = Exchange("in", request.method, request.path_qs, request.path, request.query, request.headers)
    exchange.content_type = request.content_type
    # A form with files can be read only once, by its handler, which leaves what it read in `exchange.form`.
    exchange.body = b"" if request.content_type == MULTIPART else await request.read()
    request[EXCHANGE] = exchange
    try:
        response = await handler(request)
        exchange.status = response.status
        if isinstance(response, web.Response) and isinstance(response.body, bytes | bytearray):
            exchange.answer, exchange.answer_type = bytes(response.body), response.content_type
    except BaseException as failure:
        exchange.error = type(failure).__name__
        raise
    else:
        return response
    finally:
        stand_in.journal.record(exchange)


@web.middleware
async def _apply_faults(request: web.Request, handler: Handler) -> web.StreamResponse:
    stand_in = request.app[STAND_IN]
    if stand_in.is_control(request.path) or not stand_in.faults.rules:
        return await handler(request)
    struck = stand_in.faults.strike("in", request.method, request.path, INCOMING)
    request[EXCHANGE].faults = [str(fault.do) for fault in struck]
    for fault in struck:
        if fault.do == "delay":
            await asyncio.sleep(fault.number(1.0))
    for fault in struck:
        if fault.do == "drop":
            return _cut(request)
        if fault.do in ("status", "answer"):
            return _instead(fault)
    response = await handler(request)
    for fault in struck:
        if fault.do == "hold":  # the work is done, and the caller does not know it yet
            await asyncio.sleep(fault.number(1.0))
    if any(fault.do == "accept_then_drop" for fault in struck):
        request[EXCHANGE].error = "line cut after the work was done"
        return _cut(request)
    return response


def _cut(request: web.Request) -> web.Response:
    """Close the line without a byte of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)


def _instead(fault: Fault) -> web.Response:
    """Give the answer a fault gives in place of the true one."""
    if not isinstance(fault.value, dict):
        return web.Response(status=int(fault.number(503)), text="fault")
    body = fault.value.get("body", "")
    text = body if isinstance(body, str) else TypeAdapter(Any).dump_json(body).decode()
    kind = fault.value.get("content_type", "text/plain" if isinstance(body, str) else "application/json")
    headers = {**fault.value.get("headers", {}), "Content-Type": f"{kind}; charset=utf-8"}
    return web.Response(status=int(fault.value.get("status", 200)), body=text.encode(), headers=headers)


@web.middleware
async def _answer_control_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    if not request.app[STAND_IN].is_control(request.path):
        return await handler(request)
    try:
        return await handler(request)
    except ValidationError as wrong:
        details = wrong.errors(include_url=False, include_context=False, include_input=False)
        return web.json_response({"error": "unprocessable", "details": details}, status=422)
    except (ValueError, OverflowError) as wrong:  # a number can also be too large for the store
        return web.json_response({"error": "unprocessable", "details": str(wrong)}, status=422)
    except LookupError as missing:
        return web.json_response({"error": "not_found", "details": str(missing)}, status=404)


async def _get_journal(request: web.Request) -> web.Response:
    after, limit = int(request.query.get("after") or 0), int(request.query.get("limit") or 1000)
    items = request.app[STAND_IN].journal.after(after, limit)
    return web.json_response({"items": items, "last": items[-1]["number"] if items else after})


async def _get_faults(request: web.Request) -> web.Response:
    return web.json_response({"items": [rule.model_dump() for rule in request.app[STAND_IN].faults.rules]})


async def _put_faults(request: web.Request) -> web.Response:
    rules = TypeAdapter(list[Fault]).validate_json(await request.read() or b"[]")
    request.app[STAND_IN].faults.rules = rules
    return await _get_faults(request)


async def _get_clock(request: web.Request) -> web.Response:
    return web.json_response(request.app[STAND_IN].clock.reading())


async def _post_clock(request: web.Request) -> web.Response:
    stand_in, move = request.app[STAND_IN], await read(request, Move)
    if move.advance_seconds is not None:
        stand_in.clock.advance(move.advance_seconds)
    if move.rate is not None:
        stand_in.clock.run_at(move.rate)
    for step in stand_in.after_move:
        await step()
    return await _get_clock(request)


async def _post_reset(request: web.Request) -> web.Response:
    stand_in, reset = request.app[STAND_IN], await read(request, Reset)
    stand_in.faults.rules = []
    with stand_in.store.together():
        stand_in.store.empty("journal")
        for step in stand_in.on_reset:
            step()
    if reset.clock:
        stand_in.clock.back_to_real()
    return web.json_response({"reset": True})


async def _close(app: web.Application) -> None:
    app[STAND_IN].store.close()
