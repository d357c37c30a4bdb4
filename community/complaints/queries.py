"""What lists and pages read of complaints."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from community.complaints.access import Viewer
from community.complaints.actions import urge_after
from community.complaints.dispatch_models import DispatchMessage, MessageKind
from community.complaints.lifecycle import ENDED
from community.complaints.likeness import likeness, pairs_of
from community.complaints.models import Complaint, ComplaintEvent, Deadline, EventType, Rating, Status
from community.places.models import PlaceKind
from community.places.queries import PlaceDescription, paths_of
from foundation.access import Actor
from foundation.database import query

SIMILAR_WITHIN = timedelta(days=30)
MOST_SIMILAR = 5
LIKE_ENOUGH = 0.2
MOST_PAIRS_ASKED = 120


@dataclass(frozen=True, slots=True)
class Push:
    """How far passing on to the core has come."""

    state: str
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class Picture:
    """Everything a page shows of one complaint beside its events."""

    complaint: Complaint
    viewer: Viewer
    followed: bool
    place: PlaceDescription | None
    deadlines: Sequence[Deadline]
    rating: Rating | None
    result: ComplaintEvent | None
    media: Sequence[dict[str, str]]
    followers: int
    push: Push | None
    can: Sequence[str]
    urge_after: datetime | None


async def picture_of(complaint: Complaint, viewer: Viewer) -> Picture:
    """Give one complaint's picture."""
    return (await pictures_of([(complaint, viewer)]))[0]


async def pictures_of(seen: Sequence[tuple[Complaint, Viewer]]) -> list[Picture]:
    """Give many complaints' pictures with a fixed number of queries."""
    ids = [complaint.id for complaint, _ in seen]
    deadlines = defaultdict(list)
    for deadline in await Deadline.filter(complaint_id__in=ids).order_by("complaint_id", "position"):
        deadlines[deadline.complaint_id].append(deadline)
    ratings = {row.complaint_id: row for row in await Rating.filter(complaint_id__in=ids).order_by("round")}
    events = await ComplaintEvent.filter(
        complaint_id__in=ids, type__in=[EventType.SUBMITTED, EventType.ANSWERED]
    ).order_by("round", "occurred_at", "seq")
    messages = {
        row.complaint_id: row for row in await DispatchMessage.filter(complaint_id__in=ids, kind=MessageKind.REQUEST)
    }
    followers = await _followers(ids)
    places = await paths_of(complaint.place_id for complaint, _ in seen if complaint.place_id is not None)
    return [
        _picture(
            complaint,
            viewer,
            deadlines=deadlines[complaint.id],
            rating=ratings.get(complaint.id),
            events=[event for event in events if event.complaint_id == complaint.id],
            message=messages.get(complaint.id),
            followers=followers.get(complaint.id, 0),
            place=places.get(complaint.place_id) if complaint.place_id is not None else None,
            urge=await urge_after(complaint) if len(seen) == 1 and viewer is Viewer.OWNER else None,
        )
        for complaint, viewer in seen
    ]


def _picture(
    complaint: Complaint,
    viewer: Viewer,
    *,
    deadlines: Sequence[Deadline],
    rating: Rating | None,
    events: Sequence[ComplaintEvent],
    message: DispatchMessage | None,
    followers: int,
    place: PlaceDescription | None,
    urge: datetime | None,
) -> Picture:
    own = viewer is Viewer.OWNER
    answers = [event for event in events if event.type is EventType.ANSWERED]
    first = next((event for event in events if event.type is EventType.SUBMITTED), None)
    return Picture(
        complaint=complaint,
        viewer=viewer,
        followed=not own,
        place=place if own else _coarse(place),
        deadlines=deadlines,
        rating=rating if own else None,
        result=answers[-1] if answers and complaint.answered_at else None,
        media=first.media if first and own else [],
        followers=followers,
        push=_push(message),
        urge_after=urge if own else None,
        can=_can(complaint, rating) if own else ["unfollow"],
    )


def _coarse(place: PlaceDescription | None) -> PlaceDescription | None:
    """Give the community a place lies in: others do not learn the building."""
    if place is None:
        return None
    steps = [step for step in place.path if step.kind in (PlaceKind.DISTRICT, PlaceKind.STREET, PlaceKind.COMMUNITY)]
    return PlaceDescription(steps[-1].id, steps[-1].kind, steps[-1].name, tuple(steps)) if steps else None


def _push(message: DispatchMessage | None) -> Push | None:
    if message is None:
        return None
    state = {"waiting": "waiting", "sent": "done", "parked": "parked"}[message.state.value]
    return Push(state, message.next_try_at)


def _can(complaint: Complaint, rating: Rating | None) -> list[str]:
    """List what the owner may do now, so that a page need not know the rules."""
    if complaint.status in ENDED:
        return []
    if complaint.status is Status.SUBMITTED:
        return ["supplement", "withdraw"]
    if complaint.status is not Status.ANSWERED:
        return ["supplement", "urge", "withdraw"]
    rated = rating is not None and rating.round == complaint.round
    return ["supplement"] + ([] if rated else ["rate"]) + (["reopen"] if complaint.round == 1 else [])


async def _followers(ids: Sequence[UUID]) -> dict[UUID, int]:
    rows = await query(
        "SELECT complaint_id, count(*) AS n FROM complaint_follow WHERE complaint_id = ANY(%s) GROUP BY 1", list(ids)
    )
    return {UUID(str(row["complaint_id"])): row["n"] for row in rows}


async def events_after(complaint_id: UUID, after: int, *, limit: int = 200) -> list[ComplaintEvent]:
    """Give the events with a higher number, oldest first."""
    return await ComplaintEvent.filter(complaint_id=complaint_id, seq__gt=after).order_by("seq").limit(limit)


async def my_complaints(
    actor: Actor, *, status: Status | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Complaint]:
    """List the actor's own complaints, newest first, from a place in the list."""
    return await _listed("c.resident_id = %s", [actor.id], status=status, before=before, limit=limit)


async def followed_complaints(
    actor: Actor, *, status: Status | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Complaint]:
    """List the complaints the actor follows, newest first."""
    return await _listed(
        "c.id IN (SELECT complaint_id FROM complaint_follow WHERE resident_id = %s)",
        [actor.id],
        status=status,
        before=before,
        limit=limit,
    )


async def complaints_near(
    community_id: int, actor: Actor, *, status: Status | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Complaint]:
    """List other people's open complaints of a community, newest first; confidential ones are nobody's to see."""
    return await _listed(
        "p.path LIKE (SELECT path || '%%' FROM place WHERE id = %s) AND c.resident_id <> %s"
        " AND NOT c.confidential AND c.status NOT IN ('closed', 'withdrawn', 'not_accepted', 'merged')",
        [community_id, actor.id],
        status=status,
        before=before,
        limit=limit,
    )


async def _listed(
    where: str, values: list[object], *, status: Status | None, before: tuple[datetime, UUID] | None, limit: int
) -> list[Complaint]:
    if status:
        where, values = f"{where} AND c.status = %s", [*values, status.value]
    if before:
        where, values = f"{where} AND (c.filed_at, c.id) < (%s, %s)", [*values, *before]
    rows = await query(
        f"SELECT c.id FROM complaint c LEFT JOIN place p ON p.id = c.place_id WHERE {where}"  # noqa: S608 - our words
        " ORDER BY c.filed_at DESC, c.id DESC LIMIT %s",
        *values,
        limit,
    )
    return await by_ids([UUID(str(row["id"])) for row in rows])


async def by_ids(ids: Sequence[UUID]) -> list[Complaint]:
    """Give complaints in the order of their ids' list."""
    found = {row.id: row for row in await Complaint.filter(id__in=list(ids))}
    return [found[each] for each in ids if each in found]


@dataclass(frozen=True, slots=True)
class Similar:
    """A complaint that may be about the same thing; likeness from 0 to 1."""

    complaint: Complaint
    likeness: float


async def similar_complaints(text: str, community_id: int | None, *, actor: Actor, at: datetime) -> list[Similar]:
    """Find what others filed in the last 30 days about the same thing, in the same community if one is known.

    Confidential ones are never shown to others.
    """
    asked = pairs_of(text)
    rows = await query(
        """SELECT l.complaint_id, l.pairs FROM complaint_likeness l
           JOIN complaint c ON c.id = l.complaint_id LEFT JOIN place p ON p.id = c.place_id
           WHERE l.pairs && %s::text[] AND l.filed_at > %s AND NOT c.confidential AND c.resident_id <> %s
             AND c.status NOT IN ('withdrawn', 'not_accepted', 'merged')
             AND (%s::bigint IS NULL OR p.path LIKE (SELECT path || '%%' FROM place WHERE id = %s))
           ORDER BY l.filed_at DESC LIMIT 400""",
        sorted(asked)[:MOST_PAIRS_ASKED],
        at - SIMILAR_WITHIN,
        actor.id,
        community_id,
        community_id,
    )
    scored = [(likeness(asked, set(row["pairs"])), UUID(str(row["complaint_id"]))) for row in rows]
    best = sorted((each for each in scored if each[0] >= LIKE_ENOUGH), reverse=True)[:MOST_SIMILAR]
    found = {row.id: row for row in await by_ids([complaint_id for _, complaint_id in best])}
    return [Similar(found[each], round(score, 2)) for score, each in best if each in found]


async def community_above(place_id: int) -> int | None:
    """Give the community a place lies in, or the place itself where it is larger than one."""
    place = (await paths_of([place_id])).get(place_id)
    if place is None:
        return None
    community = place.above(PlaceKind.COMMUNITY)
    return community.id if community else place.id
