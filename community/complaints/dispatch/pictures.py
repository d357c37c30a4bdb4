"""Photos the units take: fetched from the core, made anew without their metadata, and kept by us.

Only from the core's own host or those named in the settings: an update must
not send us to addresses inside the house. A picture may also come along whole,
as a `data:` address.
"""

import asyncio
import re
from base64 import b64decode
from urllib.parse import unquote

import aiohttp
import structlog
from yarl import URL

from foundation.clock import real_now
from foundation.errors import LinliError
from foundation.ground import Ground
from foundation.media.actions import MediaOwner
from foundation.media.receiving import StoredMedia, receive
from foundation.settings import DispatchSettings

log = structlog.get_logger(__name__)
MOST = 9
SECONDS = 5.0
ALL_SECONDS = 20.0
"""For all of an update together: well within the time its row is held for."""
THE_CORE = MediaOwner("machine", 0)
WHOLE = re.compile(r"data:image/[\w.+-]+(;[\w.+-]+=[\w.+-]+)*;base64,", re.IGNORECASE)
"""The beginning of a picture that came along; what kind it truly is, its bytes say."""
MOST_LETTERS = 4
"""For each byte; more it cannot be, also where pluses and slashes are written in per cent."""


class PicturesNotYetError(Exception):
    """A picture could not be fetched now; trying again may work."""


async def fetch_pictures(ground: Ground, urls: list[str], *, last_try: bool = False) -> list[StoredMedia]:
    """Fetch and store what an update shows; what is no picture, or not from the core, is left out.

    At the last try what cannot be had is left out as well.

    Raises:
        PicturesNotYetError: the host did not answer, or all together took too long.

    """
    wanted = [url for url in urls[:MOST] if _may_be_fetched(url, ground.settings.dispatch)]
    if len(wanted) < len(urls):
        log.warning("pictures_left_out", count=len(urls) - len(wanted))
    pictures: list[StoredMedia] = []
    try:
        async with asyncio.timeout(ALL_SECONDS):
            for url in wanted:
                pictures += await (
                    _take_in(ground, url) if WHOLE.match(url) else _fetch(ground, url, last_try=last_try)
                )
    except TimeoutError:
        if not last_try:
            raise PicturesNotYetError("too slow") from None
        log.warning("pictures_given_up", count=len(wanted) - len(pictures))
    return pictures


def _may_be_fetched(address: str, settings: DispatchSettings) -> bool:
    if WHOLE.match(address):
        return True
    try:
        url, core = URL(address), URL(settings.base_url)
        return url.scheme in ("http", "https") and (
            url.origin() == core.origin() or (url.host or "") in settings.picture_hosts
        )
    except ValueError:
        return False


async def _take_in(ground: Ground, address: str) -> list[StoredMedia]:
    """Give the picture that came along, or none if it cannot be used."""
    if len(address) > MOST_LETTERS * ground.media.limits.max_bytes:
        log.warning("picture_unusable", why="too large")
        return []
    try:
        content = b64decode(unquote(WHOLE.sub("", address, count=1)), validate=True)
    except ValueError:
        log.warning("picture_unusable", why="not base64")
        return []
    try:
        return [await receive(THE_CORE, content, store=ground.media, at=real_now())]
    except LinliError as error:
        log.warning("picture_unusable", why=error.code)
        return []


async def _fetch(ground: Ground, url: str, *, last_try: bool) -> list[StoredMedia]:
    """Give the picture, or none if it cannot be used."""
    timeout = aiohttp.ClientTimeout(total=SECONDS, connect=2)
    try:
        async with ground.http.get(url, timeout=timeout, allow_redirects=False) as response:
            if response.status >= 500:  # noqa: PLR2004
                response.raise_for_status()
            if response.status == 200:  # noqa: PLR2004
                return [await receive(THE_CORE, response.content.iter_any(), store=ground.media, at=real_now())]
            log.warning("picture_refused", status=response.status)
    except LinliError as error:
        log.warning("picture_unusable", why=error.code)
    except (TimeoutError, aiohttp.ClientError) as error:
        if not last_try:
            raise PicturesNotYetError(type(error).__name__) from None
        log.warning("picture_given_up", why=type(error).__name__)
    return []
