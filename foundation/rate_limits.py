"""How often one person or address may do a thing.

`RateLimiter.check` counts in Redis, over a window that slides: within any so many seconds not more than so
many times. With Redis away every process counts for itself: a resident in need must not be shut out because
a counter is missing, and a flood must not get through either.
"""

import asyncio
import re
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from functools import cache
from math import ceil
from typing import Self

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from foundation.errors import TooManyRequestsError
from foundation.grouping import Grouped

log = structlog.get_logger(__name__)

SECONDS_WITHOUT_REDIS = 5.0
"""After a failure Redis is left alone for so long: nobody should wait for its time-out again and again."""
MOST_REMEMBERED = 20_000

_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local waits = {}
for i, key in ipairs(KEYS) do
    local times, window = tonumber(ARGV[2 * i - 1]), ARGV[2 * i] * 1000000
    redis.call('ZREMRANGEBYSCORE', key, '-inf', string.format('%.0f', now - window))
    local taken = redis.call('ZCARD', key)
    if taken < times then
        local stamp = string.format('%.0f', now)
        redis.call('ZADD', key, stamp, stamp .. ':' .. taken)
        redis.call('PEXPIRE', key, ARGV[2 * i] * 1000)
        waits[i] = 0
    else
        local oldest = redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')
        waits[i] = math.ceil((tonumber(oldest[2]) + window - now) / 1000)
    end
end
return waits
"""


@dataclass(frozen=True)
class Limit:
    """So many times within so many seconds."""

    times: int
    seconds: int

    @classmethod
    @cache
    def parse(cls, text: str) -> Self | None:
        """Read `30/60s`; an empty text is no limit.

        Raises:
            ValueError: it is written otherwise.

        """
        if not text:
            return None
        found = re.fullmatch(r"([0-9]+)/([0-9]+)s", text)
        if not found or int(found[1]) < 1 or int(found[2]) < 1:
            msg = f"a limit is written like 30/60s, not {text!r}"
            raise ValueError(msg)
        return cls(int(found[1]), int(found[2]))


@dataclass
class LocalCounts:
    """What one process counts by itself; the oldest counts are forgotten when there are too many."""

    times: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def wait_for(self, key: str, limit: Limit, now: float) -> float:
        """Count one more, or tell after how many seconds there is room."""
        taken = self.times.setdefault(key, deque())
        self.times.move_to_end(key)
        while len(self.times) > MOST_REMEMBERED:
            self.times.popitem(last=False)
        while taken and taken[0] <= now - limit.seconds:
            taken.popleft()
        if len(taken) < limit.times:
            taken.append(now)
            return 0.0
        return taken[0] + limit.seconds - now

    def give_back(self, key: str) -> None:
        """Take the newest count away."""
        if taken := self.times.get(key):
            taken.pop()


class RateLimiter:
    """Counts for one process; all processes share what is in Redis."""

    def __init__(self, redis: Redis, *, prefix: str = "linli:limit") -> None:
        self._prefix = prefix
        self._redis = redis
        self._script = redis.register_script(_SCRIPT)
        self._counts = Grouped(self._count)
        self._local = LocalCounts()
        self._avoid_redis_until = 0.0

    async def check(self, name: str, who: str, limit: Limit | None) -> None:
        """Count one more time that `who` did what `name` says.

        Raises:
            TooManyRequestsError: it was done too often; not counted.

        """
        if limit is None:
            return
        seconds = await self._wait_for(f"{self._prefix}:{name}:{who}", limit)
        if seconds > 0:
            raise TooManyRequestsError(retry_after=max(1, ceil(seconds)))

    async def give_back(self, name: str, who: str, limit: Limit | None) -> None:
        """Take one count away again: what was counted was not done anew."""
        if limit is None:
            return
        key, now = f"{self._prefix}:{name}:{who}", asyncio.get_running_loop().time()
        if now < self._avoid_redis_until:
            self._local.give_back(key)
            return
        try:
            await self._redis.zpopmax(key)
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(now, error)

    async def _wait_for(self, key: str, limit: Limit) -> float:
        now = asyncio.get_running_loop().time()
        if now < self._avoid_redis_until:
            return self._local.wait_for(key, limit, now)
        try:
            milliseconds = await self._counts.add((key, limit))
        except (RedisError, OSError, TimeoutError) as error:
            self._redis_is_away(now, error)
            return self._local.wait_for(key, limit, now)
        if self._avoid_redis_until:
            self._avoid_redis_until = 0.0
            log.info("rate_limits_shared_again")
        return milliseconds / 1000

    async def _count(self, asked: list[tuple[str, Limit]]) -> list[int]:
        """Count one more for each key, and give the milliseconds it has to wait instead; all by Redis's clock."""
        numbers = [number for _, limit in asked for number in (limit.times, limit.seconds)]
        waits: list[int] = await self._script(keys=[key for key, _ in asked], args=numbers)
        return waits

    def _redis_is_away(self, now: float, error: Exception) -> None:
        if not self._avoid_redis_until:
            log.warning("rate_limits_count_alone", error=type(error).__name__)
        self._avoid_redis_until = now + SECONDS_WITHOUT_REDIS
