"""What goes wrong on the line, on request. Start at `Faults`.

Incoming calls can be delayed, dropped, answered with a status or another body, done and then cut off without an
answer, or done with the answer held back for a while; outgoing callbacks can also be duplicated, reordered or wrongly
signed. A rule without `times` works until the rules are replaced.
"""

import fnmatch
from collections.abc import Collection
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal[
    "delay",
    "drop",
    "status",
    "answer",
    "accept_then_drop",
    "hold",
    "callback_first",
    "duplicate",
    "reorder",
    "bad_signature",
]
Direction = Literal["in", "out"]
INCOMING: tuple[Kind, ...] = ("delay", "drop", "status", "answer", "accept_then_drop", "hold")
OUTGOING: tuple[Kind, ...] = ("delay", "drop", "accept_then_drop", "duplicate", "bad_signature")
REORDER: tuple[Kind, ...] = ("reorder",)
CALLBACK_FIRST: tuple[Kind, ...] = ("callback_first",)


class Match(BaseModel):
    """Which calls a rule is about: a part of the path (or a glob), a method, a direction; absent means any."""

    model_config = ConfigDict(extra="forbid")
    path: str | None = None
    method: str | None = None
    direction: Direction | None = None

    def fits(self, direction: Direction, method: str, path: str) -> bool:
        """Whether a call is meant."""
        if self.direction not in (None, direction):
            return False
        if self.method is not None and self.method.upper() != method.upper():
            return False
        return self.path is None or self.path in path or fnmatch.fnmatchcase(path, self.path)


class Fault(BaseModel):
    """One rule. `value`: seconds of a delay or a hold, a status, how many copies, how long to wait for a second to reorder."""

    model_config = ConfigDict(extra="forbid")
    match: Match = Field(default_factory=Match)
    do: Kind
    value: Any = None
    times: int | None = Field(default=None, ge=0)

    def number(self, default: float) -> float:
        """Give the value as a number."""
        return float(self.value) if isinstance(self.value, int | float | str) and self.value != "" else default


class Faults:
    """The rules in force, in their order."""

    def __init__(self) -> None:
        """Nothing goes wrong at first."""
        self.rules: list[Fault] = []

    def strike(self, direction: Direction, method: str, path: str, kinds: Collection[Kind]) -> list[Fault]:
        """Find the rules that hit this call; each one that hits has one time less left."""
        hit = [rule for rule in self.rules if rule.do in kinds and self._hits(rule, direction, method, path)]
        for rule in hit:
            if rule.times is not None:
                rule.times -= 1
        return hit

    def awaits(self, direction: Direction, method: str, path: str, kind: Kind) -> Fault | None:
        """Give the first rule of a kind that would hit, without using it up."""
        return next((r for r in self.rules if r.do == kind and self._hits(r, direction, method, path)), None)

    @staticmethod
    def _hits(rule: Fault, direction: Direction, method: str, path: str) -> bool:
        return rule.times != 0 and rule.match.fits(direction, method, path)
