"""Bringing the database to the code's shape: `linli migrate`.

One transaction under one lock for everything: procrastinate's tables first,
then Tortoise's migrations of all rooms. Several processes may start at once;
one works, the others wait and find nothing to do. Where every file is noted
in the database already, as at most starts, nothing of that is begun.
"""

from collections.abc import Callable
from importlib.resources import files
from pathlib import PurePath
from typing import Any, LiteralString

import psycopg
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager
from tortoise.context import TortoiseContext
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.writer import MigrationWriter, format_migration_name
from tortoise.transactions import in_transaction

LOCK = 4_193_110_001
"""The advisory lock of migrations: any number no other lock of ours uses."""


class PsycopgRecorder(MigrationRecorder):
    """Records with psycopg's placeholders; Tortoise writes asyncpg's for every PostgreSQL."""

    def _placeholder(self, pos: int) -> str:  # noqa: ARG002
        return "%s"


class PsycopgExecutor(MigrationExecutor):
    """Runs migrations through the recorder above."""

    def __init__(self, connection: Any, apps: dict[str, dict[str, Any]]) -> None:
        super().__init__(connection, apps)
        self.recorder = self.loader.recorder = PsycopgRecorder(connection)


async def migrate(config: dict[str, Any], *, report: Callable[[str, str, str], object] | None = None) -> None:
    """Apply what is missing, all or nothing; `report` gets (event, room, name) for each migration.

    Raises:
        psycopg.errors.LockNotAvailable: another program holds a table for too long; try again later.

    """
    if await _is_up_to_date(config):
        return
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with in_transaction() as tx:
            await tx.execute_query("SET LOCAL statement_timeout = 0")
            await tx.execute_query("SET LOCAL lock_timeout = 0")
            await tx.execute_query("SELECT pg_advisory_xact_lock(%s)", [LOCK])
            await tx.execute_query("SET LOCAL lock_timeout = '5s'")
            await _make_job_tables(tx)
            executor = PsycopgExecutor(tx, config["apps"])
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))  # noqa: SLF001
            await executor.migrate(progress=report)


async def _is_up_to_date(config: dict[str, Any]) -> bool:
    """Whether the database has noted every file; if that cannot be asked, whoever migrates finds out why."""
    written = {
        (room, PurePath(file.name).stem)
        for room, app in config["apps"].items()
        for file in files(app["migrations"]).iterdir()
        if file.name.endswith(".py") and file.name[0].isdigit()
    }
    address = config["connections"]["default"]["credentials"]["conninfo"]
    try:
        return written <= set(await ask_database(address, "SELECT app, name FROM tortoise_migrations"))
    except psycopg.Error:
        return False


async def _make_job_tables(tx: Any) -> None:
    found = await tx.execute_query_dict("SELECT to_regclass('procrastinate_jobs') AS found")
    if found[0]["found"] is None:
        await tx.execute_script(SchemaManager(connector=PsycopgConnector()).get_schema())


async def missing_migrations(config: dict[str, Any]) -> list[str]:
    """List the rooms whose models differ from their migrations; needs no database."""
    async with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        writers = await _changes(context, config)
    return [f"{writer.app_label}: {writer.name}" for writer in writers]


async def _changes(context: TortoiseContext, config: dict[str, Any]) -> list[MigrationWriter]:
    if context.apps is None:
        raise RuntimeError("the context was not initialised")
    return await MigrationAutodetector(context.apps, config["apps"]).changes()


async def write_migrations(config: dict[str, Any], name: str) -> list[str]:
    """Write the migrations the models ask for, named `NNNN_<name>`; give their paths."""
    async with TortoiseContext() as context:
        await context.init(config=config, init_connections=False)
        writers = await _changes(context, config)
        paths = []
        for writer in writers:
            writer.name = format_migration_name(int(writer.name.split("_", 1)[0]), name)
            paths.append(str(writer.write()))
    return paths


async def ask_database(url: str, question: LiteralString) -> list[tuple[Any, ...]]:
    """Put one question to PostgreSQL, on a connection of its own; give the rows.

    Raises:
        psycopg.Error: it does not answer within three seconds, or not with rows.

    """
    async with await psycopg.AsyncConnection.connect(url, connect_timeout=3) as connection:
        return await (await connection.execute(question)).fetchall()
