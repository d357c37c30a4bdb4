"""From when to when a post is held, and what a line of a file asks to be done about it. Pure; start at `decide`.

A file has days, the tables have instants: the first day begins at local midnight, and the last day is held to
its end.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar
from zoneinfo import ZoneInfo

from community.places.sheets import LineError
from foundation.clock import LOCAL_ZONE_NAME

LOCAL = ZoneInfo(LOCAL_ZONE_NAME)
FIRST_DAY, LAST_DAY = "起", "止"


class Term(Protocol):
    """A time in which somebody holds a post; without an end it goes on."""

    from_at: datetime
    to_at: datetime | None


Held = TypeVar("Held", bound=Term)


@dataclass(frozen=True, slots=True)
class Days:
    """The first and the last day of a post, as far as a line tells them."""

    first: date | None = None
    last: date | None = None

    @property
    def from_at(self) -> datetime | None:
        """The instant it begins."""
        return _midnight(self.first) if self.first else None

    @property
    def to_at(self) -> datetime | None:
        """The first instant at which it is held no more."""
        return _midnight(self.last + timedelta(days=1)) if self.last else None


class Step(StrEnum):
    """What is to be done about a line."""

    BEGIN = "begin"
    END = "end"
    NOTHING = "nothing"


def decide(days: Days, held: Sequence[Held], *, now: datetime) -> tuple[Step, Held | None]:
    """Say what a line asks for, given the terms in which its holder holds or held this very post.

    Raises:
        LineError: it contradicts what is known.

    """
    meant, end = _meant(days, held, now=now), days.to_at
    if meant is None:
        _require_beginning(days, held, now=now)
        return Step.BEGIN, None
    if end is None or meant.to_at == end:
        return Step.NOTHING, meant
    if end <= meant.from_at:
        raise LineError(
            LAST_DAY, "ends_before_it_begins", "从 {day} 起担任，不能在那之前结束", day=local_day(meant.from_at)
        )
    if meant.to_at is not None and meant.to_at < end:
        raise LineError(LAST_DAY, "ended_already", "已经在 {day} 结束", day=_last_day(meant.to_at))
    return Step.END, meant


def local_day(at: datetime) -> date:
    """Give the local day of an instant."""
    return at.astimezone(LOCAL).date()


def _meant(days: Days, held: Iterable[Held], *, now: datetime) -> Held | None:
    """Find the term a line speaks of: that of its first day; without one the present term, to be ended else the last."""
    if days.first:
        return next((each for each in held if each.from_at == days.from_at), None)
    in_order = sorted(held, key=lambda each: each.from_at)
    present = [each for each in in_order if each.from_at <= now and (each.to_at is None or each.to_at > now)]
    ended = [] if days.to_at is None or days.to_at > now else in_order
    return next(iter(present or ended[-1:]), None)


def _require_beginning(days: Days, held: Iterable[Term], *, now: datetime) -> None:
    """Refuse what cannot begin: what is already over by an unknown beginning, or runs into another term."""
    if days.first is None and days.to_at is not None and days.to_at <= now:
        raise LineError(LAST_DAY, "not_held", "没有担任过，没有什么可以结束；补录请把“起”也填上")
    from_at = days.from_at or now
    for each in held:
        if (each.to_at is None or from_at < each.to_at) and (days.to_at is None or each.from_at < days.to_at):
            raise LineError(FIRST_DAY, "held_already", "已经从 {day} 起担任，请填这一天", day=local_day(each.from_at))


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)


def _last_day(to_at: datetime) -> date:
    """Give the last day on which a post was held at all."""
    return local_day(to_at - timedelta(microseconds=1))
