"""The only way to another person's complaint. Absent and forbidden answer the same."""

from enum import StrEnum
from uuid import UUID

from community.complaints.models import Complaint, ComplaintFollow
from foundation.access import Actor
from foundation.database import read
from foundation.errors import NotFoundError
from foundation.statements import rows_as


class Viewer(StrEnum):
    """As whom somebody looks at a complaint; each sees a projection of their own."""

    OWNER = "owner"
    SUPPORTER = "supporter"


async def access_complaint(actor: Actor, complaint_id: UUID, *, lock: bool = False) -> tuple[Complaint, Viewer]:
    """Give a complaint and as whom the actor sees it.

    Raises:
        NotFoundError: there is none, or the actor may not see it.

    """
    complaint = await _find(complaint_id, lock=lock)
    own = complaint.resident_id == actor.id
    return complaint, viewer_of(actor, complaint, follows=not own and await follows(actor, complaint))


def viewer_of(actor: Actor, complaint: Complaint, *, follows: bool) -> Viewer:
    """Say as whom the actor sees a complaint.

    Raises:
        NotFoundError: they may not see it.

    """
    if actor.kind == "resident" and complaint.resident_id == actor.id:
        return Viewer.OWNER
    if actor.kind == "resident" and follows:
        return Viewer.SUPPORTER
    raise NotFoundError


async def access_own_complaint(actor: Actor, complaint_id: UUID, *, lock: bool = True) -> Complaint:
    """Give a complaint of the actor's own, locked.

    Raises:
        NotFoundError: there is none, or it is somebody else's.

    """
    complaint = await _find(complaint_id, lock=lock)
    if actor.kind != "resident" or complaint.resident_id != actor.id:
        raise NotFoundError
    return complaint


async def access_complaint_to_follow(actor: Actor, complaint_id: UUID) -> Complaint:
    """Give a complaint a resident may say "me too" to: any that is not confidential. Their view stays a supporter's.

    Raises:
        NotFoundError: there is none, it is somebody else's confidential one, or the actor is no resident.

    """
    if actor.kind != "resident":
        raise NotFoundError
    complaint = await _find(complaint_id, lock=False)
    if complaint.confidential and complaint.resident_id != actor.id:
        raise NotFoundError
    return complaint


async def follows(actor: Actor, complaint: Complaint) -> bool:
    """Whether a resident follows a complaint."""
    return await ComplaintFollow.filter(complaint_id=complaint.id, resident_id=actor.id).exists()


_ONE = "SELECT * FROM complaint WHERE id = %s"
ONE_LOCKED = f"{_ONE} FOR NO KEY UPDATE"


async def _find(complaint_id: UUID, *, lock: bool) -> Complaint:
    rows = await read(ONE_LOCKED if lock else _ONE, complaint_id)
    if not rows:
        raise NotFoundError
    return rows_as(Complaint, rows)[0]
