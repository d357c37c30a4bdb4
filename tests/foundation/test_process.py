"""Putting a process together: what begins again, and when."""

import asyncio

import pytest

from foundation.process import Pauses


class Loop:
    """A clock that is moved by hand, where the running loop is asked."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Loop:
    loop = Loop()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: loop)
    return loop


def test_what_fails_again_and_again_waits_ever_longer_and_after_a_calm_minute_begins_at_once(loop: Loop) -> None:
    pauses = Pauses()

    waited = []
    for _ in range(7):
        waited.append(pauses.after_a_failure())
        loop.now += waited[-1]
    loop.now += 61

    assert waited == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    assert pauses.after_a_failure() == 0.2
