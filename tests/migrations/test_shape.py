"""Models, migration files and database say the same."""

from collections.abc import Iterable, Iterator

import psycopg
import pytest
from tortoise import Model
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.indexes import Index

from foundation.migrating import migrate, missing_migrations
from tests.migrations.shape import (
    apps,
    config_of,
    hand_written,
    migrate_to,
    migrations,
    models,
    names_in,
    shape_of,
)

HAND_WRITTEN = list(hand_written())


@pytest.fixture
def newest(addresses: tuple[str, str]) -> str:
    """Give a database at the newest migration."""
    return addresses[0]


async def test_no_model_differs_from_its_migrations() -> None:
    assert await missing_migrations(config_of("postgresql://nobody@/nowhere")) == []


async def test_everything_the_hand_written_sql_makes_is_in_the_database(newest: str) -> None:
    made = {found for migration in HAND_WRITTEN for found in migration.made()}
    dropped = {found for migration in HAND_WRITTEN for found in migration.dropped()}

    assert made - dropped - names_in(shape_of(newest)) == set()
    assert dropped & names_in(shape_of(newest)) == set()
    assert len(made) > 40  # else the reading of the SQL is broken


async def test_every_named_constraint_of_a_model_is_in_the_database(newest: str) -> None:
    named = {
        ("constraint", constraint.name)
        for model in await models()
        for constraint in model._meta.constraints  # noqa: SLF001
    }

    assert named - names_in(shape_of(newest)) == set()
    assert named


async def test_every_unique_set_of_columns_is_unique_in_the_database(newest: str) -> None:
    wanted = {(table(model), columns) for model in await models() for columns in unique_columns(model)}

    assert wanted - set(indexed(newest, unique=True)) == set()


async def test_every_index_of_a_model_is_in_the_database(newest: str) -> None:
    wanted = {(table(model), columns) for model in await models() for columns in index_columns(model)}

    assert wanted - set(indexed(newest, unique=False)) == set()


def table(model: type[Model]) -> str:
    return model._meta.db_table  # noqa: SLF001


def columns_of(model: type[Model], fields: Iterable[str]) -> tuple[str, ...]:
    names = model._meta.fields_db_projection  # noqa: SLF001
    return tuple(names.get(field) or names[f"{field}_id"] for field in fields)


def unique_columns(model: type[Model]) -> Iterator[tuple[str, ...]]:
    for fields in model._meta.unique_together:  # noqa: SLF001
        yield columns_of(model, fields)
    for name, field in model._meta.fields_map.items():  # noqa: SLF001
        if field.unique and name in model._meta.fields_db_projection:  # noqa: SLF001
            yield columns_of(model, [name])


def index_columns(model: type[Model]) -> Iterator[tuple[str, ...]]:
    for index in model._meta.indexes:  # noqa: SLF001
        fields = index.fields if isinstance(index, Index) else index
        yield columns_of(model, fields)
    for name, field in model._meta.fields_map.items():  # noqa: SLF001
        if field.index and name in model._meta.fields_db_projection:  # noqa: SLF001
            yield columns_of(model, [name])


def indexed(url: str, *, unique: bool) -> list[tuple[str, tuple[str, ...]]]:
    """Give tables and columns, in order, of every index over plain columns without a condition."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT c.relname, array_agg(a.attname::text ORDER BY k.place) FROM pg_index i"
            " JOIN pg_class c ON c.oid = i.indrelid"
            " CROSS JOIN LATERAL unnest(i.indkey::int[]) WITH ORDINALITY AS k(number, place)"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number"
            " WHERE i.indpred IS NULL AND i.indexprs IS NULL AND (i.indisunique OR NOT %s)"
            " GROUP BY c.relname, i.indexrelid",
            [unique],
        ).fetchall()
    return [(name, tuple(columns)) for name, columns in rows]


async def test_a_room_that_points_to_another_names_it_as_a_dependency() -> None:
    rooms = {model._meta.app: model for model in await models()}  # noqa: SLF001
    pointing = {
        (model._meta.app, field.related_model._meta.app)  # noqa: SLF001
        for model in await models()
        for field in model._meta.fields_map.values()  # noqa: SLF001
        if isinstance(field, ForeignKeyFieldInstance)
    }
    named = {(room, needed[0]) for (room, _), migration in migrations().items() for needed in migration.dependencies}

    assert set(rooms) == set(apps())
    assert {pair for pair in pointing if pair[0] != pair[1]} - named == set()


def test_each_hand_written_migration_is_undone_by_its_own_reverse(copy_of_newest: str) -> None:
    going_back = [shape_of(copy_of_newest)]
    for migration in reversed(HAND_WRITTEN):
        run(copy_of_newest, migration.down)
        going_back.append(shape_of(copy_of_newest))
        assert migration.made() & names_in(going_back[-1]) == set(), migration.name
    for migration, before in zip(HAND_WRITTEN, going_back[-2::-1], strict=True):
        run(copy_of_newest, migration.up)
        assert sorted(shape_of(copy_of_newest) ^ before) == [], migration.name


async def test_the_tool_goes_back_to_the_tables_and_forward_again(copy_of_newest: str) -> None:
    newest = shape_of(copy_of_newest)
    made = {found for migration in HAND_WRITTEN for found in migration.made()}

    await migrate_to(copy_of_newest, *((room, "0001_first") for room in apps()))
    tables_only = shape_of(copy_of_newest)
    await migrate(config_of(copy_of_newest))

    assert made & names_in(tables_only) == set()
    assert sorted(shape_of(copy_of_newest) ^ newest) == []


def run(url: str, sql: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(sql.encode())
