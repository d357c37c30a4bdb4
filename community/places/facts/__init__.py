"""What is known of the real district and may be kept here: names, codes and the district's rectangle.

`characters.csv` is our own list for `search.py`: characters that are written or heard alike.
"""

import csv
from functools import cache
from pathlib import Path

from community.places.coordinates import Box

_FOLDER = Path(__file__).parent


@cache
def read_facts(name: str) -> tuple[dict[str, str], ...]:
    """Read one of the lists kept beside this file, a row as column → value."""
    with (_FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


@cache
def district_box() -> Box:
    """Give the rectangle the district lies in, with a margin: nobody publishes its exact border."""
    (district,) = read_facts("district")
    west, south, east, north = (float(district[side]) for side in ("west", "south", "east", "north"))
    return Box(west, south, east, north)
