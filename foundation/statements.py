"""Statements from models, and objects from rows, without a question of their own: what `Transaction.store` sends."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from tortoise import Model
from tortoise.fields import DatetimeField, Field, UUIDField

from foundation.pipeline import Rows, Statement

M = TypeVar("M", bound=Model)
Write = Callable[[Any, Any], Any]
Fields = tuple[tuple[str, Write | None], ...]
"""Names, and how their values are written; None for those that stay as they are."""


def storing(first: Model, *more: Model) -> Statement:
    """Make the statement that inserts rows of one table whose generated ids nobody waits for."""
    columns = _columns_of(type(first), with_key=first.pk is not None)
    sql, fields = _insert_into(type(first), columns, 1 + len(more))
    values: list[Any] = []
    for row in (first, *more):
        values += _values(row, fields)
        row._saved_in_db = True  # noqa: SLF001 - as Tortoise's own insert does
    return Statement(sql, values)


def inserting(model: type[Model], values: dict[str, Any]) -> Statement:
    """Make the statement that inserts a row of which nobody needs an object; left out are defaults and NULL."""
    left_out = ((name, default) for name, default in _defaults_of(model) if name not in values)
    whole = {name: default() if callable(default) else default for name, default in left_out} | values
    sql, fields = _insert_into(model, tuple(whole))
    return Statement(sql, [_written(whole[name], write, model) for name, write in fields])


def _values(row: Model, fields: Fields) -> list[Any]:
    return [_written(getattr(row, name), write, row) for name, write in fields]


def _written(value: Any, write: Write | None, row: Model | type[Model]) -> Any:
    """Write a value as its column takes it; that nothing is missing, the columns themselves see to."""
    return value if write is None or value is None else write(value, row)


def _fields(model: type[Model], names: Iterable[str]) -> Fields:
    return tuple((name, _writer_of(model._meta.fields_map[name])) for name in names)  # noqa: SLF001


def _writer_of(each: Field[Any]) -> Write | None:
    """Say how a field's values are written: what psycopg writes by itself, and columns check, stays as it is."""
    if isinstance(each, DatetimeField) and not (each.auto_now or each.auto_now_add):
        return _aware
    if isinstance(each, UUIDField) or type(each).to_db_value is Field.to_db_value:
        return None
    return each.to_db_value


def _aware(at: Any, _: Any) -> Any:
    """Refuse an instant of no zone, which each server would take for another."""
    if at.tzinfo is None:
        raise ValueError(at)
    return at


@cache
def _columns_of(model: type[Model], *, with_key: bool) -> tuple[str, ...]:
    meta = model._meta  # noqa: SLF001
    return tuple(name for name in meta.fields_db_projection if with_key or name != meta.pk_attr)


@cache
def _defaults_of(model: type[Model]) -> tuple[tuple[str, Any], ...]:
    known = model._meta.fields_map  # noqa: SLF001
    given = ((name, known[name].default) for name in model._meta.fields_db_projection)  # noqa: SLF001
    return tuple((name, default) for name, default in given if default is not None)


@cache
def _insert_into(model: type[Model], names: tuple[str, ...], rows: int = 1) -> tuple[str, Fields]:
    columns = model._meta.fields_db_projection  # noqa: SLF001
    into = ", ".join(f'"{columns[name]}"' for name in names)
    places = ", ".join([f"({', '.join(['%s'] * len(names))})"] * rows)
    return f'INSERT INTO "{model._meta.db_table}" ({into}) VALUES {places}', _fields(model, names)  # noqa: S608, SLF001


def changing(row: Model, *names: str) -> Statement:
    """Make the statement that writes some fields of a stored row, all but its key if none is named."""
    sql, fields = _update_of(type(row), names)
    return Statement(sql, [*_values(row, fields), row.pk])


@cache
def _update_of(model: type[Model], names: tuple[str, ...]) -> tuple[str, Fields]:
    columns, key = model._meta.fields_db_projection, model._meta.pk_attr  # noqa: SLF001
    fields = _fields(model, [name for name in names or columns if name != key])
    written = ", ".join(f'"{columns[name]}" = %s' for name, _ in fields)
    return f'UPDATE "{model._meta.db_table}" SET {written} WHERE "{columns[key]}" = %s', fields  # noqa: S608, SLF001


def array_of(words: Iterable[str]) -> str:
    """Write numbers or ids as PostgreSQL's array: one word is made and read faster than thousands of values."""
    return f"{{{','.join(words)}}}"


def rows_as(model: type[M], rows: Rows) -> list[M]:
    """Make objects of rows that were read whole."""
    return [model._init_from_db(**row) for row in rows]  # noqa: SLF001 - Tortoise's own way from a row to an object
