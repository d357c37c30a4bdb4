"""Child processes that end with us, however we end. Start at `alone` and `start_child`.

Two things of the kernel make that true. A death signal reaches the child when its parent dies,
also by SIGKILL. And a lock on a small file is inherited by every process of a server: nobody
gets that lock before the last of them is gone, so no server starts over the remains of another.
"""

import ctypes
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from signal import Signals
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired

from foundation.embedded.accounts import Account
from foundation.embedded.errors import RemainsError

# Nothing of our own environment goes down: it holds keys, and PGPORT or TZ would change the server.
ENVIRONMENT = {"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "Etc/UTC"}
LOG_BYTES = 10_000_000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one server is started and ended."""

    name: str
    command: Sequence[str | Path]
    log: Path
    endings: Sequence[tuple[Signals, float]]
    """What to send, and how long to wait before the next; the first is also the death signal."""

    account: Account


@dataclass(frozen=True, slots=True)
class Child:
    """A server that runs, or ran."""

    recipe: Recipe
    process: Popen[bytes]
    log_start: int

    @property
    def is_dead(self) -> bool:
        """Whether it has ended."""
        return self.process.poll() is not None

    def stop(self) -> None:
        """End it, politely first; return when it is gone."""
        for signal, seconds in self.recipe.endings:
            self.process.send_signal(signal)
            try:
                self.process.wait(seconds)
            except TimeoutExpired:
                continue
            return
        self.process.kill()
        self.process.wait()

    def last_words(self) -> str:
        """Give the line of its log that tells best why it ended."""
        with self.recipe.log.open("rb") as log:
            log.seek(self.log_start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        telling = [line for line in lines if re.search(r"FATAL|PANIC|ERROR|error:", line)]
        return (telling or lines or ["it wrote nothing"])[-1]


@contextmanager
def alone(name: str, remains: Path, *, patience: float) -> Iterator[int]:
    """Wait until no process of an earlier server is left, and keep new ones out; gives the lock to hand down."""
    file = os.open(remains, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not wait_until(lambda: try_lock(file), seconds=patience):
            raise RemainsError(
                f"Processes of an earlier {name} still run: end them (`fuser {remains}` names them), then start again."
            )
        yield file
    finally:
        os.close(file)  # ours only: the child holds the lock on


def start_child(recipe: Recipe, hold: int) -> Child:
    """Start a process that holds the lock of `alone` for life; only the main thread may call this."""
    if threading.current_thread() is not threading.main_thread():
        # The death signal is sent when the *thread* that forked ends.
        raise RuntimeError("a child may only be started by the main thread")
    with _open_log(recipe.log) as log:
        log_start = os.fstat(log).st_size
        process = Popen(  # noqa: S603 (a fixed command)
            [*recipe.account.prefix, *recipe.command],
            stdin=DEVNULL,
            stdout=log,
            stderr=STDOUT,
            cwd="/",
            env=ENVIRONMENT,
            pass_fds=(hold,),
            start_new_session=True,  # else Ctrl-C reaches the server before our own tidy end
            preexec_fn=_die_with_parent(recipe.endings[0][0]),  # noqa: PLW1509 (does two system calls)
            **recipe.account.popen(),
        )
    return Child(recipe, process, log_start)


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again, ever less often, until it is true or the time is over; give the last answer."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not (answer := condition()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 1.2, 0.25)
    return answer


def try_lock(file: int) -> bool:
    """Take the lock on an open file, if it is free."""
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _open_log(path: Path) -> Iterator[int]:
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def _die_with_parent(signal: Signals) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork
    parent = os.getpid()

    def ask_for_it() -> None:
        prctl(PR_SET_PDEATHSIG, int(signal))
        if os.getppid() != parent:  # it died before we could ask
            os._exit(1)

    return ask_for_it
