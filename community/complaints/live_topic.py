"""Complaints on the live feed: who may watch one, and its events as each sees them."""

import asyncio
import re
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
from foundation.statements import array_of, rows_as

OUR_SPELLING = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
NOBODY = "NULL"
AS_WHOM = {True: Viewer.OWNER, False: Viewer.SUPPORTER}
"""How a resident sees a complaint that is their own, or that they follow."""
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
    rows = await read(
        """SELECT coalesce(array_agg(own ORDER BY place), '{}') AS owns FROM (
               SELECT w.place, CASE WHEN c.resident_id = w.resident_id THEN true WHEN EXISTS (
                   SELECT 1 FROM complaint_follow f
                   WHERE f.complaint_id = w.complaint_id AND f.resident_id = w.resident_id) THEN false END AS own
               FROM unnest(%s::bigint[], %s::uuid[]) WITH ORDINALITY AS w(resident_id, complaint_id, place)
               LEFT JOIN complaint c ON c.id = w.complaint_id) AS seen""",
        array_of(str(actor.id) if actor.kind == "resident" else NOBODY for actor, _ in asked),
        array_of(_ours(key) for _, key in asked),
    )
    return [
        (AS_WHOM[own], actor.language) if own is not None else None
        for (actor, _), own in zip(asked, rows[0]["owns"], strict=True)
    ]


def _ours(key: str) -> str:
    """Give a key that is an id in the one spelling that is published; any other is nobody's."""
    return key if OUR_SPELLING.fullmatch(key) else NOBODY


async def history(ground: Ground, key: str, after: int, view: Hashable) -> NumberedEvents:
    """Give the events after a number as a view sees them."""
    return [(event.seq, _shown(ground, event, view)) for event in await events_after(UUID(key), after)]


async def history_many(ground: Ground, asked: Sequence[Asked]) -> Sequence[NumberedEvents]:
    """Give the events after each one's number in one query, as each one's view sees them."""
    rows = await read(
        """SELECT asked.place - 1 AS asked_as, e.*
           FROM unnest(%s::uuid[], %s::bigint[]) WITH ORDINALITY AS asked(complaint_id, after, place)
           CROSS JOIN LATERAL (
               SELECT * FROM complaint_event WHERE complaint_id = asked.complaint_id AND seq > asked.after
               ORDER BY seq LIMIT 200) AS e
           ORDER BY asked.place, e.seq""",
        array_of(key for key, _, _ in asked),
        array_of(str(after) for _, after, _ in asked),
    )
    found: dict[int, list[tuple[int, Mapping[str, Any]]]] = defaultdict(list)
    for count, row in enumerate(rows, 1):
        place, (event,) = row.pop("asked_as"), rows_as(ComplaintEvent, [row])
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
    rows = await read(
        """SELECT coalesce(array_agg(c.last_seq ORDER BY place), '{}') AS numbers
           FROM unnest(%s::uuid[]) WITH ORDINALITY AS w(id, place) LEFT JOIN complaint c USING (id)""",
        array_of(keys),
    )
    return {key: number for key, number in zip(keys, rows[0]["numbers"], strict=True) if number is not None}


COMPLAINT_TOPIC = Topic(
    kind="complaint",
    watch=watch,
    history=history,
    last_numbers=last_numbers,
    watch_many=watch_many,
    history_many=history_many,
)
