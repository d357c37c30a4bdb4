"""What a process has opened, in one frozen value that is handed to doors, jobs and reactions."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import aiohttp
from redis.asyncio import Redis

from foundation.clock import Clock
from foundation.settings import Settings

if TYPE_CHECKING:
    from foundation.live import LiveFeed
    from foundation.media.store import MediaStore
    from foundation.vault import Vault

T = TypeVar("T")


@dataclass(frozen=True)
class Ground:
    """The opened things of one process; rooms add theirs by type (see `Part.opens`)."""

    settings: Settings
    clock: Clock
    redis: Redis
    """For requests: half a second at most, no retries; a failure means "not told", never an error."""
    live: "LiveFeed"
    media: "MediaStore"
    vault: "Vault"
    http: aiohttp.ClientSession
    opened: dict[type, object] = field(default_factory=dict)

    def get(self, kind: type[T]) -> T:
        """Give what a room opened under its type."""
        found = self.opened[kind]
        if not isinstance(found, kind):
            raise TypeError(kind)
        return found
