"""The real district's places that are kept here: the district itself, its streets and its communities."""

from community.places.actions import PlaceDraft
from community.places.errors import NoDistrictError
from community.places.facts import read_facts
from community.places.models import Origin, PlaceKind
from community.places.sheets import ImportReport
from community.places.tree import Tree
from foundation.database import transaction


async def import_district() -> ImportReport:
    """Put the district and its streets into the tree, or bring them to what is known now."""
    report = ImportReport()
    async with transaction():
        streets = read_facts("streets")
        tree = await Tree.load(room=1 + len(streets))
        for row in read_facts("district"):
            draft = PlaceDraft(PlaceKind.DISTRICT, row["name"], Origin.OFFICIAL, code=row["code"])
            district, written = tree.put(draft, None)
            report.count(written)
            for street in streets:
                draft = PlaceDraft(PlaceKind.STREET, street["name"], Origin.OFFICIAL, code=street["code"])
                report.count(tree.put(draft, district)[1])
        await tree.flush()
    return report


async def import_communities() -> ImportReport:
    """Put the communities into the tree. Those that are only in the older list keep a row, but are not offered.

    Raises:
        NoDistrictError: the streets are to be imported first.

    """
    report = ImportReport()
    async with transaction():
        communities = read_facts("communities")
        tree = await Tree.load(room=len(communities))
        for row in communities:
            street = tree.by_code(row["street_code"])
            if street is None:
                raise NoDistrictError
            draft = PlaceDraft(
                PlaceKind.COMMUNITY, row["name"], Origin.OFFICIAL,
                unified_code=row["unified_code"] or None, current=row["current"] == "1",
            )  # fmt: skip
            report.count(tree.put(draft, street)[1])
        await tree.flush()
    return report
