"""From nothing to the newest shape: once, again, at once, or not at all."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from tortoise.exceptions import OperationalError

from foundation.migrating import migrate
from tests.migrations.shape import config_of, migrations, shape_of
from tests.processes.programs import Copy

NewDatabase = Callable[[], str]


async def applied_to(url: str) -> list[tuple[str, str]]:
    done: list[tuple[str, str]] = []

    def note(event: str, room: str, name: str) -> None:
        if event == "apply_done":
            done.append((room, name))

    await migrate(config_of(url), report=note)
    return done


async def test_an_empty_database_gets_every_migration_once(new_database: NewDatabase) -> None:
    url = new_database()

    first = await applied_to(url)
    shape = shape_of(url)
    second = await applied_to(url)

    assert sorted(first) == sorted(migrations())
    assert second == []
    assert shape_of(url) == shape


async def test_a_migration_comes_after_those_it_depends_on(new_database: NewDatabase) -> None:
    order = await applied_to(new_database())

    late = [
        (key, tuple(needed))
        for key, migration in migrations().items()
        for needed in migration.dependencies
        if order.index(tuple(needed)) > order.index(key)
    ]
    assert late == []


async def test_what_fails_half_way_leaves_nothing_behind(new_database: NewDatabase) -> None:
    url = new_database()
    with psycopg.connect(url) as connection:
        connection.execute("CREATE FUNCTION complaint_event_is_kept() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    before = shape_of(url)

    with pytest.raises(OperationalError, match="already exists"):
        await migrate(config_of(url))

    assert shape_of(url) == before
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone() == (None,)


async def test_three_programs_that_start_at_once_migrate_once(new_database: NewDatabase, tmp_path: Path) -> None:
    copy = Copy(tmp_path, {"LINLI_DATABASE_URL": new_database(), "LINLI_REDIS_URL": "unix:///nowhere"})

    answers = await asyncio.gather(*(copy.run("migrate") for _ in range(3)))

    lines = sorted(answer.stdout.splitlines()[-1] for answer in answers)
    assert [answer.returncode for answer in answers] == [0, 0, 0]
    assert lines == [f"{len(migrations())} applied.", "Nothing to do.", "Nothing to do."]
