"""Invented places and posts for the demo and for tests: everything here is marked as generated.

Grids, buildings, estates and villages are not the real ones, their names come from our own syllables, and
telephone numbers are of the form `0755-0000 NNNN`, which nobody has. The same seed gives the same district.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random

from community.places.actions import PlaceDraft
from community.places.coordinates import Datum, Point
from community.places.errors import NoDistrictError
from community.places.facts import district_box
from community.places.models import Origin, Place, PlaceKind, Post, Responsibility
from community.places.sheets import ImportReport, Outcome
from community.places.tree import Tree
from foundation.database import transaction

GRIDS = 3
BUILDINGS_OF_A_GRID = 4
ROOM = 20
"""Places for one community, generously."""
HELD_SINCE = datetime(2025, 1, 1, tzinfo=UTC)
BATCH = 1000
UNITS = ("综合行政执法队", "城市建设办公室", "公共服务办公室", "平安法治办公室")
SURNAMES = "李王张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢"
FIRST = "晴云栗岚榆黛霁棠芷澄穗墨陌屿笙杏"
SECOND = "禾柚光汐舟青桐溪鸢蒲砚帆汀笛星荞"
ESTATE_ENDINGS = ("花园", "雅居", "苑", "名庭")
VILLAGE_ENDINGS = ("新村", "老围", "坊")
SPREAD_DEGREES = 0.0006


async def plant_demo(*, seed: int = 1) -> ImportReport:
    """Give every community an estate, a village, grids with buildings, and everybody a post is held by.

    Posts that somebody holds already are left alone, so it may run over real ones, and twice.

    Raises:
        NoDistrictError: streets and communities are to be imported first.

    """
    report = ImportReport()
    async with transaction():
        tree = await Tree.load(room=ROOM * 100)
        communities = [place for place in _all_of(tree, PlaceKind.COMMUNITY) if place.current]
        if not communities:
            raise NoDistrictError
        for number, community in enumerate(communities):
            chance = Random(f"{seed}/{community.name}")  # noqa: S311 - invents places, guards nothing
            _plant_community(tree, community, chance, number, report)
        await tree.flush()
        await _fill_posts(tree, seed, report)
    return report


def _plant_community(tree: Tree, community: Place, chance: Random, number: int, report: ImportReport) -> None:
    centre = _somewhere(chance)
    areas = []
    for kind, endings in ((PlaceKind.ESTATE, ESTATE_ENDINGS), (PlaceKind.URBAN_VILLAGE, VILLAGE_ENDINGS)):
        name = FIRST[number % 16] + SECOND[(number // 16 + chance.randrange(4) * 4) % 16] + chance.choice(endings)
        draft = PlaceDraft(kind, name, Origin.GENERATED, point=_beside(centre, chance))
        areas.append(_plant(tree, report, draft, community))
    for grid_number in range(1, GRIDS + 1):
        grid = _plant(tree, report, PlaceDraft(PlaceKind.GRID, f"第{grid_number}网格", Origin.GENERATED), community)
        for at in range(BUILDINGS_OF_A_GRID):
            building_number = (grid_number - 1) * BUILDINGS_OF_A_GRID + at + 1
            area = areas[0] if building_number * 2 <= GRIDS * BUILDINGS_OF_A_GRID else areas[1]
            draft = PlaceDraft(
                PlaceKind.BUILDING, f"{building_number}栋", Origin.GENERATED,
                point=_beside(area.point or centre, chance), area_id=area.id,
            )  # fmt: skip
            _plant(tree, report, draft, grid)


def _plant(tree: Tree, report: ImportReport, draft: PlaceDraft, parent: Place) -> Place:
    place, outcome = tree.put(draft, parent)
    report.count(outcome)
    return place


def _somewhere(chance: Random) -> Point:
    """Pick a point well inside the district's rectangle."""
    box = district_box()
    lng = chance.uniform(box.west + 0.03, box.east - 0.03)
    return Point(round(lng, 6), round(chance.uniform(box.south + 0.04, box.north - 0.04), 6), Datum.WGS84)


def _beside(centre: Point, chance: Random) -> Point:
    east, north = chance.uniform(-SPREAD_DEGREES, SPREAD_DEGREES), chance.uniform(-SPREAD_DEGREES, SPREAD_DEGREES)
    return Point(round(centre.lng + east, 6), round(centre.lat + north, 6), centre.datum)


async def _fill_posts(tree: Tree, seed: int, report: ImportReport) -> None:
    """Let somebody hold every post of the tree that nobody holds."""
    held = {(each.place_id, each.post, each.subject): each for each in await Responsibility.filter(to_at=None)}
    added = []
    for number, (place, post, subject) in enumerate(_posts_of(tree)):
        if (place.id, post, subject) in held:
            report.count(Outcome.UNCHANGED)
            continue
        chance = Random(f"{seed}/{number}")  # noqa: S311 - invents names, guards nothing
        added.append(_held_by_somebody(place, post, subject, number, chance))
        report.count(Outcome.ADDED)
    await Responsibility.bulk_create(added, batch_size=BATCH)


def _posts_of(tree: Tree) -> Iterator[tuple[Place, Post, str]]:
    for street in (place for place in _all_of(tree, PlaceKind.STREET) if place.current):
        yield street, Post.SECRETARY, ""
        for unit in UNITS:
            yield street, Post.UNIT, unit
    for community in (place for place in _all_of(tree, PlaceKind.COMMUNITY) if place.current):
        yield community, Post.SECRETARY, ""
        yield community, Post.DEPUTY, ""
    for grid in _all_of(tree, PlaceKind.GRID):
        yield grid, Post.GRID_CHIEF, ""
    for building in _all_of(tree, PlaceKind.BUILDING):
        yield building, Post.BUILDING_LEADER, ""


def _held_by_somebody(place: Place, post: Post, subject: str, number: int, chance: Random) -> Responsibility:
    titles = {Post.SECRETARY: "书记", Post.DEPUTY: "副书记", Post.GRID_CHIEF: "网格长", Post.BUILDING_LEADER: "楼长"}
    name = place.name + subject if post is Post.UNIT else chance.choice(SURNAMES) + titles[post]
    phone = None if post is Post.BUILDING_LEADER else f"0755-0000 {number % 10_000:04}"
    return Responsibility(
        place_id=place.id, post=post, subject=subject, holder_name=name, office_phone=phone,
        origin=Origin.GENERATED, from_at=HELD_SINCE,
    )  # fmt: skip


def _all_of(tree: Tree, kind: PlaceKind) -> list[Place]:
    """List the places of one kind in the order of their ids."""
    return sorted((place for place in tree.all() if place.kind is kind), key=lambda place: place.id)
