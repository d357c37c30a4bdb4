"""The token broker: one token for all, renewed by one, and nobody waits for long."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from foundation.clock import FrozenClock
from foundation.wechat import tokens
from foundation.wechat.errors import WeChatCredentialError, WeChatUnavailableError
from foundation.wechat.tokens import Grant, TokenBroker
from tests.conftest import STARTED_AT

KEY = "linli:wechat:token:wx1"


class Source:
    """WeChat's stable interface as an object of the tests: slow, counted, and stubborn as the real one."""

    def __init__(self) -> None:
        self.current = 1
        self.asked: list[bool] = []
        self.expires_in = 7200
        self.fails: Exception | None = None
        self.was_asked = asyncio.Event()
        self.free = asyncio.Event()
        self.free.set()

    async def __call__(self, *, force: bool) -> Grant:
        self.asked.append(force)
        self.was_asked.set()
        await self.free.wait()
        if self.fails:
            raise self.fails
        self.current += force
        return Grant(f"token-{self.current}", self.expires_in)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(STARTED_AT)


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def broker(redis: Redis, source: Source, clock: FrozenClock) -> TokenBroker:
    return TokenBroker(redis, source, account="wx1", now=clock.now)


def another_process(redis: Redis, source: Source, clock: FrozenClock) -> TokenBroker:
    return TokenBroker(redis, source, account="wx1", now=clock.now)


@pytest.fixture
async def no_redis(unused_tcp_port: int) -> AsyncIterator[Redis]:
    client: Redis = Redis(
        port=unused_tcp_port, socket_timeout=0.5, socket_connect_timeout=0.5, retry=Retry(NoBackoff(), 0)
    )
    yield client
    await client.aclose()


async def test_the_token_is_asked_once_for_all_processes(
    broker: TokenBroker, redis: Redis, source: Source, clock: FrozenClock
) -> None:
    given = [await broker.token(), await another_process(redis, source, clock).token(), await broker.token()]

    assert given == ["token-1"] * 3
    assert source.asked == [False]


async def test_fifty_callers_in_three_processes_at_once_ask_once(
    redis: Redis, source: Source, clock: FrozenClock
) -> None:
    brokers = [another_process(redis, source, clock) for _ in range(3)]
    source.free.clear()

    waiting = asyncio.gather(*(brokers[number % 3].token() for number in range(50)))
    await source.was_asked.wait()
    source.free.set()

    assert set(await waiting) == {"token-1"}
    assert source.asked == [False]


async def test_a_token_is_renewed_five_minutes_before_its_end(
    broker: TokenBroker, source: Source, clock: FrozenClock
) -> None:
    await broker.token()

    clock.advance(seconds=7200 - 301)
    await broker.token()
    assert len(source.asked) == 1
    clock.advance(seconds=1)
    await broker.token()
    assert len(source.asked) == 2


async def test_a_token_that_ends_soon_is_still_kept_for_a_minute(
    broker: TokenBroker, source: Source, clock: FrozenClock
) -> None:
    source.expires_in = 300
    await broker.token()

    clock.advance(seconds=59)
    await broker.token()
    assert len(source.asked) == 1
    clock.advance(seconds=1)
    await broker.token()
    assert len(source.asked) == 2


async def test_redis_forgets_the_token_with_its_end(broker: TokenBroker, redis: Redis) -> None:
    await broker.token()

    assert 0 < await redis.ttl(KEY) <= 6900


async def test_a_refused_token_that_somebody_renewed_already_is_not_asked_again(
    broker: TokenBroker, redis: Redis, source: Source, clock: FrozenClock
) -> None:
    await broker.token()
    await another_process(redis, source, clock).replace("token-1")
    asked = len(source.asked)

    assert await broker.replace("token-1") == "token-2"
    assert len(source.asked) == asked


async def test_a_revoked_token_is_renewed_by_force_and_once(
    broker: TokenBroker, redis: Redis, source: Source, clock: FrozenClock
) -> None:
    await broker.token()
    other = another_process(redis, source, clock)

    renewed = await asyncio.gather(*(each.replace("token-1") for each in (broker, other) * 10))

    assert set(renewed) == {"token-2"}
    assert source.asked == [False, False, True]


async def test_force_is_not_used_when_wechat_has_rolled_the_token_by_itself(
    broker: TokenBroker, source: Source
) -> None:
    await broker.token()
    source.current = 7

    assert await broker.replace("token-1") == "token-7"
    assert source.asked == [False, False]


async def test_force_is_used_rarely(broker: TokenBroker, redis: Redis, source: Source) -> None:
    await broker.token()
    await broker.replace("token-1")
    assert await broker.replace("token-2") == "token-2"
    assert source.asked.count(True) == 1

    await redis.delete(f"{KEY}:forced")
    await redis.set(f"{KEY}:forces:20261120", tokens.FORCES_A_DAY)
    assert await broker.replace("token-2") == "token-2"
    assert source.asked.count(True) == 1


async def test_without_redis_a_process_asks_for_itself_and_keeps_it_a_minute(
    no_redis: Redis, source: Source, clock: FrozenClock
) -> None:
    broker = TokenBroker(no_redis, source, account="wx1", now=clock.now)

    assert await asyncio.gather(*(broker.token() for _ in range(20))) == ["token-1"] * 20
    assert await broker.token() == "token-1"
    assert source.asked == [False]
    clock.advance(seconds=60)
    await broker.token()
    assert source.asked == [False, False]


async def test_without_redis_force_is_never_used_because_nobody_counts(
    no_redis: Redis, source: Source, clock: FrozenClock
) -> None:
    broker = TokenBroker(no_redis, source, account="wx1", now=clock.now)

    assert await broker.replace("token-1") == "token-1"
    assert source.asked == [False]


async def test_a_lock_left_by_a_dead_process_holds_nobody_up(
    broker: TokenBroker, redis: Redis, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "WAIT_SECONDS", 0.5)
    await redis.set(f"{KEY}:lock", "the dead one", ex=60)

    async with asyncio.timeout(8):  # each of them waiting would take longer
        assert await broker.token() == "token-1"
        for _ in range(20):
            assert await broker.token() == "token-1"

    assert source.asked == [False]
    assert await redis.get(f"{KEY}:lock") == b"the dead one"


async def test_whoever_waits_reads_what_the_other_process_published(
    broker: TokenBroker, redis: Redis, source: Source
) -> None:
    await redis.set(f"{KEY}:lock", "another", ex=60)

    waiting = asyncio.ensure_future(broker.token())
    await asyncio.sleep(0)
    published = {"token": "token-9", "expires_at": STARTED_AT.timestamp() + 6900}
    await redis.set(KEY, json.dumps(published))

    assert await waiting == "token-9"
    assert source.asked == []


async def test_a_process_that_was_slow_does_not_overwrite_a_newer_token(
    broker: TokenBroker, redis: Redis, source: Source
) -> None:
    source.free.clear()
    waiting = asyncio.ensure_future(broker.token())
    await source.was_asked.wait()
    await redis.set(f"{KEY}:lock", "another, after ours ran out")
    await redis.set(KEY, "newer")
    source.free.set()

    assert await waiting == "token-1"
    assert await redis.get(KEY) == b"newer"
    assert await redis.get(f"{KEY}:lock") == b"another, after ours ran out"


async def test_when_wechat_is_away_everybody_is_told_at_once_and_the_lock_is_free(
    broker: TokenBroker, redis: Redis, source: Source
) -> None:
    source.fails = WeChatUnavailableError("HTTP 502")
    source.free.clear()

    waiting = asyncio.gather(*(broker.replace("old") for _ in range(20)), return_exceptions=True)
    await source.was_asked.wait()
    source.free.set()

    assert {str(outcome) for outcome in await waiting} == {"HTTP 502"}
    assert source.asked == [False]
    assert not await redis.exists(f"{KEY}:lock")


async def test_a_bad_secret_is_not_tried_in_a_loop(broker: TokenBroker, source: Source) -> None:
    source.fails = WeChatCredentialError("invalid appsecret", errcode=40125)

    with pytest.raises(WeChatCredentialError):
        await broker.token()

    assert source.asked == [False]


async def test_a_caller_that_goes_away_does_not_spoil_it_for_the_others(broker: TokenBroker, source: Source) -> None:
    source.free.clear()
    first, second = asyncio.ensure_future(broker.token()), asyncio.ensure_future(broker.token())
    await source.was_asked.wait()
    first.cancel()
    source.free.set()

    assert await second == "token-1"


@pytest.mark.parametrize("junk", ["", "{", "[]", "null", '{"token":"x"}', '{"token":"x","expires_at":"soon"}'])
async def test_junk_in_redis_is_renewed(broker: TokenBroker, redis: Redis, junk: str) -> None:
    await redis.set(KEY, junk)

    assert await broker.token() == "token-1"


async def test_accounts_do_not_share_tokens(redis: Redis, source: Source, clock: FrozenClock) -> None:
    await TokenBroker(redis, source, account="wx1", now=clock.now).token()
    await TokenBroker(redis, source, account="wx2", now=clock.now).token()

    assert sorted(await redis.keys("*")) == [b"linli:wechat:token:wx1", b"linli:wechat:token:wx2"]


def test_a_token_is_not_shown() -> None:
    assert "hush" not in repr(Grant("hush", 7200)) + repr(tokens.Kept("hush", 1.0))
