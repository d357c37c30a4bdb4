"""Linli's own programs as real processes, each copy with a folder, a port and secrets of its own. Start at `Copy`.

Every process is ended by what is held of it here; the kernel ends it when the test run itself is killed. They come from
the nursery, imports and all done, and start in a fraction of a second; `Copy.cold` starts them as a shell does.
"""

import asyncio
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from sandbox.demo.children import end_with_parent
from tests.processes.nursery import Forked, Nursery

LINLI = Path(sys.executable).with_name("linli")
READY_SECONDS = 90.0
"""Long, because the machine may be busy with other things; nothing waits that long when all is well."""


async def until(true: Callable[[], Awaitable[Any]], *, seconds: float = 30.0, what: str = "") -> Any:
    """Ask again and again until the answer is true, and give it."""
    deadline = time.monotonic() + seconds
    while not (answer := await true()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or true}"
        await asyncio.sleep(0.03)
    return answer


def free_port() -> int:
    """Give a port nobody listens on now, so that a copy keeps its address over restarts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Program:
    """One process of Linli."""

    command: str
    process: subprocess.Popen[bytes] | Forked
    log: Path
    announcement: Path

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    @property
    def text(self) -> str:
        """Everything it wrote, in good and in bad."""
        return self.log.read_text(errors="replace")

    @property
    def events(self) -> list[str]:
        """The names of its log lines."""
        return [str(line["event"]) for line in self.lines()]

    def lines(self) -> list[dict[str, Any]]:
        """Its log, one fact a line; a program writes nothing else."""
        return [json.loads(line) for line in self.text.splitlines()]

    async def ready(self) -> str:
        """Wait until it has announced itself; give what it said."""

        async def said() -> bool:
            assert self.alive, f"{self.command} ended with {self.process.returncode}:\n{self.text}"
            return self.announcement.exists()

        await until(said, seconds=READY_SECONDS, what=f"{self.command} is ready")
        return self.announcement.read_text()

    async def ended(self, *, seconds: float) -> int:
        """Wait for its end; give its exit code."""

        async def gone() -> bool:
            return not self.alive

        await until(gone, seconds=seconds, what=f"{self.command} ends")
        return self.process.wait()

    async def end(self, *, seconds: float = READY_SECONDS) -> int:
        """Ask it to end; give its exit code."""
        self.process.terminate()
        return await self.ended(seconds=seconds)

    async def kill(self) -> None:
        """End it in the middle of whatever it does."""
        self.process.kill()
        await self.ended(seconds=30)

    def close(self) -> None:
        """Leave nothing of it."""
        if self.alive:
            self.process.terminate()
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


@dataclass
class Copy:
    """One copy of Linli: its folder, its settings, and the processes that run on them."""

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    programs: list[Program] = field(default_factory=list)
    warm: bool = True

    @property
    def url(self) -> str:
        """Where its doors are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of its processes: nothing of our own settings, and bytecode that is kept."""
        own = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
        return own | {
            "LANG": "C.UTF-8",
            "LINLI_VAR": str(self.folder / "var"),
            "LINLI_WEB__PORT": str(self.port),
            **self.settings,
        }

    @property
    def cold(self) -> "Copy":
        """The same copy, whose programs are started from nothing: a test for each kind of command sees to it that they can."""
        return replace(self, warm=False)

    def start(self, command: str, *, before: Sequence[str | Path] = (), **settings: str) -> Program:
        """Start a program, by way of the words `before`, if any; `settings` are this one's alone."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = f"{command}-{len(self.programs)}"
        log, announcement = self.folder / f"{name}.log", self.folder / f"{name}.announced"
        words = [*map(str, before), str(LINLI), command, "--announce", str(announcement)]
        with log.open("wb") as file:
            process = self._launch(words, file, file, settings)
        self.programs.append(Program(command, process, log, announcement))
        return self.programs[-1]

    async def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            process = self._launch([str(LINLI), *arguments], out, errors, settings)
            try:
                code = await asyncio.to_thread(process.wait, READY_SECONDS)
            finally:
                process.kill()  # if it took too long
            return subprocess.CompletedProcess(arguments, code, _text_of(out), _text_of(errors))

    def _launch(
        self, words: list[str], out: BinaryIO, errors: BinaryIO, settings: dict[str, str]
    ) -> subprocess.Popen[bytes] | Forked:
        folder = self.folder  # not the checkout: a program finds everything without it
        environment = self.environment | settings
        if self.warm and words[0] == str(LINLI):
            nursery = Nursery.running()
            return nursery.start(
                words, folder=folder, environment=environment, out=out.fileno(), errors=errors.fileno()
            )
        return subprocess.Popen(  # noqa: S603 - our own program
            words,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
            preexec_fn=end_with_parent(),  # noqa: PLW1509 - one system call
        )

    async def running(self, command: str, count: int = 1) -> list[Program]:
        """Give so many living programs of a kind, ready; those that are missing are started."""
        alive = [program for program in self.programs if program.command == command and program.alive]
        alive += [self.start(command) for _ in range(count - len(alive))]
        for program in alive:
            await program.ready()
        for program in alive[count:]:
            await program.end()
        return alive[:count]

    async def none_running(self, command: str) -> None:
        """End all programs of a kind."""
        for program in self.programs:
            if program.command == command and program.alive:
                await program.end()

    def close(self) -> None:
        """Leave no process."""
        for program in reversed(self.programs):
            program.close()


@asynccontextmanager
async def copy_in(folder: Path, **settings: str) -> AsyncIterator[Copy]:
    """Give a copy in a folder, and leave nothing of it running."""
    copy = Copy(folder, settings)
    try:
        yield copy
    finally:
        copy.close()


def _text_of(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()


@dataclass(frozen=True)
class Secrets:
    """What nobody may read in a log: made anew for each run, so that finding one is no accident."""

    api_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    callback_secret: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    app_secret: str = field(default_factory=lambda: secrets.token_hex(16))
    signing_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    vault_key: str = field(default_factory=lambda: b64encode(secrets.token_bytes(32)).decode())
    index_key: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    database_password: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    def settings(self) -> dict[str, str]:
        """As the settings of a copy."""
        return {
            "LINLI_DISPATCH__API_KEY": self.api_key,
            "LINLI_DISPATCH__CALLBACK_KEYS": json.dumps({"core-1": self.callback_secret}),
            "LINLI_MINIPROGRAM__APP_ID": "wx-processes",
            "LINLI_MINIPROGRAM__SECRET": self.app_secret,
            "LINLI_MEDIA__SIGNING_KEY": self.signing_key,
            "LINLI_VAULT__KEYS": json.dumps({"key-1": self.vault_key}),
            "LINLI_VAULT__CURRENT": "key-1",
            "LINLI_VAULT__INDEX_KEY": self.index_key,
        }

    def values(self) -> list[str]:
        """Each of them."""
        return [*vars(self).values()]
