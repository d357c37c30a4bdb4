"""A small invented district for tests of places."""

from dataclasses import dataclass

from community.places.actions import PlaceDraft, add_place
from community.places.coordinates import Point
from community.places.models import Origin, Place, PlaceKind


@dataclass(frozen=True)
class SmallDistrict:
    """One street with two communities; the first has a village, a grid and buildings."""

    district: Place
    street: Place
    community: Place
    other_community: Place
    village: Place
    grid: Place
    building: Place


async def put(
    kind: PlaceKind, name: str, parent: Place | None, *, area: Place | None = None, point: Point | None = None
) -> Place:
    draft = PlaceDraft(kind, name, Origin.GENERATED, area_id=area.id if area else None, point=point)
    return await add_place(draft, parent=parent)


async def plant_small_district() -> SmallDistrict:
    district = await put(PlaceKind.DISTRICT, "山海区", None)
    street = await put(PlaceKind.STREET, "青桐街道", district)
    community = await put(PlaceKind.COMMUNITY, "月牙社区", street)
    other = await put(PlaceKind.COMMUNITY, "石桥社区", street)
    village = await put(PlaceKind.URBAN_VILLAGE, "梨湾老围", community)
    grid = await put(PlaceKind.GRID, "第1网格", community)
    building = await put(PlaceKind.BUILDING, "12栋", grid, area=village)
    return SmallDistrict(district, street, community, other, village, grid, building)
