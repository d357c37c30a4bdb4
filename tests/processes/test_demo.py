"""The demo as people and outside checks start it: a program of its own, in folders of its own."""

import asyncio
import json
import os
import signal
import stat
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from sandbox.demo.children import end_with_parent
from tests import servers
from tests.conftest import TEMPLATE

ROOT = Path(__file__).parents[2]
KEYS = {"api", "live", "web", "dispatch_core", "residents", "wx_codes", "staff", "callback_keys", "env"}
TOLD = ("告诉平台：居民评价", "告诉平台：结案")
MORE_SOCKETS_THAN_USUAL = 25
PATIENCE_SECONDS = 400.0  # on a busy machine; alone it takes a tenth

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="embedded servers need Linux"),
]


@dataclass
class Demos:
    """Two demos that were started together: one gets ready and stays, one plays a scene on servers it was given."""

    ready: Process
    ready_file: Path
    follow: Process


@pytest.fixture(scope="module")
def given(addresses: tuple[str, str]) -> Iterator[dict[str, str]]:
    """Give servers to whom one needs not start any: a database at the newest migration, and Redis."""
    admin, name = servers.admin_url(), f"demo_{os.getpid()}"
    yield {
        "LINLI_DATABASE_URL": servers.clone_database(admin, TEMPLATE, name),
        "LINLI_REDIS_URL": addresses[1],
    }
    servers.drop_database(admin, name)


@pytest.fixture(scope="module")
async def demos(tmp_path_factory: pytest.TempPathFactory, given: dict[str, str]) -> AsyncIterator[Demos]:
    folder = tmp_path_factory.mktemp("demo")
    ready_file = folder / "ready.json"
    ready = await _start(folder, "--ready-file", str(ready_file))
    follow = await _start(folder, "--scene", "follow", "--own-messages", **given)
    yield Demos(ready, ready_file, follow)
    for process in (ready, follow):
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _start(folder: Path, *arguments: str, **given: str) -> Process:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox.demo", *arguments,
        cwd=ROOT, env={**environment, "LINLI_VAR": str(folder), **given}, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT,
        preexec_fn=end_with_parent(),
    )  # fmt: skip


async def test_one_complaint_can_be_followed_from_tap_to_rating(demos: Demos) -> None:
    said, _ = await demos.follow.communicate()
    assert demos.follow.returncode == 0, said.decode()
    assert "没做到" not in said.decode()
    for words in ("wx.login", "/sns/jscode2session", "POST /requests.json", "带签名的进展：办结", *TOLD):
        assert words in said.decode()


async def test_the_ready_file_opens_everything_to_checks_from_outside_and_sigterm_ends_it(demos: Demos) -> None:
    await _until(demos.ready_file.exists, demos.ready)
    assert stat.S_IMODE(demos.ready_file.stat().st_mode) == 0o600
    told = json.loads(demos.ready_file.read_text())
    assert told.keys() >= KEYS
    assert len(told["residents"]) == 10
    assert len(set(told["wx_codes"])) == 20
    assert told["staff"].keys() >= {"secretary", "deputy", "grid_chief", "building_leader"}
    async with ClientSession() as session:
        await _residents_live_where_the_file_says(session, told)
        await _a_code_signs_in(session, told)
        await _one_resident_may_hold_many_sockets(session, told)
        await _the_secretary_answers_for_the_place(session, told)
        complaint = await _a_played_unit_changes_the_complaint(session, told)
        await _the_clock_moves(session, told, complaint)
    await _sigterm_ends_all(demos.ready)


async def _residents_live_where_the_file_says(session: ClientSession, told: dict[str, Any]) -> None:
    for resident in told["residents"]:
        me = await _call(session, "GET", f"{told['api']}/me", resident["token"])
        assert me["id"] == resident["id"]
        assert me["phone_masked"]
        assert (me["home"]["place_id"], me["home"]["standing"]) == (resident["home_place_id"], "confirmed")


async def _a_code_signs_in(session: ClientSession, told: dict[str, Any]) -> None:
    signed_in = await _call(session, "POST", f"{told['api']}/sessions", body={"code": told["wx_codes"][0]})
    assert signed_in["token"]


async def _one_resident_may_hold_many_sockets(session: ClientSession, told: dict[str, Any]) -> None:
    async with AsyncExitStack() as opened:
        for _ in range(MORE_SOCKETS_THAN_USUAL):
            socket = await opened.enter_async_context(session.ws_connect(told["live"]))
            await socket.send_json({"type": "hello", "token": told["residents"][3]["token"]})
            assert (await socket.receive_json())["type"] == "welcome"


async def _the_secretary_answers_for_the_place(session: ClientSession, told: dict[str, Any]) -> None:
    secretary = told["staff"]["secretary"]
    me = await _call(session, "GET", f"{told['api']}/me", secretary["token"])
    assert {"role": "secretary", "place_id": secretary["place_id"]} in me["roles"]
    for resident in told["residents"][:2]:
        address = f"{told['api']}/places/{resident['home_place_id']}"
        home = await _call(session, "GET", address, resident["token"])
        assert secretary["place_id"] in [step["id"] for step in home["path"]]


async def _a_played_unit_changes_the_complaint(session: ClientSession, told: dict[str, Any]) -> dict[str, Any]:
    token, core = told["residents"][0]["token"], told["dispatch_core"]
    body = {"text": "三号楼二单元的楼道灯坏了，晚上看不见路"}
    complaint = await _call(session, "POST", f"{told['api']}/complaints", token, body)
    requests: list[dict[str, Any]] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not requests:
            requests = await _call(session, "GET", f"{core}/requests.json?external_id={complaint['id']}")
    await _call(
        session,
        "POST",
        f"{core}/control/requests/{requests[0]['service_request_id']}/updates",
        body={"event": "assigned"},
    )
    address = f"{told['api']}/complaints/{complaint['id']}"
    events = await _call(session, "GET", f"{address}/events?after=2&wait=20", token)
    assert [event["type"] for event in events["items"]] == ["assigned"]
    shown: dict[str, Any] = await _call(session, "GET", address, token)
    assert shown["status"] == "assigned"
    assert shown["responsible"]["unit"]
    return shown


async def _the_clock_moves(session: ClientSession, told: dict[str, Any], complaint: dict[str, Any]) -> None:
    linli = Path(sys.executable).with_name("linli")
    clock = await asyncio.create_subprocess_exec(
        linli, "clock", "advance", "31m", env={**os.environ, **told["env"]}, stdout=PIPE, stderr=STDOUT
    )
    said, _ = await clock.communicate()
    assert clock.returncode == 0, said.decode()
    address = f"{told['api']}/complaints/{complaint['id']}"
    later = await _call(session, "GET", address, told["residents"][0]["token"])
    moved = datetime.fromisoformat(later["server_time"]) - datetime.fromisoformat(complaint["server_time"])
    assert moved.total_seconds() >= 31 * 60


async def _sigterm_ends_all(demo: Process) -> None:
    family = _descendants(demo.pid)
    assert len(family) > 6
    began = time.monotonic()
    demo.send_signal(signal.SIGTERM)
    said, _ = await demo.communicate()
    await _until(lambda: not any(map(_runs, family)), None)
    assert time.monotonic() - began < 30
    assert demo.returncode == 0
    assert not said, said.decode()


async def _until(condition: Callable[[], bool], process: Process | None) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():
            if process is not None and process.returncode is not None and process.stdout is not None:
                pytest.fail((await process.stdout.read()).decode())
            await asyncio.sleep(0.05)


async def _call(
    session: ClientSession, method: str, url: str, token: str | None = None, body: dict[str, Any] | None = None
) -> Any:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with session.request(method, url, headers=headers, json=body) as response:
        assert response.status < 300, await response.text()
        return await response.json(content_type=None)


def _descendants(pid: int) -> list[int]:
    """All processes below one, from the kernel's list."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, left = [], [pid]
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def _runs(pid: int) -> bool:
    """Whether it still runs; one that only waits to be buried does not."""
    fields = _stat(pid)
    return bool(fields) and fields[0] != "Z"


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []
