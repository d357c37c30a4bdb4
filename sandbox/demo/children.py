"""The processes of the demo: none of them outlives it, however it ends. Start at `Children`.

The kernel sends each child SIGTERM when its parent dies, also by SIGKILL; on a tidy end we send it ourselves.
"""

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PR_SET_PDEATHSIG = 1
LOOK_EVERY = 0.05
PATIENCE_SECONDS = 90.0
ENDING_SECONDS = 7.0
LAST_LINES = 20
STAYS_LONGEST = "databases"
"""The others may still want to write when they are told to end."""


class ChildFailedError(Exception):
    """A child ended that should have stayed, failed, or did not get ready; its log tells why."""

    def __init__(self, child: "Child", what: str) -> None:
        """Name the child and what it did."""
        super().__init__(f"{child.name}{what}")
        self.log = child.log


@dataclass
class Child:
    """One process of ours."""

    name: str
    process: Process
    log: Path
    leaving: bool = False

    @property
    def ended(self) -> bool:
        """Whether it is gone."""
        return self.process.returncode is not None

    async def kill(self) -> None:
        """End it without warning, as a broken machine would."""
        self.leaving = True
        self.process.kill()
        await self.process.wait()


@dataclass
class Children:
    """All processes of one demo; started from the main thread only, because the death signal follows the thread."""

    hold: int
    log: Path
    base_environment: Mapping[str, str]
    started: list[Child] = field(default_factory=list)

    async def start(
        self, name: str, command: Sequence[str | Path], environment: Mapping[str, str], *, talking: bool = False
    ) -> Child:
        """Start a process that stays; with `talking`, its input and output are ours."""
        log = self.log / f"{name}.log"
        with log.open("ab") as file:
            process = await asyncio.create_subprocess_exec(
                *map(str, command),
                stdin=PIPE if talking else DEVNULL,
                stdout=PIPE if talking else file,
                stderr=file if talking else STDOUT,
                env={**self.base_environment, **environment},
                cwd=ROOT,
                pass_fds=(self.hold,),
                start_new_session=True,
                preexec_fn=end_with_parent(),
            )
        child = Child(name, process, log)
        self.started.append(child)
        return child

    async def run(self, name: str, command: Sequence[str | Path], environment: Mapping[str, str]) -> str:
        """Run a process to its end and give what it wrote; a failure is an error."""
        child = await self.start(name, command, environment, talking=True)
        child.leaving = True
        written, _ = await child.process.communicate()
        text = written.decode(errors="replace")
        if child.process.returncode != 0:
            with child.log.open("a", encoding="utf-8") as log:
                log.write(text)
            raise ChildFailedError(child, f" 没有做成（结束码 {child.process.returncode}）")
        return text

    async def announced(self, child: Child, path: Path) -> str:
        """Wait for the file a child writes when it is ready."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (told := _read(path)):
            if child.ended:
                raise ChildFailedError(child, f" 没有起来（结束码 {child.process.returncode}）")
            if time.monotonic() > deadline:
                raise ChildFailedError(child, f" 等了 {PATIENCE_SECONDS:.0f} 秒还没有准备好")
            await asyncio.sleep(LOOK_EVERY)
        return told

    async def watch(self) -> None:
        """Go on until a child ends that should have stayed, and say so."""
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY * 4)

    def look(self) -> None:
        """Say so if a child has ended that should have stayed."""
        for child in self.started:
            if child.ended and not child.leaving:
                raise ChildFailedError(child, f" 自己停了（结束码 {child.process.returncode}）")

    async def end(self) -> None:
        """End all, the databases last; a stubborn one is killed."""
        await _end([child for child in self.started if child.name != STAYS_LONGEST])
        await _end([child for child in self.started if child.name == STAYS_LONGEST])


async def _end(children: Sequence[Child]) -> None:
    left = [child for child in children if not child.ended]
    for child in left:
        child.leaving = True
        with contextlib.suppress(ProcessLookupError):
            child.process.terminate()
    try:
        async with asyncio.timeout(ENDING_SECONDS):
            await asyncio.gather(*(child.process.wait() for child in left))
    except TimeoutError:
        for child in left:
            if not child.ended:
                child.process.kill()
                await child.process.wait()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def newest_log(folder: Path) -> Path | None:
    """Find the log that was written to last."""
    logs = [log for log in folder.glob("*.log") if log.stat().st_size]
    return max(logs, key=lambda log: log.stat().st_mtime, default=None)


def last_lines(log: Path) -> list[str]:
    """Give the end of a log."""
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
    except OSError:
        return []


def end_with_parent() -> Callable[[], None] | None:
    """Make what a child does between its birth and its program, so that it is told when we die."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork
    parent = os.getpid()

    def ask_for_it() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_for_it
