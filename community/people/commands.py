"""`linli staff …` and `linli import people`: staff from the command line."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from community.people.demo import make_demo_staff, sign_demo_staff_in
from community.people.importing import import_people
from community.people.models import RoleName
from community.places.commands import IMPORTS
from foundation.clock import real_now
from foundation.command import CommandError, with_ground
from foundation.ground import Ground
from foundation.words import say

STAFF = typer.Typer(name="staff", help="Staff and their posts.", no_args_is_help=True)


@IMPORTS.command("people")
def people(file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]) -> None:
    """Put in the staff of a CSV or XLSX file: 姓名, 岗位, 地点 and more columns."""
    report = with_ground(lambda ground: import_people(file, at=ground.clock.now()), name="import")
    for sentence in report.sentences():
        typer.echo(sentence)
    if report.refused:
        raise typer.Exit(1)


@IMPORTS.command("demo-staff")
def demo_staff() -> None:
    """Give the invented posts of `demo-places` invented people with the rights of them."""

    async def make(ground: Ground) -> int:
        _refuse_in_production(ground)
        return await make_demo_staff(ground.clock.now())

    typer.echo(with_ground(make, name="demo-staff"))


@STAFF.command("sign-in")
def sign_in_as(
    role: Annotated[RoleName, typer.Option(help="Which post.")],
    place: Annotated[int | None, typer.Option(help="The place's id; left out, the first who holds such a post.")] = None,
) -> None:
    """Print a token of whoever holds a post. For development; production refuses it."""

    async def open_session(ground: Ground) -> str:
        _refuse_in_production(ground)
        lasts = timedelta(days=ground.settings.sessions.days)
        opened, _ = await sign_demo_staff_in(
            role, place, at=ground.clock.now(), real_at=real_now(), good_for=lasts
        )
        return opened.token

    typer.echo(with_ground(open_session, name="staff"))


def _refuse_in_production(ground: Ground) -> None:
    if ground.settings.environment == "production":
        raise CommandError(say("正式环境里不能使用这个命令"))
