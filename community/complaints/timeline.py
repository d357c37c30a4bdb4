"""Appending events and making the projection anew; only for `actions.py`, with the complaint locked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from tortoise import Model

from community.complaints.dispatch_models import DispatchMessage, MessageKind, MessageState
from community.complaints.events import ComplaintAddedTo
from community.complaints.lifecycle import Happening, Projection, WorkingDays, project
from community.complaints.models import Complaint, ComplaintEvent, Deadline, EventType, ResponsibilityInterval, Source
from foundation.clock import real_now
from foundation.database import Asked, Transaction, transaction
from foundation.live import LiveFeed
from foundation.media.models import Media
from foundation.pipeline import Rows

BETWEEN_PAIRS = "\x1f"
"""No text we take has it in it; one long text is cheaper to send than a list of many short ones."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event that is about to get its number."""

    type: EventType
    source: Source
    occurred_at: datetime
    round: int | None = None
    """Left out, the complaint's present round."""
    text: str | None = None
    unit: str | None = None
    duty_phone: str | None = None
    due_at: datetime | None = None
    media: Sequence[Media] = ()
    update_id: str | None = None
    sequence: int | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class History:
    """What is stored of a complaint beside its own row; read with the complaint locked, so it stays as it is."""

    happened: Sequence[Happening]
    deadlines: Rows
    responsibilities: Rows


@dataclass(frozen=True, slots=True)
class AskedHistory:
    """The question for a history; it travels with the next one."""

    events: Asked
    deadlines: Asked
    responsibilities: Asked

    async def read(self) -> History:
        """Give the answer."""
        return History(
            [_happening_in(row) for row in await self.events.rows()],
            await self.deadlines.rows(),
            await self.responsibilities.rows(),
        )


def ask_history(tx: Transaction, complaint_id: UUID) -> AskedHistory:
    """Ask for what is stored of a complaint; ask for its lock before, or have it."""
    return AskedHistory(
        tx.ask(_HAPPENED, complaint_id),
        tx.ask("SELECT * FROM complaint_deadline WHERE complaint_id = %s", complaint_id),
        tx.ask("SELECT * FROM complaint_responsibility WHERE complaint_id = %s", complaint_id),
    )


_SOURCES = {each.name: "occurred_at" if each.name == "at" else each.name for each in fields(Happening)}
"""What the rules call a thing → the column it is in."""
_HAPPENED = (
    f"SELECT {', '.join(f'{column} AS {name}' for name, column in _SOURCES.items())}"  # noqa: S608 - our own columns
    " FROM complaint_event WHERE complaint_id = %s ORDER BY seq"
)
"""What the rules need, and no more: it is read for every update there is."""


def _happening_in(row: dict[str, Any]) -> Happening:
    return Happening(**(row | {"type": EventType(row["type"]), "source": Source(row["source"])}))


def _happening_of(event: ComplaintEvent) -> Happening:
    return Happening(**{name: getattr(event, column) for name, column in _SOURCES.items()})


async def append(
    complaint: Complaint, *drafts: NewEvent, at: datetime, calendar: WorkingDays, history: History | None = None
) -> list[ComplaintEvent]:
    """Append events with their numbers, then bring state, deadlines and responsibility up to them.

    Call with the complaint locked, inside a transaction; with its history, if that has been read since.
    """
    events = []
    round_ = complaint.round
    async with transaction() as tx:
        past = history or await ask_history(tx, complaint.id).read()
        for draft in drafts:
            if draft.type is EventType.REDONE:
                round_ += 1
            complaint.last_seq += 1
            event = ComplaintEvent.construct(
                complaint_id=complaint.id,
                seq=complaint.last_seq,
                received_at=at,
                result_due_at=_result_due_at(complaint, draft, calendar),
                **(_columns(draft) | {"round": draft.round or round_}),
            )
            tx.store(event)
            events.append(event)
        happened = [*past.happened, *map(_happening_of, events)]
        _project(tx, complaint, replace(past, happened=happened), at=at, calendar=calendar)
    return events


def _result_due_at(complaint: Complaint, draft: NewEvent, calendar: WorkingDays) -> datetime | None:
    """Count the result's instant where an event may promise one, so that a new calendar cannot change what was said."""
    promises = draft.type in (EventType.ASSIGNED, EventType.REDONE)
    return calendar.add_working_days(draft.occurred_at, complaint.result_days) if promises else None


def named_media(media: Sequence[Media]) -> list[dict[str, str]]:
    """Give photos and voice as an event keeps them."""
    return [{"id": str(each.id), "kind": each.kind.value} for each in media]


_COLUMNS = tuple(each.name for each in fields(NewEvent))


def _columns(draft: NewEvent) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in _COLUMNS} | {"media": named_media(draft.media)}


async def add(
    tx: Transaction, complaint: Complaint, *drafts: NewEvent, at: datetime, calendar: WorkingDays, live: LiveFeed
) -> None:
    """Append events of ours, pass each on to the core, and tell open screens; call with the complaint locked."""
    for event in await append(complaint, *drafts, at=at, calendar=calendar):
        pass_on(tx, complaint, event.seq, MessageKind.UPDATE)
        tx.emit(ComplaintAddedTo(occurred_at=at, complaint_id=complaint.id, seq=event.seq))
    tx.after_commit(lambda: live.publish(topic_of(complaint), complaint.last_seq))


def pass_on(tx: Transaction, complaint: Complaint, seq: int, kind: MessageKind) -> datetime:
    """Store what the core is to be told, and give when, in real time.

    The job that does it is a reaction to the event emitted with it.
    """
    now = real_now()
    tx.insert(
        DispatchMessage,
        complaint_id=complaint.id,
        kind=kind,
        seq=seq,
        state=MessageState.WAITING,
        created_at=now,
        next_try_at=now,
    )
    return now


def topic_of(complaint: Complaint) -> str:
    """Name the live topic of a complaint."""
    return f"complaint:{complaint.id}"


async def reproject(complaint: Complaint, *, at: datetime, calendar: WorkingDays) -> None:
    """Make the projection anew from all events; call with the complaint locked."""
    async with transaction() as tx:
        _project(tx, complaint, await ask_history(tx, complaint.id).read(), at=at, calendar=calendar)


def _project(tx: Transaction, complaint: Complaint, history: History, *, at: datetime, calendar: WorkingDays) -> None:
    seen = project(history.happened, result_days=complaint.result_days, calendar=calendar, now=at)
    complaint.last_seq = history.happened[-1].seq
    _take_over(complaint, seen)
    tx.change(complaint, "last_seq", "status", "round", "unit", "duty_phone", "answered_at", "rate_by")
    _replace(tx, Deadline, history.deadlines, _deadlines(complaint, seen))
    _replace(tx, ResponsibilityInterval, history.responsibilities, _responsibilities(complaint, seen))


def _take_over(complaint: Complaint, seen: Projection) -> None:
    responsible = seen.responsible
    complaint.status = seen.status
    complaint.round = seen.round
    complaint.unit = responsible.unit if responsible else None
    complaint.duty_phone = responsible.duty_phone if responsible else None
    complaint.answered_at = seen.answered_at
    complaint.rate_by = seen.rate_by


def _deadlines(complaint: Complaint, seen: Projection) -> Rows:
    return [
        {
            "complaint_id": complaint.id,
            "position": position,
            "kind": timer.kind,
            "round": timer.round,
            "unit": timer.unit,
            "started_at": timer.started_at,
            "due_at": timer.due_at,
            "state": timer.state,
            "resumes_at": timer.resumes_at,
            "met_at": timer.met_at,
            "reason": timer.reason,
        }
        for position, timer in enumerate(seen.timers)
    ]


def _responsibilities(complaint: Complaint, seen: Projection) -> Rows:
    return [
        {
            "complaint_id": complaint.id,
            "position": position,
            "unit": held.unit,
            "duty_phone": held.duty_phone,
            "helping": held.helping,
            "from_at": held.from_at,
            "to_at": held.to_at,
        }
        for position, held in enumerate(seen.responsibilities)
    ]


def _replace(tx: Transaction, model: type[Model], stored: Rows, fresh: Rows) -> None:
    """Write the rows where they differ from those stored; mostly nothing or one has changed."""
    by_position = {row["position"]: row for row in stored}
    tx.store(*[model.construct(**row) for row in fresh if row["position"] not in by_position])
    for row in fresh:
        old = by_position.pop(row["position"], None)
        if old is not None and old | row != old:
            tx.change(model.construct(**(old | row)))
    for gone in by_position.values():
        tx.order(f"DELETE FROM {model._meta.db_table} WHERE id = %s", gone["id"])  # noqa: S608, SLF001 - our own tables


def tell_bigrams(tx: Transaction, complaint: Complaint, pairs: Iterable[str]) -> None:
    """Store a text's character pairs where similar ones are looked for."""
    tx.order(
        "INSERT INTO complaint_likeness (complaint_id, filed_at, pairs) VALUES (%s, %s, string_to_array(%s, %s))",
        complaint.id,
        complaint.filed_at,
        BETWEEN_PAIRS.join(sorted(pairs)),
        BETWEEN_PAIRS,
    )
