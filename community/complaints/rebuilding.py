"""`linli rebuild`: every projection made anew from its events, and whether that changed anything."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import structlog

from community.calendar.queries import current_calendar
from community.complaints.models import Complaint, Deadline, ResponsibilityInterval
from community.complaints.timeline import reproject
from foundation.database import transaction
from foundation.ground import Ground

log = structlog.get_logger(__name__)
PAGE = 500


async def rebuild(ground: Ground) -> tuple[int, int]:
    """Make all projections anew; give how many complaints there are and how many differed.

    Each is locked only for itself, so residents and the core go on meanwhile.
    """
    seen = differed = 0
    async for complaint_id in _all_ids():
        seen += 1
        async with transaction():
            complaint = await Complaint.filter(id=complaint_id).select_for_update(no_key=True).get()
            before = await _picture(complaint)
            await reproject(complaint, at=ground.clock.now(), calendar=await current_calendar())
            after = await _picture(complaint)
        if before != after:
            differed += 1
            log.warning("projection_differed", complaint=complaint.number)
    return seen, differed


async def _all_ids() -> AsyncIterator[UUID]:
    last: UUID | None = None
    while True:
        page = Complaint.filter(id__gt=last) if last else Complaint.all()
        ids = [row["id"] for row in await page.order_by("id").limit(PAGE).values("id")]
        for each in ids:
            yield each
        if len(ids) < PAGE:
            return
        last = ids[-1]


async def _picture(complaint: Complaint) -> list[Any]:
    """Give everything that is a projection, comparable."""
    rows: list[Any] = [
        complaint.status,
        complaint.round,
        complaint.unit,
        complaint.duty_phone,
        complaint.answered_at,
        complaint.rate_by,
        complaint.last_seq,
    ]
    for model in (Deadline, ResponsibilityInterval):
        rows += [values_of(row) for row in await model.filter(complaint_id=complaint.id).order_by("position")]
    return rows


def values_of(row: Any) -> dict[str, Any]:
    """Give a row's columns but for its id, to compare."""
    return {name: getattr(row, name) for name in row._meta.fields_db_projection if name != "id"}  # noqa: SLF001
