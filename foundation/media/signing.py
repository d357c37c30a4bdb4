"""Signed, short-lived addresses of media: whoever was shown one may fetch, nobody can make one.

    /media/{id}/{variant}?expires=…&signature=…

An `<img>` cannot send a token, so the address itself is the permission. It stays the same for a while, so that
a browser that comes again finds the picture in its cache: instants are rounded up to whole lifetimes.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlencode
from uuid import UUID

from foundation.clock import real_now
from foundation.errors import NotFoundError
from foundation.media.errors import MediaLinkExpiredError


class Variant(StrEnum):
    """Which of the files of one medium."""

    FULL = "full"
    THUMBNAIL = "thumbnail"


class MediaSigner:
    """Makes and checks the addresses of one deployment."""

    __slots__ = ("_base_url", "_key", "_lifetime", "_now")

    def __init__(
        self, key: bytes, *, lifetime: timedelta, base_url: str = "", now: Callable[[], datetime] = real_now
    ) -> None:
        self._now = now
        self._key = key
        self._lifetime = int(lifetime.total_seconds())
        self._base_url = base_url.rstrip("/")

    def __repr__(self) -> str:
        return f"<MediaSigner lifetime={self._lifetime}s>"

    def url(self, media_id: UUID, variant: Variant) -> str:
        """Give an address that is good for at least one lifetime and at most two."""
        expires = (int(self._now().timestamp()) // self._lifetime + 2) * self._lifetime
        signature = self._signature(media_id, variant, expires)
        query = urlencode({"expires": expires, "signature": signature})
        return f"{self._base_url}/media/{media_id}/{variant}?{query}"

    def verify(self, media_id: UUID, variant: Variant, *, expires: str, signature: str) -> int:
        """Give how many seconds a genuine address is still good for.

        Raises:
            NotFoundError: we never made this address.
            MediaLinkExpiredError: we made it, but it has ended.

        """
        if not (expires.isascii() and expires.isdecimal() and len(expires) <= len("9999999999")):
            raise NotFoundError
        expected = self._signature(media_id, variant, int(expires))
        if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
            raise NotFoundError
        seconds = int(expires) - int(self._now().timestamp())
        if seconds <= 0:
            raise MediaLinkExpiredError
        return seconds

    def _signature(self, media_id: UUID, variant: Variant, expires: int) -> str:
        message = f"{media_id}/{variant}/{expires}".encode()
        digest = hmac.digest(self._key, message, hashlib.sha256)
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")
