"""From nothing to the newest shape: once, again, at once, or not at all."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from procrastinate import PsycopgConnector
from procrastinate.schema import SchemaManager

from foundation.migrating import migrate
from tests import servers
from tests.migrations.conftest import NAME
from tests.migrations.shape import config_of, migrations, shape_of
from tests.processes.programs import Copy


async def applied_to(url: str) -> list[tuple[str, str]]:
    done: list[tuple[str, str]] = []

    def note(event: str, room: str, name: str) -> None:
        if event == "apply_done":
            done.append((room, name))

    await migrate(config_of(url), report=note)
    return done


@pytest.fixture(scope="module")
async def grown() -> AsyncIterator[tuple[str, list[tuple[str, str]]]]:
    """Give a database that was empty, and in which order it got its migrations."""
    name = f"{NAME}_grown"
    url = servers.create_template(servers.admin_url(), name)
    yield url, await applied_to(url)
    servers.drop_database(servers.admin_url(), name)


async def test_an_empty_database_gets_every_migration_once(grown: tuple[str, list[tuple[str, str]]]) -> None:
    url, first = grown
    shape = shape_of(url)
    second = await applied_to(url)

    assert sorted(first) == sorted(migrations())
    assert second == []
    assert shape_of(url) == shape


def test_a_migration_comes_after_those_it_depends_on(grown: tuple[str, list[tuple[str, str]]]) -> None:
    _, order = grown

    late = [
        (key, (room, name))
        for key, migration in migrations().items()
        for room, name in migration.dependencies
        if order.index((room, name)) > order.index(key)
    ]
    assert late == []


async def test_what_fails_half_way_leaves_nothing_behind(empty: str) -> None:
    with psycopg.connect(empty) as connection:
        connection.execute("CREATE FUNCTION complaint_event_is_kept() RETURNS int LANGUAGE sql AS 'SELECT 1'")
    before = shape_of(empty)

    with pytest.raises(psycopg.errors.DuplicateFunction):
        await migrate(config_of(empty))

    assert shape_of(empty) == before
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT to_regclass('procrastinate_jobs')").fetchone() == (None,)


async def test_three_programs_that_start_at_once_migrate_once(empty: str, tmp_path: Path) -> None:
    copy = Copy(tmp_path, {"LINLI_DATABASE_URL": empty, "LINLI_REDIS_URL": "unix:///nowhere"})

    answers = await asyncio.gather(*(copy.run("migrate") for _ in range(3)))

    lines = sorted(answer.stdout.splitlines()[-1] for answer in answers)
    assert [answer.returncode for answer in answers] == [0, 0, 0]
    assert lines == [f"{len(migrations())} applied.", "Nothing to do.", "Nothing to do."]


async def test_a_table_that_another_program_holds_is_told_from_a_database_that_is_away(
    empty: str, tmp_path: Path
) -> None:
    copy = Copy(tmp_path, {"LINLI_DATABASE_URL": empty, "LINLI_REDIS_URL": "unix:///nowhere"})
    with psycopg.connect(empty) as connection:
        connection.execute(SchemaManager(connector=PsycopgConnector()).get_schema().encode())
    with psycopg.connect(empty) as other:
        other.execute("LOCK TABLE procrastinate_jobs")

        answer = await copy.run("migrate")

    assert (answer.returncode, answer.stdout) == (1, "")
    assert answer.stderr.splitlines()[-1] == "Another program holds a table of the database; try again."
    assert "Traceback" not in answer.stderr
