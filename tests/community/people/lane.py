"""One lane of places, from the district down to two buildings."""

from community.places.models import Origin, Place, PlaceKind

KINDS_AND_PARENTS = {
    "district": (PlaceKind.DISTRICT, None),
    "street": (PlaceKind.STREET, "district"),
    "community": (PlaceKind.COMMUNITY, "street"),
    "other_community": (PlaceKind.COMMUNITY, "street"),
    "grid": (PlaceKind.GRID, "community"),
    "building": (PlaceKind.BUILDING, "grid"),
    "next_building": (PlaceKind.BUILDING, "grid"),
}


async def lay_out_lane() -> dict[str, Place]:
    """Make the places; each is called like its key."""
    made: dict[str, Place] = {}
    for name, (kind, above) in KINDS_AND_PARENTS.items():
        made[name] = await Place.create(
            kind=kind, name=name, parent_id=made[above].id if above else None, origin=Origin.GENERATED
        )
    return made
