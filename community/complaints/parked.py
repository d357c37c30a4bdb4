"""What waits for a person: messages the core did not take, updates that fit nothing, and conflicting ones."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from community.complaints.jobs import pass_on
from community.complaints.models import (
    Complaint,
    DispatchConflict,
    DispatchMessage,
    DispatchUpdate,
    MessageState,
    UpdateState,
)
from foundation.clock import real_now
from foundation.database import Transaction, query, transaction


@dataclass(frozen=True, slots=True)
class Parked:
    """One thing that waits for a person."""

    kind: str
    """`message`, `update` or `conflict`."""
    name: str
    """The case number, or the update's id."""
    since: datetime
    why: str


async def parked_things() -> list[Parked]:
    """List everything that waits for a person, oldest first."""
    messages = await DispatchMessage.filter(state=MessageState.PARKED).select_related("complaint")
    updates = await DispatchUpdate.filter(state=UpdateState.PARKED)
    conflicts = await DispatchConflict.filter(settled_at=None)
    things = [
        Parked("message", f"{each.complaint.number}/{each.seq}", each.created_at, each.last_error or "")
        for each in messages
    ]
    things += [Parked("update", each.update_id, each.received_at, each.outcome or "") for each in updates]
    things += [
        Parked("conflict", each.update_id, each.received_at, "known with another body") for each in conflicts
    ]
    return sorted(things, key=lambda each: each.since)


async def count_parked() -> float:
    """Count everything that waits for a person: whatever is above zero is an alarm."""
    rows = await query(
        "SELECT (SELECT count(*) FROM dispatch_message WHERE state = 'parked')"
        " + (SELECT count(*) FROM dispatch_update WHERE state = 'parked')"
        " + (SELECT count(*) FROM dispatch_conflict WHERE settled_at IS NULL) AS n"
    )
    return float(rows[0]["n"])


async def count_unsent() -> float:
    """Count what the core has not been told yet."""
    return float((await query("SELECT count(*) AS n FROM dispatch_message WHERE state = 'waiting'"))[0]["n"])


async def count_unread() -> float:
    """Count the core's updates that are stored and not yet applied."""
    return float((await query("SELECT count(*) AS n FROM dispatch_update WHERE state = 'waiting'"))[0]["n"])


async def retry_everything(number: str | None) -> int:
    """Let parked messages and updates try again; of one complaint if its number is given."""
    complaint_id: UUID | None = None
    if number:
        complaint_id = (await Complaint.get(number=number)).id
    async with transaction() as tx:
        count = await _retry_messages(tx, complaint_id)
        if number is None:
            rows = await tx.query(
                "UPDATE dispatch_update SET state = 'waiting', attempts = 0, not_before = %s, claimed_until = NULL"
                " WHERE state = 'parked' RETURNING id", real_now(),
            )
            count += len(rows)
    return count


async def _retry_messages(tx: Transaction, complaint_id: UUID | None) -> int:
    """Let parked messages try again, each complaint's in order; give how many there were."""
    parked = DispatchMessage.filter(state=MessageState.PARKED).order_by("complaint_id", "seq")
    if complaint_id:
        parked = parked.filter(complaint_id=complaint_id)
    messages = await parked.select_for_update()
    for message in messages:
        await DispatchMessage.filter(id=message.id).update(
            state=MessageState.WAITING, first_tried_at=None, next_try_at=real_now()
        )
        tx.defer(pass_on.call(
            complaint_id=str(message.complaint_id), seq=message.seq, lock=f"complaint:{message.complaint_id}"
        ))
    return len(messages)
