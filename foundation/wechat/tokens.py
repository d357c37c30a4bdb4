"""The access token, one for all processes: kept in Redis, renewed by one of them at a time.

WeChat gives a token for two hours and counts how often it is asked. Whoever finds none takes a short lock and
asks; the others wait a little and read. A refused token is compared with the kept one first: if they differ,
somebody has renewed it already. Without Redis, or when a lock does not move, a process asks for itself:
WeChat's stable interface then gives everybody the same token.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from foundation.clock import real_now
from foundation.tasks import spawn
from foundation.wechat.errors import WeChatError

log = structlog.get_logger(__name__)

MARGIN_SECONDS = 300
"""So long before its end a token is renewed; WeChat keeps the old one good for as long."""
LEAST_SECONDS = 60
"""A fresh token is used at least so long, even if WeChat says that it ends soon: it rolls it by itself."""
OWN_SECONDS = 60
"""So long a process uses a token that it could not share."""
LOCK_SECONDS = 12
"""Longer than two calls may take; a process that dies with the lock holds nobody up for longer."""
WAIT_SECONDS = 2.0
POLL_SECONDS = 0.05
FORCE_PAUSE_SECONDS = 30
FORCES_A_DAY = 15
"""WeChat allows 20."""

PUBLISH = """
if redis.call('get', KEYS[1]) == ARGV[1] then
    redis.call('set', KEYS[2], ARGV[2], 'EX', ARGV[3])
end
"""
"""Keeps a token only while the lock is ours: a slow process must not overwrite a newer token."""
RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then redis.call('del', KEYS[1]) end"


@dataclass(frozen=True, slots=True)
class Grant:
    """A token, and for how long WeChat says it is good."""

    token: str = field(repr=False)
    expires_in: int


class TokenSource(Protocol):
    """Asks WeChat for a token."""

    async def __call__(self, *, force: bool) -> Grant:
        """Give the present token, or with `force` a new one that ends the present one."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A token as it is kept."""

    token: str = field(repr=False)
    expires_at: float

    def good(self, now: datetime, refused: str | None) -> bool:
        """Whether it may be used, given which token WeChat has just refused."""
        return self.token != refused and now.timestamp() < self.expires_at


class TokenBroker:
    """Gives out the token of one account."""

    def __init__(
        self, redis: Redis, source: TokenSource, *, account: str, now: Callable[[], datetime] = real_now
    ) -> None:
        self._redis = redis
        self._source = source
        self._now = now
        self._key = f"linli:wechat:token:{account}"
        self._own: Kept | None = None
        self._under_way: dict[str | None, asyncio.Task[str | WeChatError]] = {}

    async def token(self) -> str:
        """Give a token to use.

        Raises:
            WeChatError: there is none, and WeChat gives none.

        """
        try:
            kept = await self._read(None)
        except RedisError:
            kept = self._own if self._own and self._own.good(self._now(), None) else None
        return kept.token if kept else await self._renewed(None)

    async def replace(self, refused: str) -> str:
        """Give another token than the one that WeChat has just refused.

        Raises:
            WeChatError: WeChat gives none.

        """
        return await self._renewed(refused)

    async def _renewed(self, refused: str | None) -> str:
        """Renew once for everybody in this process who waits for the same."""
        task = self._under_way.get(refused)
        if task is None:
            task = self._under_way[refused] = spawn(self._renew(refused), name="wechat_token")
            task.add_done_callback(lambda _: self._under_way.pop(refused, None))
        outcome = await asyncio.shield(task)
        if isinstance(outcome, WeChatError):
            raise outcome
        return outcome

    async def _renew(self, refused: str | None) -> str | WeChatError:
        try:
            try:
                return await self._renew_shared(refused)
            except RedisError as error:
                log.warning("wechat_token_not_shared", reason=type(error).__name__)
                return await self._renew_alone(refused)
        except WeChatError as error:
            return error

    async def _renew_shared(self, refused: str | None) -> str:
        """Take the lock and ask, or wait for whoever has it."""
        owner = secrets.token_hex(8)
        give_up_at = asyncio.get_running_loop().time() + WAIT_SECONDS
        while asyncio.get_running_loop().time() < give_up_at:
            if kept := await self._read(refused):
                return kept.token
            if await self._redis.set(self._lock, owner, nx=True, ex=LOCK_SECONDS):
                try:
                    return await self._ask_and_publish(owner, refused)
                finally:
                    await self._redis.eval(RELEASE, 1, self._lock, owner)
            if self._own and self._own.good(self._now(), refused):
                return self._own.token
            await asyncio.sleep(POLL_SECONDS)
        return await self._renew_alone(refused)

    async def _ask_and_publish(self, owner: str, refused: str | None) -> str:
        if kept := await self._read(refused):  # renewed between our look and our lock
            return kept.token
        grant = await self._ask(refused)
        seconds = min(max(grant.expires_in - MARGIN_SECONDS, LEAST_SECONDS), grant.expires_in)
        value = json.dumps({"token": grant.token, "expires_at": self._now().timestamp() + seconds})
        await self._redis.eval(PUBLISH, 2, self._lock, self._key, owner, value, str(max(seconds, 1)))
        return grant.token

    async def _renew_alone(self, refused: str | None) -> str:
        if self._own and self._own.good(self._now(), refused):
            return self._own.token
        return (await self._ask(refused, may_force=False)).token

    async def _ask(self, refused: str | None, *, may_force: bool = True) -> Grant:
        """Ask WeChat; if it gives the refused token once more, make it give a new one."""
        grant = await self._source(force=False)
        if grant.token == refused and may_force and await self._take_force():
            log.warning("wechat_token_forced")
            grant = await self._source(force=True)
        self._own = Kept(grant.token, self._now().timestamp() + min(OWN_SECONDS, grant.expires_in))
        return grant

    async def _take_force(self) -> bool:
        """Whether WeChat's allowance of forced renewals, and ours, has one left."""
        if not await self._redis.set(f"{self._key}:forced", "1", nx=True, ex=FORCE_PAUSE_SECONDS):
            return False
        count = f"{self._key}:forces:{self._now():%Y%m%d}"
        forces = await self._redis.incr(count)
        await self._redis.expire(count, 2 * 86400)
        return int(forces) <= FORCES_A_DAY

    async def _read(self, refused: str | None) -> Kept | None:
        value = await self._redis.get(self._key)
        try:
            fields = json.loads(value or b"null")
            kept = Kept(str(fields["token"]), float(fields["expires_at"]))
        except (ValueError, TypeError, KeyError):
            return None
        return kept if kept.good(self._now(), refused) else None

    @property
    def _lock(self) -> str:
        return f"{self._key}:lock"
