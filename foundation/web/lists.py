"""Lists that are read page by page: `?limit=&cursor=` in, `{"items", "next_cursor"}` out."""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, Generic, TypeVar

from pydantic import Field

from foundation.errors import InvalidFieldError
from foundation.web.fields import Input, Output

T = TypeVar("T")
Place = str | int
"""One part of the place where a page ends, such as an instant as text, or an id."""


class PageQuery(Input):
    """Which page of a list is wanted; a list with filters derives from it."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """How many items at most."""
    cursor: Annotated[str, Field(min_length=1, max_length=400)] | None = None
    """The `next_cursor` of the page before."""


class PageView(Output, Generic[T]):
    """One page of a list."""

    items: list[T]
    next_cursor: str | None
    """Where the next page begins; null on the last one."""


class BadCursorError(InvalidFieldError):
    """The cursor is none of ours."""

    code = "bad_cursor"
    pointer = "/cursor"
    message = "翻页的位置不对，请从第一页开始"


def cursor_at(*places: Place) -> str:
    """Write the place where a page ended as an opaque text."""
    return urlsafe_b64encode(json.dumps(places).encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type[Place]) -> tuple[Place, ...] | None:
    """Read the place back; None stands for the beginning.

    Raises:
        BadCursorError: it was not made by `cursor_at` with places of these kinds.

    """
    if cursor is None:
        return None
    try:
        places = json.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        raise BadCursorError from None
    if not isinstance(places, list) or [type(place) for place in places] != list(kinds):
        raise BadCursorError
    if any(_unthinkable(place) for place in places):
        raise BadCursorError
    return tuple(places)


def _unthinkable(place: Place) -> bool:
    """Whether no list of ours could end there: PostgreSQL keeps neither such numbers nor such characters."""
    if isinstance(place, int):
        return abs(place) >= 2**63
    return "\0" in place or any("\ud800" <= letter <= "\udfff" for letter in place)
