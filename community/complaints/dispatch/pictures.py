"""Photos the units take: fetched from the core, made anew without their metadata, and kept by us.

Only from the core's own host or those named in the settings: an update must
not send us to addresses inside the house.
"""

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
THE_CORE = MediaOwner("machine", 0)


class PicturesNotYetError(Exception):
    """A picture could not be fetched now; trying again may work."""


async def fetch_pictures(ground: Ground, urls: list[str]) -> list[StoredMedia]:
    """Fetch and store what an update shows; what is no picture, or not from the core, is left out.

    Raises:
        PicturesNotYetError: the host did not answer.

    """
    wanted = [url for url in urls[:MOST] if _may_be_fetched(url, ground.settings.dispatch)]
    if len(wanted) < len(urls):
        log.warning("pictures_left_out", count=len(urls) - len(wanted))
    return [picture for url in wanted if (picture := await _fetch(ground, url))]


def _may_be_fetched(address: str, settings: DispatchSettings) -> bool:
    try:
        url, core = URL(address), URL(settings.base_url)
        return url.scheme in ("http", "https") and (
            url.origin() == core.origin() or (url.host or "") in settings.picture_hosts
        )
    except ValueError:
        return False


async def _fetch(ground: Ground, url: str) -> StoredMedia | None:
    timeout = aiohttp.ClientTimeout(total=SECONDS, connect=2)
    try:
        async with ground.http.get(url, timeout=timeout, allow_redirects=False) as response:
            if response.status >= 500:  # noqa: PLR2004
                raise PicturesNotYetError(f"HTTP {response.status}")
            if response.status != 200:  # noqa: PLR2004
                log.warning("picture_refused", status=response.status)
                return None
            return await receive(THE_CORE, response.content.iter_any(), store=ground.media, at=real_now())
    except (TimeoutError, aiohttp.ClientError) as error:
        raise PicturesNotYetError(type(error).__name__) from None
    except LinliError as error:
        log.warning("picture_unusable", why=error.code)
        return None
