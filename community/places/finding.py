"""Lists of places and the search for one, as people see them. Start at `list_places` and `search_places`.

The search asks the index in a few steps, none of which grows with the number of buildings: which *named*
places share grams with the text; which *numbered* ones (buildings, grids) of that number lie in the best of
these; and, if something is left over, whose names share single characters. `search.score` then decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from community.places.models import Place, PlaceKind, PlaceStanding
from community.places.queries import PlaceDescription, nearest_places, paths_of
from community.places.search import (
    LEAST_SCORE,
    RELATIVE_SCORE,
    Label,
    Reading,
    name_grams,
    number_grams,
    read,
    score,
    single_grams,
)
from foundation.database import query

MOST_CANDIDATES = 60
"""How many rows one step of the search fetches."""
MOST_FOUND = 100
BEST_NAMED = 8
"""In how many named places a building's number is looked for."""
GOOD_SCORE = 0.75
"""Better than this, no slip of the pen is suspected."""
LIKELY_M = 3000
"""How far around an estate its community is looked for: communities here are a kilometre or two across."""
LOOKED_AROUND = 60
"""How many places around an estate are asked for their community."""
MOST_LIKELY = 4
"""How many communities are offered for an estate; more would be no help."""

Position = tuple[int, str, int]
"""Where a list stands: depth, sort name, id."""
Range = tuple[str, str]
"""The paths from the first up to, not including, the second: what lies under a place."""


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """One result: the place, its path, and how well it suits (1 in a plain list)."""

    place: Place
    description: PlaceDescription
    score: float = 1.0

    @property
    def position(self) -> Position:
        """Where the next page begins, if this is the last of one."""
        return (self.place.depth, self.place.sort_name, self.place.id)


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to."""

    parent: Place | None = None
    kind: PlaceKind | None = None

    @property
    def under(self) -> Range:
        """The paths that come into question."""
        return range_under(self.parent.path if self.parent else "/")


def range_under(path: str) -> Range:
    """Give the range of all paths that begin with this one; "0" is the sign after "/"."""
    return path, path[:-1] + "0"


async def list_places(narrowed: Filter, *, after: Position | None, limit: int) -> list[FoundPlace]:
    """List places from the top down, by name.

    Under a parent these are its direct children (or an area's buildings); with a kind, all of that kind
    under it. Candidates are shown only to who asks for their kind.
    """
    wheres, values = _where_of(narrowed)
    if after:
        wheres.append("(depth, sort_name, id) > (%s, %s, %s)")
        values += after
    sql = f"SELECT id FROM place WHERE {' AND '.join(wheres)} ORDER BY depth, sort_name, id LIMIT %s"  # noqa: S608
    rows = await query(sql, *values, limit)
    return await _described([row["id"] for row in rows])


def _where_of(narrowed: Filter) -> tuple[list[str], list[Any]]:
    wheres: list[str] = ["current"]
    values: list[Any] = []
    if narrowed.kind:
        wheres.append("kind = %s")
        values.append(narrowed.kind.value)
    else:
        wheres.append("standing = 'settled'")
    if narrowed.parent and narrowed.kind:
        wheres.append("(path ~>=~ %s AND path ~<~ %s AND id <> %s OR area_id = %s)")
        values += [*narrowed.under, narrowed.parent.id, narrowed.parent.id]
    elif narrowed.parent:
        wheres.append("(parent_id = %s OR area_id = %s)")
        values += [narrowed.parent.id, narrowed.parent.id]
    return wheres, values


async def search_places(text: str, narrowed: Filter) -> list[FoundPlace]:
    """Find places by what somebody typed, best first; a name that is there twice comes twice."""
    reading = read(text)
    if reading.is_empty:
        return await _all_of_hinted_kind(reading, narrowed)
    named = await _scored(reading, await _named(name_grams(reading), narrowed.under))
    found = {each.place.id: each for each in named}
    for each in await _scored(reading, await _numbered(reading, named, narrowed)):
        found[each.place.id] = each
    if max((each.score for each in found.values()), default=0.0) < GOOD_SCORE:
        for each in await _scored(reading, await _named(single_grams(reading), narrowed.under)):
            found.setdefault(each.place.id, each)
    return _best(found.values(), narrowed) or await _of_kind_within(named, narrowed)


async def likely_communities(place: Place) -> list[FoundPlace]:
    """Say in which communities a place may lie, likeliest first: its own, or those of the settled places around it.

    Nothing is offered for an estate of which nobody knows where it stands, or that stands far from all others.
    """
    own = (await paths_of([place.id]))[place.id].above(PlaceKind.COMMUNITY)
    if own or place.point is None:
        return await _described([own.id] if own else [])
    around = await nearest_places(place.point, PlaceStanding.SETTLED, limit=LOOKED_AROUND)
    near = [each.place.id for each in around if each.distance_m <= LIKELY_M]
    paths = await paths_of(near)
    communities = (paths[each].above(PlaceKind.COMMUNITY) for each in near)
    found = await _described(list(dict.fromkeys(each.id for each in communities if each)))
    return [each for each in found if each.place.current][:MOST_LIKELY]


async def _all_of_hinted_kind(reading: Reading, narrowed: Filter) -> list[FoundPlace]:
    """List all communities for who typed just 社区."""
    kinds = [kind for kind in PlaceKind if kind in reading.kinds and narrowed.kind in {None, kind}]
    if not kinds:
        return []
    return await list_places(Filter(narrowed.parent, kinds[0]), after=None, limit=MOST_FOUND)


def _best(found: Iterable[FoundPlace], narrowed: Filter) -> list[FoundPlace]:
    wanted = [each for each in found if narrowed.kind in {None, each.place.kind}]
    wanted = [each for each in wanted if narrowed.parent is None or each.place.id != narrowed.parent.id]
    top = max((each.score for each in wanted), default=0.0)
    kept = [each for each in wanted if each.score >= max(LEAST_SCORE, top * RELATIVE_SCORE)]
    return sorted(kept, key=_best_first)[:MOST_FOUND]


def _best_first(found: FoundPlace) -> tuple[float, bool, Position]:
    """Order results; of two that suit alike, the one whose community is known comes first."""
    return -round(found.score, 6), found.place.standing is PlaceStanding.CANDIDATE, found.position


async def _of_kind_within(named: Sequence[FoundPlace], narrowed: Filter) -> list[FoundPlace]:
    """List what is of the wanted kind in the place that suits best, as for 红山 when a building is wanted."""
    if not named or not narrowed.kind:
        return []
    best = max(named, key=lambda each: each.score)
    if best.score < LEAST_SCORE:
        return []
    return await list_places(Filter(best.place, narrowed.kind), after=None, limit=MOST_FOUND)


async def _named(grams: Sequence[str], under: Range) -> list[int]:
    """Ask the index for places that share grams, those that share most first."""
    if not grams:
        return []
    rows = await query(
        """
        SELECT id FROM place
        WHERE grams && %s::text[] AND current AND path ~>=~ %s AND path ~<~ %s
        ORDER BY cardinality(ARRAY(SELECT unnest(grams) INTERSECT SELECT unnest(%s::text[]))) DESC,
                 cardinality(grams), depth, id
        LIMIT %s
        """,
        list(grams), *under, list(grams), MOST_CANDIDATES,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _numbered(reading: Reading, named: Sequence[FoundPlace], narrowed: Filter) -> list[int]:
    """Ask the index for buildings and grids of the text's number, in the best named places if there are any."""
    numbers = number_grams(reading)
    if not numbers:
        return []
    if not named:
        return await _of_number(numbers[0], narrowed.under)
    best = sorted(named, key=lambda each: -each.score)[:BEST_NAMED]
    return await _of_number_within(numbers[0], best, narrowed.under)


async def _of_number(number: str, under: Range) -> list[int]:
    rows = await query(
        "SELECT id FROM place WHERE grams @> ARRAY[%s]::text[] AND current AND path ~>=~ %s AND path ~<~ %s"
        " ORDER BY depth, sort_name, id LIMIT %s",
        number, *under, MOST_CANDIDATES,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _of_number_within(number: str, named: Sequence[FoundPlace], under: Range) -> list[int]:
    inside = [range_under(each.place.path) for each in named]
    rows = await query(
        """
        SELECT p.id
        FROM unnest(%s::text[], %s::text[]) AS inside(low, high)
        JOIN place p ON p.grams @> ARRAY[%s]::text[] AND p.path ~>=~ inside.low AND p.path ~<~ inside.high
        WHERE p.current AND p.path ~>=~ %s AND p.path ~<~ %s
        UNION
        SELECT p.id FROM place p
        WHERE p.area_id = ANY(%s) AND p.grams @> ARRAY[%s]::text[]
          AND p.current AND p.path ~>=~ %s AND p.path ~<~ %s
        ORDER BY id LIMIT %s
        """,
        [low for low, _ in inside], [high for _, high in inside], number, *under,
        [each.place.id for each in named], number, *under, MOST_CANDIDATES,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _scored(reading: Reading, place_ids: Sequence[int]) -> list[FoundPlace]:
    """Fetch candidates and say how well each suits."""
    return [
        FoundPlace(each.place, each.description, score(reading, _label_of(each)))
        for each in await _described(place_ids)
    ]


def _label_of(found: FoundPlace) -> Label:
    place = found.place
    above = tuple(step.name for step in found.description.path[:-1])
    return Label(place.kind, (place.name, *place.aliases), above)


async def _described(place_ids: Sequence[int]) -> list[FoundPlace]:
    """Fetch places with their paths, in the order of the ids."""
    places = {place.id: place for place in await Place.filter(id__in=list(place_ids))}
    paths = await paths_of(place_ids)
    return [FoundPlace(places[each], paths[each]) for each in place_ids if each in places]
