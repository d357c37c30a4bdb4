"""Nobody may do a thing more often than the limit says, with Redis or without."""

import asyncio
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from structlog.testing import capture_logs

from foundation import rate_limits
from foundation.errors import TooManyRequestsError
from foundation.rate_limits import Limit, LocalCounts, RateLimiter


async def passes(limiter: RateLimiter, who: str, limit: Limit | None, *, name: str = "filing") -> bool:
    try:
        await limiter.check(name, who, limit)
    except TooManyRequestsError:
        return False
    return True


def test_a_limit_is_read_as_it_is_written() -> None:
    assert Limit.parse("30/60s") == Limit(30, 60)
    assert Limit.parse("") is None
    for nonsense in ("30/60", "30", "0/60s", "3/0s", "-1/60s", "30/60m", "٣/60s"):
        with pytest.raises(ValueError, match="like 30/60s"):
            Limit.parse(nonsense)


async def test_the_limit_is_kept_for_each_person_and_each_thing(redis: Redis) -> None:
    limiter, limit = RateLimiter(redis), Limit(3, 60)

    assert [await passes(limiter, "resident:1", limit) for _ in range(5)] == [True, True, True, False, False]
    assert await passes(limiter, "resident:2", limit)
    assert await passes(limiter, "resident:1", limit, name="media")


async def test_the_limit_holds_for_many_at_the_same_moment_and_over_processes(redis: Redis) -> None:
    processes = [RateLimiter(redis), RateLimiter(redis)]

    passed = await asyncio.gather(*(passes(processes[n % 2], "resident:1", Limit(10, 60)) for n in range(40)))

    assert sum(passed) == 10


async def test_without_a_limit_nothing_is_counted(redis: Redis) -> None:
    limiter = RateLimiter(redis)

    assert all([await passes(limiter, "resident:1", None) for _ in range(50)])
    assert await redis.dbsize() == 0


async def test_the_refusal_tells_when_the_first_one_is_forgotten(redis: Redis) -> None:
    limiter = RateLimiter(redis)
    await limiter.check("filing", "resident:1", Limit(1, 3600))

    with pytest.raises(TooManyRequestsError) as refused:
        await limiter.check("filing", "resident:1", Limit(1, 3600))

    assert 3590 <= (refused.value.retry_after or 0) <= 3600


async def test_after_the_window_it_is_allowed_again_and_a_refusal_did_not_count(redis: Redis) -> None:
    limiter, limit = RateLimiter(redis), Limit(1, 2)
    assert await passes(limiter, "resident:1", limit)
    assert not await passes(limiter, "resident:1", limit)

    async with asyncio.timeout(30):
        while True:
            if await passes(limiter, "resident:1", limit):
                break
            await asyncio.sleep(0.02)


async def test_what_redis_keeps_goes_away_by_itself(redis: Redis) -> None:
    await RateLimiter(redis).check("filing", "resident:1", Limit(1, 60))

    (key,) = await redis.keys("linli:limit:*")
    assert 0 < await redis.pttl(key) <= 60_000


async def test_what_is_given_back_may_be_done_again(redis: Redis, tmp_path: Path) -> None:
    away = Redis(unix_socket_path=str(tmp_path / "nothing.sock"), retry=Retry(NoBackoff(), 0))
    limit = Limit(2, 60)

    for limiter in (RateLimiter(redis), RateLimiter(away)):
        await limiter.give_back("filing", "resident:1", limit)  # nothing was counted yet, which is no reason to fail
        passed = [await passes(limiter, "resident:1", limit) for _ in range(3)]
        await limiter.give_back("filing", "resident:1", limit)
        assert passed == [True, True, False]
        assert [await passes(limiter, "resident:1", limit) for _ in range(2)] == [True, False]

    await away.aclose()


async def test_with_redis_away_the_process_counts_alone_and_says_so_once(tmp_path: Path) -> None:
    away = Redis(unix_socket_path=str(tmp_path / "nothing.sock"), retry=Retry(NoBackoff(), 0))
    limiter = RateLimiter(away)

    with capture_logs() as lines:
        passed = [await passes(limiter, "resident:1", Limit(3, 60)) for _ in range(5)]

    await away.aclose()
    assert passed == [True, True, True, False, False]
    assert [line["event"] for line in lines] == ["rate_limits_count_alone"]


def test_local_counts_slide_and_forget_the_oldest() -> None:
    counts, limit = LocalCounts(), Limit(2, 10)

    assert [counts.wait_for("a", limit, now) for now in (0.0, 4.0, 5.0, 10.0, 11.0)] == [0.0, 0.0, 5.0, 0.0, 3.0]
    for number in range(rate_limits.MOST_REMEMBERED):
        counts.wait_for(f"other {number}", limit, 11.0)
    assert "a" not in counts.times
