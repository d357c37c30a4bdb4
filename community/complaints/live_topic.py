"""Complaints on the live feed: who may watch one, and its events as each sees them."""

from collections.abc import Collection, Hashable, Mapping
from uuid import UUID

from community.complaints.access import Viewer, access_complaint
from community.complaints.queries import events_after
from community.complaints.showing import show_event
from foundation.access import Actor
from foundation.database import query
from foundation.errors import NotFoundError
from foundation.ground import Ground
from foundation.live import NumberedEvents, Topic


async def watch(_: Ground, actor: Actor, key: str) -> Hashable:
    """Give the projection and language an actor watches in.

    Raises:
        NotFoundError: there is no such complaint, the actor may not see it, or the id is spelt otherwise.
    """
    try:
        complaint_id = UUID(key)
    except ValueError:
        raise NotFoundError from None
    if str(complaint_id) != key:
        raise NotFoundError
    return (await access_complaint(actor, complaint_id))[1], actor.language


async def history(ground: Ground, key: str, after: int, view: Hashable) -> NumberedEvents:
    """Give the events after a number as a view sees them."""
    if not isinstance(view, tuple):
        raise TypeError(view)
    viewer, language = view
    return [
        (event.seq, show_event(event, Viewer(viewer), str(language), ground.media.url))
        for event in await events_after(UUID(key), after)
    ]


async def last_numbers(_: Ground, keys: Collection[str]) -> Mapping[str, int]:
    """Give the last number of each complaint in one query."""
    rows = await query("SELECT id, last_seq FROM complaint WHERE id = ANY(%s::uuid[])", list(keys))
    return {str(row["id"]): row["last_seq"] for row in rows}


COMPLAINT_TOPIC = Topic(kind="complaint", watch=watch, history=history, last_numbers=last_numbers)
