"""The description of the API for machines (`openapi.json`) and for people (`docs`)."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from aiohttp import web

from foundation.web.keys import API

_FILES = {
    "docs": ("docs.html", "text/html"),
    "docs.js": ("docs.js", "text/javascript"),
    "docs.css": ("docs.css", "text/css"),
}


def docs_routes(description: Mapping[str, Any]) -> list[web.RouteDef]:
    """Make the addresses; nothing on the page comes from another machine."""
    text = json.dumps(description, ensure_ascii=False, separators=(",", ":")).encode()

    async def openapi(_request: web.Request) -> web.Response:
        """Serve the description."""
        return web.Response(body=text, content_type="application/json", charset="utf-8")

    return [
        web.get(f"{API}/openapi.json", openapi),
        *(web.get(f"{API}/{name}", _serving(*file)) for name, file in _FILES.items()),
    ]


def _serving(name: str, kind: str) -> Any:
    content = (files("foundation.web") / "docs_page" / name).read_bytes()

    async def page(_request: web.Request) -> web.Response:
        """Serve one file of the page."""
        return web.Response(body=content, content_type=kind, charset="utf-8")

    return page
