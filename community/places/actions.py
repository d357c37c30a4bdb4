"""Everything that changes a single place or a post; files come in by `importing.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q

from community.places.coordinates import Datum, Point
from community.places.errors import (
    PlaceExistsError,
    PlaceNotFoundError,
    PostTakenError,
    WrongParentError,
)
from community.places.models import Origin, Place, PlaceKind, PlaceStanding, Post, Responsibility
from community.places.queries import require_inside_district
from community.places.search import index_grams, sort_name
from foundation.database import transaction


@dataclass(frozen=True, slots=True)
class PlaceDraft:
    """A place to be, already checked for shape."""

    kind: PlaceKind
    name: str
    origin: Origin
    aliases: tuple[str, ...] = ()
    code: str | None = None
    unified_code: str | None = None
    source_key: str | None = None
    point: Point | None = None
    area_id: int | None = None
    standing: PlaceStanding = PlaceStanding.SETTLED
    current: bool = True


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is to hold a post, as residents will see them. The phone is the office's."""

    name: str | None
    office_phone: str | None = None
    staff_id: int | None = None
    origin: Origin = Origin.IMPORTED


def columns_of(draft: PlaceDraft) -> dict[str, Any]:
    """Give the columns a draft fills, those that search and distances need included."""
    there = draft.point.to(Datum.WGS84) if draft.point else None
    return {
        "kind": draft.kind,
        "name": draft.name,
        "origin": draft.origin,
        "aliases": list(draft.aliases),
        "code": draft.code,
        "unified_code": draft.unified_code,
        "source_key": draft.source_key,
        "area_id": draft.area_id,
        "standing": draft.standing,
        "current": draft.current,
        "grams": index_grams(draft.kind, (draft.name, *draft.aliases)),
        "sort_name": sort_name(draft.name),
        "lng": draft.point.lng if draft.point else None,
        "lat": draft.point.lat if draft.point else None,
        "datum": draft.point.datum if draft.point else None,
        "wgs84_lng": there.lng if there else None,
        "wgs84_lat": there.lat if there else None,
    }


async def add_place(draft: PlaceDraft, *, parent: Place | None) -> Place:
    """Put a new place into the tree; the database gives it its path.

    Raises:
        OutsideDistrictError: its point lies outside the district.
        WrongParentError: a place of this kind cannot lie there.
        PlaceExistsError: there is one of this kind and name there, or one with this code.

    """
    if draft.point:
        require_inside_district(draft.point.lng, draft.point.lat, draft.point.datum)
    try:
        async with transaction():
            place = await Place.create(parent_id=parent.id if parent else None, **columns_of(draft))
            await place.refresh_from_db(fields=("path", "depth"))
    except IntegrityError as error:
        if "place_kind_under_kind" in str(error) or "cannot lie under" in str(error):
            raise WrongParentError(name=draft.name, parent=parent.name if parent else "") from error
        raise PlaceExistsError(name=draft.name) from error
    return place


async def rename_place(place_id: int, *, name: str, aliases: Sequence[str] = ()) -> Place:
    """Give a place another name; the old one should be among the aliases, so that it is still found.

    Raises:
        PlaceNotFoundError: there is none of this id.

    """
    async with transaction():
        place = await _locked(place_id)
        place.name, place.aliases = name, list(aliases)
        place.grams, place.sort_name = index_grams(place.kind, (name, *aliases)), sort_name(name)
        await place.save(update_fields=["name", "aliases", "grams", "sort_name"])
    return place


async def appoint(
    place: Place, post: Post, holder: Holder, *, from_at: datetime, to_at: datetime | None = None, subject: str = ""
) -> Responsibility:
    """Give a post to somebody from an instant on; whoever held it without an end is relieved.

    With an end nobody is relieved: a term with both its days known needs a time in which nobody else holds the post,
    or a term of long ago would end the present one.

    Raises:
        PostTakenError: somebody else holds it in that time, or is already appointed for later.

    """
    try:
        async with transaction():
            await _locked(place.id)
            if to_at is None:
                await Responsibility.filter(
                    place_id=place.id, post=post, subject=subject, to_at=None, from_at__lt=from_at
                ).update(to_at=from_at)
            return await Responsibility.create(
                place_id=place.id, post=post, subject=subject, holder_name=holder.name,
                office_phone=holder.office_phone, staff_id=holder.staff_id, origin=holder.origin,
                from_at=from_at, to_at=to_at,
            )  # fmt: skip
    except IntegrityError as error:
        raise PostTakenError from error


async def relieve(place: Place, post: Post, *, at: datetime, subject: str = "") -> int:
    """End at an instant whoever holds a post then; give how many rows that ended."""
    async with transaction():
        await _locked(place.id)
        return await Responsibility.filter(
            Q(to_at__isnull=True) | Q(to_at__gt=at), place_id=place.id, post=post, subject=subject, from_at__lt=at
        ).update(to_at=at)


async def _locked(place_id: int) -> Place:
    """Fetch a place and keep others from changing it, or its posts, meanwhile."""
    place = await Place.select_for_update(no_key=True).get_or_none(id=place_id)
    if place is None:
        raise PlaceNotFoundError
    return place
