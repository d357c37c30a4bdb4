"""`linli import …`: places, posts for the demo, and the working calendar, from the command line."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from community.places.sheets import ImportReport
    from foundation.ground import Ground

IMPORTS = typer.Typer(name="import", help="Fill the tables from files.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
Work = Callable[["Ground"], Awaitable["ImportReport"]]


@IMPORTS.command("district")
def everything_kept_here() -> None:
    """Put in all that comes with the program: streets, communities, the working calendar."""
    from community.calendar.importing import seed_calendar  # noqa: PLC0415 - `linli --help` needs none of it
    from community.places.official import import_communities, import_district  # noqa: PLC0415

    report_on(
        ("区和街道", lambda _: import_district()),
        ("社区", lambda _: import_communities()),
        ("工作日历", lambda ground: seed_calendar(at=ground.clock.now())),
    )


@IMPORTS.command("communities")
def communities() -> None:
    """Put in the streets and communities that come with the program."""
    from community.places.official import import_communities, import_district  # noqa: PLC0415

    report_on(("区和街道", lambda _: import_district()), ("社区", lambda _: import_communities()))


@IMPORTS.command("places")
def places(file: File) -> None:
    """Put in the places of a CSV or XLSX file.

    Columns: 类型, 名称, 上级 (such as 民治街道/红山社区); if known 所在小区, 编码, 统一地址编码, 别名, 经度, 纬度, 坐标系.
    """
    from community.places.importing import import_places  # noqa: PLC0415

    report_on(("地点", lambda _: import_places(file)))


@IMPORTS.command("estates")
def estates(file: File) -> None:
    """Put in estates of a CSV or XLSX file, and confirm where they belong.

    Columns: 编号, 小区; if known 社区, 经度, 纬度, 坐标系 (bd09 unless it says otherwise). An estate without 社区 waits:
    residents find it and are asked which community it is in. Fill in 社区 and import the same file again.
    """
    from community.places.importing import import_estates  # noqa: PLC0415

    report_on(("小区", lambda _: import_estates(file)))


@IMPORTS.command("holidays")
def holidays(file: File) -> None:
    """Put in the holidays and working weekends of a CSV or XLSX file, each year as a whole."""
    from community.calendar.importing import import_holidays  # noqa: PLC0415

    report_on(("工作日历", lambda ground: import_holidays(file, at=ground.clock.now())))


@IMPORTS.command("demo-places")
def demo_places(seed: Annotated[int, typer.Option(help="The same seed gives the same district.")] = 1) -> None:
    """Invent grids, buildings, estates and holders of posts; they are marked as generated."""
    from community.places.demo import plant_demo  # noqa: PLC0415

    async def plant(ground: "Ground") -> "ImportReport":
        from foundation.command import CommandError  # noqa: PLC0415
        from foundation.words import say  # noqa: PLC0415

        if ground.settings.environment == "production":
            raise CommandError(say("正式环境里不能使用这个命令"))
        return await plant_demo(seed=seed)

    report_on(("示例地点", plant))


def report_on(*steps: tuple[str, Work]) -> None:
    """Run the steps and say what became of the lines; end with 1 if any was refused."""
    from foundation.command import with_ground  # noqa: PLC0415
    from foundation.words import say  # noqa: PLC0415

    async def run(ground: "Ground") -> "list[ImportReport]":
        return [await work(ground) for _, work in steps]

    reports = with_ground(run, name="import")
    for (title, _), report in zip(steps, reports, strict=True):
        for sentence in report.sentences():
            typer.echo(f"{say(title)}：{sentence}")
    if any(report.refused for report in reports):
        raise typer.Exit(1)
