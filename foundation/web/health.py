"""Is the process alive, can it work, and its numbers: `/healthz`, `/readyz`, `/metrics`.

Ready means that everything the doors need answers: PostgreSQL, Redis, and what the parts have registered as
needed (`foundation.parts.Ping`).
"""

import asyncio
from collections.abc import Iterable, Sequence

import structlog
from aiohttp import web

from foundation.database import query
from foundation.ground import Ground
from foundation.metrics import Metrics
from foundation.parts import Gauge, Ping
from foundation.web.keys import GROUND, METRICS

log = structlog.get_logger(__name__)
PING_SECONDS = 2.0


async def _ask_postgres(_ground: Ground) -> object:
    return await query("SELECT 1")


async def _ask_redis(ground: Ground) -> object:
    return await ground.redis.ping()


OWN_PINGS = (Ping("postgres", _ask_postgres), Ping("redis", _ask_redis, needed=False))
"""Without Redis filing goes on and screens poll: a process must not leave the balancer for it."""


def health_routes(pings: Iterable[Ping], gauges: Sequence[Gauge] = ()) -> list[web.RouteDef]:
    """Make the three addresses; the gauges must be among the metrics."""
    every = (*OWN_PINGS, *(ping for ping in pings if ping.needed))

    async def ready(request: web.Request) -> web.Response:
        """Answer 200 if everything needed answers, else 503 with the names of what does not."""
        ground = request.app[GROUND]
        answers = await asyncio.gather(*(_answers(ping, ground) for ping in every))
        states = {ping.name: "ok" if well else "failed" for ping, well in zip(every, answers, strict=True)}
        good = all(well for ping, well in zip(every, answers, strict=True) if ping.needed)
        return web.json_response({"ready": good, "checks": states}, status=200 if good else 503)

    async def metrics(request: web.Request) -> web.Response:
        """Write the numbers for Prometheus; one that cannot be had keeps its last value."""
        kept = request.app[METRICS]
        await asyncio.gather(*(_read(gauge, kept) for gauge in gauges))
        return web.Response(body=kept.text(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    return [
        web.get("/healthz", _alive),
        web.get("/readyz", ready),
        web.get("/metrics", metrics),
    ]


async def _alive(_request: web.Request) -> web.Response:
    """Answer as long as the process handles requests at all."""
    return web.json_response({"alive": True})


async def _read(gauge: Gauge, metrics: Metrics) -> None:
    try:
        async with asyncio.timeout(PING_SECONDS):
            metrics.gauges[gauge.name].set(await gauge.ask())
    except Exception as error:  # noqa: BLE001 - a number less must not hide the others
        log.warning("gauge_failed", gauge=gauge.name, error=type(error).__name__)


async def _answers(ping: Ping, ground: Ground) -> bool:
    try:
        async with asyncio.timeout(PING_SECONDS):
            await ping.ask(ground)
    except Exception as error:  # noqa: BLE001 - whatever is wrong, it does not answer
        log.warning("ping_failed", ping=ping.name, error=type(error).__name__)
        return False
    return True
