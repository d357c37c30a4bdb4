"""What other rooms ask about places: where one lies, who answers for it, what lies at a point.

Every look-up of a post has a date: posts change hands, and an old case belongs to whom it belonged then.
Lists and search for people are in `finding.py`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from community.places.coordinates import Datum, Point, distance_m
from community.places.errors import (
    NoDistrictError,
    OutsideDistrictError,
    PlaceNotFoundError,
    UnknownPlaceError,
)
from community.places.facts import district_box, read_facts
from community.places.models import Place, PlaceKind, PlaceStanding, Post, Responsibility
from foundation.database import Asked, Transaction, read

NEAR_LNG_FACTOR = 0.9228
"""A degree east is this much of a degree north here; the index `place_near` is built with it."""


@dataclass(frozen=True, slots=True)
class PlaceStep:
    """One place on the way down from the district."""

    id: int
    kind: PlaceKind
    name: str


@dataclass(frozen=True, slots=True)
class PlaceDescription:
    """A place with its path: from the district down to the place itself, which is the last step."""

    id: int
    kind: PlaceKind
    name: str
    path: tuple[PlaceStep, ...]

    @property
    def label(self) -> str:
        """Name it in one line, without the district and without grids, which residents do not know."""
        hidden = {PlaceKind.DISTRICT, PlaceKind.GRID}
        shown = [step.name for step in self.path if step.kind not in hidden or step.id == self.id]
        return "".join(shown)

    def above(self, kind: PlaceKind) -> PlaceStep | None:
        """Give the step of one kind, such as its community."""
        return next((step for step in self.path if step.kind is kind), None)


@dataclass(frozen=True, slots=True)
class NearPlace:
    """A place near a point: somebody has to say whether it is the one."""

    place: Place
    distance_m: int


_PATHS = """
    SELECT p.id AS of, s.id, s.kind, s.name
    FROM place p
    JOIN LATERAL (
        SELECT a.id, a.kind, a.name, a.depth * 2 AS rank FROM place a
        WHERE a.id = ANY(string_to_array(trim(both '/' from p.path), '/')::bigint[])
        UNION ALL
        SELECT a.id, a.kind, a.name, p.depth * 2 - 1 FROM place a WHERE a.id = p.area_id
    ) s ON true
"""
_IN_ORDER = " ORDER BY p.id, s.rank"


async def paths_of(place_ids: Iterable[int]) -> dict[int, PlaceDescription]:
    """Describe many places in one query; ids that do not exist are left out.

    A building's area stands just before it: residents know their estate, not their grid.
    """
    ids = list(set(place_ids))
    return described(await read(f"{_PATHS} WHERE p.id = ANY(%s) {_IN_ORDER}", ids)) if ids else {}


def ask_settled(tx: Transaction, place_id: int) -> Asked:
    """Ask for the path of a place that a case or a home may be put at; `described` reads the answer."""
    which = "p.id = %s AND p.current AND p.standing = 'settled'"
    return tx.ask(f"{_PATHS} WHERE {which} {_IN_ORDER}", place_id)


def ask_home(tx: Transaction, resident_id: int) -> Asked:
    """Ask for the path of where a resident lives now; `described` reads the answer."""
    which = "p.id = (SELECT place_id FROM home WHERE resident_id = %s AND to_at IS NULL)"
    return tx.ask(f"{_PATHS} WHERE {which} {_IN_ORDER}", resident_id)


def described(rows: Iterable[Mapping[str, Any]]) -> dict[int, PlaceDescription]:
    """Read paths, a row for each step."""
    steps: dict[int, list[PlaceStep]] = {}
    for row in rows:
        steps.setdefault(row["of"], []).append(PlaceStep(row["id"], PlaceKind(row["kind"]), row["name"]))
    return {
        place_id: PlaceDescription(place_id, path[-1].kind, path[-1].name, tuple(path))
        for place_id, path in steps.items()
    }


async def describe_place(place_id: int) -> PlaceDescription:
    """Describe one place.

    Raises:
        PlaceNotFoundError: there is none of this id.

    """
    found = await paths_of([place_id])
    if place_id not in found:
        raise PlaceNotFoundError
    return found[place_id]


async def ancestors(place_id: int) -> tuple[PlaceStep, ...]:
    """List what the place lies in, the district first and the place itself left out.

    Raises:
        PlaceNotFoundError: there is none of this id.

    """
    return (await describe_place(place_id)).path[:-1]


async def settled_place(place_id: int, *, pointer: str = "/place_id") -> Place:
    """Give a place that a case or a home may be put at.

    Raises:
        UnknownPlaceError: there is none, it is gone, or nobody has said yet where it lies.

    """
    place = await Place.get_or_none(id=place_id, current=True, standing=PlaceStanding.SETTLED)
    if place is None:
        raise UnknownPlaceError(pointer=pointer)
    return place


async def lies_under(place_id: int, above_id: int) -> bool:
    """Whether a place is another one or lies under it; an area counts for its buildings."""
    rows = await read(
        "SELECT 1 FROM place WHERE id = %s AND (position(%s in path) > 0 OR area_id = %s)",
        place_id, f"/{above_id}/", above_id,
    )  # fmt: skip
    return bool(rows)


async def responsible_for(place_id: int, post: Post, *, at: datetime, subject: str = "") -> Responsibility | None:
    """Find who holds a post for a place at an instant, climbing until somebody does."""
    return (await responsible_for_posts(place_id, (post,), at=at, subject=subject)).get(post)


async def responsible_for_posts(
    place_id: int, posts: Sequence[Post], *, at: datetime, subject: str = ""
) -> dict[Post, Responsibility]:
    """Find the nearest holder of each post at an instant: at the place, its area, or anything above."""
    rows = await read(
        """
        SELECT DISTINCT ON (r.post) r.id
        FROM place p
        JOIN place a ON a.id = ANY(string_to_array(trim(both '/' from p.path), '/')::bigint[]) OR a.id = p.area_id
        JOIN responsibility r ON r.place_id = a.id
        WHERE p.id = %s AND r.post = ANY(%s) AND r.subject = %s
          AND r.from_at <= %s AND (r.to_at IS NULL OR r.to_at > %s)
        ORDER BY r.post, a.depth DESC
        """,
        place_id, [post.value for post in posts], subject, at, at,
    )  # fmt: skip
    found = await Responsibility.filter(id__in=[row["id"] for row in rows]).prefetch_related("place")
    return {each.post: each for each in found}


async def units_of(place_id: int, *, at: datetime) -> list[Responsibility]:
    """List the units that work for a place at an instant, those of the nearest level that has any first."""
    rows = await read(
        """
        SELECT r.id
        FROM place p
        JOIN place a ON a.id = ANY(string_to_array(trim(both '/' from p.path), '/')::bigint[])
        JOIN responsibility r ON r.place_id = a.id
        WHERE p.id = %s AND r.post = 'unit' AND r.from_at <= %s AND (r.to_at IS NULL OR r.to_at > %s)
        ORDER BY a.depth DESC, r.subject COLLATE "C", r.id
        """,
        place_id, at, at,
    )  # fmt: skip
    order = [row["id"] for row in rows]
    found = {each.id: each for each in await Responsibility.filter(id__in=order).prefetch_related("place")}
    return [found[each] for each in order]


def district_contains(lng: float, lat: float, datum: Datum = Datum.WGS84) -> bool:
    """Whether a point lies in the district, as far as anybody can tell from its rectangle."""
    return district_box().contains(Point(lng, lat, datum))


def require_inside_district(lng: float, lat: float, datum: Datum, *, pointer: str = "/location") -> None:
    """Refuse a point outside the district.

    Raises:
        OutsideDistrictError: it is.

    """
    if not district_contains(lng, lat, datum):
        raise OutsideDistrictError(pointer=pointer, district=read_facts("district")[0]["name"])


async def place_at(point: Point, *, pointer: str = "/location") -> Place:
    """Give the smallest place that surely contains a point.

    That is the district: of nothing smaller are the borders known. What it might be is said by
    `places_near`, and confirmed by a person.

    Raises:
        OutsideDistrictError: the point lies outside the district.
        NoDistrictError: no places have been imported.

    """
    require_inside_district(point.lng, point.lat, point.datum, pointer=pointer)
    district = await Place.get_or_none(kind=PlaceKind.DISTRICT, code=read_facts("district")[0]["code"])
    if district is None:
        raise NoDistrictError
    return district


async def places_near(point: Point, *, limit: int = 10, pointer: str = "/location") -> list[NearPlace]:
    """List the located places around a point, of which a person picks: settled ones first, each group nearest first.

    Only where settled places leave room, estates follow that nobody has put into a community yet.

    Raises:
        OutsideDistrictError: the point lies outside the district.

    """
    require_inside_district(point.lng, point.lat, point.datum, pointer=pointer)
    near = await nearest_places(point, PlaceStanding.SETTLED, limit=limit)
    if len(near) < limit:
        near += await nearest_places(point, PlaceStanding.CANDIDATE, limit=limit - len(near))
    return near


async def nearest_places(point: Point, standing: PlaceStanding, *, limit: int) -> list[NearPlace]:
    """List the located places of one standing, nearest first."""
    here = point.to(Datum.WGS84)
    rows = await read(
        "SELECT id FROM place WHERE wgs84_lng IS NOT NULL AND current AND standing = %s"
        " ORDER BY point(wgs84_lng * 0.9228, wgs84_lat) <-> point(%s, %s) LIMIT %s",
        standing.value, here.lng * NEAR_LNG_FACTOR, here.lat, limit,
    )  # fmt: skip
    places = await Place.filter(id__in=[row["id"] for row in rows])
    near = [NearPlace(place, round(distance_m(here, there))) for place in places if (there := place.point)]
    return sorted(near, key=lambda each: (each.distance_m, each.place.id))
