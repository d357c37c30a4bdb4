"""Where a complaint is: a chosen place, a pin inside the district, or else the resident's home."""

from dataclasses import dataclass

from community.complaints.errors import WhereIsMissingError
from community.places.coordinates import Point
from community.places.errors import UnknownPlaceError
from community.places.queries import PlaceDescription, ask_home, ask_settled, described, require_inside_district
from foundation.access import Actor
from foundation.database import Asked, Transaction


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is stored: a place, a pin, or both."""

    place: PlaceDescription | None
    lng: float | None = None
    lat: float | None = None
    datum: str | None = None

    @property
    def place_id(self) -> int | None:
        """The place's id."""
        return self.place.id if self.place else None


@dataclass(frozen=True, slots=True)
class AskedWhereabouts:
    """The question where it is; it travels with the next one."""

    place_id: int | None
    location: Point | None
    path: Asked | None

    async def settled(self) -> Whereabouts:
        """Settle where it is. A pin never becomes a place silently: people confirm the place.

        Raises:
            UnknownPlaceError: the place does not exist.
            OutsideDistrictError: the pin is outside the district.
            WhereIsMissingError: nothing was given and no home is known.

        """
        found = list(described(await self.path.rows()).values()) if self.path else []
        if self.place_id is not None and not found:
            raise UnknownPlaceError(pointer="/place_id")
        place = found[0] if found else None
        if self.location:
            lng, lat, datum = self.location.lng, self.location.lat, self.location.datum
            require_inside_district(lng, lat, datum, pointer="/location")
            return Whereabouts(place, lng, lat, datum)
        if place is None:
            raise WhereIsMissingError
        return Whereabouts(place)


def ask_whereabouts(tx: Transaction, actor: Actor, place_id: int | None, location: Point | None) -> AskedWhereabouts:
    """Ask for the place that was chosen, or for the home if nothing was said."""
    if place_id is not None:
        return AskedWhereabouts(place_id, location, ask_settled(tx, place_id))
    return AskedWhereabouts(None, location, None if location else ask_home(tx, actor.id))
