"""What is done to a complaint, but for its end (`rating.py`). One function is one use case and one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from community.complaints.access import ONE_LOCKED, access_complaint_to_follow, access_own_complaint
from community.complaints.categories import category_of, check_answers, result_days
from community.complaints.dispatch_models import MessageKind
from community.complaints.errors import (
    ComplaintAlreadyAnsweredError,
    ComplaintAlreadyClosedError,
    NothingToUrgeError,
    OwnComplaintError,
    UrgedTooSoonError,
)
from community.complaints.events import ComplaintFiled, ComplaintProgressed
from community.complaints.lifecycle import ENDED, WorkingDays, clamp, round_of
from community.complaints.likeness import pairs_of
from community.complaints.models import Channel, Complaint, ComplaintEvent, ComplaintFollow, EventType, Source, Status
from community.complaints.numbers import LOCAL, case_number
from community.complaints.timeline import (
    History,
    NewEvent,
    add,
    append,
    ask_history,
    named_media,
    pass_on,
    tell_bigrams,
    topic_of,
)
from community.complaints.whereabouts import Whereabouts, ask_whereabouts
from community.people.consents import hold_served
from community.places.coordinates import Point
from community.places.queries import PlaceDescription
from foundation.access import Actor
from foundation.clock import real_now
from foundation.database import Transaction, transaction
from foundation.live import LiveFeed
from foundation.media.actions import attach_media
from foundation.media.models import Media

log = structlog.get_logger(__name__)
URGE_EVERY = timedelta(hours=4)


@dataclass(frozen=True, slots=True)
class ComplaintDraft:
    """What a resident sent, already checked for shape."""

    text: str
    category: str | None = None
    place_id: int | None = None
    location: Point | None = None
    media_ids: Sequence[UUID] = ()
    confidential: bool = False
    anonymous: bool = False
    on_behalf_of_sealed: bytes | None = None
    answers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Filed:
    """A complaint that was just stored, with what a page shows of it beside."""

    complaint: Complaint
    place: PlaceDescription | None
    media: Sequence[dict[str, str]]
    next_try_at: datetime | None
    """When it is passed on to the core, in real time."""


async def file_complaint(actor: Actor, draft: ComplaintDraft, *, channel: Channel, at: datetime) -> Filed:
    """Store a new complaint with its first event, and the job that passes it on.

    Screens are told nothing: nobody can watch what had no id until now.

    Raises:
        UnknownCategoryError, AnswerDoesNotFitError: the category's code or an answer does not fit.
        UnknownPlaceError, OutsideDistrictError, WhereIsMissingError: the place does not fit.
        MediaError: a photo is somebody else's or used already.
        NotSignedInError, ConsentRequiredError: they have left meanwhile, or do not want to be served any more.

    """
    category = category_of(draft.category) if draft.category else None
    check_answers(category, draft.answers)
    async with transaction() as tx:
        running = tx.ask("SELECT nextval('complaint_number') AS running")
        asked = ask_whereabouts(tx, actor, draft.place_id, draft.location)
        await hold_served(actor, at=at)
        where = await asked.settled()
        number = case_number((await running.rows())[0]["running"], at)
        complaint = _complaint(actor, draft, where, number=number, channel=channel, at=at)
        media = await attach_media(actor, draft.media_ids, at=real_now())
        next_try_at = _write_first_event(tx, complaint, media, at=at)
        tx.emit(ComplaintFiled(occurred_at=at, complaint_id=complaint.id))
    return Filed(complaint, where.place, named_media(media), next_try_at)


def _complaint(
    actor: Actor, draft: ComplaintDraft, where: Whereabouts, *, number: str, channel: Channel, at: datetime
) -> Complaint:
    return Complaint.construct(
        number=number,
        resident_id=actor.id,
        channel=channel,
        text=draft.text,
        category=draft.category,
        place_id=where.place_id,
        lng=where.lng,
        lat=where.lat,
        datum=where.datum,
        confidential=draft.confidential,
        anonymous=draft.anonymous,
        on_behalf_of_sealed=draft.on_behalf_of_sealed,
        answers=dict(draft.answers),
        result_days=result_days(draft.category),
        filed_at=at,
        status=Status.SUBMITTED,
        last_seq=1,
    )


def _write_first_event(tx: Transaction, complaint: Complaint, media: Sequence[Media], *, at: datetime) -> datetime:
    """Store the complaint, what was said, and what the core is to be told; give when it is told."""
    tx.store(complaint)
    tx.insert(
        ComplaintEvent,
        complaint_id=complaint.id,
        seq=1,
        type=EventType.SUBMITTED,
        source=Source.RESIDENT,
        round=1,
        occurred_at=at,
        received_at=at,
        text=complaint.text,
        media=named_media(media),
    )
    tell_bigrams(tx, complaint, pairs_of(complaint.text))
    return pass_on(tx, complaint, 1, MessageKind.REQUEST)


async def supplement_complaint(
    actor: Actor,
    complaint_id: UUID,
    *,
    text: str,
    media_ids: Sequence[UUID],
    at: datetime,
    calendar: WorkingDays,
    live: LiveFeed,
) -> Complaint:
    """Add words and photos, any time before the end.

    Raises:
        NotFoundError: not the actor's complaint.
        ComplaintAlreadyClosedError: it has ended.

    """
    async with transaction() as tx:
        complaint = await access_own_complaint(actor, complaint_id)
        _refuse_ended(complaint)
        media = await attach_media(actor, media_ids, at=real_now())
        await add(
            tx,
            complaint,
            NewEvent(EventType.SUPPLEMENTED, Source.RESIDENT, at, text=text, media=media),
            at=at,
            calendar=calendar,
            live=live,
        )
    return complaint


async def urge_complaint(
    actor: Actor, complaint_id: UUID, *, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> Complaint:
    """Press the unit, at most every four hours.

    Raises:
        NotFoundError, ComplaintAlreadyClosedError: as for a supplement.
        NothingToUrgeError: the result is there.
        UrgedTooSoonError: the last time is not four hours ago.

    """
    async with transaction() as tx:
        complaint = await access_own_complaint(actor, complaint_id)
        _refuse_ended(complaint)
        if complaint.status is Status.ANSWERED:
            raise NothingToUrgeError
        after = await urge_after(complaint)
        if after and at < after:
            raise UrgedTooSoonError(after=f"{after.astimezone(LOCAL):%H:%M}")
        await add(tx, complaint, NewEvent(EventType.URGED, Source.RESIDENT, at), at=at, calendar=calendar, live=live)
    return complaint


async def urge_after(complaint: Complaint) -> datetime | None:
    """Give the instant from which the resident may urge again; none if they never did."""
    last = await ComplaintEvent.filter(complaint_id=complaint.id, type=EventType.URGED).order_by("-seq").first()
    return last.occurred_at + URGE_EVERY if last else None


async def withdraw_complaint(
    actor: Actor, complaint_id: UUID, *, reason: str, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> Complaint:
    """Take a complaint back, until there is a result.

    Raises:
        NotFoundError, ComplaintAlreadyClosedError: as for a supplement.
        ComplaintAlreadyAnsweredError: the result is there.

    """
    async with transaction() as tx:
        complaint = await access_own_complaint(actor, complaint_id)
        _refuse_ended(complaint)
        if complaint.status is Status.ANSWERED:
            raise ComplaintAlreadyAnsweredError
        await add(
            tx,
            complaint,
            NewEvent(EventType.WITHDRAWN, Source.RESIDENT, at, text=reason),
            at=at,
            calendar=calendar,
            live=live,
        )
    return complaint


async def follow_complaint(actor: Actor, complaint_id: UUID, *, at: datetime) -> None:
    """Say "me too"; a second time changes nothing.

    Raises:
        NotFoundError: there is no such complaint.
        OwnComplaintError: it is the actor's own.

    """
    async with transaction() as tx:
        complaint = await access_complaint_to_follow(actor, complaint_id)
        if complaint.resident_id == actor.id:
            raise OwnComplaintError
        await tx.query(
            "INSERT INTO complaint_follow (complaint_id, resident_id, followed_at) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING id",
            complaint.id,
            actor.id,
            at,
        )


async def unfollow_complaint(actor: Actor, complaint_id: UUID) -> None:
    """Stop following; a second time changes nothing."""
    async with transaction():
        await ComplaintFollow.filter(complaint_id=complaint_id, resident_id=actor.id).delete()


async def record_pushed(
    complaint_id: UUID, remote_id: str, *, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> None:
    """Note that the core has the complaint under an id of its own; a second time changes nothing."""
    async with transaction() as tx:
        complaint = await _locked(complaint_id)
        if complaint.remote_id is None:
            complaint.remote_id = remote_id
            await complaint.save(update_fields=["remote_id"])
        if not await ComplaintEvent.filter(complaint_id=complaint_id, type=EventType.PUSHED).exists():
            await append(complaint, NewEvent(EventType.PUSHED, Source.SYSTEM, at), at=at, calendar=calendar)
            tx.after_commit(lambda: live.publish(topic_of(complaint), complaint.last_seq))


@dataclass(frozen=True, slots=True)
class ToldOf:
    """A complaint of which the core told something: locked, with its history, and whether that update is in it."""

    complaint: Complaint
    history: History
    known: bool


async def lock_told_of(tx: Transaction, complaint_id: UUID, update_id: str) -> ToldOf | None:
    """Lock a complaint, if there is one of that id, and read all that an update of it needs in one question."""
    locked = tx.ask(ONE_LOCKED, complaint_id)
    asked = ask_history(tx, complaint_id)
    found = await locked.rows_as(Complaint)
    if not found:
        return None
    history = await asked.read()
    return ToldOf(found[0], history, known=any(each.update_id == update_id for each in history.happened))


async def record_progress(
    found: ToldOf, told: NewEvent, *, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> int | None:
    """Add what the core told; give the event's number, or nothing if it was known already."""
    complaint, history = found.complaint, found.history
    if found.known:
        return None
    async with transaction() as tx:
        redone_at = [each.at for each in history.happened if each.type is EventType.REDONE]
        placed = _placed(told, complaint, redone_at, received_at=at)
        await append(complaint, placed, at=at, calendar=calendar, history=history)
        seq = complaint.last_seq
        tx.emit(ComplaintProgressed(occurred_at=at, complaint_id=complaint.id, seq=seq))
        tx.after_commit(lambda: live.publish(topic_of(complaint), seq))
    return seq


def _placed(told: NewEvent, complaint: Complaint, redone_at: Sequence[datetime], *, received_at: datetime) -> NewEvent:
    """Bring a told time and round into what is possible; a time that had to be moved stays with the event, as said."""
    occurred_at = clamp(told.occurred_at, filed_at=complaint.filed_at, received_at=received_at)
    detail = told.detail
    if occurred_at != told.occurred_at:
        detail = detail | {"said_at": told.occurred_at.isoformat()}
        log.warning(
            "dispatch_time_impossible",
            update_id=told.update_id,
            seconds_off=round((told.occurred_at - received_at).total_seconds()),
        )
    return replace(
        told, occurred_at=occurred_at, round=round_of(occurred_at, redone_at, told=told.round), detail=detail
    )


async def _locked(complaint_id: UUID) -> Complaint:
    return await Complaint.filter(id=complaint_id).select_for_update(no_key=True).get()


def _refuse_ended(complaint: Complaint) -> None:
    if complaint.status in ENDED:
        raise ComplaintAlreadyClosedError
