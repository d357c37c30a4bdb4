"""Who is acting. Rooms decide what an actor may do; this says only who it is.

`Access` names which kinds of actors an endpoint takes at all (`foundation/web/endpoint.py`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

ActorKind = Literal["resident", "staff", "machine"]


@dataclass(frozen=True)
class Role:
    """An office that somebody holds, for one place and all below it, or for everywhere."""

    name: str
    place_id: int | None = None


@dataclass(frozen=True)
class Actor:
    """A person or a machine whose credentials were checked."""

    kind: ActorKind
    id: int
    roles: frozenset[Role] = frozenset()
    language: str = "zh-Hans"
    key: str = ""
    """Identity for rate limits and repeated requests; left out, made of kind and id."""

    def __post_init__(self) -> None:
        if not self.key:
            object.__setattr__(self, "key", f"{self.kind}:{self.id}")


class Access(StrEnum):
    """Whom an endpoint is for. There is no default: every endpoint names it."""

    ANYONE = "anyone"
    RESIDENT = "resident"
    STAFF = "staff"
    SIGNED_IN = "signed_in"
    MACHINE = "machine"

    def admits(self, actor: Actor) -> bool:
        """Say whether this kind of actor may come in here; what it may see is another question."""
        if self is Access.ANYONE:
            return True
        if self is Access.SIGNED_IN:
            return actor.kind != "machine"
        return actor.kind == self.value
