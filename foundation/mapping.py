"""`linli map`: the table of what belongs together, made from the parts themselves.

`docs/events.md` holds the same print, and a test compares them.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import timedelta

from foundation.parts import Part, load_parts
from foundation.settings import Settings
from foundation.web.app import raw_routes


def describe(parts: tuple[Part, ...] | None = None) -> str:
    """Give the whole map as Markdown."""
    parts = parts or load_parts()
    return "\n".join(_lines(parts)) + "\n"


def _lines(parts: tuple[Part, ...]) -> Iterator[str]:
    yield "## Events and what follows from them"
    yield ""
    yield from _table(("event", "what happened", "reactions"), _events(parts))
    yield ""
    yield "## Upkeep"
    yield ""
    yield from _table(("what", "when", "part"), _upkeep(parts))
    yield ""
    yield "## Doors"
    yield ""
    yield from _table(("address", "for whom", "what it does"), _doors(parts))
    yield ""
    yield "## Other addresses"
    yield ""
    yield from _table(("address", "what it does"), _others(parts))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    for row in rows:
        yield "| " + " | ".join(row) + " |"


def _events(parts: tuple[Part, ...]) -> Iterator[tuple[str, ...]]:
    table = defaultdict(list)
    for reaction in (reaction for part in parts for reaction in part.reactions):
        table[reaction.event].append(reaction.job.name)
    for event in sorted(table, key=lambda event: event.name):
        meaning = (event.__doc__ or "").splitlines()[0]
        yield f"`{event.name}`", meaning, ", ".join(f"`{name}`" for name in table[event])


def _upkeep(parts: tuple[Part, ...]) -> Iterator[tuple[str, ...]]:
    for part in parts:
        for schedule in part.schedules:
            yield f"`{schedule.job.name}`", f"every {_span(schedule.every(_defaults()))}", part.name
        for sweep in part.sweeps:
            yield f"`{sweep.name}`", "every real second", part.name
        for desk in part.desks:
            yield f"`{desk.name}`", "as soon as a row waits", part.name


def _doors(parts: tuple[Part, ...]) -> Iterator[tuple[str, ...]]:
    endpoints = [endpoint for part in parts for endpoint in part.endpoints]
    for endpoint in sorted(endpoints, key=lambda each: (each.path, each.method)):
        yield f"`{endpoint.method} {endpoint.path}`", endpoint.access.value.replace("_", " "), endpoint.summary


def _others(parts: tuple[Part, ...]) -> Iterator[tuple[str, ...]]:
    """Give what is no endpoint: sockets, files, pages, health."""
    for route in raw_routes(parts):
        yield f"`{route.method} {route.path}`", (route.handler.__doc__ or "").splitlines()[0]


def _span(every: timedelta) -> str:
    hours = every / timedelta(hours=1)
    if hours < 1:
        return f"{every / timedelta(minutes=1):g} minutes"
    return "hour" if hours == 1 else "day" if hours == 24 else f"{hours:g} hours"  # noqa: PLR2004


def _defaults() -> Settings:
    return Settings.model_construct()
