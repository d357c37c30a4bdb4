"""What phones are shown of complaints. What they send is in `complaint_bodies.py`."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Self
from uuid import UUID

from community.calendar.working_days import WorkingCalendar
from community.complaints.access import Viewer
from community.complaints.categories import Category, category_of, named
from community.complaints.lifecycle import ACCEPT_WITHIN, FEEDBACK_WITHIN
from community.complaints.models import (
    Channel,
    ClosedBecause,
    Complaint,
    DeadlineKind,
    DeadlineState,
    EventType,
    Status,
)
from community.complaints.models import Deadline as StoredDeadline
from community.complaints.queries import Picture
from community.complaints.showing import explain_deadline, show_media, words_are_for
from community.places.queries import PlaceDescription
from foundation.clock import real_now
from foundation.ground import Ground
from foundation.web import Id, Output


class MediaView(Output):
    """A photo or voice message with signed, short-lived addresses."""

    id: UUID
    kind: str
    url: str
    thumbnail_url: str | None


class PlaceStepView(Output):
    """One place on the way down."""

    id: Id
    name: str


class ComplaintPlaceView(Output):
    """Where it is; others than the owner see the community only."""

    id: Id
    name: str
    path: list[PlaceStepView]

    @classmethod
    def of(cls, place: PlaceDescription) -> Self:
        """Show a place."""
        return cls(id=place.id, name=place.name, path=[PlaceStepView(id=s.id, name=s.name) for s in place.path])


class CategoryPathView(Output):
    """A category by its code, with its way down the tree."""

    code: str
    path: list[str]

    @classmethod
    def of(cls, category: Category, language: str) -> Self:
        """Show a category."""
        return cls(code=category.code, path=[named(name, language) for name in category.path])


class ResponsibleView(Output):
    """The unit that answers for it; never a private person."""

    unit: str
    duty_phone: str | None
    since: datetime | None
    """Since when it answers, by the time of what happened."""


class PromiseView(Output):
    """How much time was promised."""

    amount: int
    unit: Literal["minutes", "hours", "working_days"]


class DeadlineView(Output):
    """A promise."""

    kind: DeadlineKind
    due_at: datetime
    state: DeadlineState
    met_at: datetime | None
    explanation: str
    started_at: datetime
    round: int
    promise: PromiseView
    working_days_left: int | None
    """Of a running promise that is counted in working days."""

    @classmethod
    def of(cls, deadline: StoredDeadline, picture: Picture, reader: "Reader") -> Self:
        """Show a promise; why it was late is said to the owner."""
        late = deadline.state is DeadlineState.LATE and picture.viewer is Viewer.OWNER
        return cls(
            kind=deadline.kind,
            due_at=deadline.due_at,
            state=deadline.state,
            met_at=deadline.met_at,
            explanation=explain_deadline(
                deadline.kind.value, late=late, reason=deadline.reason, language=reader.language
            ),
            started_at=deadline.started_at,
            round=deadline.round,
            promise=_promise(deadline.kind, picture.complaint.result_days),
            working_days_left=_working_days_left(deadline, reader),
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom and when something is shown."""

    ground: Ground
    language: str
    at: datetime
    calendar: WorkingCalendar


def _promise(kind: DeadlineKind, result_days: int) -> PromiseView:
    if kind is DeadlineKind.RESULT:
        return PromiseView(amount=result_days, unit="working_days")
    if kind is DeadlineKind.ACCEPT:
        return PromiseView(amount=ACCEPT_WITHIN // timedelta(minutes=1), unit="minutes")
    return PromiseView(amount=FEEDBACK_WITHIN // timedelta(hours=1), unit="hours")


def _working_days_left(deadline: StoredDeadline, reader: Reader) -> int | None:
    if deadline.kind is not DeadlineKind.RESULT or deadline.state is not DeadlineState.RUNNING:
        return None
    return reader.calendar.working_days_between(reader.at, deadline.due_at)


class ResultView(Output):
    """What was done (办结)."""

    text: str | None
    at: datetime
    media: list[MediaView]


class RatingView(Output):
    """What the resident said of it."""

    solved: bool
    speed: int
    result: int
    service: int
    answer: int
    text: str | None
    round: int


class PushView(Output):
    """How far passing on to the dispatch core has come."""

    state: Literal["waiting", "done", "parked"]
    next_try_at: datetime | None


class ComplaintView(Output):
    """A complaint as one viewer sees it."""

    id: UUID
    number: str
    status: Status
    text: str | None
    """Null for others than the owner until it was reviewed."""
    category: CategoryPathView | None
    place: ComplaintPlaceView | None
    media: list[MediaView]
    created_at: datetime
    round: int
    responsible: ResponsibleView | None
    channel: Channel
    deadlines: list[DeadlineView]
    result: ResultView | None
    rating: RatingView | None
    followers: int
    mine: bool
    followed: bool
    confidential: bool
    anonymous: bool
    last_seq: int
    push: PushView | None
    can: list[str]
    urge_after: datetime | None
    rate_by: datetime | None
    """Until when its owner may rate the result; others do not learn it."""
    closed_because: ClosedBecause | None
    """Why it was closed, for its owner: `rated_solved`; `supervised` after two unsatisfied ratings; `not_rated` in time;
    or `by_core`. Null for others, and while it is not closed."""
    server_time: datetime

    @classmethod
    def of(cls, picture: Picture, reader: Reader) -> Self:
        """Show a complaint to whom the picture was made for."""
        complaint, own = picture.complaint, picture.viewer is Viewer.OWNER
        media = [MediaView(**show_media(each, reader.ground.media.url)) for each in picture.media]
        return cls(
            id=complaint.id,
            number=complaint.number,
            status=complaint.status,
            text=complaint.text if own else None,
            category=_category(complaint, reader.language),
            place=ComplaintPlaceView.of(picture.place) if picture.place else None,
            media=media,
            created_at=complaint.filed_at,
            round=complaint.round,
            responsible=_responsible(picture),
            channel=complaint.channel,
            deadlines=[DeadlineView.of(each, picture, reader) for each in picture.deadlines],
            result=_result(picture, reader.ground),
            rating=_rating(picture),
            followers=picture.followers,
            mine=own,
            followed=picture.followed,
            confidential=own and complaint.confidential,
            anonymous=own and complaint.anonymous,
            last_seq=complaint.last_seq,
            push=_push(picture, reader),
            can=list(picture.can),
            urge_after=picture.urge_after,
            rate_by=complaint.rate_by if own else None,
            closed_because=picture.closed_because,
            server_time=reader.at,
        )


def _push(picture: Picture, reader: Reader) -> PushView | None:
    """Show how far it has come; tries follow real time, which is told as the domain's, like all on the screen."""
    push = picture.push
    if push is None:
        return None
    next_try_at = push.next_try_at and reader.at + (push.next_try_at - real_now())
    return PushView(state=push.state, next_try_at=next_try_at)


def _category(complaint: Complaint, language: str) -> CategoryPathView | None:
    return CategoryPathView.of(category_of(complaint.category), language) if complaint.category else None


def _responsible(picture: Picture) -> ResponsibleView | None:
    complaint = picture.complaint
    if not complaint.unit:
        return None
    return ResponsibleView(unit=complaint.unit, duty_phone=complaint.duty_phone, since=picture.responsible_since)


def _result(picture: Picture, ground: Ground) -> ResultView | None:
    event = picture.result
    if event is None:
        return None
    if not words_are_for(picture.viewer, event):
        return ResultView(text=None, at=event.occurred_at, media=[])
    media = [MediaView(**show_media(each, ground.media.url)) for each in event.media]
    return ResultView(text=event.text, at=event.occurred_at, media=media)


def _rating(picture: Picture) -> RatingView | None:
    rating = picture.rating
    if rating is None:
        return None
    return RatingView(
        solved=rating.solved,
        speed=rating.speed,
        result=rating.result,
        service=rating.service,
        answer=rating.answer,
        text=rating.text,
        round=rating.round,
    )


class PublicComplaintView(Output):
    """What others learn of a complaint before it was reviewed: kind, community, step, and how many follow."""

    id: UUID
    status: Status
    category: CategoryPathView | None
    place: ComplaintPlaceView | None
    followers: int
    created_at: datetime

    @classmethod
    def of(cls, picture: Picture, language: str) -> Self:
        """Show the little that is everybody's."""
        complaint = picture.complaint
        return cls(
            id=complaint.id,
            status=complaint.status,
            category=_category(complaint, language),
            place=ComplaintPlaceView.of(picture.place) if picture.place else None,
            followers=picture.followers,
            created_at=complaint.filed_at,
        )


class EventView(Output):
    """One event as a viewer sees it."""

    seq: int
    type: EventType
    at: datetime
    title: str
    text: str | None
    unit: str | None
    media: list[MediaView]
    round: int
    reason_code: str | None
    """The core's own code for why, as with a complaint it does not accept; for who reads the event's words."""


class EventListView(Output):
    """Events after a number, oldest first, and the last number there is."""

    items: list[EventView]
    last_seq: int
