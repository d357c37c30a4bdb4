"""Owners of embedded servers as real processes, and what can be seen of the servers from outside."""

import json
import os
import socket
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from signal import SIGKILL
from subprocess import PIPE, Popen, run
from typing import Any

import psycopg

from foundation.embedded import Addresses

ROOT = Path(__file__).parents[3]
SECONDS = 30


class Owner:
    """A process that keeps the servers of a folder; `addresses` waits until they answer."""

    def __init__(
        self,
        var: Path,
        *wishes: str,
        before: tuple[str, ...] = (),
        python: str = sys.executable,
        env: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self.process = Popen(  # noqa: S603 (a fixed command)
            [*before, python, "-m", f"{__package__}.owner", str(var), *wishes],
            cwd=ROOT,
            env=os.environ | (env or {}),
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            text=True,
            start_new_session=True,
            **options,
        )

    def wait(self) -> None:
        assert self.addresses.database_url

    @cached_property
    def addresses(self) -> Addresses:
        assert self.process.stdout
        if line := self.process.stdout.readline():
            return Addresses(**json.loads(line))
        raise AssertionError(self.refusal())

    def refusal(self) -> str:
        """Wait until it gives up, and give what it says."""
        _, words = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode != 0
        return str(words)

    def end(self) -> None:
        """Let it end tidily."""
        _, words = self.process.communicate(timeout=SECONDS)
        assert self.process.returncode == 0, words

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=SECONDS)

    def close(self) -> None:
        """Leave nothing of it, whatever has become of it; its servers are gone afterwards."""
        with self.process as process:
            if process.poll() is None and process.stdin:
                process.stdin.close()


def eventually(condition: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return answer


def ask_postgres(addresses: Addresses, question: str) -> Any:
    """Run one statement; give the first value of its answer, if it has one."""
    with psycopg.connect(addresses.database_url, autocommit=True) as connection:
        answer = connection.execute(question.encode())
        row = answer.fetchone() if answer.description else None
        return row[0] if row else None


def ask_redis(addresses: Addresses, question: str) -> str:
    """Send one command; give the answer as it comes."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(addresses.redis_url.removeprefix("unix://"))
        connection.sendall(f"{question}\r\n".encode())
        return connection.recv(65536).decode()


def write_note(addresses: Addresses, note: str) -> None:
    ask_postgres(addresses, f"CREATE TABLE IF NOT EXISTS notes AS SELECT '{note}' AS note")


def read_note(addresses: Addresses) -> Any:
    return ask_postgres(addresses, "SELECT note FROM notes")


def pids(var: Path, addresses: Addresses) -> tuple[int, int]:
    """Give the process numbers of PostgreSQL and Redis."""
    postgres = (var / "postgres/postmaster.pid").read_text().splitlines()[0]
    said = ask_redis(addresses, "INFO server")
    redis = next(line for line in said.splitlines() if line.startswith("process_id:"))
    return int(postgres), int(redis.removeprefix("process_id:"))


def is_gone(pid: int) -> bool:
    """Tell whether a process has ended, its parent having noticed or not."""
    try:
        return _status(pid)[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def parent_of(pid: int) -> int:
    return int(_status(pid)[1])


def _status(pid: int) -> list[str]:
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(") ")[2].split()


def copy_data(source: Path, target: Path) -> Path:
    """Copy the data of one folder to a new one; `cp` is three times as fast as Python."""
    target.mkdir(parents=True)
    run(["/bin/cp", "-a", source / "postgres", target], check=True)  # noqa: S603 (a fixed command)
    return target


def crash(var: Path, owner: Owner) -> None:
    """Kill an owner and its PostgreSQL so that neither can tidy up."""
    postgres, _ = pids(var, owner.addresses)
    os.kill(postgres, SIGKILL)
    owner.kill()
