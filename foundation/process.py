"""Putting a process together: the ground it stands on, and the web or worker that runs on it."""

import asyncio
import gc
import signal
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from foundation import jobs, live
from foundation import parts as parts_module
from foundation.clock import Clock, MovableClock
from foundation.clock_setting import clock_for, keep_renewed, renew
from foundation.command import CommandError
from foundation.database import connected, tortoise_config
from foundation.embedded import EmbeddedServerError
from foundation.events import bind_reactions
from foundation.ground import Ground
from foundation.leader import stand_for_leader
from foundation.live.ear import is_cancelled
from foundation.live.figures import LiveCollector
from foundation.media.store import MediaStore
from foundation.parts import Desk, Part
from foundation.redis import open_redis
from foundation.settings import Settings, WebSettings
from foundation.tasks import spawn, stop
from foundation.vault import Vault
from foundation.web.app import LONGEST_LINE_BYTES, create_app
from foundation.web.keys import METRICS

log = structlog.get_logger(__name__)
FIRST_PAUSE, LONGEST_PAUSE, CALM_SECONDS = 0.2, 5.0, 60.0
GARBAGE = 10_000, 20, 20
"""How much piles up before it is collected. Requests leave little in circles, and looking for it costs all of them."""
MOST_UNACCEPTED = 4096
"""Connections the kernel may hold until we take them. With the usual 128 a crowd that comes back is made to knock again
a second later, two hundred at a time."""


def bind(parts: Sequence[Part], settings: Settings) -> None:
    """Set the tables that are one for a process: reactions, and the pace of retries."""
    bind_reactions(reaction for part in parts for reaction in part.reactions)
    jobs.set_backoff(jobs.Backoff(settings.jobs.first_retry_seconds, settings.jobs.longest_retry_seconds))


@asynccontextmanager
async def open_ground(
    settings: Settings, parts: Sequence[Part], *, name: str, clock: Clock | None = None
) -> AsyncIterator[Ground]:
    """Open everything a process stands on; `settings` must hold both addresses."""
    config = tortoise_config(
        settings.database_url or "", parts_module.apps_of(parts), settings.database, name=f"linli-{name}"
    )
    async with connected(config), open_ground_on_pool(settings, parts, clock=clock) as ground:
        yield ground


@asynccontextmanager
async def open_ground_on_pool(
    settings: Settings, parts: Sequence[Part], *, clock: Clock | None = None
) -> AsyncIterator[Ground]:
    """Open everything else, where the pool to PostgreSQL is open already."""
    bind(parts, settings)
    clock = clock or clock_for(settings)
    async with AsyncExitStack() as stack:
        if isinstance(clock, MovableClock):
            await renew(clock)
            stack.push_async_callback(stop, spawn(keep_renewed(clock), name="clock"))
        redis = await stack.enter_async_context(open_redis(settings.redis_url or ""))
        ground = Ground(
            settings=settings,
            clock=clock,
            redis=redis,
            live=live.LiveFeed(redis),
            media=MediaStore.from_settings(settings),
            vault=Vault.from_settings(settings.vault),
            http=await stack.enter_async_context(aiohttp.ClientSession()),
        )
        for opener in (opener for part in parts for opener in part.opens):
            opened = await stack.enter_async_context(asynccontextmanager(opener)(ground))
            ground.opened[type(opened)] = opened
        stack.push_async_callback(ground.live.published)
        yield ground


@asynccontextmanager
async def working(ground: Ground, parts: Sequence[Part]) -> AsyncIterator[None]:
    """Do later work while the block lasts: jobs, desks, and upkeep if elected."""
    url = ground.settings.database_url or ""
    desks = [spawn(_serve(ground, desk), name=desk.name) for part in parts for desk in part.desks]
    worker = spawn(_run_jobs(ground, url), name="jobs")
    leader = spawn(stand_for_leader(ground, tuple(parts), url), name="leader")
    try:
        yield
    finally:
        await stop(leader)
        patience = ground.settings.web.drain_seconds + ground.settings.database.wait_seconds + 1
        await asyncio.gather(*(stop(task) for task in desks), _finish(worker, patience))


async def _finish(worker: asyncio.Task[None], patience: float) -> None:
    """Tell the worker once to end, and let it finish its jobs: being told a second time would cut them off."""
    worker.cancel()
    await asyncio.wait([worker], timeout=patience)
    await stop(worker)


@dataclass
class Pauses:
    """How long to wait before what failed begins again: ever longer, and short again after a calm minute."""

    _pause: float = 0.0
    _failed_at: float = 0.0

    def after_a_failure(self) -> float:
        """Note a failure, and give the seconds to wait."""
        now = asyncio.get_running_loop().time()
        calm = now - self._failed_at > CALM_SECONDS
        self._pause = FIRST_PAUSE if calm else min(LONGEST_PAUSE, self._pause * 2 or FIRST_PAUSE)
        self._failed_at = now
        return self._pause


async def _serve(ground: Ground, desk: Desk) -> None:
    """Serve a desk, and begin again after an error: its rows wait in the database."""
    pauses = Pauses()
    while not is_cancelled():
        try:
            await desk.serve(ground)
        except Exception:
            log.exception("desk_failed", desk=desk.name)
            await asyncio.sleep(pauses.after_a_failure())


async def _run_jobs(ground: Ground, url: str) -> None:
    """Run procrastinate's worker; it stops by itself after a database restart, so begin again.

    Told to stop while the database is away, it raises that error instead of the cancellation: hence the question.
    """
    pauses = Pauses()
    while True:
        try:
            await _run_worker_once(ground, url)
        except Exception:
            log.exception("worker_failed")
        if is_cancelled():
            return
        await asyncio.sleep(pauses.after_a_failure())


async def _run_worker_once(ground: Ground, url: str) -> None:
    concurrency, dead_after = ground.settings.jobs.concurrency, ground.settings.jobs.dead_after_seconds
    connector = jobs.PatientConnector(
        conninfo=url,
        min_size=2,
        max_size=concurrency + 2,
        timeout=ground.settings.database.wait_seconds,
        kwargs={"application_name": "linli-jobs"},
    )
    with jobs.app.replace_connector(connector):
        async with jobs.app.open_async():
            if is_cancelled():  # told to stop while opening, and the opening swallowed it
                return
            await jobs.app.run_worker_async(
                concurrency=concurrency,
                install_signal_handlers=False,
                listen_notify=True,
                fetch_job_polling_interval=0.5,
                shutdown_graceful_timeout=ground.settings.web.drain_seconds,
                update_heartbeat_interval=dead_after / 3,
                stalled_worker_timeout=dead_after,
                delete_jobs="successful",
                additional_context={jobs.GROUND: ground},
            )


@asynccontextmanager
async def answering(ground: Ground, parts: Sequence[Part]) -> AsyncIterator[web.AppRunner]:
    """Answer at the doors while the block lasts."""
    topics = [topic for part in parts for topic in part.topics]
    feed = spawn(ground.live.run(ground, topics), name="live")
    app = create_app(ground, parts)
    app[METRICS].registry.register(LiveCollector(ground.live.figures))
    app.on_shutdown.append(lambda _: ground.live.close())
    runner = web.AppRunner(
        app,
        access_log=None,
        shutdown_timeout=ground.settings.web.drain_seconds,
        max_line_size=LONGEST_LINE_BYTES,
        max_field_size=LONGEST_LINE_BYTES,
    )
    try:
        await runner.setup()
        await _listen(runner, ground.settings.web)
        yield runner
    finally:
        await runner.cleanup()
        await stop(feed)


async def _listen(runner: web.AppRunner, settings: WebSettings) -> None:
    site = web.TCPSite(runner, settings.host, settings.port, backlog=MOST_UNACCEPTED)
    try:
        await site.start()
        _cut_who_never_reads(site, settings.reader_seconds)
    except OSError as error:
        raise CommandError(
            f"Nobody can listen on {settings.host}:{settings.port} ({error.strerror}): "
            "set LINLI_WEB__HOST and LINLI_WEB__PORT to a free address."
        ) from error


def _cut_who_never_reads(site: web.TCPSite, seconds: float) -> None:
    """Let the kernel end the line of a client that takes nothing of its answer for so long.

    aiohttp waits for such a reader for ever, with the answer in its hands. What is accepted inherits the option.
    """
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux has it
    for listening in site._server.sockets if option else ():  # type: ignore[union-attr]  # noqa: SLF001 - of aiohttp
        listening.setsockopt(socket.IPPROTO_TCP, option, int(seconds * 1000))


async def keep_servers(bring_back: Callable[[], list[str]]) -> None:
    """Bring back each second the embedded servers that died under us; pools find the way to them by themselves."""
    while not is_cancelled():
        await asyncio.sleep(1.0)
        try:
            for name in bring_back():
                log.warning("embedded_server_restarted", server=name)
        except EmbeddedServerError as error:
            log.error("embedded_server_lost", why=str(error))  # noqa: TRY400 - the sentence says it all


async def run(
    settings: Settings,
    *,
    doors: bool,
    later_work: bool,
    announce: Any = None,
    bring_back: Callable[[], list[str]] | None = None,
) -> None:
    """Run a web process, a worker or both until SIGTERM or SIGINT, then drain.

    `announce` is called with the bound address once everything is up; `bring_back` starts our own servers that died.
    """
    parts = parts_module.load_parts()
    ended = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, ended.set)
    kind = "all" if doors and later_work else "web" if doors else "work"
    async with AsyncExitStack() as stack:
        if bring_back:
            stack.push_async_callback(stop, spawn(keep_servers(bring_back), name="servers"))
        ground = await stack.enter_async_context(open_ground(settings, parts, name=kind))
        if later_work:
            await stack.enter_async_context(working(ground, parts))
        address = None
        if doors:
            runner = await stack.enter_async_context(answering(ground, parts))
            address = runner.addresses[0]
        gc.freeze()  # what a process is made of is never garbage: a full collection need not look through it
        gc.set_threshold(*GARBAGE)
        log.info("started", kind=kind, address=address)
        if announce:
            announce(address)
        await ended.wait()
        log.info("draining", kind=kind)
