"""Reading a request into the models that an endpoint asks for.

400 is for what cannot be read, 404 for ids of no known form, 415 for the wrong kind of content, 422 for
everything that is well-formed but wrong: then all faults of query, headers and body are told together.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any, get_origin

from aiohttp import web
from multidict import MultiMapping
from pydantic import BaseModel, TypeAdapter, ValidationError

from foundation.errors import (
    FieldProblem,
    InvalidFieldsError,
    NotFoundError,
    TooLargeError,
    TooSlowError,
    UnreadableRequestError,
    UnsupportedContentError,
)
from foundation.web.endpoint import Endpoint
from foundation.web.fields import Input
from foundation.web.refusals import field_problems, unreadable_texts

BODY_SECONDS = 20.0
"""A body of JSON that has not come by then does not come: who sends it drop by drop holds a connection."""
DEEPEST = 32
"""How many objects and lists may lie in one another; no body of ours needs five."""
_NO_FIELDS = TypeAdapter(Input)
_LISTS = (list, tuple, set, frozenset)


async def read_parts(endpoint: Endpoint, request: web.Request) -> dict[str, Any]:
    """Read what the handler asks for, except a file and its form.

    Raises:
        LinliError: it cannot be read, or it is wrong.

    """
    found: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    if "path" in endpoint.models:
        found["path"] = _read_path(endpoint.adapters["path"], request)
    for name, values in (("query", request.query), ("headers", request.headers)):
        if name in endpoint.models:
            given = _given(endpoint.models[name], values, all_of_them=name == "query")
            found[name] = _checked(endpoint.adapters[name], given, problems)
    if "body" in endpoint.models:
        found["body"] = await _read_body(endpoint, request, problems)
    if problems:
        raise InvalidFieldsError(*problems)
    return found


def read_form(endpoint: Endpoint, fields: Mapping[str, str]) -> dict[str, Any]:
    """Read the fields that came with a file; without a model there may be none.

    Raises:
        InvalidFieldsError: one is wrong, or there is no such field.

    """
    problems: list[FieldProblem] = []
    adapter = endpoint.adapters.get("form", _NO_FIELDS)
    form = _checked(adapter, dict(fields), problems)
    if problems:
        raise InvalidFieldsError(*problems)
    return {"form": form} if "form" in endpoint.adapters else {}


def _read_path(adapter: TypeAdapter[Any], request: web.Request) -> Any:
    """Read the ids; one of no known form is one that does not exist."""
    given = dict(request.match_info)
    if unreadable_texts(given):
        raise NotFoundError
    try:
        return adapter.validate_python(given, strict=False)
    except ValidationError:
        raise NotFoundError from None


def _given(model: type[BaseModel], values: MultiMapping[str], *, all_of_them: bool) -> dict[str, Any]:
    """Collect the values by name; a field that is a list takes all of its name, any other only one.

    Of the headers only those count that the model knows.
    """
    lists = {known.alias or name for name, known in model.model_fields.items() if _is_list(known.annotation)}
    known_names = [known.alias or name for name, known in model.model_fields.items()]
    names = dict.fromkeys(values) if all_of_them else [name for name in known_names if name in values]
    given: dict[str, Any] = {}
    for name in names:
        all_values = values.getall(name)
        given[name] = list(all_values) if name in lists or len(all_values) > 1 else all_values[0]
    return given


def _is_list(annotation: Any) -> bool:
    options = getattr(annotation, "__args__", ()) if get_origin(annotation) not in _LISTS else (annotation,)
    return annotation in _LISTS or any(get_origin(option) in _LISTS for option in options)


def _checked(adapter: TypeAdapter[Any], given: dict[str, Any], problems: list[FieldProblem]) -> Any:
    """Validate in the lax way of texts, where `3` is a number."""
    if unreadable := unreadable_texts(given):
        problems.extend(unreadable)
        return None
    try:
        return adapter.validate_python(given, strict=False)
    except ValidationError as error:
        problems.extend(field_problems(error.errors(include_url=False), given))
        return None


async def _read_body(endpoint: Endpoint, request: web.Request, problems: list[FieldProblem]) -> Any:
    raw = await read_bytes(request)
    if not raw and endpoint.body_is_optional:
        return None
    given = _parsed(request, raw)
    if unreadable := unreadable_texts(given):
        problems.extend(unreadable)
        return None
    try:
        return endpoint.adapters["body"].validate_json(raw, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        if faults[0]["type"] == "json_invalid":
            raise UnreadableRequestError from None
        problems.extend(field_problems(faults, given))
        return None


async def read_bytes(request: web.Request) -> bytes:
    """Read the body as it came; a second call gives the same.

    Raises:
        TooLargeError: it is larger than we take.
        TooSlowError: it does not end in time.
        UnreadableRequestError: it breaks off, or its compression is broken.

    """
    try:
        if request.content.is_eof():  # all of it is here
            return await request.read()
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise TooSlowError from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLargeError from None
    except (web.RequestPayloadError, OSError) as error:
        raise UnreadableRequestError from error


def _parsed(request: web.Request, raw: bytes) -> Any:
    r"""Parse for a first look: is it JSON at all, and which texts are in it.

    The standard parser takes halves of characters (`\ud800`), pydantic's calls them broken JSON; so the
    fault can be told by field.
    """
    if raw and (request.content_type != "application/json" or (request.charset or "utf-8").lower() != "utf-8"):
        raise UnsupportedContentError
    try:
        return parse_json(raw)
    except (ValueError, RecursionError):
        raise UnreadableRequestError from None


def parse_json(raw: bytes) -> Any:
    """Parse JSON in UTF-8 that means one thing: a name given twice is refused, as every parser takes another one.

    Raises:
        ValueError, RecursionError: it is none, or nested more deeply than anything of ours.

    """
    value = json.loads(raw.decode("utf-8"), object_pairs_hook=_each_name_once)
    if raw.count(b"{") + raw.count(b"[") > DEEPEST and _deeper_than(DEEPEST, value):
        raise ValueError("nested too deeply")
    return value


def _deeper_than(most: int, value: Any) -> bool:
    """Walk down level by level: how deep the parser itself can go differs from one Python to the next."""
    level = [value]
    for _ in range(most):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return any(isinstance(each, dict | list) for each in level)


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name is given twice")
    return named


def as_problems(error: ValidationError, given: Mapping[str, Any]) -> InvalidFieldsError:
    """Make a refusal of a failed validation that a handler did itself."""
    return InvalidFieldsError(*field_problems(error.errors(include_url=False), given))
