"""Complaints on the phone: read the request, call one action, show the result."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from community.calendar.queries import current_calendar, known_calendar
from community.complaints.access import Viewer, access_complaint
from community.complaints.actions import (
    ComplaintDraft,
    file_complaint,
    follow_complaint,
    supplement_complaint,
    unfollow_complaint,
    urge_complaint,
    withdraw_complaint,
)
from community.complaints.errors import (
    AlreadyRatedError,
    AnswerDoesNotFitError,
    ComplaintAlreadyAnsweredError,
    ComplaintAlreadyClosedError,
    NotAnsweredYetError,
    NothingToUrgeError,
    OwnComplaintError,
    RedoUsedUpError,
    UnknownCategoryError,
    UrgedTooSoonError,
    WhereIsMissingError,
)
from community.complaints.models import Channel, Complaint, Status
from community.complaints.queries import (
    Picture,
    community_above,
    complaints_near,
    events_after,
    find_picture,
    followed_complaints,
    my_complaints,
    picture_of,
    picture_of_filed,
)
from community.complaints.rating import RatingDraft, rate_complaint, reopen_complaint
from community.complaints.sealed import ON_BEHALF_OF
from community.complaints.showing import show_event
from community.complaints.timeline import topic_of
from community.people.errors import ConsentRequiredError
from community.people.models import Purpose
from community.people.queries import home_of
from community.places.coordinates import Point
from community.places.errors import OutsideDistrictError, UnknownPlaceError
from foundation.access import Access
from foundation.media.errors import MediaAlreadyUsedError, MediaNotFoundError
from foundation.web import Call, Input, endpoint
from foundation.web.lists import BadCursorError, PageQuery, PageView, cursor_at, read_cursor
from miniprogram_api.complaint_bodies import FileComplaintBody, RatingBody, ReasonBody, SupplementBody
from miniprogram_api.complaint_views import ComplaintView, EventListView, EventView, PublicComplaintView, Reader
from miniprogram_api.consents import require_consent


class ComplaintPath(Input):
    """Which complaint."""

    id: UUID


class ComplaintListQuery(PageQuery):
    """Which complaints."""

    scope: Literal["mine", "followed", "nearby"] = "mine"
    status: Status | None = None


class EventsQuery(Input):
    """Which events, and how long to wait for the first of them."""

    after: Annotated[int, Field(ge=0, lt=2**31)] = 0
    wait: Annotated[float, Field(ge=0, le=25)] = 0
    """Seconds."""


MEDIA_ERRORS = (MediaNotFoundError, MediaAlreadyUsedError)
ENDED_ERRORS = (ComplaintAlreadyClosedError,)


@endpoint(
    "POST",
    "/complaints",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    limit="filing",
    errors=(
        ConsentRequiredError,
        UnknownCategoryError,
        AnswerDoesNotFitError,
        UnknownPlaceError,
        OutsideDistrictError,
        WhereIsMissingError,
        *MEDIA_ERRORS,
    ),
    summary="File a complaint",
)
async def post_complaint(call: Call, body: FileComplaintBody) -> ComplaintView:
    """Store the complaint and pass it on to the dispatch core. Without a place, the caller's home is meant."""
    if body.location:
        await require_consent(call, Purpose.EXACT_LOCATION)
    draft = ComplaintDraft(
        text=body.text,
        category=body.category,
        place_id=body.place_id,
        location=Point(body.location.lng, body.location.lat, body.location.datum) if body.location else None,
        media_ids=body.media_ids,
        confidential=body.confidential,
        anonymous=body.anonymous,
        on_behalf_of_sealed=_sealed(call, body),
        answers=body.answers,
    )
    filed = await file_complaint(call.actor, draft, channel=Channel.MINIPROGRAM, at=call.at)
    reader = Reader(call.ground, call.language, call.at, known_calendar())  # a new complaint has no promises yet
    return ComplaintView.of(picture_of_filed(filed), reader)


def _sealed(call: Call, body: FileComplaintBody) -> bytes | None:
    if body.on_behalf_of is None:
        return None
    return call.ground.vault.seal(body.on_behalf_of.model_dump_json(), context=ON_BEHALF_OF)


async def show(call: Call, complaint: Complaint, viewer: Viewer = Viewer.OWNER) -> ComplaintView:
    """Show one complaint to the caller."""
    picture = await picture_of(complaint, viewer)
    return ComplaintView.of(picture, await _reader(call))


async def _reader(call: Call) -> Reader:
    return Reader(call.ground, call.language, call.at, await current_calendar())


@endpoint("GET", "/complaints", access=Access.RESIDENT, summary="List complaints")
async def get_complaints(
    call: Call, query: ComplaintListQuery
) -> PageView[ComplaintView] | PageView[PublicComplaintView]:
    """Newest first: one's own, those one follows, or other people's in one's community (`nearby`)."""
    before, more = _read_place(query.cursor), query.limit + 1
    if query.scope == "nearby":
        home = await home_of(call.actor.id)
        community = await community_above(home.place_id) if home else None
        if community is None:
            return PageView[PublicComplaintView](items=[], next_cursor=None)
        near = await complaints_near(community, call.actor, status=query.status, before=before, limit=more)
        seen = [PublicComplaintView.of(each, call.language) for each in near[: query.limit]]
        return PageView[PublicComplaintView](items=seen, next_cursor=_next(near, query.limit))
    listed = my_complaints if query.scope == "mine" else followed_complaints
    pictures = await listed(call.actor, status=query.status, before=before, limit=more)
    reader = await _reader(call)
    views = [ComplaintView.of(each, reader) for each in pictures[: query.limit]]
    return PageView[ComplaintView](items=views, next_cursor=_next(pictures, query.limit))


def _read_place(cursor: str | None) -> tuple[datetime, UUID] | None:
    place = read_cursor(cursor, str, str)
    if place is None:
        return None
    try:
        return datetime.fromisoformat(str(place[0])).astimezone(UTC), UUID(str(place[1]))
    except (ValueError, OverflowError):
        raise BadCursorError from None


def _next(pictures: list[Picture], limit: int) -> str | None:
    """Write where the next page begins, if one more than asked for was found."""
    last = pictures[limit - 1].complaint if len(pictures) > limit else None
    return cursor_at(last.filed_at.isoformat(), str(last.id)) if last else None


@endpoint("GET", "/complaints/{id}", access=Access.RESIDENT, summary="Show a complaint")
async def get_complaint(call: Call, path: ComplaintPath) -> ComplaintView:
    """Show it to its owner or a follower; to anybody else it does not exist."""
    picture, calendar = await find_picture(call.actor, path.id)
    return ComplaintView.of(picture, Reader(call.ground, call.language, call.at, calendar))


@endpoint("GET", "/complaints/{id}/events", access=Access.RESIDENT, summary="List a complaint's events")
async def get_complaint_events(call: Call, path: ComplaintPath, query: EventsQuery) -> EventListView:
    """Give the events after a number; with `wait`, hold the answer until there is one or the time is over."""
    complaint, viewer = await access_complaint(call.actor, path.id)
    if query.wait and complaint.last_seq <= query.after:
        await call.ground.live.wait(topic_of(complaint), query.after, query.wait)
        complaint, viewer = await access_complaint(call.actor, path.id)
    events = await events_after(path.id, query.after)
    url = call.ground.media.url
    return EventListView(
        items=[EventView.model_validate(show_event(each, viewer, call.language, url)) for each in events],
        last_seq=max(complaint.last_seq, events[-1].seq if events else 0),
    )


@endpoint(
    "POST",
    "/complaints/{id}/supplements",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    errors=(*ENDED_ERRORS, *MEDIA_ERRORS),
    summary="Add to a complaint",
)
async def post_supplement(call: Call, path: ComplaintPath, body: SupplementBody) -> ComplaintView:
    """Add words and photos, any time before the end; they are passed on to the unit."""
    complaint = await supplement_complaint(
        call.actor,
        path.id,
        text=body.text,
        media_ids=body.media_ids,
        at=call.at,
        calendar=await current_calendar(),
        live=call.ground.live,
    )
    return await show(call, complaint)


@endpoint(
    "POST",
    "/complaints/{id}/urgings",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    errors=(*ENDED_ERRORS, NothingToUrgeError, UrgedTooSoonError),
    summary="Press the unit",
)
async def post_urging(call: Call, path: ComplaintPath) -> ComplaintView:
    """Press the unit, at most every four hours."""
    complaint = await urge_complaint(
        call.actor, path.id, at=call.at, calendar=await current_calendar(), live=call.ground.live
    )
    return await show(call, complaint)


@endpoint(
    "POST",
    "/complaints/{id}/withdrawal",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    errors=(*ENDED_ERRORS, ComplaintAlreadyAnsweredError),
    summary="Withdraw a complaint",
)
async def post_withdrawal(call: Call, path: ComplaintPath, body: ReasonBody) -> ComplaintView:
    """Take it back, until there is a result."""
    complaint = await withdraw_complaint(
        call.actor, path.id, reason=body.reason, at=call.at, calendar=await current_calendar(), live=call.ground.live
    )
    return await show(call, complaint)


@endpoint(
    "POST",
    "/complaints/{id}/rating",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    errors=(*ENDED_ERRORS, NotAnsweredYetError, AlreadyRatedError),
    summary="Rate the result",
)
async def post_rating(call: Call, path: ComplaintPath, body: RatingBody) -> ComplaintView:
    """Satisfied: closed. Not: done again once by itself; the second time supervised and closed."""
    draft = RatingDraft(**body.model_dump())
    complaint = await rate_complaint(
        call.actor, path.id, draft, at=call.at, calendar=await current_calendar(), live=call.ground.live
    )
    return await show(call, complaint)


@endpoint(
    "POST",
    "/complaints/{id}/reopening",
    access=Access.RESIDENT,
    status=201,
    idempotent=True,
    errors=(*ENDED_ERRORS, NotAnsweredYetError, RedoUsedUpError),
    summary="Ask for the redo",
)
async def post_reopening(call: Call, path: ComplaintPath, body: ReasonBody) -> ComplaintView:
    """Send it back to be done again, once."""
    complaint = await reopen_complaint(
        call.actor, path.id, reason=body.reason, at=call.at, calendar=await current_calendar(), live=call.ground.live
    )
    return await show(call, complaint)


@endpoint(
    "PUT", "/complaints/{id}/follow", access=Access.RESIDENT, errors=(OwnComplaintError,), summary="Follow a complaint"
)
async def put_follow(call: Call, path: ComplaintPath) -> None:
    """Say "me too" instead of filing a second one."""
    await follow_complaint(call.actor, path.id, at=call.at)


@endpoint("DELETE", "/complaints/{id}/follow", access=Access.RESIDENT, summary="Stop following a complaint")
async def delete_follow(call: Call, path: ComplaintPath) -> None:
    """Stop following; a second time changes nothing."""
    await unfollow_complaint(call.actor, path.id)
