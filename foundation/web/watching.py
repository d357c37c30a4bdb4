"""What surrounds every request: its id, its log line, its numbers, and the headers that protect a browser."""

import re
import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from uuid_utils import uuid4

from foundation.web.keys import API, LANGUAGE, METRICS, REQUEST_ID
from foundation.words import preferred_language

log = structlog.get_logger(__name__)

REQUEST_ID_HEADER = "X-Request-Id"
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
SWITCHED = 101
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_UNREMARKABLE = frozenset({"/healthz", "/readyz", "/metrics"})
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; connect-src 'self' ws: wss:; "
        "style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@web.middleware
async def name_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request its id, taken over from a proxy in front if it is a sane one, and its language."""
    given = request.headers.get(REQUEST_ID_HEADER, "")
    request[REQUEST_ID] = given if _SANE_REQUEST_ID.fullmatch(given) else uuid4().hex
    request[LANGUAGE] = preferred_language(request.headers.get("Accept-Language"))
    structlog.contextvars.clear_contextvars()  # one connection's requests share a context
    structlog.contextvars.bind_contextvars(request_id=request[REQUEST_ID])
    return await handler(request)


@web.middleware
async def note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Write one line per request, and count it and its time."""
    began = time.perf_counter()
    status = 500
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as redirection:
        status = redirection.status
        raise
    finally:
        _note(request, status, time.perf_counter() - began)
    return response


def _note(request: web.Request, status: int, seconds: float) -> None:
    """Name the route's pattern in place of what was asked for; a socket that stays open is counted but not timed."""
    route, method = route_of(request), method_of(request)
    count, times = request.app[METRICS].of(route, method, status)
    count.inc()
    if status != SWITCHED:
        times.observe(seconds)
    write = log.debug if route in _UNREMARKABLE else log.info
    write("request", method=method, route=route, status=status, milliseconds=round(seconds * 1000, 1))


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Add the headers just before they are sent, so that sockets, files and streams have them too."""
    response.headers[REQUEST_ID_HEADER] = request.get(REQUEST_ID, "")
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if request.path.startswith(f"{API}/"):
        response.headers.setdefault("Cache-Control", "no-store")  # answers are for one person


def route_of(request: web.Request) -> str:
    """Name the route by its pattern; what has no route is one and the same."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unmatched"


def method_of(request: web.Request) -> str:
    """Name the method; what anybody invents is one and the same."""
    return request.method if request.method in _METHODS else "OTHER"
