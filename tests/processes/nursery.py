"""`linli` without its second and a half of imports: a process that has done them, and forks. Start at `Nursery`.

What comes out is a process like any other, with a number, session, folder, environment and exit code of its own, and
runs the command line from the first line on. Only the imports were done before, once for the whole test run.
"""

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Self

from sandbox.demo.children import end_with_parent

LONGEST_ORDER = 1 << 18
FIRST_OTHER_FILE, LAST_OTHER_FILE = 3, 4096
"""What a process has open beside its three streams."""
NEEDED = (
    "foundation.process",
    "foundation.doctor",
    "foundation.given_up",
    "foundation.mapping",
    "foundation.wechat.client",
    "uvloop",
)


class Forked:
    """A process that the nursery made, to be handled as a `Popen` is."""

    def __init__(self, pid: int, told: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._told = told
        """The end of a pipe on which the nursery tells the exit code."""

    def poll(self) -> int | None:
        """Give the exit code, if it has ended."""
        return self._ended(within_ms=0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; give the exit code."""
        code = self._ended(within_ms=None if timeout is None else int(timeout * 1000))
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def _ended(self, *, within_ms: int | None) -> int | None:
        if self.returncode is None:
            waiting = select.poll()
            waiting.register(self._told)
            if waiting.poll(within_ms):
                self.returncode = int(os.read(self._told, 16) or -signal.SIGTERM)  # without a nursery: it ends with it
                os.close(self._told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks, as its one client sees it."""

    def __init__(self) -> None:
        self._line, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with other:
            # A file, not a module: otherwise `linli --help` would call itself `python -m …`.
            self._process = subprocess.Popen(  # noqa: S603 - this file
                [sys.executable, "-P", __file__, str(other.fileno())],
                env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {"LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,  # never a terminal: what comes out of here writes to files
                pass_fds=[other.fileno()],
                start_new_session=True,
                preexec_fn=end_with_parent(),  # noqa: PLW1509 - one system call
            )

    @classmethod
    @cache
    def running(cls) -> Self:
        """Give the one of this test process, warm as soon as it is first asked for something."""
        nursery = cls()
        atexit.register(nursery.close)
        return nursery

    def start(
        self, words: Sequence[str], *, folder: Path, environment: Mapping[str, str], out: int, errors: int
    ) -> Forked:
        """Start a process with this command line; it reads nothing and writes to these files."""
        order = {"words": list(words), "folder": str(folder), "environment": dict(environment)}
        told, telling = os.pipe()
        try:
            socket.send_fds(self._line, [json.dumps(order).encode()], [out, errors, telling])
        finally:
            os.close(telling)
        pid = self._line.recv(16)
        assert pid, "the nursery is gone"
        return Forked(int(pid), told)

    def close(self) -> None:
        """End it, and with it what it made."""
        self._line.close()
        self._process.wait()


def warm_up() -> None:
    """Import what the commands need, and put it aside: a collection of garbage in a child would copy every page."""
    from importlib import import_module  # noqa: PLC0415 - the test process needs none of this

    from foundation.cli import program  # noqa: PLC0415
    from foundation.parts import load_parts  # noqa: PLC0415

    program()
    load_parts()
    for name in NEEDED:
        import_module(name)
    gc.collect()
    gc.freeze()


def fork_on_demand(line: socket.socket) -> list[str]:
    """Fork for each order. A child returns, with its command line; the nursery does not, it ends with its client."""
    telling: dict[int, tuple[int, int]] = {}
    """By what becomes readable when a child ends: its number, and where its exit code is told."""
    end_with_nursery = end_with_parent()
    waiting = select.poll()
    waiting.register(line, select.POLLIN)
    while True:
        for ready, _ in waiting.poll():
            if ready in telling:
                waiting.unregister(ready)
                _tell(ready, *telling.pop(ready))
                continue
            order, (out, errors, told) = _order(line)
            if (pid := os.fork()) == 0:
                if end_with_nursery:
                    end_with_nursery()
                _become(order, line, out, errors)
                return [str(word) for word in order["words"]]
            line.send(str(pid).encode())
            end = os.pidfd_open(pid)
            telling[end] = pid, told
            waiting.register(end, select.POLLIN)
            os.close(out)
            os.close(errors)


def _order(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    text, files, _, _ = socket.recv_fds(line, LONGEST_ORDER, 3)
    if not text:
        sys.exit()  # our children are ended by the kernel
    return json.loads(text), files


def _tell(end: int, pid: int, told: int) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with suppress(BrokenPipeError):  # nobody wants to know
        os.write(told, str(code).encode())
    os.close(told)
    os.close(end)


def _become(order: Mapping[str, Any], line: socket.socket, out: int, errors: int) -> None:
    """Be a process of its own: as if started in this folder with these streams and nothing else open."""
    os.setsid()
    os.dup2(out, 1)
    os.dup2(errors, 2)
    line.close()
    os.closerange(FIRST_OTHER_FILE, LAST_OTHER_FILE)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["environment"])


if __name__ == "__main__":
    warm_up()
    sys.argv = fork_on_demand(socket.socket(fileno=int(sys.argv[1])))
    from foundation.cli import main

    main()
