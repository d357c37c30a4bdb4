"""`linli`: one command for everything an operator does. Rooms add theirs in `<room>/commands.py`."""

import asyncio
import gc
import sys
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from foundation.clock import real_now
from foundation.parts import commands

if TYPE_CHECKING:
    from foundation.vault import Reindexing, Rotation

app = typer.Typer(
    name="linli",
    help="邻里: the resident-facing backend of a city district.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
clock_app = typer.Typer(name="clock", help="Show or move the domain's time; never in production.", no_args_is_help=True)
vault_app = typer.Typer(name="vault", help="The keys personal data are sealed with.", no_args_is_help=True)
Announce = Annotated[Path | None, typer.Option(help="Write the bound address to this file when ready.")]


@app.command()
def serve(announce: Announce = None) -> None:
    """Answer at the doors: the API, the live feed and the pages."""
    _run(doors=True, later_work=False, announce=announce)


@app.command()
def work(announce: Announce = None) -> None:
    """Do later work: jobs, the core's updates, due deadlines, upkeep."""
    _run(doors=False, later_work=True, announce=announce)


@app.command(name="all")
def everything(announce: Announce = None) -> None:
    """Do both in one process; for trying out, not for a district."""
    _run(doors=True, later_work=True, announce=announce)


def _run(*, doors: bool, later_work: bool, announce: Path | None) -> None:
    from foundation.command import bring_up_to_date, standing_on_servers  # noqa: PLC0415
    from foundation.process import run  # noqa: PLC0415

    async def start(settings: Any, servers: Any) -> None:
        await bring_up_to_date(settings)
        await run(
            settings,
            doors=doors,
            later_work=later_work,
            announce=lambda at: _announce(announce, at),
            bring_back=servers.restart_dead,
        )

    _forget(announce)
    with standing_on_servers(quiet=False) as standing, asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(start(*standing))


def _loop_factory() -> Any:
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        return None
    return uvloop.new_event_loop


def _forget(path: Path | None) -> None:
    """Remove the announcement of an earlier run: whoever waits for ours must not take it for ours."""
    if path is not None:
        path.unlink(missing_ok=True)


def _announce(path: Path | None, address: Any) -> None:
    """Write the address by rename, so that a reader never sees half of it."""
    if path is not None:
        _write_whole(path, f"http://{address[0]}:{address[1]}\n" if address else "\n")


def _write_whole(path: Path, text: str) -> None:
    part = path.with_suffix(path.suffix + ".part")
    part.write_text(text)
    part.replace(path)


@app.command()
def databases(announce: Announce = None) -> None:
    """Keep the embedded PostgreSQL and Redis up for other processes, until told to stop.

    Their addresses are printed; an address that was given is not, as a password may be in it.
    """
    import signal  # noqa: PLC0415

    from foundation.command import bring_up_to_date, standing_on_servers  # noqa: PLC0415

    _forget(announce)
    with standing_on_servers() as (settings, servers):
        asyncio.run(bring_up_to_date(settings))
        ends = {signal.SIGTERM, signal.SIGINT}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # else the first one ends us before we can wait for it
        ours = {"LINLI_DATABASE_URL": servers.own.database_url, "LINLI_REDIS_URL": servers.own.redis_url}
        lines = "".join(f"{name}={address}\n" for name, address in ours.items() if address)
        _write_whole(announce, lines) if announce else typer.echo(lines, nl=False)
        while signal.sigtimedwait(ends, 1.0) is None:
            servers.restart_dead()


@app.command()
def migrate() -> None:
    """Bring the database to this version's shape; safe to repeat, safe to run twice at once."""
    from foundation.command import bring_up_to_date, standing  # noqa: PLC0415

    with standing() as settings:
        applied = asyncio.run(bring_up_to_date(settings))
    for each in applied:
        typer.echo(each)
    typer.echo(f"{len(applied)} applied." if applied else "Nothing to do.")


@app.command()
def doctor() -> None:
    """Check every outside thing and say what to do about what is wrong."""
    from foundation.doctor import examine  # noqa: PLC0415

    raise typer.Exit(examine())


@app.command(name="map")
def show_map() -> None:
    """Print what belongs together: events and their reactions, routes, upkeep."""
    from foundation.mapping import describe  # noqa: PLC0415

    sys.stdout.write(describe())


@clock_app.command("show")
def clock_show() -> None:
    """Show the domain's time beside the real one."""
    _move(None)


@clock_app.command("set")
def clock_set(at: Annotated[str, typer.Argument(help="2026-11-21T08:00:00+08:00")]) -> None:
    """Put the domain's time to an instant; it runs on from there."""
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        raise typer.BadParameter("write it like 2026-11-21T08:00:00+08:00") from None
    if instant.tzinfo is None:
        raise typer.BadParameter("the time needs its zone, such as +08:00")
    _move(lambda reading, now: type(reading)(real_at=now, domain_at=instant, rate=reading.rate))


@clock_app.command("advance")
def clock_advance(
    by: Annotated[str, typer.Argument(help="90s, 31m, 25h, 3d, seconds, or - for spans by line")],
) -> None:
    """Move the domain's time on, for all processes at once; with `-`, each line read is one move."""
    for line in sys.stdin if by == "-" else [by]:
        span = _span(line.strip())
        _move(lambda reading, now, by=span: reading.moved(now, by=by))


@clock_app.command("rate")
def clock_rate(rate: Annotated[float, typer.Argument(min=0.0, max=100_000.0)]) -> None:
    """Let the domain's time run so many times as fast as the real one."""
    _move(lambda reading, now: reading.paced(now, rate=rate))


def _span(text: str) -> timedelta:
    units = {"s": 1, "m": 60, "h": 3600, "d": 86400}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        return timedelta(seconds=float(number) * units[unit])
    except (ValueError, OverflowError):
        raise typer.BadParameter("write 90s, 31m, 25h, 3d, or a number of seconds") from None


def _move(change: Any) -> None:
    """Move the clock if asked to, wait until every process has taken it over, and show it."""
    from foundation import clock_setting  # noqa: PLC0415
    from foundation.command import CommandError, with_ground  # noqa: PLC0415

    async def moved(ground: Any) -> datetime:
        if change is None:
            now: datetime = ground.clock.now()
            return now
        if ground.settings.environment == "production":
            raise CommandError(str(clock_setting.ClockIsFixedError()))
        try:
            reading = await clock_setting.move(change)
        except clock_setting.OutOfTimeError as error:
            raise CommandError(str(error)) from error
        await asyncio.sleep(2 * clock_setting.RENEW_SECONDS)
        return reading.at(real_now())

    now = with_ground(moved, name="clock")
    typer.echo(f"domain {now.isoformat(timespec='seconds')}   real {real_now().isoformat(timespec='seconds')}")


@vault_app.command("rotate")
def vault_rotate() -> None:
    """Seal with the current key what is still sealed with an older one; safe to stop and to repeat."""
    from tortoise.connection import get_connections  # noqa: PLC0415

    from foundation.command import with_ground  # noqa: PLC0415
    from foundation.parts import load_parts  # noqa: PLC0415
    from foundation.vault import rotate  # noqa: PLC0415

    columns = [column for part in load_parts() for column in part.sealed]
    done = with_ground(lambda ground: rotate(get_connections().get("default"), ground.vault, columns), name="vault")
    for each in done:
        column = f"{each.column.table}.{each.column.column}"
        typer.echo(f"{column}: {each.resealed} resealed, {each.unreadable} unreadable")
    _fail_if_unreadable(done)


@vault_app.command("reindex")
def vault_reindex() -> None:
    """Make the look-up hashes anew, after another index key or hash; safe to stop and to repeat."""
    from tortoise.connection import get_connections  # noqa: PLC0415

    from foundation.command import with_ground  # noqa: PLC0415
    from foundation.parts import load_parts  # noqa: PLC0415
    from foundation.vault import reindex  # noqa: PLC0415

    columns = [column for part in load_parts() for column in part.sealed]
    done = with_ground(lambda ground: reindex(get_connections().get("default"), ground.vault, columns), name="vault")
    for each in done:
        column = f"{each.column.table}.{each.column.fingerprint}"
        typer.echo(f"{column}: {each.renewed} renewed, {each.unreadable} unreadable")
    _fail_if_unreadable(done)


def _fail_if_unreadable(done: "Iterable[Rotation | Reindexing]") -> None:
    """End with 1 if a row was left out: whoever took the old key away now would lose it for good."""
    if any(each.unreadable for each in done):
        raise typer.Exit(1)


@cache
def program() -> typer.Typer:
    """Put the command line together, with the rooms' own commands."""
    app.add_typer(clock_app)
    app.add_typer(vault_app)
    for group in commands():
        if group.info.name:
            app.add_typer(group)
        else:
            app.registered_commands.extend(group.registered_commands)
    return app


def main() -> None:
    """Run the command line."""
    gc.disable()  # until all is loaded: a seventh of each start went into looking for garbage in what is none
    program()()
