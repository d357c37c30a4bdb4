"""What can be watched: a `Topic` is what a room tells the feed about one kind of its things.

A topic of the kind `complaint` is written `complaint:<id>`. Its events are numbered from 1 without gaps, in
the order in which they were committed; the number is given under the row lock of the thing itself.
"""

from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from foundation.access import Actor

if TYPE_CHECKING:
    from foundation.ground import Ground

NumberedEvents = Sequence[tuple[int, Mapping[str, Any]]]
"""Events with their numbers, oldest first; the values as the doors give them out, ready for JSON."""
Asked = tuple[str, int, Hashable]
"""An id, the number after which events are wanted, and the view."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of things that can be watched. Its functions get what stands after the colon, the id."""

    kind: str
    watch: "Callable[[Ground, Actor, str], Awaitable[Hashable]]"
    """Give the view this actor has of it, such as its projection and language: all who share a view get the
    same bytes. Raises NotFoundError for what does not exist or may not be seen, and for every spelling of
    the id other than the one that is published."""
    history: "Callable[[Ground, str, int, Hashable], Awaitable[NumberedEvents]]"
    """Give the events after a number as that view sees them: oldest first, at most 200, none left out.
    What it gives may be sent up to a minute later, so addresses in it should be good for longer."""
    last_numbers: "Callable[[Ground, Collection[str]], Awaitable[Mapping[str, int]]]"
    """Give the last number of each in one query; what has no events may be left out."""
    watch_many: "Callable[[Ground, Sequence[tuple[Actor, str]]], Awaitable[Sequence[Hashable | None]]] | None" = None
    """Like `watch` for many at once, in one query, answers in the same order, None for who may not. With it a
    thousand who come back together cost a few queries, and a right that ends is noticed within a heartbeat."""
    history_many: "Callable[[Ground, Sequence[Asked]], Awaitable[Sequence[NumberedEvents]]] | None" = None
    """Like `history` for many at once, in one query, answers in the same order. An answer may be cut short, yet
    not to nothing. With it a thousand who each missed something of their own cost a few queries."""
    personal: bool = False
    """The kind alone is the topic (`me`), and each actor watches their own: the id is such as `resident:12`."""


def own_topic(kind: str, actor: Actor) -> str:
    """Name a personal topic of somebody, to publish to it."""
    return f"{kind}:{actor.kind}:{actor.id}"
