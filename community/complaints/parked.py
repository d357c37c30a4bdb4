"""What waits for a person: messages the core did not take, updates that fit nothing or say an unknown word, conflicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from community.complaints.dispatch_models import (
    DispatchConflict,
    DispatchMessage,
    DispatchUpdate,
    MessageState,
    UpdateState,
)
from community.complaints.errors import UnknownNumberError, UnknownUpdateError
from community.complaints.jobs import pass_on
from community.complaints.models import Complaint
from foundation.clock import real_now
from foundation.database import Transaction, query, transaction
from foundation.given_up import given_up_jobs, retry_given_up


@dataclass(frozen=True, slots=True)
class Parked:
    """One thing that waits for a person."""

    kind: str
    """`message`, `update`, `word`, `conflict` or `job`."""
    name: str
    """The case number with the event's number, the update's id, or the job's name."""
    since: datetime
    why: str


async def parked_things() -> list[Parked]:
    """List everything that waits for a person, oldest first."""
    messages = await DispatchMessage.filter(state=MessageState.PARKED).select_related("complaint")
    updates = await DispatchUpdate.filter(state=UpdateState.PARKED)
    words = await DispatchUpdate.filter(state=UpdateState.NOTED)
    conflicts = await DispatchConflict.filter(settled_at=None)
    things = [
        Parked("message", f"{each.complaint.number}/{each.seq}", each.created_at, each.last_error or "")
        for each in messages
    ]
    things += [Parked("update", each.update_id, each.received_at, each.outcome or "") for each in updates]
    things += [Parked("word", each.update_id, each.received_at, _unknown_word(each)) for each in words]
    things += [Parked("conflict", each.update_id, each.received_at, "known with another body") for each in conflicts]
    things += [
        Parked("job", each.name, each.failed_at or real_now(), f"failed {each.attempts} times")
        for each in await given_up_jobs()
    ]
    return sorted(things, key=lambda each: each.since)


def _unknown_word(update: DispatchUpdate) -> str:
    return f"shown as a note: {update.body.get('event') or update.body.get('status')!s}"[:120]


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


async def count_unknown_words() -> float:
    """Count the updates shown as a note because nobody knows their word, until a person has looked."""
    return float((await query("SELECT count(*) AS n FROM dispatch_update WHERE state = 'noted'"))[0]["n"])


async def retry_everything(number: str | None) -> int:
    """Let parked messages, updates and jobs try again; only one complaint's messages if its number is given.

    Raises:
        UnknownNumberError: no complaint has this number.

    """
    complaint_id = await _complaint_of(number) if number else None
    async with transaction() as tx:
        count = await _retry_messages(tx, complaint_id)
        if number is None:
            rows = await tx.query(
                "UPDATE dispatch_update SET state = 'waiting', attempts = 0, not_before = %s, claimed_until = NULL"
                " WHERE state = 'parked' RETURNING id",
                real_now(),
            )
            count += len(rows) + await retry_given_up(tx)
    return count


async def _complaint_of(number: str) -> UUID:
    complaint = await Complaint.get_or_none(number=number)
    if complaint is None:
        raise UnknownNumberError
    return complaint.id


@dataclass(frozen=True, slots=True)
class OneField:
    """One field of an update of which the same id said different things."""

    name: str
    first: str
    """As it was applied."""
    later: str


async def conflicting_fields(update_id: str) -> list[list[OneField]]:
    """Hold each unsettled second body of an update against the first; one list for each, oldest first.

    Raises:
        UnknownUpdateError: there is no such update.

    """
    stored = await DispatchUpdate.get_or_none(update_id=update_id)
    if stored is None:
        raise UnknownUpdateError
    conflicts = await DispatchConflict.filter(update_id=update_id, settled_at=None).order_by("id")
    return [_compared(stored.body, each.body) for each in conflicts]


def _compared(first: Mapping[str, object], later: Mapping[str, object]) -> list[OneField]:
    names = [name for name in dict.fromkeys([*first, *later]) if first.get(name) != later.get(name)]
    return [OneField(name, _written(first.get(name)), _written(later.get(name))) for name in names]


def _written(value: object) -> str:
    return "-" if value is None else str(value)


async def settle(update_id: str) -> int:
    """Note that a person has looked at an update's conflicting bodies or unknown word; give how many there were.

    Nothing that was stored is changed or applied by it.
    """
    async with transaction():
        conflicts = await DispatchConflict.filter(update_id=update_id, settled_at=None).update(settled_at=real_now())
        words = await DispatchUpdate.filter(update_id=update_id, state=UpdateState.NOTED).update(state=UpdateState.DONE)
    return conflicts + words


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
        tx.defer(
            pass_on.call(
                complaint_id=str(message.complaint_id), seq=message.seq, lock=f"complaint:{message.complaint_id}"
            )
        )
    return len(messages)
