"""The parts of the product, and what each adds to a process.

Every room has a `wiring.py` with one value `PART`. Here they are listed by
name, from the ground up; `process.py` builds web and worker processes from them.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

from foundation.settings import Settings

if TYPE_CHECKING:
    import typer
    from aiohttp import web

    from foundation.access import Actor
    from foundation.events import Reaction
    from foundation.ground import Ground
    from foundation.holdings import Holding
    from foundation.jobs import Job
    from foundation.live import Topic
    from foundation.retention import Kept
    from foundation.web.endpoint import Endpoint

ROOMS = ("foundation", "community", "miniprogram_api")
"""The rooms, lowest first; a room that is not there yet is not named here."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Upkeep by real time: every so often the elected worker defers `job`."""

    job: "Job"
    every: Callable[[Settings], timedelta]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Due rows by domain time: the elected worker runs it every real second."""

    name: str
    run: Callable[["Ground"], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Desk:
    """A table of waiting rows that every worker serves."""

    name: str
    serve: Callable[["Ground"], Awaitable[None]]
    """Runs until it is cancelled."""
    clear: Callable[["Ground"], Awaitable[object]]
    """Works through what waits now, once; for tests and tools."""


@dataclass(frozen=True, slots=True)
class Ping:
    """One outside thing that can be asked whether it answers."""

    name: str
    ask: Callable[["Ground"], Awaitable[object]]
    advice: str = ""
    """What an operator should do if it does not answer."""
    needed: bool = True
    """Whether the doors are of no use without it. What only later work needs is asked by `linli doctor` alone:
    a dispatch core that is down must not take every web process out of the balancer."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number for `/metrics` that the database knows; asked for when it is read."""

    name: str
    words: str
    ask: Callable[[], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Part:
    """What a room adds to a process."""

    name: str
    models: tuple[str, ...] = ()
    migrations: str | None = None
    endpoints: tuple["Endpoint", ...] = ()
    routes: tuple["web.RouteDef", ...] = ()
    authenticate: "Callable[[web.Request], Awaitable[Actor | None]] | None" = None
    authenticate_token: "Callable[[Ground, str], Awaitable[Actor | None]] | None" = None
    """Finds out whose a token or a one-time ticket is, for sockets."""
    check_sessions: Callable[[Collection[str]], Awaitable[set[str]]] | None = None
    """Gives those of some sign-ins that have not ended, for sockets that stay open."""
    reactions: tuple["Reaction[Any]", ...] = ()
    jobs: tuple["Job", ...] = ()
    schedules: tuple[Schedule, ...] = ()
    sweeps: tuple[Sweep, ...] = ()
    desks: tuple[Desk, ...] = ()
    topics: tuple["Topic", ...] = ()
    pings: tuple[Ping, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    opens: tuple[Callable[["Ground"], AsyncIterator[object]], ...] = ()
    """Async generators that open a thing, yield it, and close it; found again by its type in `Ground.get`."""
    sealed: tuple[Any, ...] = ()
    """Columns the vault seals, for `linli vault rotate`."""
    holdings: "tuple[Holding, ...]" = ()
    """What the room holds about a person: how it is given to them, and how it ends when they leave."""
    kept: "tuple[Kept, ...]" = ()
    """How long the room keeps what, and why; every table of its own is named."""


def endpoints_of(*modules: ModuleType) -> "tuple[Endpoint, ...]":
    """List every endpoint these modules define, in the order of their text."""
    from foundation.web.endpoint import Endpoint  # noqa: PLC0415 - `linli --help` needs no doors

    return tuple(
        each
        for module in modules
        for each in vars(module).values()
        if isinstance(each, Endpoint) and each.handler.__module__ == module.__name__
    )


def load_parts(names: Sequence[str] = ROOMS) -> tuple[Part, ...]:
    """Import the rooms and give their parts, lowest first."""
    with _comments_unread():
        return tuple(import_module(f"{name}.wiring").PART for name in names)


@contextmanager
def _comments_unread() -> Iterator[None]:
    """Keep Tortoise from reading a file anew for each of its models, for comments that we do not write.

    It was a tenth of every start.
    """
    from tortoise import models  # noqa: PLC0415 - `linli --help` needs no database

    reading = models._get_comments  # noqa: SLF001 - there is no other way to leave it out
    models._get_comments = lambda cls: {}  # noqa: ARG005, SLF001
    try:
        yield
    finally:
        models._get_comments = reading  # noqa: SLF001


def commands() -> "list[typer.Typer]":
    """Give the rooms' own commands; their modules import nothing heavy until a command runs."""
    return [
        group for name in ROOMS if find_spec(f"{name}.commands") for group in import_module(f"{name}.commands").COMMANDS
    ]


def apps_of(parts: Sequence[Part]) -> dict[str, dict[str, Any]]:
    """Make Tortoise's table of apps: one for each part with models."""
    return {
        part.name: {"models": list(part.models), "default_connection": "default", "migrations": part.migrations}
        for part in parts
        if part.models
    }
