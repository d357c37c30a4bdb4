"""The OpenAPI 3.1 description, made of the endpoints themselves, so that it cannot say anything else.

`describe` is the only entry. The shapes of bodies and answers are components under their class names;
these names are public, so two classes of one name are refused at start.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from foundation.access import Access
from foundation.errors import (
    BusyError,
    InvalidFieldError,
    InvalidFieldsError,
    LinliError,
    NotFoundError,
    NotSignedInError,
    TooLargeError,
    TooManyRequestsError,
    TooSlowError,
    UnreadableRequestError,
    UnsupportedContentError,
)
from foundation.idempotency import BadIdempotencyKeyError, IdempotencyKeyUsedError
from foundation.media.errors import MediaStoreBusyError, MediaTooLargeError
from foundation.web.endpoint import Endpoint, WiringError
from foundation.web.keys import API, CSRF_HEADER, SESSION_COOKIE
from foundation.web.problems import PROBLEM_JSON, CrashedError
from foundation.web.serving import IDEMPOTENCY_HEADER, REPLAYED_HEADER
from foundation.web.uploads import FILE

Shape = dict[str, Any]
Key = tuple[int, str]

_REF = "#/components/schemas/"
_PARAMETERS = {"path": "path", "query": "query", "headers": "header"}


class _Shapes:
    """What many endpoints share: the shapes of their bodies and answers, and their refusals."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        wanted: list[tuple[Key, JsonSchemaMode, TypeAdapter[Any]]] = []
        for place, endpoint in enumerate(endpoints):
            adapters = {**endpoint.adapters, **{part: TypeAdapter(each) for part, each in endpoint.described.items()}}
            wanted += [((place, part), "validation", adapter) for part, adapter in adapters.items()]
            if endpoint.answer_adapter:
                wanted.append(((place, "answer"), "serialization", endpoint.answer_adapter))
        found, definitions = TypeAdapter.json_schemas(wanted, ref_template=_REF + "{model}")
        self._by_key = {key[0]: schema for key, schema in found.items()}
        self.components: dict[str, Shape] = definitions.get("$defs", {})
        self.refusals: dict[str, Shape] = {}

    def of(self, place: int, part: str) -> Shape:
        """Give the schema of one part of one endpoint, mostly a reference."""
        return self._by_key[(place, part)]

    def opened(self, place: int, part: str) -> Shape:
        """Give the schema itself where it is needed field by field."""
        schema = self.of(place, part)
        name = schema.get("$ref", "").removeprefix(_REF)
        return self.components[name] if name else schema

    def refusal(self, errors: Sequence[type[LinliError]]) -> Shape:
        """Refer to the refusal by one of these errors, which is described only once."""
        name = "-".join(error.code for error in errors)
        self.refusals.setdefault(name, _refusal(errors))
        return {"$ref": f"#/components/responses/{name}"}

    def forget(self, names: set[str]) -> None:
        """Take out the shapes that were opened and are referred to nowhere."""
        for name in names:
            self.components.pop(name, None)


def describe(endpoints: Sequence[Endpoint], *, title: str = "邻里 Linli") -> Shape:
    """Describe the endpoints as an OpenAPI 3.1 document; the same ones again are not described anew.

    Raises:
        WiringError: two handlers or two public shapes have one name.

    """
    return _describe(tuple(endpoints), title)


@lru_cache(maxsize=8)
def _describe(endpoints: tuple[Endpoint, ...], title: str) -> Shape:
    shapes = _Shapes(endpoints)
    _check_names(endpoints, shapes.components)
    paths: dict[str, Shape] = {}
    for place, endpoint in enumerate(endpoints):
        paths.setdefault(f"{API}{endpoint.path}", {})[endpoint.method.lower()] = _operation(endpoint, place, shapes)
    shapes.forget(_parameter_shapes(endpoints))
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version("linli"), "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in sorted({endpoint.tag for endpoint in endpoints})],
        "paths": paths,
        "components": {
            "schemas": {**shapes.components, "Problem": _PROBLEM},
            "responses": shapes.refusals,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def _check_names(endpoints: Sequence[Endpoint], components: Mapping[str, Shape]) -> None:
    names = [endpoint.name for endpoint in endpoints]
    for name in names:
        if names.count(name) > 1:
            msg = f"two handlers are called {name}"
            raise WiringError(msg)
    for name in components:
        # pydantic tells classes of one name apart by writing their modules, which begin with a small letter
        if name[0].islower() or name == "Problem":
            msg = f"two public shapes have one name: {name}"
            raise WiringError(msg)


def _parameter_shapes(endpoints: Sequence[Endpoint]) -> set[str]:
    """List the models whose fields became parameters or fields of a form."""
    return {
        model.__name__
        for endpoint in endpoints
        for part, model in endpoint.shown.items()
        if part in {*_PARAMETERS, "form"} and isinstance(model, type) and issubclass(model, BaseModel)
    }


def _operation(endpoint: Endpoint, place: int, shapes: _Shapes) -> Shape:
    operation: Shape = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint, place, shapes),
        "responses": {**_answers(endpoint, place, shapes), **_refusals(endpoint, shapes)},
        "security": _security(endpoint.access),
    }
    if endpoint.description:
        operation["description"] = endpoint.description
    if endpoint.upload:
        operation["requestBody"] = {
            "required": True,
            "content": {"multipart/form-data": {"schema": _form(endpoint, place, shapes)}},
        }
    elif "body" in endpoint.shown:
        content = {"application/json": {"schema": shapes.of(place, "body")}}
        operation["requestBody"] = {"required": not endpoint.body_is_optional, "content": content}
    return operation


def _form(endpoint: Endpoint, place: int, shapes: _Shapes) -> Shape:
    """Describe a form: the file, and what comes with it."""
    fields = shapes.opened(place, "form") if "form" in endpoint.models else {}
    properties = {name: _without_null(schema) for name, schema in fields.get("properties", {}).items()}
    return {
        "type": "object",
        "required": [FILE, *fields.get("required", ())],
        "properties": {FILE: {"type": "string", "contentMediaType": "application/octet-stream"}, **properties},
        "additionalProperties": False,
    }


def _parameters(endpoint: Endpoint, place: int, shapes: _Shapes) -> list[Shape]:
    parameters = []
    for part, where in _PARAMETERS.items():
        if part not in endpoint.shown:
            continue
        whole = shapes.opened(place, part)
        for name, schema in whole.get("properties", {}).items():
            required = where == "path" or name in whole.get("required", ())
            parameters.append(_parameter(name, where, schema, required=required))
    if endpoint.idempotent:
        parameters.append(_KEY_PARAMETER)
    return parameters


def _parameter(name: str, where: str, schema: Shape, *, required: bool) -> Shape:
    """Describe one parameter; leaving it out is what null would be in a body."""
    schema = _without_null(schema)
    if schema.get("default", "") is None:
        del schema["default"]
    schema.pop("title", None)
    parameter = {"name": name, "in": where, "required": required, "schema": schema}
    if text := schema.pop("description", ""):
        parameter["description"] = text
    return parameter


def _without_null(schema: Shape) -> Shape:
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name != "anyOf"}
    if len(options) == 1:
        return {**options[0], **rest}
    return {**rest, "anyOf": options} if options else rest


def _answers(endpoint: Endpoint, place: int, shapes: _Shapes) -> dict[str, Shape]:
    answer: Shape = {"description": "Done"}
    if endpoint.answer_adapter:
        answer["content"] = {endpoint.produces: {"schema": shapes.of(place, "answer")}}
    elif endpoint.gives_response and not issubclass(endpoint.answer, web.WebSocketResponse):
        answer["content"] = {endpoint.produces: {"schema": {}}}
    if endpoint.idempotent:
        answer["headers"] = {
            REPLAYED_HEADER: {
                "description": "`true` if this is the answer of an earlier request with the same key",
                "schema": {"type": "string", "enum": ["true"]},
            }
        }
    return {str(status): answer for status in (endpoint.status, *endpoint.other_statuses)}


def _refusals(endpoint: Endpoint, shapes: _Shapes) -> dict[str, Shape]:
    """Describe every refusal by its status."""
    by_status: dict[int, list[type[LinliError]]] = {}
    for error in _possible_errors(endpoint):
        of_status = by_status.setdefault(error.status, [])
        if error not in of_status:
            of_status.append(error)
    return {str(status): shapes.refusal(errors) for status, errors in sorted(by_status.items())}


def _possible_errors(endpoint: Endpoint) -> list[type[LinliError]]:
    errors: list[type[LinliError]] = list(endpoint.errors)
    if endpoint.access is not Access.ANYONE and endpoint.authenticate is None:
        errors += [NotSignedInError, NotFoundError]
    if "path" in endpoint.models:
        errors.append(NotFoundError)
    if "body" in endpoint.models or endpoint.upload:
        errors += [TooSlowError, TooLargeError, UnsupportedContentError]
    if endpoint.upload:
        errors += [MediaTooLargeError, MediaStoreBusyError]
    if endpoint.upload or set(endpoint.models) - {"path"}:
        errors.append(InvalidFieldsError)
    if endpoint.idempotent:
        errors += [IdempotencyKeyUsedError, BadIdempotencyKeyError]
    if endpoint.limit:
        errors.append(TooManyRequestsError)
    # Unreadable can be any request: its first line or a header may be longer than we take.
    return [UnreadableRequestError, *errors, BusyError, CrashedError]


def _refusal(errors: Sequence[type[LinliError]]) -> Shape:
    """Describe the refusals of one status, with an example of each."""
    examples = {error.code: {"value": _example(error)} for error in errors}
    refusal: Shape = {
        "description": "; ".join(f"`{error.problem_type()}`" for error in errors),
        "content": {PROBLEM_JSON: {"schema": {"$ref": f"{_REF}Problem"}, "examples": examples}},
    }
    if errors[0].status in {BusyError.status, TooManyRequestsError.status}:
        seconds = {"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}}
        refusal["headers"] = {"Retry-After": seconds}
    return refusal


def _example(error: type[LinliError]) -> Shape:
    """Show what the refusal looks like, as far as it is the same every time."""
    document: Shape = {
        "type": error.problem_type(),
        "title": error.title or error.message,
        "status": error.status,
        "detail": error.message,
    }
    if issubclass(error, InvalidFieldError):
        document["errors"] = [{"pointer": error.pointer, "code": error.code, "message": error.message}]
    if issubclass(error, InvalidFieldsError):
        document["errors"] = [{"pointer": "/text", "code": "too_short", "message": "至少 5 个字"}]
    return document


def _security(access: Access) -> list[dict[str, list[str]]]:
    if access is Access.ANYONE:
        return []
    if access is Access.MACHINE:
        return [{"signature": []}]
    return [{"bearer": []}, {"cookie": []}]


_ABOUT = """JSON in UTF-8. Ids are texts, times RFC 3339 with offset.
Whatever is refused answers `application/problem+json` (RFC 9457) in the language that `Accept-Language` asks
for (zh-Hans, zh-Hant, en); a person's own setting wins."""

_SECURITY_SCHEMES: Shape = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a session."},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": f"The session of a page. Whatever changes something also needs the header {CSRF_HEADER}.",
    },
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Linli-Signature",
        "description": "`v1=` and an HMAC-SHA256 over timestamp, nonce, method, path and body; together with "
        "X-Linli-Key-Id, X-Linli-Timestamp and X-Linli-Nonce.",
    },
}

_PROBLEM: Shape = {
    "title": "Problem",
    "description": "A refusal (RFC 9457).",
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "description": "Which rule said no; never changes.", "format": "uri-reference"},
        "title": {"type": "string", "description": "In the caller's language."},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "In the caller's language."},
        "errors": {
            "type": "array",
            "description": "The fields at fault.",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "message"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer to the field."},
                    "code": {"type": "string", "description": "Which rule of the field; never changes."},
                    "message": {"type": "string", "description": "In the caller's language."},
                },
            },
        },
    },
}

_KEY_PARAMETER: Shape = {
    "name": IDEMPOTENCY_HEADER,
    "in": "header",
    "required": False,
    "description": "Makes sending again safe: the same key and body get the first answer again, for 7 days.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[ -~]+$"},
}
