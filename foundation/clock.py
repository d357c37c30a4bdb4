"""Time: the real one, and the domain's, which may be moved.

Deadlines, reminders and everything a resident calls "by when" ask a `Clock`
that is passed in. Signatures, tokens, leases, retries and heartbeats ask
`real_now`. In production both are the same; in development `linli clock`
moves the domain's for all processes at once, through one row of the database.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

LOCAL_ZONE_NAME = "Asia/Shanghai"


class Clock(Protocol):
    """Tells the domain's time."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""


def real_now() -> datetime:
    """Give the real instant, aware, in UTC."""
    return datetime.now(UTC)


class SystemClock:
    """The clock of production: domain time is real time."""

    def now(self) -> datetime:
        """Give the real instant."""
        return real_now()


class FrozenClock:
    """The clock of tests: it stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Give the instant it was set to."""
        return self._at

    def advance(self, **by: float) -> datetime:
        """Move it on, by `timedelta`'s words: `advance(hours=25)`."""
        self._at += timedelta(**by)
        return self._at

    def set(self, at: datetime) -> None:
        """Put it to an instant."""
        self._at = at


@dataclass(frozen=True, slots=True)
class ClockReading:
    """At `real_at` the domain's clock showed `domain_at`; since then it runs `rate` times as fast."""

    real_at: datetime
    domain_at: datetime
    rate: float

    def at(self, real: datetime) -> datetime:
        """Give the domain's instant at a real one."""
        return self.domain_at + (real - self.real_at) * self.rate

    def moved(self, real: datetime, *, by: timedelta) -> "ClockReading":
        """Give the reading after a push forward at a real instant."""
        return replace(self, real_at=real, domain_at=self.at(real) + by)

    def paced(self, real: datetime, *, rate: float) -> "ClockReading":
        """Give the reading after a change of pace at a real instant."""
        return replace(self, real_at=real, domain_at=self.at(real), rate=rate)


class MovableClock:
    """The clock of development; `reading` is renewed from the database by the process that holds it."""

    def __init__(self) -> None:
        now = real_now()
        self.reading = ClockReading(real_at=now, domain_at=now, rate=1.0)

    def now(self) -> datetime:
        """Give the domain's present instant."""
        return self.reading.at(real_now())
