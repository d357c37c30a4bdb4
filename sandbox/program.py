"""Run a stand-in as a program of its own. Start at `serve`."""

import asyncio
import contextlib
import ctypes
import json
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from sandbox.control import STAND_IN

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Placement:
    """Where a program listens, how it tells so, and whether it outlives who started it."""

    host: str
    port: int
    announce: Path | None
    die_with_parent: bool


def serve(app: web.Application, placement: Placement) -> None:
    """Listen until SIGTERM or SIGINT, then end cleanly."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s")
    parent = os.getppid()
    if placement.die_with_parent:
        _die_with_parent()
    if placement.announce is not None:
        placement.announce.unlink(missing_ok=True)
    asyncio.run(_serve(app, placement, parent))


async def _serve(app: web.Application, placement: Placement, parent: int) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        site = web.TCPSite(runner, placement.host, placement.port)
        await site.start()
        port = runner.addresses[0][1]
        url = f"http://{placement.host}:{port}"
        app[STAND_IN].base_url = url
        if placement.announce is not None:
            _announce(placement.announce, {"url": url, "pid": os.getpid(), "name": app[STAND_IN].name})
        await _until(stop, parent if placement.die_with_parent else None)
    finally:
        await runner.cleanup()


async def _until(stop: asyncio.Event, parent: int | None) -> None:
    """Wait for the signal; where the kernel cannot send one for a dead parent, look every second."""
    while not stop.is_set():
        if parent is not None and os.getppid() != parent:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if parent is None else 1):
                await stop.wait()


def _announce(path: Path, content: dict[str, object]) -> None:
    """By rename, so that whoever waits for the file never reads half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.write_text(json.dumps(content), encoding="utf-8")
    draft.replace(path)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
