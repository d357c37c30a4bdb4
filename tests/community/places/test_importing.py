"""Places and estates from files."""

from pathlib import Path

import openpyxl
import pytest

from community.places.coordinates import Datum
from community.places.errors import NoDistrictError
from community.places.importing import import_estates, import_places
from community.places.models import Origin, Place, PlaceKind, PlaceStanding
from community.places.queries import paths_of
from community.places.sheets import ImportReport, MissingColumnError, UnreadableSheetError
from foundation.database import query
from tests.community.places.planting import SmallDistrict, put

HEAD = "类型,名称,上级,所在小区,编码,别名,经度,纬度,坐标系"
GOOD = (
    "楼栋,3栋,青桐街道/月牙社区/第2网格,晴云居,,,114.0352,22.6541,gcj02",  # before its grid and estate: any order will do
    "网格,第2网格,青桐街道/月牙社区,,,,,,",
    "小区,晴云居,山海区/青桐街道/月牙社区,,,云居、晴居,,,",
    "户,301,青桐街道/月牙社区/晴云居/3栋,,,,,,",
)


def sheet(folder: Path, *lines: str, encoding: str = "utf-8", head: str = HEAD) -> Path:
    path = folder / "places.csv"
    path.write_text("\r\n".join((head, *lines)) + "\r\n", encoding=encoding)
    return path


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.added, report.changed, report.unchanged, len(report.refused)


@pytest.mark.usefixtures("small")
async def test_good_lines_go_in_whatever_their_order(tmp_path: Path) -> None:
    report = await import_places(sheet(tmp_path, *GOOD))

    assert counts(report) == (4, 0, 0, 0)
    room = await Place.get(name="301")
    described = (await paths_of([room.id]))[room.id]
    assert [step.name for step in described.path] == ["山海区", "青桐街道", "月牙社区", "第2网格", "3栋", "301"]
    building = await Place.get(name="3栋").prefetch_related("area")
    assert building.area is not None
    assert building.area.name == "晴云居"
    assert (building.lng, building.datum, building.origin) == (114.0352, Datum.GCJ02, Origin.IMPORTED)
    assert (await Place.get(name="晴云居")).aliases == ["云居", "晴居"]


@pytest.mark.usefixtures("small")
async def test_the_same_file_twice_changes_nothing(tmp_path: Path) -> None:
    path = sheet(tmp_path, *GOOD)
    await import_places(path)
    before = await query("SELECT * FROM place ORDER BY id")

    report = await import_places(path)

    assert counts(report) == (0, 0, 4, 0)
    assert await query("SELECT * FROM place ORDER BY id") == before


@pytest.mark.usefixtures("small")
async def test_a_corrected_line_changes_its_place(tmp_path: Path) -> None:
    await import_places(sheet(tmp_path, *GOOD))

    report = await import_places(sheet(tmp_path, "小区,晴云居,青桐街道/月牙社区,,E77,大院,,,"))

    assert counts(report) == (0, 1, 0, 0)
    estate = await Place.get(name="晴云居")
    assert (estate.code, estate.aliases) == ("E77", ["云居", "晴居", "大院"])
    assert "大院" in estate.grams


@pytest.mark.usefixtures("small")
async def test_a_new_name_under_the_same_code_is_a_renaming(tmp_path: Path) -> None:
    await import_places(sheet(tmp_path, "小区,晴云居,青桐街道/月牙社区,,E77,,,,"))

    await import_places(sheet(tmp_path, "小区,晴云雅居,青桐街道/月牙社区,,E77,,,,"))

    estate = await Place.get(code="E77")
    assert (estate.name, estate.aliases) == ("晴云雅居", ["晴云居"])


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("车位,1号,青桐街道,,,,,,", "类型", "unknown_kind"),
        (",1号,青桐街道,,,,,,", "类型", "unknown_kind"),
        ("网格,,青桐街道/月牙社区,,,,,,", "名称", "empty"),
        (f"网格,{'长' * 81},青桐街道/月牙社区,,,,,,", "名称", "too_long"),
        ("网格,第\x072网格,青桐街道/月牙社区,,,,,,", "名称", "control_character"),
        ("网格,第2网格,,,,,,,", "上级", "empty"),
        ("网格,第2网格,青桐街道/没有社区,,,,,,", "上级", "parent_missing"),
        ("网格,第2网格,青桐街道,,,,,,", "上级", "wrong_parent"),
        ("社区,新社区,山海区,,,,,,", "上级", "wrong_parent"),
        ("楼栋,5栋,青桐街道/月牙社区/第1网格,没有小区,,,,,", "所在小区", "area_missing"),
        ("网格,第2网格,青桐街道/月牙社区,,,,东,北,wgs84", "经度", "not_a_number"),
        ("网格,第2网格,青桐街道/月牙社区,,,,nan,22.6,wgs84", "经度", "not_a_number"),
        ("网格,第2网格,青桐街道/月牙社区,,,,114.03,,wgs84", "纬度", "not_a_number"),
        ("网格,第2网格,青桐街道/月牙社区,,,,114.03,22.65,", "坐标系", "datum_missing"),
        ("网格,第2网格,青桐街道/月牙社区,,,,114.03,22.65,火星", "坐标系", "unknown_datum"),
        ("网格,第2网格,青桐街道/月牙社区,,,,113.3,23.1,wgs84", "经度", "outside"),
    ],
    ids=str,
)
async def test_a_bad_line_is_named_and_the_others_go_in(line: str, column: str, rule: str, tmp_path: Path) -> None:
    report = await import_places(sheet(tmp_path, "网格,第8网格,青桐街道/月牙社区,,,,,,", line))

    assert counts(report)[0] == 1
    (refused,) = report.refused
    assert (refused.line, refused.column, refused.rule) == (3, column, rule)
    assert refused.sentence().startswith(f"第 3 行，{column}：")
    assert "{" not in refused.sentence()


@pytest.mark.usefixtures("small")
async def test_a_line_twice_and_a_code_twice_are_refused(tmp_path: Path) -> None:
    report = await import_places(
        sheet(
            tmp_path,
            "小区,甲苑,青桐街道/月牙社区,,E1,,,,",
            "小区,甲苑,青桐街道/月牙社区,,E2,,,,",
            "网格,第5网格,青桐街道/月牙社区,,E1,,,,",
        )
    )

    assert [(each.line, each.rule) for each in report.refused] == [(3, "repeated"), (4, "code_taken")]
    assert report.sentences() == [
        "新增 1，修改 0，不变 0，没有导入 2",
        "第 3 行，名称：与第 2 行重复",
        "第 4 行，编码：编码“E1”已经用在别处",
    ]


@pytest.mark.usefixtures("small")
async def test_two_buildings_of_one_name_need_the_estate_in_the_path(tmp_path: Path) -> None:
    report = await import_places(
        sheet(
            tmp_path,
            *GOOD,
            "小区,榆舟苑,青桐街道/月牙社区,,,,,,",
            "楼栋,3栋,青桐街道/月牙社区/第2网格,榆舟苑,,,,,",
            "户,302,青桐街道/月牙社区/第2网格/3栋,,,,,,",
            "户,303,青桐街道/月牙社区/榆舟苑/3栋,,,,,,",
        )
    )

    assert [(each.line, each.rule) for each in report.refused] == [(8, "parent_ambiguous")]
    assert (await Place.get(name="303")).kind is PlaceKind.HOUSEHOLD


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
async def test_excels_encodings_are_read(encoding: str, tmp_path: Path) -> None:
    report = await import_places(sheet(tmp_path, *GOOD, encoding=encoding))

    assert counts(report) == (4, 0, 0, 0)


@pytest.mark.usefixtures("small")
async def test_a_workbook_is_read_like_a_table(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["Kind", "Name", "Parent", "lng", "lat", "datum", "备注"])
    page.append(["building", 7, "青桐街道/月牙社区/第1网格", 114.0301, 22.6569, "WGS84", "不用看"])
    page.append([None] * 7)
    page.append(["building", "8栋", "青桐街道/月牙社区/第1网格", None, None, None, None])
    path = tmp_path / "places.xlsx"
    book.save(path)

    report = await import_places(path)

    assert counts(report) == (2, 0, 0, 0)
    assert (await Place.get(name="7")).datum is Datum.WGS84


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("places.xlsx", b"not a workbook"),
        ("places.csv", b"\xff\xfe\x00\x01"),
        ("places.csv", '类型,名称,上级\n"没有结束'.encode()),
        ("places.csv", b"\xb0\xa1\xff"),
    ],
)
async def test_what_is_no_table_is_refused_as_a_whole(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(UnreadableSheetError):
        await import_places(path)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("head", ["", "类型,名称", "a,b,c"])
async def test_a_missing_column_is_named(head: str, tmp_path: Path) -> None:
    with pytest.raises(MissingColumnError) as refused:
        await import_places(sheet(tmp_path, head=head))

    assert "上级" in refused.value.sentence("zh-Hans")


async def test_places_need_their_district_first(database: None, tmp_path: Path) -> None:
    with pytest.raises(NoDistrictError):
        await import_places(sheet(tmp_path, *GOOD))


ESTATES = "estate_id,estate,area,address,lng,lat,built\n"


def estates(folder: Path, *lines: str) -> Path:
    path = folder / "estates.csv"
    path.write_text(ESTATES + "\n".join(lines) + "\n", encoding="utf-8")
    return path


async def test_an_estate_of_a_list_is_a_candidate_with_its_datum_named(small: SmallDistrict, tmp_path: Path) -> None:
    path = estates(tmp_path, "E1,栗光苑,甲,甲路1号,114.0352,22.6541,2007", "E2,榆舟苑,,,,,")

    assert counts(await import_estates(path)) == (2, 0, 0, 0)
    assert counts(await import_estates(path)) == (0, 0, 2, 0)

    estate = await Place.get(name="栗光苑")
    assert (estate.kind, estate.standing, estate.datum) == (PlaceKind.ESTATE, PlaceStanding.CANDIDATE, Datum.BD09)
    assert (estate.parent_id, estate.source_key, estate.origin) == (small.district.id, "estate:E1", Origin.IMPORTED)


async def test_an_estate_whose_community_is_filled_in_is_settled_there_and_stays(
    small: SmallDistrict, tmp_path: Path
) -> None:
    await import_estates(estates(tmp_path, "E1,栗光苑,,,114.0352,22.6541,"))
    told = settled(tmp_path, "E1,栗光苑,青桐街道/月牙社区", "E2,榆舟苑,石桥社区")

    assert counts(await import_estates(told)) == (1, 1, 0, 0)
    assert counts(await import_estates(told)) == (0, 0, 2, 0)
    assert counts(await import_estates(estates(tmp_path, "E1,栗光苑,,,114.0352,22.6541,"))) == (0, 0, 1, 0)

    estate = await Place.get(name="栗光苑")
    assert (estate.parent_id, estate.standing) == (small.community.id, PlaceStanding.SETTLED)
    assert (estate.path, estate.lng) == (f"{small.community.path}{estate.id}/", 114.0352)
    assert (await Place.get(name="榆舟苑")).parent_id == small.other_community.id


async def test_an_estate_put_wrongly_is_put_right_until_something_stands_in_it(
    small: SmallDistrict, tmp_path: Path
) -> None:
    await import_estates(settled(tmp_path, "E1,栗光苑,石桥社区"))

    assert counts(await import_estates(settled(tmp_path, "E1,栗光苑,月牙社区"))) == (0, 1, 0, 0)
    await put(PlaceKind.BUILDING, "3栋", small.grid, area=await Place.get(name="栗光苑"))
    report = await import_estates(settled(tmp_path, "E1,栗光苑,石桥社区"))

    assert [each.rule for each in report.refused] == ["has_buildings"]
    assert (await Place.get(name="栗光苑")).parent_id == small.community.id


async def test_a_candidate_that_is_there_already_under_its_name_is_offered_no_more(
    small: SmallDistrict, tmp_path: Path
) -> None:
    await import_estates(estates(tmp_path, "E1,栗光苑,,,114.0352,22.6541,"))
    there = await put(PlaceKind.ESTATE, "栗光苑", small.community)
    told = settled(tmp_path, "E1,栗光苑,月牙社区")

    assert counts(await import_estates(told)) == (0, 1, 0, 0)
    assert counts(await import_estates(told)) == (0, 0, 1, 0)

    offered = await Place.get(name="栗光苑", current=True)
    assert (offered.id, offered.source_key, offered.lng) == (there.id, "estate:E1", 114.0352)


@pytest.mark.parametrize(
    ("line", "column", "rule"),
    [
        ("E1,栗光苑,没有社区", "社区", "parent_missing"),
        ("E1,栗光苑,青桐街道", "社区", "wrong_parent"),
        ("E1,栗光苑,青桐街道/月牙社区/梨湾老围", "社区", "wrong_parent"),
        (",栗光苑,月牙社区", "编号", "empty"),
        ("E9,栗光苑,月牙社区", "编号", "repeated"),
        ("E1,榆舟苑,月牙社区", "小区", "name_taken"),
    ],
)
async def test_an_estate_that_cannot_be_settled_is_named_and_the_others_are(
    line: str, column: str, rule: str, small: SmallDistrict, tmp_path: Path
) -> None:
    report = await import_estates(settled(tmp_path, "E9,榆舟苑,月牙社区", line))

    assert counts(report)[0] == 1
    (refused,) = report.refused
    assert (refused.line, refused.column, refused.rule) == (3, column, rule)
    assert "{" not in refused.sentence()


async def test_two_estates_of_one_name_are_told_apart_only_by_their_communities(
    small: SmallDistrict, tmp_path: Path
) -> None:
    waiting = await import_estates(settled(tmp_path, "E1,东一村,", "E2,东一村,"))
    placed = await import_estates(settled(tmp_path, "E1,东一村,月牙社区", "E2,东一村,石桥社区"))

    assert [each.rule for each in waiting.refused] == ["name_taken"]
    assert counts(placed) == (1, 1, 0, 0)
    assert await Place.filter(name="东一村", standing=PlaceStanding.SETTLED).count() == 2


async def test_a_workbook_settles_estates_too(small: SmallDistrict, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["编号", "小区", "所在社区"])
    page.append([17, "栗光苑", "石桥社区"])
    book.save(tmp_path / "estates.xlsx")

    assert counts(await import_estates(tmp_path / "estates.xlsx")) == (1, 0, 0, 0)

    assert (await Place.get(source_key="estate:17")).parent_id == small.other_community.id


async def test_nothing_is_put_below_a_candidate(small: SmallDistrict, tmp_path: Path) -> None:
    await import_estates(estates(tmp_path, "E1,栗光苑,,,114.0352,22.6541,"))

    report = await import_places(sheet(tmp_path, "楼栋,3栋,栗光苑,,,,,,"))

    assert [each.rule for each in report.refused] == ["parent_missing"]


def settled(folder: Path, *lines: str) -> Path:
    path = folder / "settled.csv"
    path.write_text("编号,小区,社区\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path
