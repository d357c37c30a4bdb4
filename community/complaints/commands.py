"""What an operator does with complaints.

`linli parked`: what could not be passed on or understood. `linli compare`: how
we and the core differ. `linli rebuild`: every projection made anew.
"""

from typing import Annotated

import typer

PARKED = typer.Typer(name="parked", help="What waits for a person: list it, or let it try again.", no_args_is_help=True)
rebuild_app = typer.Typer()
compare_app = typer.Typer()


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


@PARKED.command("show")
def show(update_id: Annotated[str, typer.Argument(help="The update's id, as listed.")]) -> None:
    """Hold the conflicting contents of an update against one another, field by field."""
    from community.complaints.parked import conflicting_fields  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    conflicts = with_ground(lambda _: conflicting_fields(update_id), name="parked")
    for number, differing in enumerate(conflicts, start=1):
        typer.echo(f"Content {number} that came later, and differs in {len(differing)} fields:")
        for each in differing:
            typer.echo(f"  {each.name}\n    first  {each.first}\n    later  {each.later}")
    typer.echo("The first stands and was applied; the others never are." if conflicts else "Nothing conflicts here.")


@PARKED.command("settle")
def settle(update_id: Annotated[str, typer.Argument(help="The update's id, as listed.")]) -> None:
    """Take a conflict or an unknown word off the list after looking at it; what is stored stays as it is."""
    from community.complaints import parked  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    count = with_ground(lambda _: parked.settle(update_id), name="parked")
    typer.echo(f"{count} settled.")


@compare_app.command("compare")
def compare(
    *, now: Annotated[bool, typer.Option("--now", help="Do not wait for the night: compare now, then report.")] = False
) -> None:
    """Say how we and the dispatch core differed when everything was compared the last time."""
    from community.complaints.comparison_report import report  # noqa: PLC0415
    from community.complaints.dispatch import comparing  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    run = with_ground(comparing.compare if now else lambda _: comparing.last_report(), name="compare")
    for line in report(run):
        typer.echo(line)
    if run and (run.differing or run.ended_at is None):
        raise typer.Exit(1)


@rebuild_app.command("rebuild")
def rebuild() -> None:
    """Make state, deadlines and responsibility anew from the events, and say whether anything differed."""
    from community.complaints import rebuilding  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415

    seen, differed = with_ground(rebuilding.rebuild, name="rebuild")
    typer.echo(f"{seen} complaints made anew, {differed} differed.")
