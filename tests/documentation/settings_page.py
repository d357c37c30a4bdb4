"""`docs/settings.md`, made from the settings themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from foundation.settings import PREFIX, Group, Settings

HEAD = """# Settings

Which knobs are there, what is their default, and which values are refused?

Every setting is an environment variable. A process reads them once, at start, and refuses to start if one is misspelt
or makes no sense; it then says which, one sentence for each. `linli doctor` does the same and changes nothing.

- A mapping or a list is written as JSON: `LINLI_DISPATCH__CALLBACK_KEYS='{"2026-11": "…"}'`.
- *the stand-in's* means a value that fits the programs in `sandbox/`. With `LINLI_ENVIRONMENT=production` a process
  refuses to start while one of the keys, secrets and addresses is left at it, and while it has no public address, no
  PostgreSQL and no Redis of its own.
- Variables that begin with `LINLI_TEST_` belong to the tests and are not looked at here.

This page is made from `foundation/settings.py` by `python -m tests.documentation.write`.
"""
Row = tuple[str, str, str, str]


def settings_page() -> str:
    """Write the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield HEAD
    whole = {name: field for name, field in Settings.model_fields.items() if _group_of(field) is None}
    yield from _section("The whole process", "", [_row((name,), field) for name, field in whole.items()])
    for name, field in Settings.model_fields.items():
        if group := _group_of(field):
            rows = [_row((name, inner), each) for inner, each in group.model_fields.items()]
            yield from _section(name.capitalize(), (group.__doc__ or "").strip(), rows)


def _group_of(field: FieldInfo) -> type[Group] | None:
    kind = field.annotation
    return kind if isinstance(kind, type) and issubclass(kind, Group) else None


def _section(title: str, meaning: str, rows: list[Row]) -> Iterator[str]:
    yield f"## {title}\n"
    if meaning:
        yield f"{meaning}\n"
    yield "| variable | default | values | meaning |"
    yield "| --- | --- | --- | --- |"
    yield from ("| " + " | ".join(row) + " |" for row in rows)
    yield ""


def _row(names: tuple[str, ...], field: FieldInfo) -> Row:
    variable = PREFIX + "__".join(names).upper()
    return f"`{variable}`", _default(field), _values(field), " ".join((field.description or "").split())


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr) or (isinstance(value, dict) and value):
        return "*the stand-in's*"
    if value is None or value == "":
        return "nothing"
    return f"`{value}`"


def _values(field: FieldInfo) -> str:
    """Say which values are taken, as far as the type says it."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        return ", ".join(f"`{each}`" for each in get_args(kind))
    words = {int: "a whole number", float: "a number", Path: "a folder", SecretStr: "a secret"}.get(
        _plain(kind), "text"
    )
    if get_origin(kind) in (dict, list):
        words = "JSON"
    return " ".join([words, *(_bound(each) for each in field.metadata)]).strip()


def _plain(kind: Any) -> Any:
    """Give the type without its `None`."""
    inner = [each for each in get_args(kind) if each is not type(None)]
    return inner[0] if inner and get_origin(kind) is not dict else kind


def _bound(rule: object) -> str:
    """Say one bound of a number; pydantic keeps them as objects with an attribute each."""
    for name, words in (("ge", "from"), ("gt", "above"), ("le", "to")):
        if (bound := getattr(rule, name, None)) is not None:
            return f"{words} {bound}"
    return ""
