"""What an endpoint is, and the decorator that makes one of a handler.

    @endpoint("POST", "/letters", access=Access.RESIDENT, status=201, idempotent=True,
              errors=(TooManyLettersError,), limit="writing", summary="Write a letter")
    async def post_letter(call: Call, body: LetterBody) -> LetterView: ...

Parameters named `path`, `query`, `headers` and `body` are models derived from `Input`; `upload` is an
`Upload`, `form` a model of the form's other fields; the return type is the answer. Nothing is read from the request at import; `serving.py` runs it,
`openapi.py` describes it.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Literal, get_args, get_type_hints

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from foundation.access import Access
from foundation.errors import LinliError
from foundation.web.call import Call
from foundation.web.keys import Authenticator
from foundation.web.uploads import Upload

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = Callable[..., Awaitable[Any]]
PARTS = ("path", "query", "headers", "body", "form")


class WiringError(Exception):
    """An endpoint is declared in a way that cannot work; found at start, never by a request."""


@dataclass(frozen=True, eq=False)
class Endpoint:
    """One door of the API: how to reach it, for whom it is, what it takes and gives."""

    method: Method
    path: str
    """Below `/api/v1`, such as `/letters/{id}`."""
    access: Access
    handler: Handler
    summary: str
    description: str
    tag: str
    models: Mapping[str, Any]
    """The types of `path`, `query`, `headers`, `body` and `form`, as far as the handler asks for them."""
    answer: Any
    """The type of the answer; None for an empty one, a response class for one the handler makes itself."""
    status: int
    other_statuses: tuple[int, ...] = ()
    errors: tuple[type[LinliError], ...] = ()
    idempotent: bool = False
    upload: bool = False
    limit: str | None = None
    """Which of `settings.limits` counts; None for none."""
    produces: str = "application/json"
    authenticate: Authenticator | None = None
    """Finds out who asks at this door, where a signature over the body says it and no token."""
    described: Mapping[str, Any] = field(default_factory=dict)
    """The types of `headers` and `body` that the handler reads itself; for the description alone."""
    adapters: Mapping[str, TypeAdapter[Any]] = field(default_factory=dict)
    answer_adapter: TypeAdapter[Any] | None = None

    @property
    def name(self) -> str:
        """The handler's name, which is also the operation's public one."""
        return self.handler.__name__

    @property
    def shown(self) -> Mapping[str, Any]:
        """The types of everything that is sent here, whoever reads it."""
        return {**self.models, **self.described}

    @property
    def body_is_optional(self) -> bool:
        """Whether an empty body stands for None."""
        return type(None) in get_args(self.models.get("body"))

    @property
    def gives_response(self) -> bool:
        """Whether the handler makes the response itself."""
        return isinstance(self.answer, type) and issubclass(self.answer, web.StreamResponse)


def endpoint(
    method: Method,
    path: str,
    *,
    access: Access,
    summary: str,
    status: int | None = None,
    other_statuses: tuple[int, ...] = (),
    errors: tuple[type[LinliError], ...] = (),
    idempotent: bool = False,
    upload: bool = False,
    limit: str | None = None,
    tag: str | None = None,
    produces: str = "application/json",
    authenticate: Authenticator | None = None,
    described: Mapping[str, Any] | None = None,
) -> Callable[[Handler], Endpoint]:
    """Make an endpoint of a handler.

    Left out, `status` is 200, or 204 where nothing is answered; `limit` is `reading` or `writing` where
    people are known, and none elsewhere; `tag` is the first word of the path. A machine that signs its body
    needs `authenticate`, and `described` where its body is not read by us.

    Raises:
        WiringError: it cannot work.

    """

    def make(handler: Handler) -> Endpoint:
        hints = get_type_hints(handler, include_extras=True)
        answer = hints.pop("return", None)
        answer = None if answer is type(None) else answer
        models = {name: hints[name] for name in PARTS if name in hints}
        made = Endpoint(
            method=method,
            path=path,
            access=access,
            handler=handler,
            summary=summary,
            description=(handler.__doc__ or "").strip(),
            tag=tag or path.strip("/").split("/")[0],
            models=models,
            answer=answer,
            status=status or (204 if answer is None else 200),
            other_statuses=other_statuses,
            errors=errors,
            idempotent=idempotent,
            upload=upload,
            limit=limit or _usual_limit(method, access),
            produces=produces,
            authenticate=authenticate,
            described=described or {},
            adapters={name: TypeAdapter(model) for name, model in models.items()},
            answer_adapter=_answer_adapter(answer),
        )
        _check(made, hints)
        return made

    return make


def _usual_limit(method: Method, access: Access) -> str | None:
    if access in {Access.ANYONE, Access.MACHINE}:
        return None
    return "reading" if method == "GET" else "writing"


def _answer_adapter(answer: Any) -> TypeAdapter[Any] | None:
    if answer is None or (isinstance(answer, type) and issubclass(answer, web.StreamResponse)):
        return None
    return TypeAdapter(answer)


def _check(made: Endpoint, hints: Mapping[str, Any]) -> None:
    """Refuse at import what could only fail at a request."""
    for fault in _faults(made, hints):
        msg = f"{made.method} {made.path} ({made.handler.__module__}.{made.name}): {fault}"
        raise WiringError(msg)


def _faults(made: Endpoint, hints: Mapping[str, Any]) -> list[str]:
    parameters = list(signature(made.handler).parameters)
    wanted = {"call", *PARTS} | ({"upload"} if made.upload else set())
    variables = set(re.findall(r"\{([^}:]+)[^}]*\}", made.path))
    faults = {
        "the path begins with a slash and is below /api/v1": not made.path.startswith("/")
        or made.path.startswith("/api"),
        "the first parameter is call: Call": parameters[:1] != ["call"] or hints.get("call") is not Call,
        f"the parameters may only be {', '.join(sorted(wanted))}": bool(set(parameters) - wanted),
        "the path's variables are the fields of the path's model": variables != _names(made.models.get("path")),
        "upload=True goes with a parameter upload: Upload": made.upload != (hints.get("upload") is Upload),
        "a form and a JSON body exclude each other": made.upload and "body" in made.models,
        "a form has a file": "form" in made.models and not made.upload,
        "only headers and a body may be described that the handler reads itself": not set(made.described)
        <= {"headers", "body"} - set(made.models),
        "where anyone may ask nobody is asked who it is": made.access is Access.ANYONE
        and made.authenticate is not None,
        "GET has no body": made.method == "GET" and ("body" in made.shown or made.upload),
        "only for somebody who is known can an answer be kept": made.idempotent and made.access is Access.ANYONE,
        "an answer that the handler makes itself cannot be kept": made.idempotent and made.gives_response,
        "it needs a summary": not made.summary,
    }
    return [fault for fault, found in faults.items() if found]


def _names(model: Any) -> set[str]:
    """List the fields of a model as the wire names them."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return set()
    return {known.alias or name for name, known in model.model_fields.items()}
