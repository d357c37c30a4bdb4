"""The web application: `create_app` puts what the parts bring, the pages and the health into one.

Outermost first, a request passes: its name and language, the log line, the numbers, and the place where
whatever is raised becomes a problem document; then the endpoint (`serving.py`). The headers that protect a
browser are added to every answer just before it is sent.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from aiohttp import web

from foundation.access import Access, Actor
from foundation.ground import Ground
from foundation.metrics import Metrics
from foundation.parts import Part
from foundation.rate_limits import Limit, RateLimiter
from foundation.web.docs import docs_routes
from foundation.web.endpoint import Endpoint, WiringError
from foundation.web.health import health_routes
from foundation.web.keys import (
    API,
    AUTHENTICATE,
    AUTHENTICATE_TOKEN,
    CHECK_SESSIONS,
    GROUND,
    LIMITER,
    METRICS,
    Authenticator,
    TokenAuthenticator,
)
from foundation.web.openapi import describe
from foundation.web.pages import page_routes
from foundation.web.problems import answer_problems
from foundation.web.serving import serve
from foundation.web.watching import add_headers, name_request, note_request

LONGEST_LINE_BYTES = 16 * 1024
"""The longest address or header: 800 characters of a form take twelve bytes each in an address."""
MOST_BODY_BYTES = 1024 * 1024
"""The largest JSON body; files have their own measure (`settings.media.max_bytes`)."""


def create_app(
    ground: Ground,
    parts: Sequence[Part],
    *,
    metrics: Metrics | None = None,
    pages: Path | None = None,
) -> web.Application:
    """Make the application of what the parts bring.

    Raises:
        WiringError: two endpoints have one address or one name, two public shapes one name, a limit is
            unknown, or nobody can tell who is asking.

    """
    endpoints = [endpoint for part in parts for endpoint in part.endpoints]
    authenticators = [part.authenticate for part in parts if part.authenticate]
    _check(ground, endpoints, authenticators)
    app = web.Application(
        middlewares=[name_request, note_request, answer_problems],
        client_max_size=MOST_BODY_BYTES,
    )
    app[GROUND] = ground
    authenticate: Authenticator = partial(_first_known, authenticators)
    app[AUTHENTICATE] = authenticate
    for part in parts:
        if part.authenticate_token:
            by_token: TokenAuthenticator = partial(part.authenticate_token, ground)
            app[AUTHENTICATE_TOKEN] = by_token
        if part.check_sessions:
            app[CHECK_SESSIONS] = part.check_sessions
    app[LIMITER] = RateLimiter(ground.redis)
    app[METRICS] = metrics = metrics or Metrics()
    for gauge in (gauge for part in parts for gauge in part.gauges):
        metrics.add_gauge(gauge.name, gauge.words)
    app.on_response_prepare.append(add_headers)
    for endpoint in endpoints:
        app.router.add_route(endpoint.method, f"{API}{endpoint.path}", partial(_serve, endpoint))
    app.add_routes(raw_routes(parts, pages=pages))
    return app


def raw_routes(parts: Sequence[Part], *, pages: Path | None = None) -> list[web.RouteDef]:
    """Make every address that is no endpoint: nobody is asked there who they are, unless the handler does so."""
    return [
        *(route for part in parts for route in part.routes),
        *docs_routes(describe([endpoint for part in parts for endpoint in part.endpoints])),
        *health_routes(
            (ping for part in parts for ping in part.pings), [gauge for part in parts for gauge in part.gauges]
        ),
        *page_routes(pages),
    ]


async def _serve(endpoint: Endpoint, request: web.Request) -> web.StreamResponse:
    return await serve(endpoint, request)


async def _first_known(authenticators: Sequence[Authenticator], request: web.Request) -> Actor | None:
    """Ask every part that knows people or machines; the first that knows this one wins."""
    for authenticate in authenticators:
        if actor := await authenticate(request):
            return actor
    return None


def _check(ground: Ground, endpoints: Sequence[Endpoint], authenticators: Sequence[Authenticator]) -> None:
    addresses: set[tuple[str, str]] = set()
    for endpoint in endpoints:
        address = (endpoint.method, endpoint.path)
        if address in addresses:
            msg = f"two endpoints are {endpoint.method} {endpoint.path}"
            raise WiringError(msg)
        addresses.add(address)
        if endpoint.limit is not None:
            if endpoint.limit not in type(ground.settings.limits).model_fields:
                msg = f"{endpoint.name}: there is no limit called {endpoint.limit}"
                raise WiringError(msg)
            Limit.parse(getattr(ground.settings.limits, endpoint.limit))
        if endpoint.access is not Access.ANYONE and not (endpoint.authenticate or authenticators):
            msg = f"{endpoint.name} is for {endpoint.access}, but nothing can tell who is asking"
            raise WiringError(msg)
