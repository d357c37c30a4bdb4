"""The pages: the folder `web/` as it lies, under `/web/`, and what a browser asks for by itself."""

from pathlib import Path
from typing import Final

from aiohttp import web

from foundation.ground import Ground
from foundation.shipped import shipped
from foundation.web.keys import API, GROUND

FIRST_PAGE: Final = "/web/resident/home.html"
_KINDS: Final = {
    ".css": "text/css; charset=utf-8",
    ".gif": "image/gif",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".mp3": "audio/mpeg",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What we serve and as what; nothing depends on the machine's own table. Other files are not served."""
_RARELY_CHANGED: Final = frozenset({".gif", ".ico", ".jpg", ".mp3", ".png", ".webp", ".woff2"})


def page_routes(folder: Path | None = None) -> list[web.RouteDef]:
    """Make the addresses of the pages."""
    root = (folder or shipped("web")).resolve()

    async def page(request: web.Request) -> web.StreamResponse:
        """Serve one file of the folder."""
        return _file(root, request.match_info["name"])

    async def icon(_request: web.Request) -> web.StreamResponse:
        """Serve the icon that every browser asks for; without one say so without an error."""
        names = [name for name in ("favicon.ico", "favicon.svg") if (root / name).is_file()]
        return _file(root, names[0]) if names else web.Response(status=204)

    return [
        web.get("/", _first_page),
        web.get("/web/settings.json", _settings),
        web.get("/web/{name:.+}", page),
        web.get("/favicon.ico", icon),
    ]


async def _first_page(_request: web.Request) -> web.StreamResponse:
    """Lead to the residents' first page."""
    raise web.HTTPFound(FIRST_PAGE)


async def _settings(request: web.Request) -> web.Response:
    """Tell the pages what differs between installations; anybody may read it."""
    answer = web.json_response(public_settings(request.app[GROUND]))
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def public_settings(ground: Ground) -> dict[str, str | None]:
    """List what pages need to know."""
    return {
        "api": API,
        "live": f"{API}/live",
        "environment": ground.settings.environment,
        "come_in_url": ground.settings.web.come_in_url,
    }


def _file(root: Path, name: str) -> web.FileResponse:
    """Answer with a file inside the folder; everything else does not exist.

    Code is asked for anew each time (the answer is mostly "unchanged"), so that a deployment shows at once
    and a page never runs with half of an old one.
    """
    try:
        path = (root / name).resolve()
        there = path.is_relative_to(root) and path.is_file()
    except (ValueError, OSError):  # a zero byte, or a name that is too long
        raise web.HTTPNotFound from None
    kind = _KINDS.get(path.suffix)
    if not there or kind is None:
        raise web.HTTPNotFound
    caching = "public, max-age=86400" if path.suffix in _RARELY_CHANGED else "no-cache"
    return web.FileResponse(path, headers={"Content-Type": kind, "Cache-Control": caching})
