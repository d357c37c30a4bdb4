"""What a request is promised by when, told from its history. Start at `promises`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.dispatch_core.records import Case, Update

WITHIN = {"accept": timedelta(minutes=30), "feedback": timedelta(hours=24)}
MEETS = {
    "accept": ("accepted", "feedback", "in_progress", "answered"),
    "feedback": ("feedback", "answered"),
    "result": ("answered",),
}


@dataclass(frozen=True)
class Promise:
    """One promise, and when it was kept, if it was."""

    kind: str
    due_at: datetime
    met_at: datetime | None


def promises(case: Case, history: Sequence[Update]) -> list[Promise]:
    """Give what is promised in the present round: to sign and to answer by whoever has it, the result by its day."""
    begun = _begun(history)
    due: dict[str, datetime] = {}
    if begun is not None:
        # A redo is done by the unit that has it already: nothing is signed again.
        kinds = ("feedback",) if history[begun].event == "redone" else WITHIN
        due = {kind: history[begun].at + WITHIN[kind] for kind in kinds}
    if case.expected_at is not None:
        due["result"] = case.expected_at
    since = history[begun:] if begun is not None else ()
    return [Promise(kind, at, _met(kind, since)) for kind, at in due.items()]


def _begun(history: Sequence[Update]) -> int | None:
    """Find the event from which a unit's time counts, by its place; none while it lies with nobody.

    A second assignment only names another unit; one that is returned begins anew.
    """
    begun = None
    for place, update in enumerate(history):
        if update.event == "returned":
            begun = None
        elif update.event == "redone" or (update.event == "assigned" and begun is None):
            begun = place
    return begun


def _met(kind: str, since: Sequence[Update]) -> datetime | None:
    return next((update.at for update in since if update.event in MEETS[kind]), None)
