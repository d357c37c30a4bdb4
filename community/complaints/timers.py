"""Promises with an instant, pure: started, met, late, paused, extended, cancelled.

Met means at or before the instant; one second past it is late. Once a promise
was met, in time or late, that is a fact no later event changes. A promise that
is only overdue may still turn out met, when the proof of it comes in late.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from community.complaints.models import DeadlineKind, DeadlineState

WAIT_AT_MOST = timedelta(days=7)
"""How long a promise may stand still in all while the resident is waited for; then it runs on by itself."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One promise."""

    kind: DeadlineKind
    round: int
    unit: str | None
    started_at: datetime
    due_at: datetime
    state: DeadlineState = DeadlineState.RUNNING
    met_at: datetime | None = None
    paused_at: datetime | None = None
    stood: timedelta = timedelta(0)
    """How long it stood still in all, in the pauses that have ended."""
    reason: str | None = None

    @property
    def open(self) -> bool:
        """Whether it still waits to be met."""
        return self.state is DeadlineState.RUNNING and self.met_at is None

    def met(self, at: datetime, reason: str | None) -> "Timer":
        """Give it as met at an instant: in time or late, for good."""
        late = self.broken_by(at)
        return replace(
            self.resumed(at),
            met_at=at,
            state=DeadlineState.LATE if late else DeadlineState.MET,
            reason=reason if late else self.reason,
        )

    def broken_by(self, at: datetime) -> bool:
        """Whether its instant had passed by another; standing still passes nothing."""
        return at > self.resumed(at).due_at

    @property
    def resumes_at(self) -> datetime | None:
        """When its pause ends at the latest; none if it does not stand still."""
        return self.paused_at + WAIT_AT_MOST - self.stood if self.paused_at else None

    def paused(self, at: datetime) -> "Timer":
        """Give it standing still from an instant, if it was not past by then; one that stands already stands on."""
        latest = self.run_on(at)
        return replace(latest, paused_at=at) if not latest.paused_at and at <= latest.due_at else self

    def resumed(self, at: datetime) -> "Timer":
        """Give it running again, with the time it stood still added."""
        if self.paused_at is None:
            return self
        stood = min(max(at - self.paused_at, timedelta(0)), WAIT_AT_MOST - self.stood)
        return replace(self, due_at=self.due_at + stood, stood=self.stood + stood, paused_at=None)

    def run_on(self, at: datetime) -> "Timer":
        """Give it running again if its pause had ended by itself by an instant."""
        return self.resumed(at) if self.resumes_at and at > self.resumes_at else self

    def cancelled(self, at: datetime) -> "Timer":
        """Give it as ended without being met; what was late by then stays late."""
        return replace(self, state=DeadlineState.LATE if self.broken_by(at) else DeadlineState.CANCELLED)

    def seen_at(self, now: datetime) -> "Timer":
        """Give it as it looks at an instant."""
        if not self.open:
            return self
        latest = self.run_on(now)
        if latest.paused_at is not None:
            return replace(latest, state=DeadlineState.PAUSED)
        return replace(latest, state=DeadlineState.LATE) if now > latest.due_at else latest


@dataclass
class Timers:
    """All promises of one complaint while its events are folded."""

    _timers: list[Timer] = field(default_factory=list)

    def start(self, kind: DeadlineKind, round_: int, unit: str | None, started_at: datetime, due_at: datetime) -> None:
        """Begin a promise."""
        self._timers.append(Timer(kind, round_, unit, started_at, due_at))

    def has(self, kind: DeadlineKind, round_: int) -> bool:
        """Whether such a promise was made in this round."""
        return any(timer.kind is kind and timer.round == round_ for timer in self._timers)

    def has_open(self, kind: DeadlineKind) -> bool:
        """Whether such a promise waits to be met."""
        return any(timer.kind is kind and timer.open for timer in self._timers)

    def meet(self, kinds: Collection[DeadlineKind], round_: int, at: datetime, *, reason: str | None) -> None:
        """Meet the open promises of these kinds in this round."""
        self._timers = [
            timer.met(at, reason) if timer.open and timer.kind in kinds and timer.round == round_ else timer
            for timer in self._timers
        ]

    def cancel(self, at: datetime, kinds: Collection[DeadlineKind] = tuple(DeadlineKind)) -> None:
        """End the open promises of these kinds."""
        self._timers = [timer.cancelled(at) if timer.open and timer.kind in kinds else timer for timer in self._timers]

    def pause(self, at: datetime) -> None:
        """Stop the clocks that are not yet past."""
        self._timers = [timer.paused(at) if timer.open else timer for timer in self._timers]

    def resume(self, at: datetime) -> None:
        """Let the clocks run again."""
        self._timers = [timer.resumed(at) if timer.open else timer for timer in self._timers]

    def move(self, kind: DeadlineKind, at: datetime, due_at: datetime) -> None:
        """Give an open promise another instant, if it was not broken by then: what was late stays late."""
        self._timers = [
            replace(timer.run_on(at), due_at=due_at)
            if timer.open and timer.kind is kind and not timer.broken_by(at)
            else timer
            for timer in self._timers
        ]

    def extend(self, kind: DeadlineKind, asked_at: datetime, due_at: datetime, reason: str | None) -> None:
        """Move a promise that was not yet broken when more time was asked for; else add a new one beside it."""
        for position, timer in enumerate(self._timers):
            if timer.kind is kind and timer.open:
                if not timer.broken_by(asked_at):
                    latest = timer.run_on(asked_at)
                    self._timers[position] = replace(latest, due_at=max(due_at, latest.due_at), reason=reason)
                else:
                    self._timers[position] = replace(timer, state=DeadlineState.LATE)
                    self.start(kind, timer.round, timer.unit, asked_at, due_at)
                return

    def seen_at(self, now: datetime) -> tuple[Timer, ...]:
        """Give all promises as they look at an instant, oldest first."""
        return tuple(timer.seen_at(now) for timer in self._timers)
