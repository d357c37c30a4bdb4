"""What a database looks like from inside, and what the migration files say it should look like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from tortoise import Model
from tortoise.context import TortoiseContext
from tortoise.migrations.executor import MigrationTarget
from tortoise.migrations.loader import MigrationLoader
from tortoise.migrations.migration import Migration
from tortoise.migrations.operations import RunSQL
from tortoise.transactions import in_transaction

from foundation.database import tortoise_config
from foundation.migrating import PsycopgExecutor, PsycopgRecorder
from foundation.parts import apps_of, load_parts
from foundation.settings import DatabaseSettings

OURS = "n.nspname = 'public' AND c.relname NOT LIKE 'procrastinate\\_%'"
PARTS = {
    "column": """SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraint": """SELECT k.conname || ' ' || pg_get_constraintdef(k.oid) FROM pg_constraint k
        JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE OURS""",
    "index": """SELECT c.relname || ' ' || pg_get_indexdef(c.oid) FROM pg_class c
        JOIN pg_namespace n ON n.oid = c.relnamespace WHERE OURS AND c.relkind = 'i'""",
    "trigger": """SELECT t.tgname || ' ' || pg_get_triggerdef(t.oid) FROM pg_trigger t
        JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND NOT t.tgisinternal""",
    "function": """SELECT p.proname || ' ' || pg_get_functiondef(p.oid) FROM pg_proc p
        JOIN pg_namespace n ON n.oid = p.pronamespace
        WHERE n.nspname = 'public' AND p.prokind = 'f' AND p.prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')
        AND p.proname NOT LIKE 'procrastinate\\_%'""",
    "type": """SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
        WHERE n.nspname = 'public' AND t.typtype IN ('e', 'r', 'd') AND t.typname NOT LIKE 'procrastinate\\_%'""",
    "sequence": """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE OURS AND c.relkind = 'S'""",
}
MADE = re.compile(
    r"\bADD CONSTRAINT (?P<constraint>\w+)"
    r"|\bCREATE (?:UNIQUE )?INDEX (?P<index>\w+)"
    r"|\bCREATE (?:CONSTRAINT )?TRIGGER (?P<trigger>\w+)"
    r"|\bCREATE (?:OR REPLACE )?FUNCTION (?P<function>\w+)"
    r"|\bCREATE TYPE (?P<type>\w+)"
    r"|\bCREATE SEQUENCE (?P<sequence>\w+)"
)
DROPPED = re.compile(r"\bDROP (?:INDEX (?P<index>\w+)|TRIGGER (?P<trigger>\w+)|FUNCTION (?P<function>\w+))")
THEIRS = "procrastinate_"
"""How what is procrastinate's is called; `OURS` leaves it out too."""
Shape = frozenset[tuple[str, str]]


def apps() -> dict[str, dict[str, Any]]:
    """Give the rooms with tables, as Tortoise wants them."""
    return apps_of(load_parts())


def config_of(url: str) -> dict[str, Any]:
    """Give the configuration for one database."""
    return tortoise_config(url, apps(), DatabaseSettings(pool=2), name="linli-migrations")


def shape_of(url: str) -> Shape:
    """Read everything that a migration can make."""
    with psycopg.connect(url) as connection:
        return frozenset(
            (kind, str(row[0]))
            for kind, sql in PARTS.items()
            for row in connection.execute(sql.replace("OURS", OURS).encode()).fetchall()
        )


def names_in(shape: Shape) -> set[tuple[str, str]]:
    """Give the kinds and names of what is in a database."""
    return {(kind, text.split(" ", 1)[0]) for kind, text in shape}


@dataclass(frozen=True)
class HandWritten:
    """One migration with SQL of its own."""

    room: str
    name: str
    up: str
    down: str

    def made(self) -> set[tuple[str, str]]:
        """Give the kinds and names of what its SQL makes."""
        return _named(MADE, self.up)

    def dropped(self) -> set[tuple[str, str]]:
        """Give what an earlier one made and its SQL takes away again."""
        return _named(DROPPED, self.up)


def _named(words: re.Pattern[str], sql: str) -> set[tuple[str, str]]:
    named = (pair for found in words.finditer(sql) for pair in found.groupdict().items())
    return {(kind, name) for kind, name in named if name and not name.startswith(THEIRS)}


def migrations() -> dict[tuple[str, str], Migration]:
    """Give every migration file, by room and name, in the order of their names."""
    loader = MigrationLoader(apps(), PsycopgRecorder(None))  # files need no connection
    loader.load_disk()
    return {(key.app_label, key.name): loader.disk_migrations[key] for key in sorted(loader.disk_migrations)}


def hand_written() -> Iterator[HandWritten]:
    """Give those with SQL."""
    for (room, name), migration in migrations().items():
        operations = [operation for operation in migration.operations if isinstance(operation, RunSQL)]
        if operations:
            up = "\n".join(str(each.sql) for each in operations)
            down = "\n".join(str(each.reverse_sql) for each in reversed(operations))
            yield HandWritten(room, name, up, down)


async def migrate_to(url: str, *targets: tuple[str, str]) -> None:
    """Bring a database to exactly these migrations of some rooms, forwards or backwards."""
    config = config_of(url)
    async with TortoiseContext() as context:
        await context.init(config=config)
        async with in_transaction() as tx:
            executor = PsycopgExecutor(tx, config["apps"])
            await executor.recorder.ensure_schema(executor._schema_editor(atomic=False))  # noqa: SLF001
            await executor.migrate([MigrationTarget(*target) for target in targets])


async def models() -> list[type[Model]]:
    """Give every model of every room, initialised without a database."""
    async with TortoiseContext() as context:
        await context.init(config=config_of("postgresql://nobody@/nowhere"), init_connections=False)
        assert context.apps is not None
        return [model for room in context.apps.values() for model in room.values()]
