"""The typed keys under which the web application and one request carry shared things."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Final

from aiohttp import web

from foundation.access import Actor
from foundation.ground import Ground
from foundation.metrics import Metrics
from foundation.rate_limits import RateLimiter

Authenticator = Callable[[web.Request], Awaitable[Actor | None]]
"""Finds out who is asking: nobody (None), somebody, or raises a `LinliError` about bad credentials."""

TokenAuthenticator = Callable[[str], Awaitable[Actor | None]]
"""Finds out whose a bearer token or a one-time live ticket is; None, or a refusal with status 401, for nobody's."""
SessionCheck = Callable[[Collection[str]], Awaitable[set[str]]]
"""Gives those of some sessions (see `SignedIn`) that have not ended, in one query."""


@dataclass(frozen=True)
class SignedIn(Actor):
    """An actor of whom is known which sign-in stands behind the token, so that a socket can end with it."""

    session: str = ""


GROUND: Final = web.AppKey("ground", Ground)
AUTHENTICATE: Final[web.AppKey[Authenticator]] = web.AppKey("authenticate")
AUTHENTICATE_TOKEN: Final[web.AppKey[TokenAuthenticator]] = web.AppKey("authenticate_token")
CHECK_SESSIONS: Final[web.AppKey[SessionCheck]] = web.AppKey("check_sessions")
LIMITER: Final = web.AppKey("limiter", RateLimiter)
METRICS: Final = web.AppKey("metrics", Metrics)

LANGUAGE: Final = web.RequestKey("language", str)
"""The language of this request's words: the header's at first, the person's own as soon as we know them."""
REQUEST_ID: Final = web.RequestKey("request_id", str)

API = "/api/v1"
SESSION_COOKIE = "linli_session"
CSRF_HEADER = "X-CSRF-Token"
