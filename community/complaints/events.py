"""What other rooms may react to."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from foundation.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFiled(Event):
    """A resident sent a complaint."""

    name: ClassVar[str] = "complaint.filed"
    complaint_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintAddedTo(Event):
    """The resident added words, urged, rated, asked for a redo or withdrew: event `seq` says which."""

    name: ClassVar[str] = "complaint.added_to"
    complaint_id: UUID
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintProgressed(Event):
    """The dispatch core told of a step: event `seq`."""

    name: ClassVar[str] = "complaint.progressed"
    complaint_id: UUID
    seq: int
