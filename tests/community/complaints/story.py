"""Histories for tests of the rules: a `Story` is told event by event and seen at an instant."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Self

from community.calendar.working_days import WorkingCalendar
from community.complaints.lifecycle import Happening, Projection, project
from community.complaints.models import DeadlineKind, DeadlineState, EventType, Source

MONDAY = datetime(2026, 11, 16, 1, 0, tzinfo=UTC)  # nine in the morning in Shenzhen
RESULT_DAYS = 5
WEEKENDS_ONLY = WorkingCalendar(None, MappingProxyType({}), frozenset())
OURS = {
    EventType.SUBMITTED,
    EventType.SUPPLEMENTED,
    EventType.URGED,
    EventType.RATED,
    EventType.REDONE,
    EventType.WITHDRAWN,
}

ACCEPT, FEEDBACK, RESULT = DeadlineKind.ACCEPT, DeadlineKind.FEEDBACK, DeadlineKind.RESULT
RUNNING, MET, LATE, PAUSED, CANCELLED = (
    DeadlineState.RUNNING,
    DeadlineState.MET,
    DeadlineState.LATE,
    DeadlineState.PAUSED,
    DeadlineState.CANCELLED,
)
FRESH = {ACCEPT: RUNNING, FEEDBACK: RUNNING, RESULT: RUNNING}
TAKEN = FRESH | {ACCEPT: MET}
HEARD = TAKEN | {FEEDBACK: MET}
DONE = HEARD | {RESULT: MET}


def after(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> datetime:
    """Give the instant so long after the story began."""
    return MONDAY + timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@dataclass
class Story:
    """What happened to one complaint, in the order it is told."""

    happenings: list[Happening] = field(default_factory=list)

    @classmethod
    def assigned(cls, unit: str = "环卫所") -> "Story":
        """Begin with what every complaint begins with, all at nine o'clock."""
        story = cls().told(EventType.SUBMITTED, after()).told(EventType.PUSHED, after())
        return story.told(EventType.ASSIGNED, after(), unit=unit)

    def told(self, what: EventType, at: datetime, *, round_: int = 1, **known: Any) -> Self:
        """Add one event."""
        source = known.pop("source", Source.RESIDENT if what in OURS else Source.CORE)
        source = Source.SYSTEM if what is EventType.PUSHED else source
        seq = len(self.happenings) + 1
        update_id = f"u{seq}" if source is Source.CORE else None
        self.happenings.append(
            Happening(seq=seq, type=what, source=source, round=round_, at=at, update_id=update_id, **known)
        )
        return self

    def seen(self, at: datetime | None = None) -> Projection:
        """Give where it stands, seen at an instant; left out, when the last thing happened."""
        now = at or max(each.at for each in self.happenings)
        return project(self.happenings, result_days=RESULT_DAYS, calendar=WEEKENDS_ONLY, now=now)

    def states(self, at: datetime | None = None, *, round_: int = 1) -> dict[DeadlineKind, DeadlineState]:
        """Give how each promise of a round stands; of two of a kind the later one."""
        return {timer.kind: timer.state for timer in self.seen(at).timers if timer.round == round_}

    def due(self, kind: DeadlineKind) -> datetime:
        """Give when the last promise of a kind is due."""
        return [timer.due_at for timer in self.seen().timers if timer.kind is kind][-1]
