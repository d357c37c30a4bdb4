"""A circuit breaker: an outside system that failed several times in a row is left alone for a while."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from foundation.clock import real_now


class BreakerOpenError(Exception):
    """The outside system is being left alone until `until`."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"left alone until {until.isoformat(timespec='seconds')}")
        self.until = until


@dataclass
class Breaker:
    """Counts failures in a row; after `failures` of them it opens for `seconds`, then lets one call try."""

    failures: int
    seconds: float
    _in_a_row: int = field(default=0, init=False)
    _until: datetime | None = field(default=None, init=False)

    def ask(self) -> None:
        """Ask leave to call.

        Raises:
            BreakerOpenError: not before the instant it names.

        """
        now = real_now()
        if self._until and now < self._until:
            raise BreakerOpenError(self._until)
        if self._until:  # half open: this one may try, the others wait for what comes of it
            self._until = now + timedelta(seconds=self.seconds)

    def succeeded(self) -> None:
        """Close: it answers."""
        self._in_a_row = 0
        self._until = None

    def failed(self) -> None:
        """Count a failure."""
        self._in_a_row += 1
        if self._in_a_row >= self.failures:
            self._until = real_now() + timedelta(seconds=self.seconds)

    @property
    def is_open(self) -> bool:
        """Whether calls are refused now."""
        return self._until is not None and real_now() < self._until
