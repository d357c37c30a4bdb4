"""What runs later or by itself: passing on again, comparing with the core, deadlines and unrated results."""

from functools import partial
from uuid import UUID

import structlog

from community.calendar.queries import current_calendar
from community.complaints.dispatch import comparing, reconciling
from community.complaints.dispatch.outbound import pass_on_message
from community.complaints.models import Complaint, Deadline, DeadlineState, Status
from community.complaints.rating import close_unrated
from community.complaints.timeline import reproject, topic_of
from foundation.clock import real_now
from foundation.database import transaction
from foundation.ground import Ground
from foundation.jobs import job

log = structlog.get_logger(__name__)
BATCH = 200


@job("complaints.pass_on")
async def pass_on(ground: Ground, *, complaint_id: str, seq: int) -> None:
    """Pass a message on that had been parked."""
    await pass_on_message(ground, UUID(complaint_id), seq)


@job("complaints.reconcile_with_dispatch", attempts=3)
async def reconcile_with_dispatch(ground: Ground) -> None:
    """Compare with the core."""
    await reconciling.reconcile(ground)


@job("complaints.compare_everything", attempts=3)
async def compare_everything(ground: Ground) -> None:
    """Compare every request and update with the core, once a night."""
    if await comparing.is_due(real_now()):
        await comparing.compare(ground)


async def mark_late(ground: Ground) -> int:
    """Mark the promises whose instant, or whose longest pause, has passed; give how many complaints that touched."""
    now = ground.clock.now()
    late = Deadline.filter(state=DeadlineState.RUNNING, due_at__lt=now).order_by("due_at").limit(BATCH)
    waited = Deadline.filter(state=DeadlineState.PAUSED, resumes_at__lt=now).order_by("resumes_at").limit(BATCH)
    touched = dict.fromkeys([row.complaint_id for row in [*await late, *await waited]])
    for complaint_id in touched:
        async with transaction() as tx:
            complaint = await Complaint.filter(id=complaint_id).select_for_update(no_key=True).get()
            await reproject(complaint, at=now, calendar=await current_calendar())
            tx.after_commit(partial(ground.live.publish, topic_of(complaint), complaint.last_seq))
    return len(touched)


async def close_what_nobody_rated(ground: Ground) -> int:
    """Close the results nobody rated within seven days; give how many."""
    now = ground.clock.now()
    due = Complaint.filter(status=Status.ANSWERED, rate_by__lt=now).order_by("rate_by").limit(BATCH)
    ids = [row.id async for row in due]
    calendar = await current_calendar()
    return sum([await close_unrated(each, at=now, calendar=calendar, live=ground.live) for each in ids])
