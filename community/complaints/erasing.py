"""What stays of a complaint when its owner leaves: number, category, community, steps and marks; no words, no identity.

A case that is open goes on without its owner, and the dispatch core is told to forget who it was. One that the
core has not been given yet is taken back: there is nothing left to deal with.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import LiteralString
from uuid import UUID

from community.calendar.queries import current_calendar
from community.complaints.dispatch_models import DispatchMessage, MessageKind, MessageState
from community.complaints.lifecycle import ENDED
from community.complaints.models import (
    Complaint,
    ComplaintFollow,
    ComplaintLikeness,
    EventType,
    Rating,
    Source,
)
from community.complaints.queries import community_above
from community.complaints.timeline import NewEvent, add, reproject
from community.people.leaving import nobody
from community.places.coordinates import Datum, Point
from community.places.models import Place, PlaceKind
from community.places.queries import places_near
from foundation.database import Transaction, query, transaction
from foundation.ground import Ground
from foundation.holdings import Leaving
from foundation.media.actions import discard_media
from foundation.words import say

GONE = say("（应本人要求已删除）")
"""What stands in place of the words; the database wants some."""
FORGET = say("反映人已经离开，请删掉留存的姓名和电话；事情照常办。")
"""What the core is told, and whoever follows the case reads."""


async def end_complaints(tx: Transaction, leaving: Leaving) -> None:
    """Leave a resident's complaints without them, and end what they followed."""
    mine = await Complaint.filter(resident_id=leaving.actor.id).order_by("id").select_for_update(no_key=True)
    await _empty(tx, mine, to=await nobody(tx, at=leaving.real_at))
    for complaint in mine:
        await _tell(tx, leaving, complaint)
    await ComplaintFollow.filter(resident_id=leaving.actor.id).delete()


async def empty_outlived(ground: Ground, before: datetime) -> int:
    """Take words and identity from complaints that ended before that instant; give how many there were.

    Nobody is told: the core has its own time for keeping.
    """
    emptied = 0
    while ids := await outlived(before, limit=50):
        async with transaction() as tx:
            await tx.query("SELECT set_config('linli.erasing', 'on', true)")
            old = await Complaint.filter(id__in=ids).order_by("id").select_for_update(no_key=True)
            await _empty(tx, old, to=await nobody(tx, at=ground.clock.now()))
            for complaint in old:
                await reproject(complaint, at=ground.clock.now(), calendar=await current_calendar())
        emptied += len(ids)
    return emptied


async def outlived(before: datetime, *, limit: int = 1_000_000) -> list[UUID]:
    """List complaints that ended before an instant and still have their owner."""
    rows = await query(
        """SELECT id FROM complaint
           WHERE status = ANY(%s) AND resident_id <> coalesce((SELECT id FROM resident WHERE nobody), 0)
               AND filed_at < %s AND NOT EXISTS (
                   SELECT FROM complaint_event e WHERE e.complaint_id = complaint.id AND e.received_at >= %s)
           ORDER BY filed_at LIMIT %s""",
        [status.value for status in ENDED],
        before,
        before,
        limit,
    )
    return [row["id"] for row in rows]


async def _empty(tx: Transaction, complaints: Sequence[Complaint], *, to: int) -> None:
    ids = [complaint.id for complaint in complaints]
    if not ids:
        return
    await _empty_events(tx, ids)
    await _empty_updates(tx, complaints)
    await Rating.filter(complaint_id__in=ids).update(text=None)
    await ComplaintLikeness.filter(complaint_id__in=ids).delete()
    await DispatchMessage.filter(complaint_id__in=ids).update(last_error=None)
    await tx.query(_FORGET_STAFFS_ANSWERS, [f"%{each}%" for each in ids])
    for complaint in complaints:
        complaint.resident_id, complaint.text, complaint.answers = to, GONE, {}
        complaint.place_id = await _coarse_place(complaint)
        complaint.lng = complaint.lat = complaint.datum = complaint.on_behalf_of_sealed = None
        complaint.confidential = complaint.anonymous = True
        await complaint.save(
            update_fields=[
                "resident_id",
                "text",
                "answers",
                "place_id",
                "lng",
                "lat",
                "datum",
                "on_behalf_of_sealed",
                "confidential",
                "anonymous",
            ]
        )


async def _empty_events(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Blank what the owner said and what was said to them; what the unit wrote for everybody stays."""
    shown = await tx.query(_PRIVATE_MEDIA, ids)
    await tx.query(_EMPTY_EVENTS, ids)
    await discard_media([UUID(each["id"]) for row in shown for each in row["media"]])


_PRIVATE_MEDIA = """
SELECT media FROM complaint_event WHERE complaint_id = ANY(%s)
    AND (source = 'resident' OR (source = 'core' AND detail ->> 'public' IS DISTINCT FROM 'true'))
"""
_EMPTY_EVENTS = """
UPDATE complaint_event SET text = NULL, media = '[]', detail = detail - 'media_urls' - 'unknown_event'
WHERE complaint_id = ANY(%s)
    AND (source = 'resident' OR (source = 'core' AND detail ->> 'public' IS DISTINCT FROM 'true'))
RETURNING id
"""


async def _empty_updates(tx: Transaction, complaints: Sequence[Complaint]) -> None:
    """Empty what the core sent about them; what has not become an event yet is emptied when it does."""
    ids = [complaint.id for complaint in complaints]
    named = [ids, [complaint.remote_id for complaint in complaints if complaint.remote_id]]
    await tx.query(_EMPTY_CONFLICTS, *named, ids, *named)  # first, as they are found by the updates' bodies too
    await tx.query(_EMPTY_UPDATES, ids)
    await tx.query(_EMPTY_PARKED, *named)


_NAMES_ONE: LiteralString = (
    "(complaint_named_in(body) = ANY(%s::uuid[]) OR btrim(body ->> 'service_request_id') = ANY(%s::text[]))"
)
_EMPTY_CONFLICTS = f"""
UPDATE dispatch_conflict SET body = '{{}}'
WHERE body <> '{{}}' AND ({_NAMES_ONE}
    OR update_id IN (SELECT update_id FROM complaint_event WHERE complaint_id = ANY(%s))
    OR update_id IN (SELECT update_id FROM dispatch_update WHERE state IN ('waiting', 'parked') AND {_NAMES_ONE}))
RETURNING id
"""  # noqa: S608 - written in the code
_EMPTY_UPDATES = """
UPDATE dispatch_update SET body = '{}'
WHERE state IN ('done', 'noted')
    AND update_id IN (SELECT update_id FROM complaint_event WHERE complaint_id = ANY(%s))
RETURNING id
"""
_EMPTY_PARKED = f"""
UPDATE dispatch_update SET body = '{{}}' WHERE state = 'parked' AND {_NAMES_ONE} RETURNING id
"""  # noqa: S608 - written in the code
_FORGET_STAFFS_ANSWERS = """
DELETE FROM idempotency_key
WHERE actor_key IN (
        SELECT 'staff:' || id FROM staff
        UNION SELECT 'resident:' || resident_id FROM role_grant WHERE resident_id IS NOT NULL)
    AND body LIKE ANY(%s)
RETURNING id
"""
"""Answers that are kept for whoever worked on it; found by who they are, never by looking through all."""


async def _coarse_place(complaint: Complaint) -> int:
    """Give the community it is in, or the district where that cannot be told."""
    if complaint.place_id is not None:
        return await community_above(complaint.place_id) or complaint.place_id
    if complaint.lng is not None and complaint.lat is not None and complaint.datum is not None:
        pin = Point(complaint.lng, complaint.lat, Datum(complaint.datum))
        if near := await places_near(pin, limit=1):
            return await community_above(near[0].place.id) or near[0].place.id
    district = await Place.get(kind=PlaceKind.DISTRICT)
    return int(district.id)


async def _tell(tx: Transaction, leaving: Leaving, complaint: Complaint) -> None:
    """Tell the core that it must forget them too, or take back what it has not been given."""
    request = await DispatchMessage.get(complaint_id=complaint.id, kind=MessageKind.REQUEST)
    ungiven = complaint.remote_id is None and request.state is not MessageState.SENT
    if ungiven and complaint.status not in ENDED:
        said = NewEvent(EventType.WITHDRAWN, Source.RESIDENT, leaving.at)
    else:
        said = NewEvent(EventType.NOTE, Source.SYSTEM, leaving.at, text=FORGET, detail={"why": "owner_left"})
    calendar = await current_calendar()
    await add(tx, complaint, said, at=leaving.at, calendar=calendar, live=leaving.ground.live)
