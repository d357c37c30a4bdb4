"""The address under which media are fetched: `GET /media/{media_id}/{variant}`, by signature alone."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from uuid import UUID

from aiohttp import hdrs, web

from foundation.errors import NotFoundError
from foundation.media.models import Media
from foundation.media.ranges import Part, asked_part
from foundation.media.signing import Variant
from foundation.media.store import MediaStore
from foundation.web.keys import GROUND

LONGEST_KEPT_SECONDS = 86400
"""A browser asks again after a day, however long the address is good: what was let go then disappears there too."""


async def serve_media(request: web.Request) -> web.StreamResponse:
    """Answer with a picture, a thumbnail or a voice message."""
    return await answer(request, request.app[GROUND].media)


async def answer(request: web.Request, store: MediaStore) -> web.StreamResponse:
    """Check the address and stream what it names, or the part that is asked for.

    Raises:
        NotFoundError: we never made this address, or what it names is gone.
        MediaLinkExpiredError: it was good once.
        HTTPRequestRangeNotSatisfiable: the part lies behind the end.

    """
    media_id, variant = _named(request)
    keep_seconds = store.signer.verify(
        media_id,
        variant,
        expires=request.query.get("expires", ""),
        signature=request.query.get("signature", ""),
    )
    media = await Media.get_or_none(id=media_id)
    key = media and (media.object_key if variant is Variant.FULL else media.thumbnail_key)
    if media is None or not key:
        raise NotFoundError
    headers = _headers(media, variant, keep_seconds)
    try:
        part = await _asked_part(request, store, key)
        pieces = await store.get(key, part.bytes if part else None)
    except FileNotFoundError:
        raise NotFoundError from None
    return await _stream(request, pieces, headers, part)


def _named(request: web.Request) -> tuple[UUID, Variant]:
    try:
        return UUID(request.match_info["media_id"]), Variant(request.match_info["variant"])
    except ValueError:
        raise NotFoundError from None


async def _asked_part(request: web.Request, store: MediaStore, key: str) -> Part | None:
    """Give the part that is asked for, None for all of it.

    `If-Range` asks for it only if nothing has changed since we gave a mark of it; we never gave one.
    """
    header = request.headers.get(hdrs.RANGE)
    if header is None or hdrs.IF_RANGE in request.headers or request.method != hdrs.METH_GET:
        return None
    part = asked_part(header, await store.size(key))
    if part is not None and not part.bytes:
        raise web.HTTPRequestRangeNotSatisfiable(headers={hdrs.CONTENT_RANGE: part.headers[hdrs.CONTENT_RANGE]})
    return part


async def _stream(
    request: web.Request, pieces: AsyncIterator[bytes], headers: dict[str, str], part: Part | None
) -> web.StreamResponse:
    response = web.StreamResponse(headers=headers)
    if part is not None:
        response.set_status(HTTPStatus.PARTIAL_CONTENT)
        response.headers.update(part.headers)
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        async for piece in pieces:
            await response.write(piece)
    await response.write_eof()
    return response


def _headers(media: Media, variant: Variant, keep_seconds: int) -> dict[str, str]:
    """Let a browser show it and nothing else, and keep it as long as its address is good."""
    headers = {
        "Content-Type": media.content_type if variant is Variant.FULL else "image/jpeg",
        "Content-Disposition": "inline",
        "Accept-Ranges": "bytes",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": f"private, max-age={min(keep_seconds, LONGEST_KEPT_SECONDS)}, immutable",
        "Referrer-Policy": "no-referrer",
    }
    if variant is Variant.FULL:
        headers["Content-Length"] = str(media.bytes)
    return headers


ROUTES = (web.get("/media/{media_id}/{variant}", serve_media),)
