"""Plain drawn pictures in place of the photos a unit would take. Start at `picture`; nothing real is shown."""

import struct
import zlib
from functools import lru_cache

from sandbox.dispatch_core.wording import Dice

WIDTH, HEIGHT = 480, 320
Colour = tuple[int, int, int]
SKIES: tuple[Colour, ...] = ((197, 219, 235), (214, 226, 232), (184, 203, 221))
WALLS: tuple[Colour, ...] = ((222, 208, 186), (205, 199, 190), (226, 219, 205), (190, 180, 168))
GROUND, LINE, CONE, HEAP, CLEAN = (128, 131, 133), (235, 232, 220), (214, 92, 40), (103, 84, 62), (142, 170, 128)


@lru_cache(maxsize=64)
def picture(name: str) -> bytes:
    """Draw a street with houses: something lying there before, a cone while working, clear ground after."""
    dice = Dice(name.rsplit("-", 1)[0])
    sky = bytes(dice.pick(SKIES)) * WIDTH
    rows = [bytearray(sky) for _ in range(HEIGHT)]
    left = 0
    while left < WIDTH:
        width, top = int(dice.between(60, 120)), int(dice.between(50, 150))
        _house(rows, left, top, width, dice.pick(WALLS))
        left += width
    _fill(rows, 0, 220, WIDTH, HEIGHT, GROUND)
    for at in range(0, WIDTH, 80):
        _fill(rows, at + 15, 264, at + 55, 270, LINE)
    stage, at = name.rsplit("-", 1)[-1], int(dice.between(120, 320))
    if stage == "before":
        for step in range(40):
            _fill(rows, at - step, 210 + step // 2, at + step + 30, 211 + step // 2, HEAP)
    elif stage == "work":
        for step in range(48):
            colour = LINE if 18 < step < 28 else CONE  # noqa: PLR2004 - the white band of a cone
            _fill(rows, at - step // 3, 190 + step, at + 4 + step // 3, 191 + step, colour)
    else:
        _fill(rows, at - 50, 214, at + 60, 222, CLEAN)
    return _png(rows)


def _house(rows: list[bytearray], left: int, top: int, width: int, wall: Colour) -> None:
    _fill(rows, left, top, left + width, 220, wall)
    dark: Colour = (wall[0] // 2, wall[1] // 2, wall[2] // 2 + 20)
    for row in range(top + 12, 200, 26):
        for column in range(left + 8, left + width - 12, 22):
            _fill(rows, column, row, column + 12, row + 14, dark)


def _fill(  # noqa: PLR0917 - a rectangle has four sides
    rows: list[bytearray], left: int, top: int, right: int, bottom: int, colour: Colour
) -> None:
    left, right = max(left, 0), min(right, WIDTH)
    stripe = bytes(colour) * max(0, right - left)
    for row in rows[max(top, 0) : min(bottom, HEIGHT)]:
        row[3 * left : 3 * right] = stripe


def _png(rows: list[bytearray]) -> bytes:
    raw = b"".join(b"\0" + row for row in rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
