"""What every benchmark stands on: durable servers of its own, Linli's processes, and who has which core.

One core is the measured process's (`Stage.near`), the other is for all else: PostgreSQL, Redis, the load. With
a single core nothing is pinned. Start at `open_stage`; `Stage.agent` runs a module of ours in a process of its
own on a core, which does as it is asked.
"""

import asyncio
import contextlib
import ctypes
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg

from foundation.database import tortoise_config
from foundation.embedded import servers
from foundation.migrating import migrate
from foundation.parts import apps_of, load_parts
from foundation.settings import DatabaseSettings

LINLI = Path(sys.executable).with_name("linli")
ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".venv-bench" / "bin" / "python"
"""The Python that has what others are built of; `make bench` makes it."""
MINE = sorted(os.sched_getaffinity(0))
"""The cores we were given; the first stage already leaves one of them to what is measured."""
PR_SET_PDEATHSIG = 1
READY_SECONDS = 60.0
POOL = 16
"""Connections of the measured process, ours and the raw one's."""
QUIET = {
    "LINLI_LIMITS__FILING": "1000000/60s",
    "LINLI_LIMITS__WRITING": "1000000/60s",
    "LINLI_LIMITS__READING": "1000000/60s",
    "LINLI_LIMITS__SESSIONS": "1000000/60s",
    "LINLI_LIVE__SOCKETS": "12000",
    "LINLI_LOG_LEVEL": "warning",
    "LINLI_DATABASE__POOL": str(POOL),
}
"""Limits are counted as ever, but nobody reaches them; lines about single requests are not written."""


@dataclass(frozen=True, slots=True)
class Cores:
    """The cores of the measured process and of all else; empty where there is only one."""

    near: frozenset[int]
    far: frozenset[int]

    @classmethod
    def of_this_machine(cls) -> "Cores":
        """Take the first for what is measured and the rest for what is around it."""
        return cls(frozenset(MINE[:1]), frozenset(MINE[1:])) if len(MINE) > 1 else cls(frozenset(), frozenset())


@dataclass(slots=True)
class Process:
    """A process of this run."""

    process: subprocess.Popen[bytes]
    log: Path
    started_at: float

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    def resident_mib(self) -> float:
        """Tell how much memory is its own or shared and in use, with its children's."""
        pages = [int((Path("/proc") / str(pid) / "statm").read_text().split()[1]) for pid in _family(self.pid)]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20

    def end(self) -> None:
        """Ask it to end, and see to it."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def _family(pid: int) -> list[int]:
    children = (Path("/proc") / str(pid) / "task" / str(pid) / "children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


@dataclass(slots=True)
class Agent:
    """A process of ours that does as it is asked, one thing at a time: `agent.py` is its inside."""

    process: asyncio.subprocess.Process

    async def ask(self, task: str, **how: Any) -> dict[str, Any]:
        """Let it do a task and give what it found.

        Raises:
            RuntimeError: it failed; the words are its own.

        """
        reader, writer = self.process.stdout, self.process.stdin
        if reader is None or writer is None:
            raise RuntimeError("the agent has no lines")
        writer.write(json.dumps({"task": task, "how": how}).encode() + b"\n")
        await writer.drain()
        line = await reader.readline()
        if not line:
            raise RuntimeError(f"{task}: the agent ended")
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise RuntimeError(f"{task}: {answer['failed']}")
        return answer

    async def end(self) -> None:
        """Ask it to end, and see to it."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.terminate()
        await self.process.wait()


@dataclass
class Stage:
    """The servers and processes of one run of benchmarks."""

    folder: Path
    cores: Cores
    admin_url: str
    redis_url: str
    agents: list[Agent] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    _names: Any = field(default_factory=lambda: count(1))

    async def database(self, *, migrated: bool = True) -> str:
        """Make a database of its own and give its address."""
        name = f"bench_{next(self._names)}"
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        url = urlsplit(self.admin_url)._replace(path=f"/{name}").geturl()
        if migrated:
            await migrate(tortoise_config(url, apps_of(load_parts()), DatabaseSettings(pool=2), name="bench"))
        return url

    async def linli(self, command: str = "serve", *, database_url: str, **settings: str) -> tuple[Process, str]:
        """Start one of Linli's programs on the near core; give it and its address when it is ready."""
        number = next(self._names)
        announcement, log = self.folder / f"{command}-{number}.announced", self.folder / f"{command}-{number}.log"
        environment = self.environment(database_url) | QUIET | settings
        began = time.perf_counter()
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: ASYNC220 - a millisecond, before anything is measured
                [LINLI, command, "--announce", announcement],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=begins(self.cores.near),  # noqa: PLW1509 - two system calls
            )
        started = Process(process, log, began)
        self.processes.append(started)
        await _until(lambda: announcement.exists() or process.poll() is not None)
        if process.poll() is not None:
            raise RuntimeError(f"{command} ended with {process.returncode}: {log.read_text(errors='replace')[-2000:]}")
        return started, announcement.read_text().strip()

    async def peer(self, module: str, *, database_url: str) -> str | None:
        """Serve what others would build, on the near core, and give its address; none if it does not come up."""
        if not PEERS.exists():
            return None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = int(probe.getsockname()[1])
        log = self.folder / f"{module}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: ASYNC220 - a millisecond, before anything is measured
                [PEERS, "-m", module],
                cwd=ROOT,
                env=os.environ | {"BENCH_DATABASE_URL": database_url, "BENCH_PORT": str(port)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                preexec_fn=begins(self.cores.near),  # noqa: PLW1509 - two system calls
            )
        self.processes.append(Process(process, log, time.perf_counter()))
        await _until(lambda: _answers(port) or process.poll() is not None)
        if process.poll() is not None:  # the rest is worth measuring without it
            sys.stderr.write(f"{module} ended with {process.returncode}: {log.read_text(errors='replace')[-500:]}\n")
            return None
        return f"http://127.0.0.1:{port}"

    def environment(self, database_url: str) -> dict[str, str]:
        """Give the environment of Linli's processes here."""
        own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return own | {
            "LANG": "C.UTF-8",
            "LINLI_VAR": str(self.folder / "var"),
            "LINLI_WEB__PORT": "0",
            "LINLI_DATABASE_URL": database_url,
            "LINLI_REDIS_URL": self.redis_url,
        }

    async def agent(self, module: str, *, near: bool = True, python: Path | None = None, **settings: str) -> Agent:
        """Start `python -m <module>` on a core; its inside is `agent.py: obey`."""
        process = await asyncio.create_subprocess_exec(
            str(python or sys.executable),
            "-m",
            module,
            cwd=ROOT,
            env=os.environ | settings,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
            preexec_fn=begins(self.cores.near if near else self.cores.far),
        )
        self.agents.append(Agent(process))
        return self.agents[-1]

    async def close(self) -> None:
        """Leave no process."""
        for agent in self.agents:
            await agent.end()
        for process in reversed(self.processes):
            await asyncio.to_thread(process.end)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def begins(cores: frozenset[int]) -> Callable[[], None]:
    """Give what a child does first: go to its cores, and end when we end."""
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork

    def begin() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if cores:
            os.sched_setaffinity(0, cores)

    return begin


async def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.005)


@asynccontextmanager
async def open_stage() -> AsyncIterator[Stage]:
    """Start durable servers in a folder that is removed afterwards."""
    cores = Cores.of_this_machine()
    if cores.far:
        os.sched_setaffinity(0, cores.far)  # the servers inherit it
    folder = Path(tempfile.mkdtemp(prefix="linli-bench-"))
    try:
        with servers(folder / "servers", database_url=None, redis_url=None, durable=True) as addresses:
            stage = Stage(folder, cores, addresses.database_url, addresses.redis_url)
            try:
                yield stage
            finally:
                await stage.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def machine(stage: Stage) -> Mapping[str, Any]:
    """Describe where it was measured, in words without names."""
    with psycopg.connect(stage.admin_url, autocommit=True) as connection:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
        server = {name: _setting(connection, name) for name in names}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": len(stage.cores.near | stage.cores.far) or 1,
        "processor": _processor(),
        "memory_gib": round(memory, 1),
        "system": f"{platform.system()} {platform.release().split('-')[0]}",
        "python": platform.python_version(),
        "postgresql": server,
    }


def _setting(connection: psycopg.Connection[Any], name: str) -> str:
    row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    return str(row[0]) if row else ""


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
