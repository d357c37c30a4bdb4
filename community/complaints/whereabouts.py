"""Where a complaint is: a chosen place, a pin inside the district, or else the resident's home."""

from dataclasses import dataclass

from community.complaints.errors import WhereIsMissingError
from community.people.models import Home
from community.places.coordinates import Point
from community.places.queries import require_inside_district, settled_place
from foundation.access import Actor


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What is stored: a place, a pin, or both."""

    place_id: int | None
    lng: float | None = None
    lat: float | None = None
    datum: str | None = None


async def find_whereabouts(actor: Actor, place_id: int | None, location: Point | None) -> Whereabouts:
    """Settle where it is. A pin never becomes a place silently: people confirm the place.

    Raises:
        UnknownPlaceError: the place does not exist.
        OutsideDistrictError: the pin is outside the district.
        WhereIsMissingError: nothing was given and no home is known.

    """
    if place_id is not None:
        await settled_place(place_id)
    if location:
        require_inside_district(location.lng, location.lat, location.datum, pointer="/location")
        return Whereabouts(place_id, location.lng, location.lat, location.datum)
    if place_id is None:
        home = await Home.filter(resident_id=actor.id, to_at=None).first()
        if home is None:
            raise WhereIsMissingError
        place_id = home.place_id
    return Whereabouts(place_id)
