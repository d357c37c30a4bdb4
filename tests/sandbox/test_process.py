"""The core as a program: killed without warning it has lost nothing it answered for."""

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

from aiohttp import ClientSession

from tests.sandbox.line import API_KEY, BASE, KEY_ID, SECRET, Inbox, Line, eventually

ROOT = Path(__file__).parents[2]


async def started(tmp_path: Path, session: ClientSession, callback_url: str) -> tuple[Process, Line]:
    """A core in a process of its own, once it has announced itself."""
    announce = tmp_path / "announce.json"
    announce.unlink(missing_ok=True)
    program = [sys.executable, "-m", "sandbox.dispatch_core", "--port", "0", "--store", str(tmp_path / "core.db")]
    secrets = {"STANDIN_API_KEY": API_KEY, "STANDIN_CALLBACK_KEY_ID": KEY_ID, "STANDIN_CALLBACK_SECRET": SECRET}
    process = await asyncio.create_subprocess_exec(
        *program,
        *("--announce", str(announce), "--die-with-parent"),
        cwd=ROOT,
        env={**os.environ, **secrets, "STANDIN_CALLBACK_URL": callback_url},
    )

    async def listening() -> bool:
        return announce.exists()

    await eventually(listening, seconds=15)
    said = json.loads(announce.read_text())
    assert said["pid"] == process.pid
    return process, Line(session, said["url"])


async def test_a_killed_core_keeps_requests_updates_and_undelivered_callbacks(
    tmp_path: Path, session: ClientSession, inbox: Inbox
) -> None:
    process, core = await started(tmp_path, session, "http://127.0.0.1:9/nobody")
    case = await core.filed("L-1", description="第一次")
    told = await core.play(case, "assigned")
    held = await core.play(case, "accepted", deliver=False)
    process.send_signal(signal.SIGKILL)
    await process.wait()

    process, core = await started(tmp_path, session, inbox.url)
    assert [one.body["update_id"] for one in await inbox.until(1)] == [told]
    assert inbox.received[0].genuine
    assert await core.filed("L-1") == case
    updates = await core.get(f"{BASE}/servicerequestupdates.json")
    assert [one["update_id"] for one in updates] == [told, held]
    assert (await core.steer("/callbacks", {"update_ids": [held]}))["statuses"] == [200]
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 30) == 0
