"""What every command of `linli` needs: the settings, the servers, an up-to-date database, an opened ground.

Faults a person can mend end with one plain sentence and exit code 1, never with a trace.
"""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
import psycopg_pool
import structlog
import typer
from psycopg.errors import LockNotAvailable, QueryCanceled
from tortoise.exceptions import DBConnectionError

from foundation.database import tortoise_config
from foundation.embedded import EmbeddedServerError, EmbeddedServers
from foundation.errors import LinliError
from foundation.ground import Ground
from foundation.logs import configure_logging
from foundation.migrating import migrate
from foundation.parts import apps_of, load_parts
from foundation.settings import Settings, SettingsError, read_settings

T = TypeVar("T")
log = structlog.get_logger(__name__)


class CommandError(Exception):
    """A command cannot be done; the text says in one sentence why and what to do."""


def settings_or_exit() -> Settings:
    """Read the settings, or say what is wrong with them and end."""
    try:
        return read_settings()
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None


@contextmanager
def standing(*, quiet: bool = True) -> Iterator[Settings]:
    """Give settings with both addresses in them, starting embedded servers where none are named.

    Must be called from the main thread: the servers end with the thread that started them.
    """
    with standing_on_servers(quiet=quiet) as (settings, _):
        yield settings


@contextmanager
def standing_on_servers(*, quiet: bool = True) -> Iterator[tuple[Settings, EmbeddedServers]]:
    """Give the servers too, for whoever runs long enough to see one die."""
    settings = settings_or_exit()
    _load_all()
    configure_logging("warning" if quiet else settings.log_level, stream=sys.stderr if quiet else None)
    try:
        with EmbeddedServers(settings.var, database_url=settings.database_url, redis_url=settings.redis_url) as kept:
            found = kept.addresses
            yield settings.model_copy(update={"database_url": found.database_url, "redis_url": found.redis_url}), kept
    except (EmbeddedServerError, CommandError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except LinliError as error:
        typer.echo(error.sentence("zh-Hans"), err=True)
        raise typer.Exit(1) from None
    except (LockNotAvailable, QueryCanceled):
        typer.echo("Another program holds a table of the database; try again.", err=True)
        raise typer.Exit(1) from None
    except (DBConnectionError, psycopg.OperationalError, psycopg_pool.PoolTimeout) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        typer.echo(f"PostgreSQL does not answer; see LINLI_DATABASE_URL and `linli doctor`. ({reason})", err=True)
        raise typer.Exit(1) from None


def _load_all() -> None:
    """Load every room, and look for garbage from here on, but not in what a process is made of."""
    load_parts()
    gc.freeze()
    gc.enable()


async def bring_up_to_date(settings: Settings) -> list[str]:
    """Apply what migrations are missing; name them."""
    applied: list[str] = []

    def note(event: str, room: str, name: str) -> None:
        if event == "apply_done":
            applied.append(f"{room} {name}")

    config = tortoise_config(
        settings.database_url or "",
        apps_of(load_parts()),
        settings.database.model_copy(update={"pool": 2}),
        name="linli-migrate",
    )
    await migrate(config, report=note)
    return applied


def with_ground(work: Callable[[Ground], Awaitable[T]], *, name: str = "command") -> T:
    """Run one piece of work on an opened ground over an up-to-date database, and give what it gave."""
    from foundation.process import open_ground  # noqa: PLC0415 - `linli --help` needs none of it

    async def run(settings: Settings) -> T:
        await bring_up_to_date(settings)
        async with open_ground(settings, load_parts(), name=name) as ground:
            return await work(ground)

    with standing() as settings:
        return asyncio.run(run(settings))
