"""`docs/errors.md`, made from the refusals themselves."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages

from foundation.errors import LinliError
from foundation.parts import ROOMS
from foundation.web import refusals
from foundation.words import say
from tests.documentation.source_strings import field_refusals

HEAD = """# Refusals

A door said no: what does its `code` mean, and what does a person read?

Every refusal is a problem document (RFC 9457). Its `type` is `/problems/` and the code, with dashes for underscores;
`title` and `detail` are in the reader's language; 429 and 503 carry `Retry-After`. Codes never change.

```json
{"type": "/problems/already-rated", "title": "You have rated it already", "status": 409,
 "detail": "You have rated it already"}
```

422 also says which field: `errors` has a JSON pointer, a code from the second table (or the refusal's own), and words.
What is absent and what may not be seen answer the same.

This page is made from the error classes by `python -m tests.documentation.write`.

## By code
"""

FIELDS = """
## Codes of single fields
"""


def errors_page() -> str:
    """Write the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield HEAD
    yield from _table(("code", "status", "when", "words", "用语"), _refusals())
    yield FIELDS
    yield from _table(("code", "words", "用语"), _fields())


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + " --- |" * len(head)
    yield from ("| " + " | ".join(row) + " |" for row in rows)


def _refusals() -> Iterator[tuple[str, ...]]:
    for error in sorted(all_refusals(), key=lambda each: each.code):
        when = (error.__doc__ or "").strip().splitlines()[0]
        yield f"`{error.code}`", str(error.status), when, say(error.message, "en"), error.message


def all_refusals() -> set[type[LinliError]]:
    """Give every refusal the rooms define by name."""
    for room in ROOMS:
        package = import_module(room)
        for module in walk_packages(package.__path__, f"{room}."):
            import_module(module.name)
    return {error for error in _below(LinliError) if _is_named(error)}


def _below(error: type[LinliError]) -> Iterator[type[LinliError]]:
    yield error
    for each in error.__subclasses__():
        yield from _below(each)


def _is_named(error: type[LinliError]) -> bool:
    """Whether it stands in a room under its name; tests and doors make some on the way."""
    room = error.__module__.split(".")[0]
    return room in ROOMS and getattr(sys.modules[error.__module__], error.__name__, None) is error


def _fields() -> Iterator[tuple[str, ...]]:
    found = set(field_refusals())
    found |= {(code, message) for code, message, _ in refusals._RULES.values()}  # noqa: SLF001 - it is the table
    found |= set(refusals._KINDS.values())  # noqa: SLF001
    for code, message in sorted(found):
        yield f"`{code}`", say(message, "en"), message
