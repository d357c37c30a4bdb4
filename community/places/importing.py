"""Places from files, CSV or XLSX. Start at `import_places`.

Good lines go in, the others are reported with line, column and rule; nothing of a file that cannot be read
at all goes in. The same file twice changes nothing. Lines may stand in any order: they are taken level by
level, so that a parent of the same file is there before its children.
"""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from community.places.actions import PlaceDraft
from community.places.coordinates import Datum, Point
from community.places.errors import NoDistrictError
from community.places.facts import read_facts
from community.places.models import (
    AREA_KINDS,
    CODE_LENGTH,
    NAME_LENGTH,
    SOURCE_KEY_LENGTH,
    Origin,
    Place,
    PlaceKind,
    PlaceStanding,
)
from community.places.queries import district_contains
from community.places.sheets import (
    ImportReport,
    LineError,
    Outcome,
    SheetLine,
    number_of,
    read_sheet,
    text_of,
)
from community.places.tree import CodeTakenError, Tree
from foundation.database import transaction

LINES_AT_ONCE = 5000
PLACE_COLUMNS = {
    "kind": ("类型", "级别"),
    "name": ("名称", "地点"),
    "parent": ("上级", "上级地点"),
    "area": ("所在小区", "所在小区或城中村"),
    "code": ("编码", "统计编码"),
    "unified_code": ("统一地址编码", "地址库编码"),
    "aliases": ("别名",),
    "lng": ("经度",),
    "lat": ("纬度",),
    "datum": ("坐标系",),
}
ESTATE_COLUMNS = {
    "estate_id": ("编号",),
    "estate": ("小区", "名称"),
    "community": ("社区", "所在社区"),
    "lng": ("经度",),
    "lat": ("纬度",),
    "datum": ("坐标系",),
}
KIND_NAMES = {
    "街道": PlaceKind.STREET, "社区": PlaceKind.COMMUNITY, "网格": PlaceKind.GRID, "基础网格": PlaceKind.GRID,
    "楼栋": PlaceKind.BUILDING, "楼": PlaceKind.BUILDING, "户": PlaceKind.HOUSEHOLD, "小区": PlaceKind.ESTATE,
    "城中村": PlaceKind.URBAN_VILLAGE,
} | {kind.value: kind for kind in PlaceKind if kind is not PlaceKind.DISTRICT}  # fmt: skip
LEVELS = (
    PlaceKind.STREET, PlaceKind.COMMUNITY, PlaceKind.ESTATE, PlaceKind.URBAN_VILLAGE, PlaceKind.GRID,
    PlaceKind.BUILDING, PlaceKind.HOUSEHOLD,
)  # fmt: skip
PARENTS = {
    PlaceKind.STREET: (PlaceKind.DISTRICT,),
    PlaceKind.COMMUNITY: (PlaceKind.STREET,),
    PlaceKind.GRID: (PlaceKind.COMMUNITY,),
    PlaceKind.BUILDING: (PlaceKind.GRID, PlaceKind.COMMUNITY),
    PlaceKind.HOUSEHOLD: (PlaceKind.BUILDING,),
    PlaceKind.ESTATE: (PlaceKind.COMMUNITY,),
    PlaceKind.URBAN_VILLAGE: (PlaceKind.COMMUNITY,),
}
"""Under what a place of a file may lie. Candidates, which wait directly under the district, are no lines here."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A line that is right in itself; whether it fits into the tree is seen later."""

    line: SheetLine
    draft: PlaceDraft
    parent: str
    area: str


async def import_places(path: Path) -> ImportReport:
    """Put the places of a file into the tree.

    Raises:
        UnreadableSheetError, MissingColumnError: the file is no such table.
        NoDistrictError: the district's own places are to be imported first.

    """
    lines = read_sheet(path, PLACE_COLUMNS, needed=("kind", "name", "parent"))
    report = ImportReport()
    wanted = _read_lines(lines, report)
    async with transaction():
        tree = await Tree.load(room=len(wanted))
        if tree.district is None:
            raise NoDistrictError
        seen: dict[tuple[int, str, PlaceKind, str], int] = {}
        for number, each in enumerate(wanted, start=1):
            try:
                report.count(_place_line(tree, each, seen))
            except LineError as error:
                report.refuse(each.line, error)
            if number % LINES_AT_ONCE == 0:
                await tree.flush()  # the database ends transactions in which nothing happens for long
        await tree.flush()
    return report


async def import_estates(path: Path) -> ImportReport:
    """Put the estates of a list into the tree: those with a community there, the others as candidates.

    Candidates lie directly under the district and are found by name and by distance. They wait until the same
    list comes again with their community filled in. Coordinates are BD-09 unless the list says otherwise.

    Raises:
        UnreadableSheetError, MissingColumnError: the file is no such table.
        NoDistrictError: the district's own places are to be imported first.

    """
    lines = read_sheet(path, ESTATE_COLUMNS, needed=("estate_id", "estate"))
    report = ImportReport()
    async with transaction():
        tree = await Tree.load(room=len(lines))
        if tree.district is None:
            raise NoDistrictError
        seen: dict[str, int] = {}
        for line in lines:
            try:
                report.count(_estate_line(tree, line, seen))
            except LineError as error:
                report.refuse(line, error)
        await tree.flush()
    return report


def _read_lines(lines: list[SheetLine], report: ImportReport) -> list[_Wanted]:
    """Check each line by itself, and sort the good ones by level."""
    wanted = []
    for line in lines:
        try:
            wanted.append(_read_place(line))
        except LineError as error:
            report.refuse(line, error)
    return sorted(wanted, key=lambda each: (LEVELS.index(each.draft.kind), each.line.number))


def _read_place(line: SheetLine) -> _Wanted:
    kind = KIND_NAMES.get(line.get("kind"))
    if kind is None:
        raise LineError("类型", "unknown_kind", "不认识的类型“{value}”", value=line.get("kind"))
    draft = PlaceDraft(
        kind=kind,
        name=text_of(line, "name", "名称", longest=NAME_LENGTH),
        origin=Origin.IMPORTED,
        aliases=_aliases_of(line),
        code=text_of(line, "code", "编码", longest=CODE_LENGTH, needed=False) or None,
        unified_code=text_of(line, "unified_code", "统一地址编码", longest=CODE_LENGTH, needed=False) or None,
        point=_point_of(line, _datum_of(line)),
    )
    parent = text_of(line, "parent", "上级", longest=400)
    return _Wanted(line, draft, parent, text_of(line, "area", "所在小区", longest=NAME_LENGTH, needed=False))


def _read_estate(line: SheetLine, seen: dict[str, int]) -> PlaceDraft:
    key = text_of(line, "estate_id", "编号", longest=SOURCE_KEY_LENGTH - len("estate:"))
    first = seen.setdefault(key, line.number)
    if first != line.number:
        raise LineError("编号", "repeated", "与第 {line} 行重复", line=first)
    return PlaceDraft(
        kind=PlaceKind.ESTATE,
        name=text_of(line, "estate", "小区", longest=NAME_LENGTH),
        origin=Origin.IMPORTED,
        source_key=f"estate:{key}",
        point=_point_of(line, _datum_of(line) or Datum.BD09),
        standing=PlaceStanding.CANDIDATE,
    )


def _aliases_of(line: SheetLine) -> tuple[str, ...]:
    text = text_of(line, "aliases", "别名", longest=400, needed=False)
    aliases = tuple(part.strip() for part in re.split("[、，,;；|]", text) if part.strip())
    if any(len(alias) > NAME_LENGTH for alias in aliases):
        raise LineError("别名", "too_long", "最多 {n} 个字", n=NAME_LENGTH)
    return aliases


def _datum_of(line: SheetLine) -> Datum | None:
    """Give the datum a line names; an unknown one is refused rather than guessed."""
    text = line.get("datum").lower()
    if text and text not in set(Datum):
        raise LineError("坐标系", "unknown_datum", "坐标系只能是 gcj02、wgs84 或 bd09")
    return Datum(text) if text else None


def _point_of(line: SheetLine, datum: Datum | None) -> Point | None:
    if not line.get("lng") and not line.get("lat"):
        return None
    lng, lat = number_of(line, "lng", "经度"), number_of(line, "lat", "纬度")
    if datum is None:
        raise LineError("坐标系", "datum_missing", "有经纬度就要写明坐标系：gcj02、wgs84 或 bd09")
    if not district_contains(lng, lat, datum):
        district = read_facts("district")[0]["name"]
        raise LineError("经度", "outside", "这个位置不在{district}范围内", district=district)
    return Point(lng, lat, datum)


def _place_line(tree: Tree, each: _Wanted, seen: dict[tuple[int, str, PlaceKind, str], int]) -> Outcome:
    """Put one line's place where it belongs."""
    parent = find_place(tree, each.parent, column="上级")
    if parent.kind not in PARENTS[each.draft.kind]:
        raise LineError("上级", "wrong_parent", "{name}不能放在{parent}下面", name=each.draft.name, parent=parent.name)
    mark = (parent.id, each.area, each.draft.kind, each.draft.name)
    if mark in seen:
        raise LineError("名称", "repeated", "与第 {line} 行重复", line=seen[mark])
    seen[mark] = each.line.number
    area_id = _area_of(tree, each, parent)
    return _put(tree, replace(each.draft, area_id=area_id), parent)


def _put(tree: Tree, draft: PlaceDraft, parent: Place) -> Outcome:
    try:
        return tree.put(draft, parent)[1]
    except CodeTakenError as error:
        raise LineError("编码", "code_taken", "编码“{value}”已经用在别处", value=error.code) from error


def _estate_line(tree: Tree, line: SheetLine, seen: dict[str, int]) -> Outcome:
    """Put one estate into its community, or let it wait for one."""
    draft = _read_estate(line, seen)
    words = text_of(line, "community", "社区", longest=400, needed=False)
    try:
        if words:
            return _settle(tree, draft, find_place(tree, words, column="社区"))
        return tree.put(draft, tree.district)[1]
    except CodeTakenError as error:
        raise LineError("小区", "name_taken", "这里已经有另一个“{name}”", name=draft.name) from error


def _settle(tree: Tree, draft: PlaceDraft, community: Place) -> Outcome:
    """Put an estate where an operator says it belongs. One that nothing stands in yet may still be put elsewhere."""
    if community.kind is not PlaceKind.COMMUNITY:
        raise LineError("社区", "wrong_parent", "{name}不能放在{parent}下面", name=draft.name, parent=community.name)
    draft = replace(draft, standing=PlaceStanding.SETTLED)
    known = tree.by_code(draft.source_key or "")
    if known is None or known.standing is PlaceStanding.CANDIDATE or known.parent_id == community.id:
        return tree.put(draft, community)[1]
    if tree.below(known.id):
        raise LineError("社区", "has_buildings", "“{name}”里已经有楼栋，不能换到别的社区", name=known.name)
    return tree.settle(known, draft, community)[1]


def find_place(tree: Tree, words: str, *, column: str) -> Place:
    """Find a place by its code, or by its path in names, such as 民治街道/红山社区.

    The district may be left out, and the street too where no other street has a community of that name.

    Raises:
        LineError: there is none, or there are several.

    """
    if found := tree.by_code(words):
        return found
    here = [tree.district] if tree.district else []
    steps = [step.strip() for step in re.split(r"[/>\uff0f\uff1e]", words) if step.strip()]
    if steps and here and steps[0] == here[0].name:
        steps = steps[1:]
    if tree.district and steps and not tree.named_below(tree.district.id, steps[0]):
        here = [below for below in tree.below(tree.district.id) if below.kind is PlaceKind.STREET]
    for step in steps:
        here = [below for place in here for below in tree.named_below(place.id, step) if _may_hold(below)]
    unique = {place.id: place for place in here}
    if not unique:
        raise LineError(column, "parent_missing", "找不到“{value}”", value=words)
    if len(unique) > 1:
        raise LineError(column, "parent_ambiguous", "“{value}”不止一个，请写完整", value=words)
    return next(iter(unique.values()))


def _may_hold(place: Place) -> bool:
    """Whether anything may be put there: not where nobody knows yet where it lies itself."""
    return place.current and place.standing is PlaceStanding.SETTLED


def _area_of(tree: Tree, each: _Wanted, parent: Place) -> int | None:
    if not each.area:
        return None
    community = tree.get(parent.parent_id) if parent.kind is PlaceKind.GRID and parent.parent_id else parent
    found = [place for place in tree.named_below(community.id, each.area) if place.kind in AREA_KINDS]
    if len(found) != 1 or each.draft.kind is not PlaceKind.BUILDING:
        raise LineError("所在小区", "area_missing", "找不到“{value}”", value=each.area)
    return int(found[0].id)
