"""Measuring side by side: every peer once in every round, and the median of the ratios within the rounds.

A machine is never quiet: what disturbs one peer for a second disturbs its neighbours in the same round too, so
ratios hold where absolute figures do not. Start at `Table` and `run`; `publish` in `publishing.py` writes what
came out.

    table = Table(
        name="filing", title="Filing a complaint", question="…", columns=(Column("per_second", "a second"),),
        peers=(Peer("raw", "one durable insert", raw), Peer("linli", "the whole of filing", linli)),
        goals=(Goal("linli", "per_second", at_least=0.15),),
    )
    filled = await run(table, seconds=40)
"""

import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

Figures = Mapping[str, float]
"""One sample of one peer: a figure for each column it has; what a peer cannot do is left out."""
FEWEST_ROUNDS = 2


@dataclass(frozen=True, slots=True)
class Column:
    """One thing that is measured."""

    key: str
    title: str
    digits: int = 0
    less_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to do the work; `sample` does it for a moment and gives its figures."""

    key: str
    title: str
    sample: Callable[[], Awaitable[Figures]]


@dataclass(frozen=True, slots=True)
class Goal:
    """What is promised of one figure: of the ratio to `to`, or of the figure itself where that is None."""

    peer: str
    column: str
    at_least: float | None = None
    at_most: float | None = None
    to: str | None = "raw"
    words: str = ""
    """What it is called in the table of goals; made of the rest if left out."""

    def kept_by(self, value: float) -> bool:
        """Whether a value is good enough."""
        too_small = self.at_least is not None and value < self.at_least
        too_large = self.at_most is not None and value > self.at_most
        return not (too_small or too_large)


@dataclass(frozen=True, slots=True)
class Table:
    """One question, who answers it, and what is promised."""

    name: str
    """The name of its files in docs/benchmarks."""
    title: str
    question: str
    """What is measured and how, for who reads the page."""
    columns: Sequence[Column]
    """The first is the one the picture shows."""
    peers: Sequence[Peer]
    goals: Sequence[Goal] = ()
    base: str | None = "raw"
    """The peer that all ratios in the table are to."""
    remarks: Sequence[str] = ()


@dataclass(slots=True)
class Filled:
    """A table with what came out: a list of rounds, each with the figures of every peer."""

    table: Table
    rounds: list[dict[str, Figures]] = field(default_factory=list)
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)
    """What was noticed while measuring, beside the table's own remarks."""

    def values(self, peer: str, column: str) -> list[float]:
        """Give a figure of every round in which there is one."""
        return [each[peer][column] for each in self.rounds if column in each.get(peer, {})]

    def median(self, peer: str, column: str) -> float | None:
        """Give the median of a figure, if there is any."""
        values = self.values(peer, column)
        return statistics.median(values) if values else None

    def ratios(self, peer: str, column: str, to: str) -> list[float]:
        """Give the ratio to another peer in every round that has both."""
        pairs = ((each.get(peer, {}).get(column), each.get(to, {}).get(column)) for each in self.rounds)
        return [ours / theirs for ours, theirs in pairs if ours is not None and theirs]

    def ratio(self, peer: str, column: str, to: str) -> float | None:
        """Give the median of the ratios, which need not be the ratio of the medians."""
        ratios = self.ratios(peer, column, to)
        return statistics.median(ratios) if ratios else None

    def reached(self, goal: Goal) -> float | None:
        """Give the value a goal is about."""
        return self.ratio(goal.peer, goal.column, goal.to) if goal.to else self.median(goal.peer, goal.column)


async def run(table: Table, *, seconds: float, rounds: int = 7, warm_up: bool = True) -> Filled:
    """Measure round by round, each round beginning with another peer; stop early rather than take too long.

    At least two rounds are measured, however long they take. A warm-up round is not counted.
    """
    filled, began = Filled(table), time.monotonic()
    if warm_up:
        await _round(table, 0)
    longest = time.monotonic() - began
    while len(filled.rounds) < rounds:
        left = seconds - (time.monotonic() - began)
        if len(filled.rounds) >= FEWEST_ROUNDS and left < longest:
            break
        start = time.monotonic()
        filled.rounds.append(await _round(table, len(filled.rounds)))
        longest = max(longest, time.monotonic() - start)
        _say(table, filled.rounds[-1], len(filled.rounds))
    filled.seconds = time.monotonic() - began
    return filled


async def _round(table: Table, number: int) -> dict[str, Figures]:
    shift = number % len(table.peers)
    order = [*table.peers[shift:], *table.peers[:shift]]
    found = {peer.key: await peer.sample() for peer in order}
    return {peer.key: found[peer.key] for peer in table.peers}


def _say(table: Table, figures: Mapping[str, Figures], number: int) -> None:
    """Tell how it goes, one line a round."""
    shown = {peer: {name: round(value, 3) for name, value in each.items()} for peer, each in figures.items()}
    sys.stderr.write(f"{table.name} {number}: {json.dumps(shown)}\n")
    sys.stderr.flush()


def quantile(values: Sequence[float], share: float) -> float:
    """Give the value below which that share of them lies; of none, nothing is known."""
    if not values:
        return float("nan")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
