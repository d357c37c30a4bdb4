"""`linli staff …`, `linli import people` and `linli residents forget`: people from the command line."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from community.places.commands import IMPORTS, report_on

if TYPE_CHECKING:
    from foundation.ground import Ground

STAFF = typer.Typer(name="staff", help="Staff and their posts.", no_args_is_help=True)

RESIDENTS = typer.Typer(name="residents", help="Residents, by number.", no_args_is_help=True)


@RESIDENTS.callback()
def residents() -> None:
    """Keep `linli residents` a group while it has one command."""


@RESIDENTS.command("forget")
def forget(
    numbers: Annotated[list[int], typer.Argument(help="Their numbers, as in `resident_left` of the log.", min=1)],
) -> None:
    """End accounts as if their people had left: a guardian asks for it, or a backup brought them back."""
    from community.people.leaving import leave  # noqa: PLC0415
    from foundation.access import Actor  # noqa: PLC0415
    from foundation.clock import real_now  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415
    from foundation.errors import NotSignedInError  # noqa: PLC0415

    async def end(ground: "Ground") -> int:
        ended = 0
        for number in numbers:
            try:
                await leave(ground, Actor("resident", number), at=ground.clock.now(), real_at=real_now())
            except NotSignedInError:
                typer.echo(f"{number}: nobody, or gone already", err=True)
                continue
            ended += 1
        return ended

    typer.echo(f"{with_ground(end, name='residents')} ended.")


@STAFF.callback()
def staff() -> None:
    """Keep `linli staff` a group while it has one command."""


@IMPORTS.command("people")
def people(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]) -> None:
    """Put in the posts of a CSV or XLSX file: staff, and the units that answer for a place.

    Columns: 姓名 (of a unit: its name), 岗位 (书记, 副书记, 网格长, 网格员, 楼栋长, 值班员, 审计员 or 责任单位), 地点; if
    wanted 起 and 止 (first and last day, such as 2026-03-05), 职务, 事项 (what a unit is for), 办公电话, 企业微信账号.

    Without 起 a post begins now. 止 ends it with that day. Who is not in the file keeps their post.
    """
    from community.people.importing import import_people  # noqa: PLC0415 - `linli --help` needs none of it

    report_on(("人员", lambda ground: import_people(file, at=ground.clock.now())))


@IMPORTS.command("demo-staff")
def demo_staff() -> None:
    """Give the invented posts of `demo-places` invented people with the rights of them."""
    from community.people.demo import make_demo_staff  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    async def make(ground: "Ground") -> int:
        _refuse_in_production(ground)
        return await make_demo_staff(ground.clock.now())

    typer.echo(with_ground(make, name="demo-staff"))


@STAFF.command("sign-in")
def sign_in_as(
    role: Annotated[str, typer.Option(help="Which post, such as secretary, grid_chief, building_leader.")],
    place: Annotated[
        int | None, typer.Option(help="The place's id; left out, the first who holds such a post.")
    ] = None,
) -> None:
    """Print a token of whoever holds a post. For development; production refuses it."""
    from community.people.demo import sign_demo_staff_in  # noqa: PLC0415
    from community.people.models import RoleName  # noqa: PLC0415
    from foundation.clock import real_now  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    if role not in {each.value for each in RoleName}:
        raise typer.BadParameter(f"one of {', '.join(each.value for each in RoleName)}", param_hint="--role")

    async def open_session(ground: "Ground") -> str:
        _refuse_in_production(ground)
        lasts = timedelta(days=ground.settings.sessions.days)
        opened, _ = await sign_demo_staff_in(
            RoleName(role), place, at=ground.clock.now(), real_at=real_now(), good_for=lasts
        )
        return opened.token

    typer.echo(with_ground(open_session, name="staff"))


def _refuse_in_production(ground: "Ground") -> None:
    from foundation.command import CommandError  # noqa: PLC0415
    from foundation.words import say  # noqa: PLC0415

    if ground.settings.environment == "production":
        raise CommandError(say("正式环境里不能使用这个命令"))
