"""`linli parked`: what could not be passed on or understood. `linli rebuild`: every projection made anew."""

from typing import Annotated

import typer

PARKED = typer.Typer(name="parked", help="What waits for a person: list it, or let it try again.", no_args_is_help=True)
rebuild_app = typer.Typer()


@PARKED.command("list")
def list_parked() -> None:
    """List messages the core did not take, updates that could not be used, and jobs that gave up."""
    from community.complaints.parked import parked_things  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    things = with_ground(lambda _: parked_things(), name="parked")
    for each in things:
        typer.echo(f"{each.since:%Y-%m-%d %H:%M}  {each.kind:<9} {each.name:<16} {each.why}")
    typer.echo(f"{len(things)} parked." if things else "Nothing is parked.")


@PARKED.command("retry")
def retry(
    number: Annotated[str | None, typer.Argument(help="A case number; left out, everything.")] = None,
) -> None:
    """Let parked messages, updates and jobs try again, each complaint's in order."""
    from community.complaints.parked import retry_everything  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    count = with_ground(lambda _: retry_everything(number), name="parked")
    typer.echo(f"{count} will be tried again.")


@PARKED.command("settle")
def settle(update_id: Annotated[str, typer.Argument(help="The update's id, as listed.")]) -> None:
    """Take a conflicting update off the list after looking at it; it stays stored and is never applied."""
    from community.complaints.parked import settle_conflict  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    count = with_ground(lambda _: settle_conflict(update_id), name="parked")
    typer.echo(f"{count} settled.")


@rebuild_app.command("rebuild")
def rebuild() -> None:
    """Make state, deadlines and responsibility anew from the events, and say whether anything differed."""
    from community.complaints import rebuilding  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    seen, differed = with_ground(rebuilding.rebuild, name="rebuild")
    typer.echo(f"{seen} complaints made anew, {differed} differed.")
