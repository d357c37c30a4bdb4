"""A stretch of a topic's frames with consecutive numbers."""

from collections.abc import Sequence
from typing import Self


class Window:
    """Frames of consecutive numbers. It is never changed, so a fan-out may pause in the middle of it."""

    __slots__ = ("end", "first", "frames", "size")

    def __init__(self, first: int, frames: Sequence[bytes]) -> None:
        self.first = first
        self.frames = tuple(frames)
        self.end = first + len(self.frames) - 1
        self.size = sum(map(len, self.frames))

    def covers(self, position: int) -> bool:
        """Whether it has what comes right after a position."""
        return self.first - 1 <= position < self.end

    def after(self, position: int, room: int) -> tuple[bytes, int]:
        """Give what comes after a position, as much as fits but at least one frame, and the number reached."""
        frames = self.frames[position + 1 - self.first :]
        whole = b"".join(frames)
        if len(whole) <= room or len(frames) == 1:
            return whole, self.end
        fitting = 1
        size = len(frames[0])
        while size + len(frames[fitting]) <= room:
            size += len(frames[fitting])
            fitting += 1
        return whole[:size], position + fitting

    def frame(self, seq: int) -> bytes | None:
        """Give the frame with a number, if it is here."""
        return self.frames[seq - self.first] if self.first <= seq <= self.end else None

    def joined(self, newer: Self, keep: int) -> Self:
        """Give the last `keep` frames of both, or of the one that reaches further where a gap is between."""
        if not self.frames or newer.first > self.end + 1:
            return newer.last(keep)
        if newer.end < self.first - 1 or not newer.frames:
            return self
        low, high = min(self.first, newer.first), max(self.end, newer.end)
        numbers = range(max(low, high - keep + 1), high + 1)
        return type(self)(numbers.start, [self.frame(n) or newer.frame(n) or b"" for n in numbers])

    def last(self, keep: int) -> Self:
        """Give its newest frames only."""
        if len(self.frames) <= keep:
            return self
        return type(self)(self.end - keep + 1, self.frames[-keep:])


EMPTY = Window(1, ())
