"""What happens to people that others may want to know."""

from dataclasses import dataclass
from typing import ClassVar

from foundation.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeClaimed(Event):
    """A resident said where they live."""

    name: ClassVar[str] = "home.claimed"

    home_id: int
    resident_id: int
    place_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeConfirmed(Event):
    """Somebody with a post over the place, or the residence register, confirmed where a resident lives."""

    name: ClassVar[str] = "home.confirmed"

    home_id: int
    resident_id: int
    place_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResidentLeft(Event):
    """A resident left and took their identity along; what rooms keep apart from the database must go too."""

    name: ClassVar[str] = "resident.left"

    resident_id: int
