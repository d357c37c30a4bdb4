"""The movable clock of a stand-in. Start at `MovableClock`.

It rules domain time only (when a unit did something, when a code expires); signatures and retries use `real_now`.
"""

import time
from datetime import UTC, datetime, timedelta

from sandbox.store import Store

LATEST = datetime(9998, 1, 1, tzinfo=UTC).timestamp()
"""Where time stands still: a little later there would be no calendar left for what is due after it."""


def real_now() -> datetime:
    """Give the instant on the wall, aware, in UTC."""
    return datetime.fromtimestamp(time.time(), UTC)


class MovableClock:
    """A clock that can be moved forward and made faster; it keeps its place in the store over a restart."""

    def __init__(self, store: Store) -> None:
        """Go on from where the store left it, or start at the real instant."""
        self.store = store
        anchor = store.kept("clock") or {"shown": time.time(), "real": time.time(), "rate": 1.0}
        self.shown: float = anchor["shown"]
        self.real: float = anchor["real"]
        self.rate: float = anchor["rate"]

    def now(self) -> datetime:
        """Give the domain instant, aware, in UTC."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def seconds(self) -> float:
        """Give the domain instant as unix seconds."""
        return min(self.shown + (time.time() - self.real) * self.rate, LATEST)

    def advance(self, seconds: float) -> None:
        """Jump forward; time never goes back."""
        reached = self.seconds() + seconds
        if reached > LATEST:
            message = "the clock does not go beyond the year 9997"
            raise ValueError(message)
        self._anchor(reached, self.rate)

    def run_at(self, rate: float) -> None:
        """From now on let domain time pass this many times faster than real time."""
        self._anchor(self.seconds(), rate)

    def back_to_real(self) -> None:
        """Show real time again, as on the first start."""
        self._anchor(time.time(), 1.0)

    def reading(self) -> dict[str, object]:
        """Tell what the clock shows, for the control door."""
        return {
            "now": self.now().isoformat(),
            "real": real_now().isoformat(),
            "rate": self.rate,
            "ahead_seconds": round((self.now() - real_now()) / timedelta(seconds=1), 3),
        }

    def _anchor(self, shown: float, rate: float) -> None:
        self.shown, self.real, self.rate = shown, time.time(), rate
        self.store.keep("clock", {"shown": shown, "real": self.real, "rate": rate})
