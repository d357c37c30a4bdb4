"""Looking for what was lost on the way: every few minutes the core's updates of the last while are read again.

The windows overlap on purpose: each begins an hour before the last one ended,
so a late clock or a failed run leaves no gap. What is ours passes through the
same inbox, where what is known changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from community.complaints.dispatch.client import DispatchClient, DispatchError
from community.complaints.dispatch.inbound import Taken, Told, take_in, wake_desk
from community.complaints.dispatch.protocol import CoreUpdate
from community.complaints.dispatch_models import ReconciliationRun
from foundation.breaker import BreakerOpenError
from foundation.database import query
from foundation.ground import Ground

log = structlog.get_logger(__name__)
OVERLAP = timedelta(hours=1)
FIRST_WINDOW = timedelta(days=1)
LONGEST_WINDOW = timedelta(days=89)
BATCH = 100


async def reconcile(ground: Ground) -> int:
    """Read one window of updates and store what we did not know; give how many that were.

    A core that cannot be asked now is asked at the next turn, over the longer window.
    """
    until = ground.clock.now()
    last = await ReconciliationRun.all().order_by("-until").first()
    since = max(min(last.until, until) - OVERLAP if last else until - FIRST_WINDOW, until - LONGEST_WINDOW)
    run = ReconciliationRun(started_at=until, since=since, until=until, seen=0, found=0)
    batch: list[CoreUpdate] = []
    try:
        async for update in ground.get(DispatchClient).updates_between(since, until + timedelta(minutes=5)):
            batch.append(update)
            if len(batch) >= BATCH:
                await _take(ground, batch, run)
                batch = []
        await _take(ground, batch, run)
    except (DispatchError, BreakerOpenError) as error:
        log.warning("reconciliation_put_off", why=str(error))
        return run.found
    await run.save()
    if run.found:
        log.warning("reconciliation_found_lost_updates", found=run.found, seen=run.seen)
        await wake_desk(ground)
    return run.found


async def _take(ground: Ground, batch: list[CoreUpdate], run: ReconciliationRun) -> None:
    if not batch:
        return
    told = [
        Told(update.update_id, update.model_dump(mode="json", exclude_unset=True), "pull", ground.clock.now())
        for update in await ours_among(batch)
    ]
    run.seen += len(batch)
    run.found += (await take_in(told)).count(Taken.STORED)


async def ours_among(batch: Sequence[CoreUpdate]) -> list[CoreUpdate]:
    """Leave out what belongs to others: a core serves a whole city, and its window lists everybody's updates."""
    rows = await query(
        "SELECT id, remote_id FROM complaint WHERE id = ANY(%s) OR remote_id = ANY(%s)",
        [each.complaint_id for each in batch if each.complaint_id],
        [each.service_request_id for each in batch if each.service_request_id],
    )
    ids = {UUID(str(row["id"])) for row in rows}
    remote_ids = {row["remote_id"] for row in rows}
    return [each for each in batch if each.complaint_id in ids or each.service_request_id in remote_ids - {None}]
