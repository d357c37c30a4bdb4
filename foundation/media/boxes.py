"""M4A: the boxes of ISO 14496-12, walked through to measure a voice message and to blank what tells of it.

A file is a row of boxes, each with a size and a four-letter kind; some hold boxes themselves. Sound is found
through offsets counted from the file's beginning, so nothing may be cut out: what is not needed to play the
sound is renamed to `free` and filled with zeros in its place.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from foundation.media.errors import BrokenMediaError, UnsupportedMediaError

CONTAINERS = frozenset((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"edts"))
NEEDED = frozenset(
    (
        *CONTAINERS, b"ftyp", b"mdat", b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"smhd", b"dinf", b"elst",
        b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"sgpd", b"sbgp",
    )
)  # fmt: skip
"""Everything else is blanked: `udta` and `meta` hold names and places, `uuid` holds anything."""
TIMED = frozenset((b"mvhd", b"tkhd", b"mdhd"))
"""Boxes that begin with version, flags, and the instants of making and changing."""
FRAGMENTED = frozenset((b"moof", b"mvex"))
DEEPEST = 8
MOST_BOXES = 2000
MOST_ENTRIES = 100_000
"""A minute of sound has some fifty boxes and some thousands of entries; more is an attempt to keep us busy."""


@dataclass(frozen=True, slots=True)
class Box:
    """One box: where it begins, where its content begins, where it ends."""

    kind: bytes
    start: int
    content: int
    end: int


def blank_boxes(upload: bytes) -> tuple[bytes, float]:
    """Give the file without what is not needed to play it, and how many seconds it lasts.

    Raises:
        UnsupportedMediaError: there is more in it than sound, or it comes in fragments.
        BrokenMediaError: its boxes do not fit into one another.

    """
    file = bytearray(upload)
    boxes = list(islice(_walk(file, 0, len(file)), MOST_BOXES + 1))
    kinds = [box.kind for box in boxes]
    if FRAGMENTED & set(kinds):
        raise UnsupportedMediaError
    if len(boxes) > MOST_BOXES or not {b"moov", b"mvhd", b"mdhd", b"stts", b"mdat"} <= set(kinds):
        raise BrokenMediaError
    for box in boxes:
        if box.kind == b"hdlr" and file[box.content + 8 : box.content + 12] != b"soun":
            raise UnsupportedMediaError
    seconds = max(_durations(file, boxes))
    for box in boxes:
        _blank(file, box)
    return bytes(file), seconds


def _walk(file: bytearray, start: int, end: int, depth: int = 0) -> Iterator[Box]:
    """Give the boxes between two places, and those inside them."""
    at = start
    while at < end:
        box = _box(file, at, end)
        yield box
        if box.kind in CONTAINERS:
            if depth > DEEPEST:
                raise BrokenMediaError
            yield from _walk(file, box.content, box.end, depth + 1)
        at = box.end


def _box(file: bytearray, at: int, end: int) -> Box:
    size, content = _number(file, at, 4), at + 8
    if size == 1:  # a large size follows
        size, content = _number(file, at + 8, 8), at + 16
    elif size == 0:  # to the end of the file
        size = end - at
    if at + size < content or at + size > end:
        raise BrokenMediaError
    return Box(bytes(file[at + 4 : at + 8]), at, content, at + size)


def _number(file: bytearray, at: int, size: int) -> int:
    if at + size > len(file):
        raise BrokenMediaError
    return int.from_bytes(file[at : at + size], "big")


def _durations(file: bytearray, boxes: list[Box]) -> Iterator[float]:
    """Give how long the file says it lasts, in each of the three places where it says so."""
    scale = 0
    for box in boxes:
        if box.kind in {b"mvhd", b"mdhd"}:
            long = file[box.content] == 1 if box.content < box.end else False
            times = 8 if long else 4
            scale = _number(file, box.content + 4 + 2 * times, 4)
            yield _seconds(_number(file, box.content + 8 + 2 * times, times), scale)
        elif box.kind == b"stts":
            yield _seconds(_ticks(file, box), scale)


def _seconds(ticks: int, scale: int) -> float:
    if not scale:
        raise BrokenMediaError
    return ticks / scale


def _ticks(file: bytearray, table: Box) -> int:
    """Add up the time-to-sample table: so many samples of so many ticks."""
    first = table.content + 8
    entries = _number(file, table.content + 4, 4)
    if entries > MOST_ENTRIES or first + 8 * entries > table.end:
        raise BrokenMediaError
    return sum(_number(file, at, 4) * _number(file, at + 4, 4) for at in range(first, first + 8 * entries, 8))


def _blank(file: bytearray, box: Box) -> None:
    if box.kind not in NEEDED:
        file[box.start + 4 : box.start + 8] = b"free"
        file[box.content : box.end] = bytes(box.end - box.content)
    elif box.kind in TIMED and box.content < box.end:
        times = 16 if file[box.content] == 1 else 8
        first = box.content + 4
        file[first : min(first + times, box.end)] = bytes(min(first + times, box.end) - first)
    elif box.kind == b"hdlr":  # after type and reserved words comes a name
        first = box.content + 24
        file[first : box.end] = bytes(max(box.end - first, 0))
