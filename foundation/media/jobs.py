"""What runs later for media: objects of deleted rows are removed, and what nobody used is swept."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import structlog
from tortoise.expressions import Q

from foundation.clock import real_now
from foundation.database import transaction
from foundation.jobs import job
from foundation.media.models import Media
from foundation.media.store import MediaStore

if TYPE_CHECKING:
    from foundation.ground import Ground

log = structlog.get_logger(__name__)

KEPT_UNATTACHED = timedelta(days=1)
"""How long an upload may wait to be used: a form left open over night still works."""
ORPHAN_DAYS = 7
"""How many days back objects without rows are looked for; one is enough unless the worker stood still."""
BATCH = 200


@job("media.delete_objects")
async def delete_objects(ground: "Ground", *, keys: list[str]) -> None:
    """Remove the objects of rows that are gone."""
    await ground.media.delete(keys)


@job("media.sweep_unattached", attempts=3)
async def sweep_unattached(ground: "Ground") -> None:
    """Remove uploads that nobody used, and objects whose upload broke off before its row was written."""
    now = real_now()  # not the domain's time: a clock that is moved on must not take a photo from a form just open
    rows = await sweep_rows(now)
    objects = await sweep_orphans(ground.media, at=now)
    if rows or objects:
        log.info("media_swept", unattached=rows, orphans=objects)


async def sweep_rows(at: datetime) -> int:
    """Remove the rows that were not attached in time; their objects follow by a job."""
    swept = 0
    while batch := await _sweep_batch(at - KEPT_UNATTACHED):
        swept += batch
    return swept


async def _sweep_batch(before: datetime) -> int:
    async with transaction() as tx:
        rows = (
            await Media.filter(attached_at=None, uploaded_at__lt=before)
            .order_by("uploaded_at")
            .limit(BATCH)
            .select_for_update(skip_locked=True)
        )
        if rows:
            await Media.filter(id__in=[row.id for row in rows]).delete()
            tx.defer(delete_objects.call(keys=[key for row in rows for key in row.keys]))
    return len(rows)


async def sweep_orphans(store: MediaStore, *, at: datetime) -> int:
    """Remove objects of the last days that no row knows."""
    swept = 0
    for days in range(1, ORPHAN_DAYS + 1):
        found: list[str] = []
        async for stored in store.list(f"{at - timedelta(days=days):%Y/%m/%d}/"):
            if stored.stored_at < at - KEPT_UNATTACHED:
                found.append(stored.key)
            if len(found) == BATCH:
                swept += await _delete_unknown(store, found)
                found = []
        swept += await _delete_unknown(store, found)
    return swept


async def _delete_unknown(store: MediaStore, keys: list[str]) -> int:
    if not keys:
        return 0
    rows = await Media.filter(Q(object_key__in=keys) | Q(thumbnail_key__in=keys))
    known = {key for row in rows for key in row.keys}
    unknown = [key for key in keys if key not in known]
    await store.delete(unknown)
    return len(unknown)
