"""What is held about a person, room by room: given to them on request, and ended when they leave.

Each room lists its `Holding`s in its `PART`. `everything_about` asks all of them, `end_everything` ends all of
them in the caller's transaction: a room that joins later is asked too, without a change here.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from foundation.access import Actor
from foundation.database import Transaction, query, transaction
from foundation.ground import Ground
from foundation.idempotency import forget_answers
from foundation.media.actions import discard_media
from foundation.media.models import Media
from foundation.media.signing import Variant
from foundation.parts import load_parts


@dataclass(frozen=True, slots=True)
class Leaving:
    """Somebody who goes, and when."""

    actor: Actor
    ground: Ground
    at: datetime
    """Domain time."""
    real_at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of thing that is held about people."""

    name: str
    tables: tuple[str, ...]
    """The tables whose rows name the person; a test finds the one that nobody declares."""
    give: Callable[[Ground, Actor], Awaitable[Any]]
    """Gives it as JSON values, whole and readable."""
    end: Callable[[Transaction, Leaving], Awaitable[object]]
    """Ends it: removed, or left without identity. Runs in one transaction with all others, and may run twice."""


async def everything_about(ground: Ground, actor: Actor) -> dict[str, Any]:
    """Give everything that is held about somebody, as of one instant."""
    async with transaction() as tx:
        await tx.connection.execute_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return {each.name: await each.give(ground, actor) for part in load_parts() for each in part.holdings}


async def end_everything(tx: Transaction, leaving: Leaving) -> None:
    """End everything that is held about somebody; rooms above first, as they point to those below."""
    for part in reversed(load_parts()):
        for each in part.holdings:
            await each.end(tx, leaving)


async def _uploads(ground: Ground, actor: Actor) -> list[dict[str, Any]]:
    mine = await Media.filter(owner_kind=actor.kind, owner_id=actor.id).order_by("uploaded_at", "id")
    return [
        {
            "id": str(each.id),
            "kind": each.kind.value,
            "content_type": each.content_type,
            "bytes": each.bytes,
            "sha256": each.sha256,
            "uploaded_at": each.uploaded_at,
            "used_at": each.attached_at,
            "url": ground.media.url(each.id),
            "thumbnail_url": ground.media.url(each.id, Variant.THUMBNAIL) if each.thumbnail_key else None,
        }
        for each in mine
    ]


async def _end_uploads(_: Transaction, leaving: Leaving) -> None:
    mine = Media.filter(owner_kind=leaving.actor.kind, owner_id=leaving.actor.id)
    await discard_media([each.id for each in await mine.only("id")])


async def _answers(_: Ground, actor: Actor) -> list[dict[str, Any]]:
    return await query(
        "SELECT key, status, body, created_at FROM idempotency_key WHERE actor_key = %s ORDER BY id", actor.key
    )


async def _looks(_: Ground, actor: Actor) -> list[dict[str, Any]]:
    """Who of the staff looked at this person, and what they themselves did that is recorded."""
    return await query(
        "SELECT at, what, reason, CASE WHEN actor_kind = %s AND actor_id = %s THEN 'self' ELSE actor_kind END AS by"
        " FROM audit_entry WHERE subject = %s OR (actor_kind = %s AND actor_id = %s) ORDER BY id",
        actor.kind,
        actor.id,
        f"{actor.kind}:{actor.id}",
        actor.kind,
        actor.id,
    )


async def _keep_looks(_: Transaction, __: Leaving) -> None:
    """Leave the audit as it is: law keeps it, and it names people by number only."""


async def _forget(_: Transaction, leaving: Leaving) -> None:
    await forget_answers(leaving.actor.key)


HOLDINGS = (
    Holding("uploads", ("media",), _uploads, _end_uploads),
    Holding("kept_answers", ("idempotency_key",), _answers, _forget),
    Holding("looks_at_me", ("audit_entry",), _looks, _keep_looks),
)
