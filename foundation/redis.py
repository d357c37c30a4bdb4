"""Opening Redis: the two kinds of clients, and why they differ. Start at `open_redis`.

redis-py by default tries again for seconds when the server is away. Whatever a request waits for must not,
so the client of requests fails within half a second and its callers treat a failure as "not told". The
client of the live feed listens for as long as the process runs, and begins again by itself.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

REQUEST_SECONDS = 0.5
LISTEN_CONNECT_SECONDS = 2.0
LISTEN_READ_SECONDS = 10.0
CONNECTIONS = 512
"""What one process opens at most; the next caller is told at once that Redis has no time for it."""


@asynccontextmanager
async def open_redis(url: str) -> AsyncIterator[Redis]:
    """Open the client that requests use: half a second at most, no second try."""
    client: Redis = Redis.from_url(
        url,
        socket_timeout=REQUEST_SECONDS,
        socket_connect_timeout=REQUEST_SECONDS,
        retry=Retry(NoBackoff(), 0),
        max_connections=CONNECTIONS,
    )
    try:
        yield client
    finally:
        await client.aclose()


@asynccontextmanager
async def open_listener(url: str) -> AsyncIterator[Redis]:
    """Open the client that listens; whoever uses it makes a new `PubSub` after every error."""
    client: Redis = Redis.from_url(
        url,
        socket_timeout=LISTEN_READ_SECONDS,
        socket_connect_timeout=LISTEN_CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        health_check_interval=5,
    )
    try:
        yield client
    finally:
        await client.aclose()
