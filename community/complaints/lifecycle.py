"""The rules of a complaint, pure: from what happened to where it stands.

`project` folds the whole list of events in one canonical order, so every order
of arrival and every repetition gives the same state, deadlines and
responsibility. Nothing here reads a clock or a table.

Sources of the rules: the table of events in the contract with the dispatch
core; 30 minutes to sign (签收) and 24 hours to first feedback (反馈) from the
assignment, natural time; the result by category, in working days.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from community.complaints.models import DeadlineKind, EventType, Source, Status
from community.complaints.timers import Timer, Timers

ACCEPT_WITHIN = timedelta(minutes=30)
FEEDBACK_WITHIN = timedelta(hours=24)
WITHIN = {DeadlineKind.ACCEPT: ACCEPT_WITHIN, DeadlineKind.FEEDBACK: FEEDBACK_WITHIN}
RATE_WITHIN = timedelta(days=7)

RANK = {
    Status.SUBMITTED: 0,
    Status.PUSHED: 1,
    Status.ASSIGNED: 2,
    Status.ACCEPTED: 3,
    Status.IN_PROGRESS: 4,
    Status.ANSWERED: 5,
    Status.CLOSED: 6,
    Status.NOT_ACCEPTED: 6,
}
"""A status only ever rises within a round, but for `returned`."""

RAISES = {
    EventType.SUBMITTED: Status.SUBMITTED,
    EventType.PUSHED: Status.PUSHED,
    EventType.ASSIGNED: Status.ASSIGNED,
    EventType.ACCEPTED: Status.ACCEPTED,
    EventType.FEEDBACK: Status.IN_PROGRESS,
    EventType.IN_PROGRESS: Status.IN_PROGRESS,
    EventType.ANSWERED: Status.ANSWERED,
    EventType.CLOSED: Status.CLOSED,
    EventType.NOT_ACCEPTED: Status.NOT_ACCEPTED,
}
"""Events not named here leave the status as it is."""

MEETS = {
    EventType.ACCEPTED: (DeadlineKind.ACCEPT,),
    EventType.IN_PROGRESS: (DeadlineKind.ACCEPT,),  # who works on it has taken it
    EventType.FEEDBACK: (DeadlineKind.ACCEPT, DeadlineKind.FEEDBACK),
    EventType.ANSWERED: (DeadlineKind.ACCEPT, DeadlineKind.FEEDBACK, DeadlineKind.RESULT),
}

ENDED = (Status.CLOSED, Status.NOT_ACCEPTED, Status.WITHDRAWN, Status.MERGED)
OPEN = tuple(status for status in Status if status not in ENDED)


class WorkingDays(Protocol):
    """The calendar results are promised in."""

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """Give the same clock time on the `days`-th working day after `start`."""


@dataclass(frozen=True, slots=True)
class Happening:
    """What the rules need to know of one event."""

    seq: int
    type: EventType
    source: Source
    round: int
    at: datetime
    sequence: int | None = None
    unit: str | None = None
    duty_phone: str | None = None
    due_at: datetime | None = None
    text: str | None = None
    result_due_at: datetime | None = None
    """The result's instant as it was counted when this event came in; a later change of the calendar is an event."""
    update_id: str | None = None
    received_at: datetime | None = None
    """When we heard of it. Only what people are given time for begins here; nothing that judges a unit does."""


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answered for it, from when to when; `helping` units stand beside the one responsible."""

    unit: str
    duty_phone: str | None
    from_at: datetime
    to_at: datetime | None = None
    helping: bool = False


@dataclass(frozen=True, slots=True)
class Projection:
    """Where a complaint stands."""

    status: Status
    round: int
    responsibilities: tuple[Responsible, ...]
    timers: tuple[Timer, ...]
    answered_at: datetime | None
    rate_by: datetime | None

    @property
    def responsible(self) -> Responsible | None:
        """The unit that answers for it now."""
        held = [each for each in self.responsibilities if each.to_at is None and not each.helping]
        return held[-1] if held else None


def project(happenings: Iterable[Happening], *, result_days: int, calendar: WorkingDays, now: datetime) -> Projection:
    """Fold everything that happened, as seen at `now`."""
    fold = _Fold(result_days, calendar)
    for each in in_order(happenings):
        fold.take(each)
    return fold.projection(now)


def in_order(happenings: Iterable[Happening]) -> list[Happening]:
    """Sort into the canonical order, the same however the events arrived.

    By round, which its own first event begins; then time; then whose word it
    is; then the core's own sequence. Where the core's clock contradicts its
    sequence the sequence wins: an event counts as no earlier than the one
    before it. What is still equal is told apart by what it is, never by when
    it arrived.
    """
    listed = list(happenings)
    effective = {each.seq: each.at for each in listed}
    latest: datetime | None = None
    for each in sorted((e for e in listed if e.sequence is not None), key=_told_order):
        latest = each.at if latest is None else max(latest, each.at)
        effective[each.seq] = latest
    return sorted(
        listed, key=lambda e: (e.round, e.type not in BEGINNINGS, effective[e.seq], _turn(e), _told_order(e), e.seq)
    )


BEGINNINGS = (EventType.SUBMITTED, EventType.REDONE)
_PLACE = {each: place for place, each in enumerate(sorted(EventType, key=lambda e: e is not EventType.RETURNED))}
"""The usual course within one instant; what was returned is mostly assigned anew in the same second."""


def _told_order(each: Happening) -> tuple[int, int, datetime, int, str]:
    """Order what the core told: by its sequence; without one, by the usual course of a complaint."""
    return each.round, each.sequence or 0, each.at, _PLACE[each.type], each.update_id or ""


def _turn(each: Happening) -> int:
    """Within one instant: receipt, then the core's word, then the resident's."""
    if each.type is EventType.PUSHED:
        return 0
    return 1 if each.source is Source.CORE else 2


@dataclass
class _Fold:
    """The state while folding."""

    result_days: int
    calendar: WorkingDays
    status: Status = Status.SUBMITTED
    round: int = 1
    withdrawn: bool = False
    merged_at: datetime | None = None
    returned: bool = False
    answered_at: datetime | None = None
    answer_heard_at: datetime | None = None
    extension_asked_at: datetime | None = None
    kept: set[DeadlineKind] = field(default_factory=set)
    """What this round's unit has done of its promises, whether or not they were made by then."""
    responsibilities: list[Responsible] = field(default_factory=list)
    timers: Timers = field(default_factory=Timers)

    def take(self, each: Happening) -> None:
        """Let one event do what it does."""
        if each.round > self.round:
            self._begin_round(each)
        if each.type in RAISES:
            self._raise(RAISES[each.type])
        self._move_responsibility(each)
        self._run_clocks(each)
        self._mark(each)

    def projection(self, now: datetime) -> Projection:
        """Give what came out, as seen at `now`."""
        status = Status.WITHDRAWN if self.withdrawn else Status.MERGED if self.merged_at else self.status
        if self.merged_at:  # only now: parted again, its promises run on as if nothing had been
            self.timers.cancel(self.merged_at)
        return Projection(
            status=status,
            round=self.round,
            responsibilities=tuple(self.responsibilities),
            timers=self.timers.seen_at(now),
            answered_at=self.answered_at,
            rate_by=self._rate_by() if status is Status.ANSWERED else None,
        )

    def _rate_by(self) -> datetime | None:
        """Give until when it may be rated: seven days in which the resident could see the result.

        A core that was away tells of a result days after it was there. Of several words of it the one that came
        first counts: when a row came is stored once, so every rebuilding of this database gives the same instant,
        and a later word never moves it.
        """
        if self.answered_at is None:
            return None
        return max(self.answered_at, self.answer_heard_at or self.answered_at) + RATE_WITHIN

    def _begin_round(self, each: Happening) -> None:
        """Start the redo: the same unit, fresh feedback and result (重办)."""
        self.round = each.round
        self.status = Status.IN_PROGRESS
        self.answered_at = self.answer_heard_at = self.extension_asked_at = None
        self.kept.clear()
        self.timers.cancel(each.at)
        self.timers.start(DeadlineKind.FEEDBACK, each.round, self._unit(), each.at, each.at + FEEDBACK_WITHIN)
        self._start_result(each)

    def _raise(self, status: Status) -> None:
        if RANK[status] > RANK[self.status]:
            self.status = status

    def _unit(self) -> str | None:
        held = [each for each in self.responsibilities if each.to_at is None and not each.helping]
        return held[-1].unit if held else None

    def _move_responsibility(self, each: Happening) -> None:
        if each.type in (EventType.ASSIGNED, EventType.TRANSFERRED) and each.unit:
            if self._unit() != each.unit:
                self._change_responsible(to_at=each.at)
                self.responsibilities.append(Responsible(each.unit, each.duty_phone, each.at))
        elif self._is_handed_back(each):
            self._change_responsible(to_at=each.at)
        elif each.type is EventType.CO_HANDLER_ADDED and each.unit:
            self.responsibilities.append(Responsible(each.unit, each.duty_phone, each.at, helping=True))
        if each.duty_phone and each.unit and each.unit == self._unit():  # whatever it tells of, the number is news
            self._change_responsible(duty_phone=each.duty_phone)

    def _is_handed_back(self, each: Happening) -> bool:
        """Whether the unit gives the case away here: once, and no longer when its result is there."""
        return each.type is EventType.RETURNED and not self.returned and RANK[self.status] < RANK[Status.ANSWERED]

    def _change_responsible(self, **changes: Any) -> None:
        self.responsibilities = [
            each if each.to_at or each.helping else replace(each, **changes) for each in self.responsibilities
        ]

    def _run_clocks(self, each: Happening) -> None:
        if each.type is EventType.ASSIGNED:
            self._start_clocks(each)
        self.timers.meet(MEETS.get(each.type, ()), each.round, each.at, reason=each.text)
        self.kept.update(MEETS.get(each.type, ()))
        match each.type:
            case EventType.RETURNED if self._is_handed_back(each):
                self.timers.cancel(each.at, (DeadlineKind.ACCEPT, DeadlineKind.FEEDBACK))
                self.kept.clear()
            case EventType.WAITING_FOR_RESIDENT:
                self.timers.pause(each.at)
            case EventType.RESUMED | EventType.SUPPLEMENTED:  # what was waited for is the resident's word
                self.timers.resume(each.at)
            case EventType.DEADLINE_CHANGED if each.due_at:
                self.timers.move(DeadlineKind.RESULT, each.at, each.due_at)
            case EventType.EXTENSION_GRANTED if each.due_at:
                self.timers.extend(DeadlineKind.RESULT, self.extension_asked_at or each.at, each.due_at, each.text)
            case EventType.CLOSED if each.source is not Source.CORE:
                pass  # we close only what was answered; a core whose clock is ahead may say so "later"
            case EventType.CLOSED | EventType.NOT_ACCEPTED | EventType.WITHDRAWN:
                self.timers.cancel(each.at)
            case _:
                pass

    def _start_clocks(self, each: Happening) -> None:
        """Start the 30-24 clocks, unless they run: a second word of assignment only changes the unit.

        A core whose clocks disagree may tell of the assignment as later than of what
        follows it; what was kept before it was promised is kept at once.
        """
        if self.withdrawn or RANK[self.status] >= RANK[Status.CLOSED]:
            return
        for kind, within in WITHIN.items():
            unpromised = each.round == 1 and not self.timers.has(kind, each.round)
            if unpromised or (RANK[self.status] <= RANK[Status.ASSIGNED] and not self.timers.has_open(kind)):
                self.timers.start(kind, each.round, each.unit, each.at, each.at + within)
            if kind in self.kept:
                self.timers.meet((kind,), each.round, each.at, reason=None)
        if not self.timers.has(DeadlineKind.RESULT, each.round):
            self._start_result(each)
            if DeadlineKind.RESULT in self.kept:
                self.timers.meet((DeadlineKind.RESULT,), each.round, each.at, reason=None)

    def _start_result(self, each: Happening) -> None:
        due_at = each.result_due_at or self.calendar.add_working_days(each.at, self.result_days)
        self.timers.start(DeadlineKind.RESULT, each.round, self._unit() or each.unit, each.at, due_at)

    def _mark_answered(self, each: Happening) -> None:
        self.answered_at = self.answered_at or each.at
        heard_at = each.received_at or each.at
        self.answer_heard_at = min(self.answer_heard_at or heard_at, heard_at)

    def _mark(self, each: Happening) -> None:
        match each.type:
            case EventType.RETURNED:
                if self._is_handed_back(each):
                    self.status = Status.PUSHED
                self.returned = True  # too late or not, it was the one time
            case EventType.ANSWERED:
                self._mark_answered(each)
            case EventType.EXTENSION_REQUESTED:
                self.extension_asked_at = each.at
            case EventType.EXTENSION_GRANTED | EventType.EXTENSION_REFUSED:
                self.extension_asked_at = None
            case EventType.WITHDRAWN:
                self.withdrawn = True
            case EventType.MERGED:
                self.merged_at = self.merged_at or each.at
            case EventType.UNMERGED:
                self.merged_at = None
            case _:
                pass


def round_of(occurred_at: datetime, redone_at: Sequence[datetime], *, told: int | None = None) -> int:
    """Give the round an event belongs to: the one it was told with, but never one that no redo has begun.

    Without a word, one more than the redos that came before it.
    """
    if told is not None:
        return min(told, 1 + len(redone_at))
    return 1 + sum(at <= occurred_at for at in redone_at)


def clamp(occurred_at: datetime, *, filed_at: datetime, received_at: datetime) -> datetime:
    """Bring a foreign clock's instant into what is possible: not before filing, at most 5 minutes ahead of us."""
    return max(filed_at, min(occurred_at, received_at + timedelta(minutes=5)))
