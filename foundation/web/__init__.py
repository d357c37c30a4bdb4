"""The endpoint layer: everything a door needs to take a request and answer it. Start at `endpoint.py`.

    @endpoint("POST", "/letters", access=Access.RESIDENT, status=201, idempotent=True, summary="Write a letter")
    async def post_letter(call: Call, body: LetterBody) -> LetterView: ...

`app.py` makes the web application of such endpoints, `openapi.py` describes them.
"""

from foundation.access import Access, Actor
from foundation.web.call import Call
from foundation.web.endpoint import Endpoint, endpoint
from foundation.web.fields import Day, Id, Input, Instant, LineText, Output, ParagraphText, refusal
from foundation.web.keys import AUTHENTICATE, CSRF_HEADER, GROUND, LANGUAGE, LIMITER, SESSION_COOKIE, Authenticator
from foundation.web.lists import PageQuery, PageView, cursor_at, read_cursor
from foundation.web.uploads import Upload

__all__ = [
    "AUTHENTICATE",
    "CSRF_HEADER",
    "GROUND",
    "LANGUAGE",
    "LIMITER",
    "SESSION_COOKIE",
    "Access",
    "Actor",
    "Authenticator",
    "Call",
    "Day",
    "Endpoint",
    "Id",
    "Input",
    "Instant",
    "LineText",
    "Output",
    "PageQuery",
    "PageView",
    "ParagraphText",
    "Upload",
    "cursor_at",
    "endpoint",
    "read_cursor",
    "refusal",
]
