"""`linli retention`: how long what is kept, and what is due to end."""

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from foundation.ground import Ground
    from foundation.retention import Kept

RETENTION = typer.Typer(
    name="retention", help="How long what is kept, why, and how it ends.", invoke_without_command=True
)


@RETENTION.callback()
def show(context: typer.Context) -> None:
    """Show the whole table: what, how long, why, and how it ends."""
    from foundation.retention import rules  # noqa: PLC0415 - `linli --help` needs none of it

    if context.invoked_subcommand is None:
        for kept in rules():
            typer.echo(f"{kept.table}: {kept.what}; {_span(kept)}; {_end(kept)} ({kept.why})")


@RETENTION.command("due")
def count_due() -> None:
    """Count what the next sweep would end, and end nothing."""
    from foundation.clock import real_now  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415
    from foundation.retention import due, rules  # noqa: PLC0415

    async def count(_: "Ground") -> list[tuple["Kept", int]]:
        return [(kept, await due(kept, real_now())) for kept in rules() if kept.outlived]

    for kept, number in with_ground(count, name="retention"):
        typer.echo(f"{kept.table}: {number} {kept.what}")


@RETENTION.command("sweep")
def sweep_now() -> None:
    """End now what has outlived its time; the elected worker does so daily by itself."""
    from foundation.clock import real_now  # noqa: PLC0415
    from foundation.command import with_ground  # noqa: PLC0415
    from foundation.retention import sweep  # noqa: PLC0415

    swept = with_ground(lambda ground: sweep(ground, at=real_now()), name="retention")
    for table, number in swept.items():
        typer.echo(f"{table}: {number}")
    typer.echo(f"{sum(swept.values())} rows ended.")


def _span(kept: "Kept") -> str:
    if kept.lasts is None:
        return f"until {kept.ends_with}" if kept.ends_with != "nothing" else "for good"
    return f"{kept.lasts.days} days" if kept.lasts.days else "until it expires"


def _end(kept: "Kept") -> str:
    return kept.ends.value


COMMANDS: tuple[Any, ...] = (RETENTION,)
