"""Whatever the order of arrival, and however often, a complaint's history gives one state."""

import os
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from community.complaints.lifecycle import RANK, Happening, Projection, in_order, project
from community.complaints.models import EventType, Source, Status
from tests.community.complaints.story import MONDAY, RESULT_DAYS, WEEKENDS_ONLY

SOAK = bool(os.environ.get("LINLI_TEST_SOAK"))
pytestmark = pytest.mark.timeout(3600 if SOAK else 300)
NOW = MONDAY + timedelta(days=30)
OURS = {
    EventType.SUBMITTED,
    EventType.PUSHED,
    EventType.SUPPLEMENTED,
    EventType.URGED,
    EventType.RATED,
    EventType.REDONE,
    EventType.WITHDRAWN,
    EventType.DEADLINE_CHANGED,
}
CORE = [each for each in EventType if each not in OURS]
FILED = Happening(seq=1, type=EventType.SUBMITTED, source=Source.RESIDENT, round=1, at=MONDAY)
# Often the very same instant, now and then days later.
MINUTES = (0, 0, 1, 1, 1, 2, 29, 30, 31, 45, 60, 24 * 60, 24 * 60 + 1, 3 * 1440, 7 * 1440, 8 * 1440, 12 * 1440)
instants = st.sampled_from([MONDAY + timedelta(minutes=each) for each in MINUTES])
updates = st.builds(
    Happening,
    seq=st.just(0),
    type=st.sampled_from(CORE),
    source=st.just(Source.CORE),
    round=st.sampled_from((1, 1, 1, 2)),
    at=instants,
    sequence=st.sampled_from((None, None, 1, 2, 3, 10, 700)),
    unit=st.sampled_from((None, "环卫所", "城管队")),
    due_at=instants,
    update_id=st.text("abc", max_size=2),
)
ours = st.builds(
    Happening,
    seq=st.just(0),
    type=st.sampled_from((EventType.REDONE, EventType.SUPPLEMENTED, EventType.SUPPLEMENTED, EventType.WITHDRAWN)),
    source=st.just(Source.RESIDENT),
    round=st.sampled_from((1, 2)),
    at=instants,
)


@st.composite
def histories(draw: st.DrawFn) -> list[Happening]:
    """Six or more updates of a core, which may number them, and what we did in between."""
    told = draw(st.lists(updates, min_size=6, max_size=12 if SOAK else 10))
    if draw(st.booleans()):
        told = [replace(each, sequence=place) for place, each in enumerate(told, start=1)]
    told = [replace(each, update_id=f"{each.update_id}{place}") for place, each in enumerate(told)]
    pushed = replace(FILED, type=EventType.PUSHED, source=Source.SYSTEM, at=draw(instants))
    return [pushed, *told, *draw(st.lists(ours, max_size=2))]


def otherwise(history: list[Happening], chance: Random) -> list[Happening]:
    """Let it arrive in another order and partly again; what we did keeps its order, it is written under a lock."""
    shuffled = [*history, *(each for each in history if each.source is Source.CORE and chance.random() < 0.3)]
    chance.shuffle(shuffled)
    own = iter([each for each in history if each.source is not Source.CORE])
    return [each if each.source is Source.CORE else next(own) for each in shuffled]


def arrived(history: list[Happening]) -> list[Happening]:
    """Number a history as it arrived; a repeated update is stored once."""
    known: set[str] = set()
    kept = [FILED]
    for each in history:
        if each.update_id is None or each.update_id not in known:
            kept.append(each)
            known.add(each.update_id or "")
    return [replace(each, seq=seq) for seq, each in enumerate(kept, start=1)]


def seen(history: list[Happening]) -> Projection:
    return project(arrived(history), result_days=RESULT_DAYS, calendar=WEEKENDS_ONLY, now=NOW)


def timeline(history: list[Happening]) -> list[Happening]:
    return [replace(each, seq=0) for each in in_order(arrived(history))]


@given(histories(), st.integers(0, 2**32))
@settings(max_examples=3_000 if SOAK else 100, deadline=None)
def test_any_order_and_any_repetition_give_one_state_one_set_of_promises_and_one_timeline(
    history: list[Happening], seed: int
) -> None:
    chance = Random(seed)  # noqa: S311 - it shuffles, and guards nothing
    for _ in range(3):
        other = otherwise(history, chance)

        assert seen(other) == seen(history)
        assert timeline(other) == timeline(history)


def test_all_permutations_of_six_updates_give_the_same_state_and_the_same_instants_for_the_rates() -> None:
    after = (
        (0, "assigned"),
        (20, "accepted"),
        (60, "feedback"),
        (90, "in_progress"),
        (120, "note"),
        (1440, "answered"),
    )
    told = [
        Happening(seq=0, type=EventType(word), source=Source.CORE, round=1, at=MONDAY + timedelta(minutes=minutes),
                  unit="环卫所", update_id=word)
        for minutes, word in after
    ]  # fmt: skip

    seen_in_every_order = [seen(list(history)) for history in permutations(told)]

    assert len(seen_in_every_order) == 720
    for stood in seen_in_every_order:
        assert stood == seen_in_every_order[0]
        assert (stood.status, stood.answered_at) == (Status.ANSWERED, MONDAY + timedelta(minutes=1440))
        assert [(timer.kind, timer.state, timer.met_at) for timer in stood.timers] == [
            ("accept", "met", MONDAY + timedelta(minutes=20)),
            ("feedback", "met", MONDAY + timedelta(minutes=60)),
            ("result", "met", MONDAY + timedelta(minutes=1440)),
        ]


@given(st.lists(updates, min_size=2, max_size=10))
@settings(max_examples=60, deadline=None)
def test_each_further_update_leaves_the_status_or_raises_it_but_for_a_return_and_a_merger(
    told: list[Happening],
) -> None:
    falls = {EventType.RETURNED, EventType.MERGED, EventType.UNMERGED}
    told = [replace(each, round=1, update_id=None) for each in told if each.type not in falls]

    ranks = [RANK[seen(told[:n]).status] for n in range(len(told) + 1)]

    assert ranks == sorted(ranks)


@given(histories())
@settings(max_examples=60, deadline=None)
def test_every_state_that_can_come_about_is_whole(history: list[Happening]) -> None:
    stood = seen(history)
    running = [(timer.kind, timer.round) for timer in stood.timers if timer.state == "running"]

    assert len([held for held in stood.responsibilities if held.to_at is None and not held.helping]) <= 1
    assert all(timer.met_at is None or timer.state in {"met", "late"} for timer in stood.timers)
    assert (stood.rate_by is not None) == (stood.status is Status.ANSWERED)
    assert len(running) == len(set(running))
    assert all(round_ == stood.round for _, round_ in running)
