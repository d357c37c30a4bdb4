"""Who owns the embedded servers of a folder, and for how long. Start at `servers`.

The process that gets the lock of a server owns it: it starts it, brings it back and stops it.
Every other process with the same folder reads the address from the locked file and only connects;
when the owner goes, the server goes.

There is no watching thread, because children may only be started by the main thread. A
supervisor uses `EmbeddedServers` and calls `restart_dead` every second or so.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from foundation.embedded.children import Child, try_lock, wait_until
from foundation.embedded.errors import EmbeddedServerError, RemainsError
from foundation.embedded.folders import Folders, open_folders
from foundation.embedded.postgres import EmbeddedPostgres
from foundation.embedded.redis import EmbeddedRedis

# Recovery after a crash reads the whole write-ahead log, and the others wait for it too.
READY_SECONDS = 120
REMAINS_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where PostgreSQL (a libpq address) and Redis are."""

    database_url: str
    redis_url: str


class Server(Protocol):
    """A server that can be embedded."""

    name: str
    address: str

    def start(self, *, patience: float) -> Child:
        """Start it, once nothing is left of an earlier one."""

    def make_ready(self) -> bool:
        """Finish the start, as far as the server answers already; tell whether all is done."""

    def answers(self, address: str) -> bool:
        """Tell whether such a server answers there."""


class EmbeddedServers:
    """The servers of one folder, for the length of a `with`; those with an address are left alone."""

    addresses: Addresses

    def __init__(self, var: Path, *, database_url: str | None, redis_url: str | None, durable: bool = True) -> None:
        self._var = var
        self._given = Addresses(database_url or "", redis_url or "")
        self._durable = durable
        self._kept: list[_Kept] = []
        self._ending = ExitStack()

    def __enter__(self) -> Self:
        with _plain_words(self._var), ExitStack() as opening:
            self.addresses = self._open(opening)
            self._ending = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._kept.clear()
        self._ending.close()

    @property
    def own(self) -> Addresses:
        """The addresses of this folder's servers; empty for those that were given."""
        given, found = self._given, self.addresses
        return Addresses("" if given.database_url else found.database_url, "" if given.redis_url else found.redis_url)

    def restart_dead(self) -> list[str]:
        """Start our servers that died, without waiting until they answer; give their names.

        Only from the main thread. The addresses stay the same, so pools find the way back.
        """
        with _plain_words(self._var):
            return [kept.server.name for kept in self._kept if kept.restart_if_dead()]

    def _open(self, opening: ExitStack) -> Addresses:
        database_url, redis_url = self._given.database_url, self._given.redis_url
        if database_url and redis_url:
            return self._given
        if not sys.platform.startswith("linux"):
            raise EmbeddedServerError(
                "Embedded servers need Linux: set LINLI_DATABASE_URL and LINLI_REDIS_URL to servers of your own."
            )
        folders = open_folders(self._var)
        wanted: list[Server] = [] if redis_url else [EmbeddedRedis(folders)]
        wanted += [] if database_url else [EmbeddedPostgres(folders, durable=self._durable)]
        found = self._keep(wanted, folders, opening)
        return Addresses(database_url or found[EmbeddedPostgres.name], redis_url or found[EmbeddedRedis.name])

    def _keep(self, wanted: list[Server], folders: Folders, opening: ExitStack) -> dict[str, str]:
        kept = [_Kept(server, folders.var / f"{server.name}.lock") for server in wanted]
        for each in kept:
            opening.callback(each.close)
        # Who is first takes all before it starts any: of two that begin together, neither may end up with one server
        # and the other with the other. Who comes second stops at the first lock.
        all(each.claim() for each in kept)
        found = {each.server.name: each.open() for each in kept}
        self._kept.extend(kept)
        return found


@contextmanager
def servers(var: Path, *, database_url: str | None, redis_url: str | None, durable: bool = True) -> Iterator[Addresses]:
    """Give the addresses of PostgreSQL and Redis, starting embedded ones for those that are None.

    Must be called from the main thread. Without `durable` the data do not survive a power cut.
    """
    with EmbeddedServers(var, database_url=database_url, redis_url=redis_url, durable=durable) as embedded:
        yield embedded.addresses


@contextmanager
def _plain_words(var: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(
            f"{error.filename or var} cannot be used ({error.strerror}): "
            "start as its owner, or set LINLI_VAR to another folder."
        ) from error


class _Kept:
    """One server as this process sees it: its own, with a child, or another process's."""

    def __init__(self, server: Server, lock: Path) -> None:
        self.server = server
        self._lock_path = lock
        self._lock = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        self._child: Child | None = None

    def claim(self) -> bool:
        """Own the server, if nobody does; tell whether we do."""
        return try_lock(self._lock)

    def open(self) -> str:
        """Own the server and start it, or find the one that another process owns."""
        found = ""

        def find() -> bool:
            nonlocal found
            if self.claim():
                found = self._start()
            elif (told := os.pread(self._lock, 4096, 0).decode()) and self.server.answers(told):
                found = told
            return bool(found)

        if not wait_until(find, seconds=READY_SECONDS):
            raise EmbeddedServerError(
                f"Another process owns the {self.server.name} of this folder, which does not answer: "
                f"end it (`fuser {self._lock_path}` names it), then start again."
            )
        return found

    def close(self) -> None:
        """Stop what is ours, and only that."""
        if self._child:
            os.ftruncate(self._lock, 0)
            self._child.stop()
        os.close(self._lock)

    def restart_if_dead(self) -> bool:
        """Start it again, if it is ours and died and all of it has gone."""
        if self._child is None or not self._child.is_dead:
            return False
        try:
            self._child = self.server.start(patience=0)
        except RemainsError:
            return False  # its last process is about to go: next time
        return True

    def _start(self) -> str:
        os.ftruncate(self._lock, 0)  # an owner that was killed left its address
        child = self._child = self.server.start(patience=REMAINS_SECONDS)
        ready = wait_until(lambda: child.is_dead or self.server.make_ready(), seconds=READY_SECONDS)
        if not ready or child.is_dead:
            raise EmbeddedServerError(
                f"The embedded {self.server.name} did not start: {child.last_words()} (see {child.recipe.log})"
            )
        os.pwrite(self._lock, self.server.address.encode(), 0)
        return self.server.address
