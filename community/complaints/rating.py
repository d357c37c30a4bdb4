"""The end of a complaint: rating, the single redo (重办), and closing.

Rated solved with a result of at least 3: closed. Otherwise it is done again,
once; not satisfied again: supervised, then closed with the truth on it. Not
rated within seven days: closed as "not rated".
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from community.complaints.access import access_own_complaint
from community.complaints.errors import (
    AlreadyRatedError,
    ComplaintAlreadyClosedError,
    NotAnsweredYetError,
    RedoUsedUpError,
)
from community.complaints.lifecycle import ENDED, WorkingDays
from community.complaints.models import Complaint, EventType, Rating, Source, Status
from community.complaints.timeline import NewEvent, add
from foundation.access import Actor
from foundation.database import transaction
from foundation.live import LiveFeed

GOOD_ENOUGH = 3
"""A result rated below this is not good enough, even if it was called solved."""


@dataclass(frozen=True, slots=True)
class RatingDraft:
    """What a resident says of a result: solved or not, and four marks from 1 to 5."""

    solved: bool
    speed: int
    result: int
    service: int
    answer: int
    text: str | None = None

    @property
    def satisfied(self) -> bool:
        """Whether it ends here."""
        return self.solved and self.result >= GOOD_ENOUGH


async def rate_complaint(
    actor: Actor, complaint_id: UUID, draft: RatingDraft, *, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> Complaint:
    """Rate a result. Satisfied: closed. Not: redone once by itself, the second time supervised and closed.

    Raises:
        NotFoundError: not the actor's complaint.
        NotAnsweredYetError: there is no result.
        AlreadyRatedError: this round was rated.
        ComplaintAlreadyClosedError: it ended without a rating.

    """
    async with transaction() as tx:
        complaint = await access_own_complaint(actor, complaint_id)
        await _refuse_rating(complaint)
        await Rating.create(
            complaint_id=complaint.id,
            round=complaint.round,
            solved=draft.solved,
            speed=draft.speed,
            result=draft.result,
            service=draft.service,
            answer=draft.answer,
            text=draft.text,
            rated_at=at,
        )
        rated = NewEvent(
            EventType.RATED,
            Source.RESIDENT,
            at,
            text=draft.text,
            detail={
                "solved": draft.solved,
                "speed": draft.speed,
                "result": draft.result,
                "service": draft.service,
                "answer": draft.answer,
            },
        )
        await add(tx, complaint, rated, *_what_follows(complaint, draft, at), at=at, calendar=calendar, live=live)
    return complaint


async def _refuse_rating(complaint: Complaint) -> None:
    if await Rating.filter(complaint_id=complaint.id, round=complaint.round).exists():
        raise AlreadyRatedError
    _refuse_unanswered(complaint)


def _refuse_unanswered(complaint: Complaint) -> None:
    if complaint.status in ENDED:
        raise ComplaintAlreadyClosedError
    if complaint.status is not Status.ANSWERED:
        raise NotAnsweredYetError


def _what_follows(complaint: Complaint, draft: RatingDraft, at: datetime) -> list[NewEvent]:
    if draft.satisfied:
        return [NewEvent(EventType.CLOSED, Source.SYSTEM, at, detail={"why": "rated"})]
    if complaint.round == 1:
        return [NewEvent(EventType.REDONE, Source.SYSTEM, at, detail={"why": "rated"})]
    return [
        NewEvent(EventType.SUPERVISED, Source.SYSTEM, at),
        NewEvent(EventType.CLOSED, Source.SYSTEM, at, detail={"why": "not_satisfied"}),
    ]


async def reopen_complaint(
    actor: Actor, complaint_id: UUID, *, reason: str, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> Complaint:
    """Ask for the single redo without rating.

    Raises:
        NotFoundError: not the actor's complaint.
        RedoUsedUpError: it was redone already.
        ComplaintAlreadyClosedError: it has ended.
        NotAnsweredYetError: there is no result.

    """
    async with transaction() as tx:
        complaint = await access_own_complaint(actor, complaint_id)
        if complaint.round > 1:
            raise RedoUsedUpError
        _refuse_unanswered(complaint)
        redone = NewEvent(EventType.REDONE, Source.RESIDENT, at, text=reason, detail={"why": "asked"})
        await add(tx, complaint, redone, at=at, calendar=calendar, live=live)
    return complaint


async def close_unrated(complaint_id: UUID, *, at: datetime, calendar: WorkingDays, live: LiveFeed) -> bool:
    """End a complaint nobody rated within seven days; give whether it was one."""
    async with transaction() as tx:
        complaint = await Complaint.filter(id=complaint_id).select_for_update(no_key=True).get()
        if complaint.status is not Status.ANSWERED or not complaint.rate_by or at <= complaint.rate_by:
            return False
        await add(
            tx,
            complaint,
            NewEvent(EventType.CLOSED, Source.SYSTEM, at, detail={"why": "not_rated"}),
            at=at,
            calendar=calendar,
            live=live,
        )
    return True
