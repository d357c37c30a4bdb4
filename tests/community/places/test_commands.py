"""Places from the command line, in a process of its own as people run it."""

from pathlib import Path

from community.places.models import Place
from tests.community.places.planting import SmallDistrict
from tests.processes.programs import Copy


async def test_estates_are_settled_by_the_same_file_with_their_communities(
    small: SmallDistrict, copy: Copy, tmp_path: Path
) -> None:
    path = tmp_path / "estates.csv"
    path.write_text("编号,小区\nE1,栗光苑\nE2,榆舟苑\n", encoding="utf-8")
    waiting = await copy.run("import", "estates", str(path))
    path.write_text("编号,小区,社区\nE1,栗光苑,月牙社区\nE2,榆舟苑,没有社区\n", encoding="utf-8")

    answer = await copy.run("import", "estates", str(path))

    assert (waiting.returncode, answer.returncode) == (0, 1), answer.stderr
    assert "修改 1" in answer.stdout
    assert "第 3 行，社区：找不到“没有社区”" in answer.stdout
    assert (await Place.get(name="栗光苑")).parent_id == small.community.id


async def test_the_help_of_an_import_names_its_columns(copy: Copy) -> None:
    for command, columns in (("people", "起 止 事项"), ("estates", "编号 社区"), ("places", "类型 所在小区")):
        answer = await copy.run("import", command, "--help")
        assert [column for column in columns.split() if column not in answer.stdout] == []
