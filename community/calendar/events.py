"""What happens to the calendar, for whoever counts with it."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarChanged(Event):
    """Days were announced or corrected: promises that are still running and touch them are counted anew."""

    name: ClassVar[str] = "calendar.changed"

    years: tuple[int, ...]
    """The years whose days are others now."""
