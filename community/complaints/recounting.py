"""Days were announced or corrected: results that are still promised are counted anew.

Each change is an event with the old and the new instant, so the resident sees
it and the fold knows it. What was met or late by then is never touched.
"""

from datetime import datetime
from functools import partial
from uuid import UUID

from community.calendar.queries import current_calendar
from community.complaints.lifecycle import WorkingDays
from community.complaints.models import (
    Complaint,
    ComplaintEvent,
    Deadline,
    DeadlineKind,
    DeadlineState,
    EventType,
    Source,
)
from community.complaints.timeline import NewEvent, append, topic_of
from foundation.database import transaction
from foundation.ground import Ground

OPEN = (DeadlineState.RUNNING, DeadlineState.PAUSED)


async def recount_results(ground: Ground) -> int:
    """Count the open results anew; give how many instants changed."""
    calendar = await current_calendar()
    rows = await Deadline.filter(kind=DeadlineKind.RESULT, state__in=OPEN).order_by("complaint_id")
    ids = dict.fromkeys(row.complaint_id for row in rows)
    return sum([await _recount(ground, each, calendar, at=ground.clock.now()) for each in ids])


async def _recount(ground: Ground, complaint_id: UUID, calendar: WorkingDays, *, at: datetime) -> bool:
    async with transaction() as tx:
        complaint = await Complaint.filter(id=complaint_id).select_for_update(no_key=True).get()
        deadline = (
            await Deadline.filter(complaint_id=complaint_id, kind=DeadlineKind.RESULT, state__in=OPEN)
            .order_by("-position")
            .first()
        )
        counted = await _last_count(complaint_id, complaint.round)
        if deadline is None or counted is None or (deadline.state is DeadlineState.RUNNING and at > deadline.due_at):
            return False
        fresh = calendar.add_working_days(deadline.started_at, complaint.result_days)
        if fresh == counted:
            return False
        # A pause or an extension has moved the instant since it was counted; it moves along by the difference.
        changed = NewEvent(
            EventType.DEADLINE_CHANGED,
            Source.SYSTEM,
            at,
            due_at=deadline.due_at + (fresh - counted),
            detail={"from": deadline.due_at.isoformat(), "counted": fresh.isoformat()},
        )
        await append(complaint, changed, at=at, calendar=calendar)
        tx.after_commit(partial(ground.live.publish, topic_of(complaint), complaint.last_seq))
    return True


async def _last_count(complaint_id: UUID, round_: int) -> datetime | None:
    """Give the instant as it was counted last, before pauses and extensions."""
    events = await ComplaintEvent.filter(complaint_id=complaint_id, round=round_).order_by("seq")
    changed = [event for event in events if event.type is EventType.DEADLINE_CHANGED]
    if changed:
        return datetime.fromisoformat(str(changed[-1].detail["counted"]))
    return next((event.result_due_at for event in events if event.result_due_at), None)
