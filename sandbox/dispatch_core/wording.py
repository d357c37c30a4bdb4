"""Who takes a request and what they write about it. Start at `unit_for` and `say`; the words are in `wording.toml`."""

import hashlib
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from sandbox.dispatch_core.records import Case

T = TypeVar("T")
_WORDS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("wording.toml").read_text(encoding="utf-8"))
COMMON: dict[str, list[str]] = _WORDS["common"]
TOPICS: dict[str, dict[str, list[str]]] = _WORDS["topic"]
_STREET = re.compile(r"([\u4e00-\u9fff]{2,3})街道")
_ABOVE_STREET = re.compile(r"^(?:\w{2,4}省)?(?:\w{2,4}市)?(?:\w{2,4}(?<!社)区)?")


class Dice:
    """Chance that always falls the same way for the same seed."""

    def __init__(self, *seed: object) -> None:
        """Begin a row of throws."""
        self.seed = ":".join(str(part) for part in seed)
        self.thrown = 0

    def roll(self) -> float:
        """From 0 to just under 1."""
        self.thrown += 1
        digest = hashlib.sha256(f"{self.seed}:{self.thrown}".encode()).digest()
        return int.from_bytes(digest[:7]) / 2**56

    def between(self, low: float, high: float) -> float:
        """Give a number from low to high."""
        return low + (high - low) * self.roll()

    def falls(self, chance: float) -> bool:
        """Whether something with this chance happens."""
        return self.roll() < chance

    def pick(self, choices: Sequence[T]) -> T:
        """One of several."""
        return choices[int(self.roll() * len(choices))]


def topic_of(case: Case) -> str:
    """Tell what a request is about: the service's name weighs more than the resident's words."""
    for text in (f"{case.service_name} {case.service_group or ''}", case.topic_text):
        for name, topic in TOPICS.items():
            if any(word in text for word in topic["words"]):
                return name
    return "other"


def unit_for(case: Case, seed: int, *, attempt: int = 1) -> tuple[str, str]:
    """Choose a plausible unit and its duty phone; another one when the case has come back."""
    units = TOPICS[topic_of(case)]["units"]
    first = int(Dice(seed, case.id, "unit").roll() * len(units))
    return _in_full(case, units[(first + attempt - 1) % len(units)])


def helper_for(case: Case, host: str | None, dice: Dice) -> tuple[str, str]:
    """Choose a unit that helps the one that has the case, and its duty phone."""
    helpers = [_in_full(case, name) for name in COMMON["helpers"]]
    return dice.pick([helper for helper in helpers if helper[0] != host])


def _in_full(case: Case, name: str) -> tuple[str, str]:
    """Give a unit's name with the street it belongs to, which some begin with already, and its duty phone."""
    street = street_of(case)
    unit = street + (name.removeprefix("街道") if street else name)
    tail = int.from_bytes(hashlib.sha256(unit.encode()).digest()[:4]) % 10_000
    return unit, f"0755-0000{tail:04d}"


def street_of(case: Case) -> str:
    """Give the street in the address, if one is named."""
    found = _STREET.match(_ABOVE_STREET.sub("", case.address or ""))
    return f"{found.group(1)}街道" if found else ""


def place_of(case: Case) -> str:
    """Give the place as a unit would write it: the end of the address, without the street."""
    words = re.sub(r"^.{2,3}街道", "", _ABOVE_STREET.sub("", case.address or "")).strip()
    return words[:20] if words else "现场"


def say(sentences: Sequence[str], dice: Dice, case: Case, **more: str) -> str:
    """One of the sentences, filled in."""
    words = {"place": place_of(case), "unit": case.unit or "承办单位", "day": dice.pick(("明天", "后天")), **more}
    return dice.pick(sentences).format(**words)
