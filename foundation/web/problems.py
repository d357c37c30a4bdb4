"""Every refusal and every crash becomes a problem document (RFC 9457), in the caller's language."""

import json
import logging
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import psycopg
import structlog
from aiohttp import web
from aiohttp.http import HttpProcessingError
from aiohttp.log import server_logger
from aiohttp.typedefs import Handler
from tortoise.exceptions import DBConnectionError

from foundation.errors import (
    BusyError,
    ConflictError,
    LinliError,
    MethodNotAllowedError,
    NotFoundError,
    NotSignedInError,
    RangeNotSatisfiableError,
    TooLargeError,
    TooSlowError,
    UnreadableRequestError,
    UnsupportedContentError,
)
from foundation.web.keys import LANGUAGE
from foundation.words import SOURCE_LANGUAGE, say

log = structlog.get_logger(__name__)

PROBLEM_JSON = "application/problem+json"


class CrashedError(LinliError):
    """A mistake of ours; the answer says no more than that."""

    code = "internal_error"
    status = 500
    message = "系统出错了，我们已经记录下来"


_BY_STATUS: Mapping[int, type[LinliError]] = MappingProxyType(
    {
        error.status: error
        for error in (
            UnreadableRequestError,
            NotSignedInError,
            NotFoundError,
            MethodNotAllowedError,
            ConflictError,
            TooSlowError,
            TooLargeError,
            UnsupportedContentError,
            RangeNotSatisfiableError,
            BusyError,
        )
    }
)
_KEPT_HEADERS = ("Allow", "Retry-After", "Content-Range")
_SLOW_DATABASE = (psycopg.OperationalError, DBConnectionError)
"""No free connection, a lock or a statement that took too long, a deadlock, a server that went away."""


def problem_document(error: LinliError, language: str = SOURCE_LANGUAGE) -> dict[str, Any]:
    """Write a refusal as a problem document; the live door sends the same as a frame."""
    document: dict[str, Any] = {
        "type": error.problem_type(),
        "title": error.heading(language),
        "status": error.status,
        "detail": error.sentence(language),
    }
    if error.fields:
        document["errors"] = [
            {
                "pointer": problem.pointer,
                "code": problem.code,
                "message": say(problem.message, language, **problem.params),
            }
            for problem in error.fields
        ]
    return document


def problem_response(error: LinliError, language: str = SOURCE_LANGUAGE) -> web.Response:
    """Answer with a refusal."""
    text = json.dumps(problem_document(error, language), ensure_ascii=False)
    response = web.Response(status=error.status, content_type=PROBLEM_JSON)
    response.body = text.encode("utf-8", "backslashreplace")  # a pointer may repeat half a character
    response.headers["Content-Language"] = language
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, NotSignedInError):
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


@web.middleware
async def answer_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever is raised below into its answer."""
    try:
        return await handler(request)
    except LinliError as error:
        refused = error
        headers: Mapping[str, str] = {}
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - redirections are answers
            raise
        refused = _of_status(error.status)
        headers = {name: error.headers[name] for name in _KEPT_HEADERS if name in error.headers}
    except _SLOW_DATABASE as error:
        log.warning("database_busy", error=type(error).__name__)
        refused, headers = BusyError(), {}
    except Exception:
        log.exception("request_crashed")
        refused, headers = CrashedError(), {}
    response = problem_response(refused, request[LANGUAGE])
    response.headers.update(headers)
    return response


class NoWordOfIt(logging.Filter):
    """Lets the server say that something was no request, and nothing of what was in it.

    aiohttp writes the broken line with its trace: an address or a header with somebody's words or token in it.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Take everything foreign out of the line."""
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, HttpProcessingError):
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg, record.args = "no_request %s", (type(fault).__name__,)
            record.exc_info = record.exc_text = None
        return True


def _of_status(status: int) -> LinliError:
    """Choose our refusal for a status of the framework's."""
    known = _BY_STATUS.get(status)
    if known is not None:
        return known()
    if status >= 500:  # noqa: PLR2004 - server's faults
        return CrashedError()
    unnamed: type[LinliError] = type("UnnamedRefusalError", (UnreadableRequestError,), {"status": status})
    return unnamed()


server_logger.addFilter(NoWordOfIt())
