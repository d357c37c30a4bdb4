"""What lists and pages read of complaints."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from community.calendar.queries import calendar_of
from community.calendar.working_days import WorkingCalendar
from community.complaints.access import Viewer, viewer_of
from community.complaints.actions import URGE_EVERY, Filed
from community.complaints.lifecycle import ENDED
from community.complaints.likeness import likeness, pairs_of
from community.complaints.models import (
    ClosedBecause,
    Complaint,
    ComplaintEvent,
    Deadline,
    Rating,
    Source,
    Status,
)
from community.complaints.surroundings import Surroundings, find, find_newest
from community.places.models import PlaceKind
from community.places.queries import PlaceDescription, paths_of
from foundation.access import Actor
from foundation.database import read
from foundation.errors import NotFoundError
from foundation.statements import array_of, rows_as

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
    responsible_since: datetime | None
    closed_because: ClosedBecause | None
    """For its owner: it is their judgement."""


async def picture_of(complaint: Complaint, viewer: Viewer) -> Picture:
    """Give the picture of a complaint as it stands in the caller's hands."""
    (found,) = await find_newest("c.id = %s", [complaint.id], most=1)
    return _picture(complaint, viewer, found.around)


def picture_of_filed(filed: Filed) -> Picture:
    """Give the picture of a complaint that was just filed, which needs no question: nothing else has happened to it."""
    complaint = filed.complaint
    return Picture(
        complaint=complaint,
        viewer=Viewer.OWNER,
        followed=False,
        place=filed.place,
        deadlines=(),
        rating=None,
        result=None,
        media=filed.media,
        followers=0,
        push=Push("waiting", filed.next_try_at),
        can=_can(complaint, None),
        urge_after=None,
        responsible_since=None,
        closed_because=None,
    )


async def find_picture(actor: Actor, complaint_id: UUID) -> tuple[Picture, WorkingCalendar]:
    """Give the picture of a complaint the actor may see, and the calendar its promises are shown with, in one query.

    Raises:
        NotFoundError: there is none, or the actor may not see it.

    """
    found = await find(complaint_id, resident_id=actor.id)
    if found is None:
        raise NotFoundError
    viewer = viewer_of(actor, found.complaint, follows=found.followed)
    return _picture(found.complaint, viewer, found.around), await calendar_of(found.calendar_version)


def _picture(complaint: Complaint, viewer: Viewer, around: Surroundings) -> Picture:
    own = viewer is Viewer.OWNER
    return Picture(
        complaint=complaint,
        viewer=viewer,
        followed=not own,
        place=around.place if own else _coarse(around.place),
        deadlines=around.deadlines,
        rating=around.rating if own else None,
        result=around.result,
        media=around.media if own else [],
        followers=around.followers,
        push=_push(around),
        urge_after=around.urged_at + URGE_EVERY if own and around.urged_at else None,
        can=_can(complaint, around.rating) if own else ["unfollow"],
        responsible_since=around.responsible_since,
        closed_because=_closed_because(around) if own else None,
    )


OUR_REASONS = {
    "rated": ClosedBecause.RATED_SOLVED,
    "not_satisfied": ClosedBecause.SUPERVISED,
    "not_rated": ClosedBecause.NOT_RATED,
}


def _closed_because(around: Surroundings) -> ClosedBecause | None:
    if around.closing is None:
        return None
    source, why = around.closing
    return OUR_REASONS.get(why or "") if source == Source.SYSTEM else ClosedBecause.BY_CORE


def _coarse(place: PlaceDescription | None) -> PlaceDescription | None:
    """Give the community a place lies in: others do not learn the building."""
    if place is None:
        return None
    steps = [step for step in place.path if step.kind in (PlaceKind.DISTRICT, PlaceKind.STREET, PlaceKind.COMMUNITY)]
    return PlaceDescription(steps[-1].id, steps[-1].kind, steps[-1].name, tuple(steps)) if steps else None


def _push(around: Surroundings) -> Push | None:
    if around.message is None:
        return None
    state, next_try_at = around.message
    return Push({"waiting": "waiting", "sent": "done", "parked": "parked"}[state], next_try_at)


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


async def events_after(complaint_id: UUID, after: int, *, limit: int = 200) -> list[ComplaintEvent]:
    """Give the events with a higher number, oldest first."""
    sql = "SELECT * FROM complaint_event WHERE complaint_id = %s AND seq > %s ORDER BY seq LIMIT %s"
    return rows_as(ComplaintEvent, await read(sql, complaint_id, after, limit))


Before = tuple[datetime, UUID]
"""A place in a list: when the last one seen was filed, and its id."""


async def my_complaints(actor: Actor, *, status: Status | None, before: Before | None, limit: int) -> list[Picture]:
    """List the actor's own complaints, newest first, from a place in the list."""
    return await _listed(Viewer.OWNER, "c.resident_id = %s", [actor.id], status=status, before=before, limit=limit)


async def followed_complaints(
    actor: Actor, *, status: Status | None, before: Before | None, limit: int
) -> list[Picture]:
    """List the complaints the actor follows, newest first."""
    return await _listed(
        Viewer.SUPPORTER,
        "c.id IN (SELECT complaint_id FROM complaint_follow WHERE resident_id = %s)",
        [actor.id],
        status=status,
        before=before,
        limit=limit,
    )


async def complaints_near(
    community_id: int, actor: Actor, *, status: Status | None, before: Before | None, limit: int
) -> list[Picture]:
    """List other people's open complaints of a community, newest first; confidential ones are nobody's to see."""
    return await _listed(
        Viewer.SUPPORTER,
        f"c.place_id IN ({_UNDER}) AND c.resident_id <> %s"
        " AND NOT c.confidential AND c.status NOT IN ('closed', 'withdrawn', 'not_accepted', 'merged')",
        [community_id, actor.id],
        status=status,
        before=before,
        limit=limit,
    )


_UNDER = """SELECT below.id FROM place above JOIN place below
    ON below.path ~>=~ above.path AND below.path ~<~ (rtrim(above.path, '/') || '0') WHERE above.id = %s"""
"""The places that lie under one, as a range of paths: an index knows that, but not `LIKE` with another row's path."""


async def _listed(
    viewer: Viewer,
    where: str,
    values: list[object],
    *,
    status: Status | None,
    before: Before | None,
    limit: int,
) -> list[Picture]:
    if status:
        where, values = f"{where} AND c.status = %s", [*values, status.value]
    if before:
        where, values = f"{where} AND (c.filed_at, c.id) < (%s, %s)", [*values, *before]
    found = await find_newest(where, values, most=limit)
    return [_picture(each.complaint, viewer, each.around) for each in found]


_FILED_AT = """
SELECT c.id FROM complaint c
WHERE c.place_id = ANY(%s::bigint[]) AND c.filed_at > %s AND NOT c.confidential AND c.resident_id <> %s
    AND c.status NOT IN ('withdrawn', 'not_accepted', 'merged')"""
"""What others filed lately in a community: however old the district is, not more than its residents file in a month."""
_FILED = """
SELECT c.id FROM complaint_likeness l JOIN complaint c ON c.id = l.complaint_id
WHERE l.filed_at > %s AND NOT c.confidential AND c.resident_id <> %s
    AND c.status NOT IN ('withdrawn', 'not_accepted', 'merged') ORDER BY l.filed_at DESC LIMIT 5000"""
"""The same of the whole district, for who has said nowhere where they live: only the newest."""


@dataclass(frozen=True, slots=True)
class Similar:
    """A complaint that may be about the same thing; likeness from 0 to 1."""

    picture: Picture
    likeness: float


async def similar_complaints(text: str, community_id: int | None, *, actor: Actor, at: datetime) -> list[Similar]:
    """Find what others filed in the last 30 days about the same thing, in the same community if one is known.

    Confidential ones are never shown to others.
    """
    asked = pairs_of(text)
    candidates, values = _FILED, []
    if community_id is not None:  # as a list, so that the planner knows how short it is
        candidates, values = _FILED_AT, [array_of(str(row["id"]) for row in await read(_UNDER, community_id))]
    rows = await read(
        f"""WITH candidate AS MATERIALIZED ({candidates})
           SELECT l.complaint_id, l.pairs FROM candidate JOIN complaint_likeness l ON l.complaint_id = candidate.id
           WHERE l.pairs && %s::text[] ORDER BY l.filed_at DESC LIMIT 400""",  # noqa: S608 - our words
        *values,
        at - SIMILAR_WITHIN,
        actor.id,
        sorted(asked)[:MOST_PAIRS_ASKED],
    )
    scored = [(likeness(asked, set(row["pairs"])), UUID(str(row["complaint_id"]))) for row in rows]
    best = sorted((each for each in scored if each[0] >= LIKE_ENOUGH), reverse=True)[:MOST_SIMILAR]
    if not best:
        return []
    found = await find_newest("c.id = ANY(%s)", [[complaint_id for _, complaint_id in best]], most=len(best))
    pictures = {each.complaint.id: _picture(each.complaint, Viewer.SUPPORTER, each.around) for each in found}
    return [Similar(pictures[each], round(score, 2)) for score, each in best if each in pictures]


async def community_above(place_id: int) -> int | None:
    """Give the community a place lies in, or the place itself where it is larger than one."""
    place = (await paths_of([place_id])).get(place_id)
    if place is None:
        return None
    community = place.above(PlaceKind.COMMUNITY)
    return community.id if community else place.id
