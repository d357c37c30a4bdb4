"""Complaints on the live feed: who may watch one, and its events as each sees them."""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any
from uuid import UUID

from community.complaints.access import Viewer
from community.complaints.models import ComplaintEvent
from community.complaints.queries import events_after
from community.complaints.showing import show_event
from foundation.access import Actor
from foundation.database import read
from foundation.errors import NotFoundError
from foundation.ground import Ground
from foundation.live import Asked, NumberedEvents, Topic

SHOWN_AT_ONCE = 50
"""Events put into words in one turn of the loop."""


async def watch(ground: Ground, actor: Actor, key: str) -> Hashable:
    """Give the projection and language an actor watches in.

    Raises:
        NotFoundError: there is no such complaint, the actor may not see it, or the id is spelt otherwise.

    """
    (view,) = await watch_many(ground, [(actor, key)])
    if view is None:
        raise NotFoundError
    return view


async def watch_many(_: Ground, asked: Sequence[tuple[Actor, str]]) -> list[Hashable | None]:
    """Give each one's projection and language in one query; None for who may not watch, as `access_complaint` has it."""
    wanted = [(actor, key) for actor, key in asked if actor.kind == "resident" and _is_ours(key)]
    rows = await read(
        """SELECT w.resident_id, w.complaint_id, c.resident_id = w.resident_id AS own
           FROM unnest(%s::bigint[], %s::uuid[]) AS w(resident_id, complaint_id)
           JOIN complaint c ON c.id = w.complaint_id
           WHERE c.resident_id = w.resident_id OR EXISTS (
               SELECT 1 FROM complaint_follow f WHERE f.complaint_id = c.id AND f.resident_id = w.resident_id)""",
        [actor.id for actor, _ in wanted],
        [key for _, key in wanted],
    )
    viewers = {
        (row["resident_id"], str(row["complaint_id"])): Viewer.OWNER if row["own"] else Viewer.SUPPORTER for row in rows
    }
    views = [(viewers.get((actor.id, key)) if actor.kind == "resident" else None, actor) for actor, key in asked]
    return [(viewer, actor.language) if viewer else None for viewer, actor in views]


def _is_ours(key: str) -> bool:
    """Whether a key is an id in the one spelling that is published."""
    try:
        return str(UUID(key)) == key
    except ValueError:
        return False


async def history(ground: Ground, key: str, after: int, view: Hashable) -> NumberedEvents:
    """Give the events after a number as a view sees them."""
    return [(event.seq, _shown(ground, event, view)) for event in await events_after(UUID(key), after)]


async def history_many(ground: Ground, asked: Sequence[Asked]) -> Sequence[NumberedEvents]:
    """Give the events after each one's number in one query, as each one's view sees them."""
    rows = await read(
        """SELECT asked.place - 1 AS place, e.*
           FROM unnest(%s::uuid[], %s::bigint[]) WITH ORDINALITY AS asked(complaint_id, after, place)
           CROSS JOIN LATERAL (
               SELECT * FROM complaint_event WHERE complaint_id = asked.complaint_id AND seq > asked.after
               ORDER BY seq LIMIT 200) AS e
           ORDER BY asked.place, e.seq""",
        [key for key, _, _ in asked],
        [after for _, after, _ in asked],
    )
    found: dict[int, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for count, row in enumerate(rows, 1):
        place, event = row.pop("place"), ComplaintEvent(**row)
        found[place].append((event.seq, _shown(ground, event, asked[place][2])))
        if not count % SHOWN_AT_ONCE:
            await asyncio.sleep(0)
    return [found[place] for place in range(len(asked))]


def _shown(ground: Ground, event: ComplaintEvent, view: Hashable) -> dict[str, Any]:
    if not isinstance(view, tuple):
        raise TypeError(view)
    viewer, language = view
    return show_event(event, Viewer(viewer), str(language), ground.media.url)


async def last_numbers(_: Ground, keys: Collection[str]) -> Mapping[str, int]:
    """Give the last number of each complaint in one query."""
    rows = await read("SELECT id, last_seq FROM complaint WHERE id = ANY(%s::uuid[])", list(keys))
    return {str(row["id"]): row["last_seq"] for row in rows}


COMPLAINT_TOPIC = Topic(
    kind="complaint",
    watch=watch,
    history=history,
    last_numbers=last_numbers,
    watch_many=watch_many,
    history_many=history_many,
)
