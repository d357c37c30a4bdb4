"""Domain events and who reacts to them.

A rule tells what happened with `tx.emit(ComplaintFiled(...))`; every reaction
to it becomes one durable job in the same transaction. `linli map` prints the
table event → reactions.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import TypeAdapter

from foundation.jobs import Job, JobCall, job

if TYPE_CHECKING:
    from foundation.ground import Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, told in the past tense; subclasses are frozen dataclasses."""

    name: ClassVar[str]
    """The wire name, `noun.past_participle`; never changed once jobs with it may wait."""

    occurred_at: datetime
    """When, in domain time."""


E = TypeVar("E", bound=Event)


@dataclass(frozen=True, slots=True)
class Reaction(Generic[E]):
    """One effect of an event, done later by one job of its own."""

    event: type[E]
    job: Job
    lock: Callable[[E], str] | None

    def call(self, event: E) -> JobCall:
        """Give the job that does this effect for `event`."""
        wire = _adapter(cast("Any", self.event)).dump_python(event, mode="json")
        return self.job.call(event=wire, lock=self.lock(event) if self.lock else None)


@cache
def _adapter(event: Any) -> TypeAdapter[Any]:
    return TypeAdapter(event)


def reaction(
    event: type[E], name: str, *, lock: Callable[[E], str] | None = None
) -> Callable[[Callable[["Ground", E], Awaitable[None]]], Reaction[E]]:
    """Make an async function of the ground and the event its reaction.

    Jobs with the same lock run one after another, in the order of their events.
    """

    def decorate(react: Callable[["Ground", E], Awaitable[None]]) -> Reaction[E]:
        adapter = _adapter(cast("Any", event))

        async def run(ground: "Ground", *, event: dict[str, Any]) -> None:
            await react(ground, adapter.validate_python(event))

        run.__doc__ = react.__doc__
        return Reaction(event=event, job=job(name)(run), lock=lock)

    return decorate


_table: dict[type[Event], list[Reaction[Any]]] = {}


def bind_reactions(reactions: Iterable[Reaction[Any]]) -> None:
    """Set the process's table event → reactions; called once when its parts are put together."""
    table: dict[type[Event], list[Reaction[Any]]] = defaultdict(list)
    for each in reactions:
        table[each.event].append(each)
    _table.clear()
    _table.update(table)


def calls_for(event: Event) -> Sequence[JobCall]:
    """List the jobs an event causes."""
    return [each.call(event) for each in _table.get(type(event), ())]
