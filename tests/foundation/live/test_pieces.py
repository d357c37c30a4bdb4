"""The small parts of the feed by themselves."""

import asyncio
import resource
from collections.abc import Sequence
from unittest.mock import AsyncMock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from foundation.live import LiveCollector, batches
from foundation.live.batches import Batch
from foundation.live.capacity import OTHER_DESCRIPTORS, most_sockets
from foundation.live.windows import Window
from tests.live import Door, Screen, eventually


@given(first=st.integers(1, 5), count=st.integers(0, 12), position=st.integers(0, 20), room=st.integers(0, 80))
def test_a_window_gives_what_follows_and_as_much_as_fits(first: int, count: int, position: int, room: int) -> None:
    window = Window(first, [f"[{n}]".encode() for n in range(first, first + count)])
    if not window.covers(position):
        return

    frames, reached = window.after(position, room)

    assert frames == b"".join(f"[{n}]".encode() for n in range(position + 1, reached + 1))
    assert reached > position
    assert len(frames) <= room or reached == position + 1
    assert reached == window.end or len(frames) + len(f"[{reached + 1}]") > room


@given(
    first=st.integers(1, 20),
    count=st.integers(0, 12),
    second=st.integers(1, 40),
    more=st.integers(1, 12),
    keep=st.integers(1, 10),
)
def test_joined_windows_keep_the_newest_without_a_gap(
    first: int, count: int, second: int, more: int, keep: int
) -> None:
    def window(start: int, size: int) -> Window:
        return Window(start, [f"[{n}]".encode() for n in range(start, start + size)])

    older, newer = window(first, count).last(keep), window(second, more)

    both = older.joined(newer, keep)

    assert list(both.frames) == [f"[{n}]".encode() for n in range(both.first, both.end + 1)]
    assert len(both.frames) <= keep
    assert both.end == (max(older.end, newer.end) if older.frames else newer.end)


async def test_a_batch_never_answers_with_what_was_asked_before() -> None:
    asked: list[list[str]] = []
    now = 0

    async def question(keys: Sequence[str]) -> list[int]:
        asked.append(list(keys))
        seen = now
        await asyncio.sleep(0.01)
        return [seen for _ in keys]

    batch: Batch[str, int] = Batch(question, most=3)
    first = asyncio.ensure_future(batch.ask("a"))
    await asyncio.sleep(0.005)
    now = 1
    later = await asyncio.gather(*(batch.ask(key) for key in ("a", "a", "b", "c", "d")))

    assert await first == 0
    assert later == [1, 1, 1, 1, 1]
    assert asked == [["a"], ["a", "b", "c"], ["d"]]


async def test_a_failed_question_fails_for_all_who_asked_and_for_nobody_else() -> None:
    async def question(keys: Sequence[str]) -> list[str]:
        if "bad" in keys:
            raise OSError
        return list(keys)

    batch: Batch[str, str] = Batch(question, most=10)

    both = await asyncio.gather(batch.ask("bad"), batch.ask("good"), return_exceptions=True)

    assert [type(answer) for answer in both] == [OSError, OSError]
    assert await batch.ask("good") == "good"


async def answered(keys: Sequence[str]) -> list[str]:
    return list(keys)


@pytest.fixture
def long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever waits for more wait for ever, as far as a test can tell."""
    monkeypatch.setattr(batches, "TIMES_AS_LONG", 1e12)
    monkeypatch.setattr(batches, "LONGEST_PAUSE_SECONDS", 600.0)


@pytest.mark.usefixtures("long_pauses")
async def test_whoever_asks_soon_after_others_waits_for_more_unless_it_is_urgent() -> None:
    question = AsyncMock(side_effect=answered)
    batch: Batch[str, str] = Batch(question, most=100)
    await asyncio.gather(*(batch.ask(str(n)) for n in range(10)))

    waiting = batch.ask("a")
    await asyncio.sleep(0)
    assert not waiting.done()
    async with asyncio.timeout(10):
        assert await batch.ask("b", urgent=True) == "b"
        assert await waiting == "a"

    assert [call.args[0] for call in question.await_args_list] == [[str(n) for n in range(10)], ["a", "b"]]


@pytest.mark.usefixtures("long_pauses")
async def test_a_crowd_that_fills_questions_waits_between_none_of_them() -> None:
    question = AsyncMock(side_effect=answered)
    batch: Batch[str, str] = Batch(question, most=4)

    async with asyncio.timeout(10):
        await asyncio.gather(*(batch.ask(str(n), weight=2) for n in range(9)))

    assert question.await_count == 5


async def test_one_who_leaves_takes_nobodys_answer_along() -> None:
    batch: Batch[str, str] = Batch(answered, most=10)
    leaving, staying = batch.ask("a"), batch.ask("a")

    leaving.cancel()

    assert await staying == "a"


async def test_the_figures_are_shown_to_prometheus(door: Door, screen: Screen) -> None:
    door.notebook.write("1")
    await screen.come("page:1")
    await eventually(lambda: screen.caught_up)
    registry = CollectorRegistry()
    registry.register(LiveCollector(door.feed.figures))

    text = generate_latest(registry).decode()

    assert "linli_live_sockets 1.0" in text
    assert "linli_live_frames_sent_total 1.0" in text


def test_a_process_holds_no_more_sockets_than_it_has_descriptors_for() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 10**9 + OTHER_DESCRIPTORS

    assert most_sockets(10**9) == hard - OTHER_DESCRIPTORS
    assert most_sockets(5) == 5
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
