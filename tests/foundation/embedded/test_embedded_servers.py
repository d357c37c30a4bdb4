"""The embedded servers, seen from outside: real processes, killed in every order."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from signal import SIGINT, SIGKILL

import psycopg
import pytest

from foundation.embedded import EmbeddedServers, postgres, servers
from foundation.embedded.children import Child, try_lock
from foundation.embedded.folders import open_folders
from foundation.embedded.redis import EmbeddedRedis
from tests.foundation.embedded.processes import (
    Owner,
    ask_postgres,
    ask_redis,
    copy_data,
    crash,
    eventually,
    is_gone,
    parent_of,
    pids,
    read_note,
    write_note,
)

Start = Callable[..., Owner]

# Work that does not notice that PostgreSQL's main process is gone.
BUSY = b"DO $$ BEGIN WHILE clock_timestamp() < now() + interval '1.5 s' LOOP END LOOP; END $$"


def are_gone(both: tuple[int, int]) -> bool:
    return all(map(is_gone, both))


def test_servers_answer_with_safe_settings_and_leave_nothing_running(var: Path, start: Start) -> None:
    owner = start(var, "durable")

    safety = [ask_postgres(owner.addresses, f"SHOW {name}") for name in postgres.SAFETY]
    assert safety == ["on", "on", "on"]
    assert ask_postgres(owner.addresses, "SHOW max_connections") == "200"
    assert ask_postgres(owner.addresses, "SELECT current_database()") == "linli"
    assert ask_redis(owner.addresses, "PING") == "+PONG\r\n"
    # Who may enter these folders is PostgreSQL's superuser.
    assert {(var / name).stat().st_mode & 0o777 for name in ("postgres", "run", "log")} == {0o700}

    both = pids(var, owner.addresses)
    owner.end()
    assert are_gone(both)
    assert list((var / "run").iterdir()) == []
    assert not (var / "postgres/postmaster.pid").exists()


def test_given_addresses_start_nothing(tmp_path: Path) -> None:
    with servers(tmp_path / "var", database_url="postgresql://elsewhere/linli", redis_url="redis://elsewhere") as given:
        assert (given.database_url, given.redis_url) == ("postgresql://elsewhere/linli", "redis://elsewhere")
    assert not (tmp_path / "var").exists()


def test_ctrl_c_ends_the_servers_tidily(var: Path, start: Start) -> None:
    owner = start(var)
    both = pids(var, owner.addresses)

    os.killpg(owner.process.pid, SIGINT)
    owner.process.communicate(timeout=10)

    assert are_gone(both)
    assert "database system is shut down" in (var / "log/postgres.log").read_text()


def test_servers_end_with_a_killed_owner_and_the_next_finds_the_data(var: Path, start: Start) -> None:
    first = start(var)
    write_note(first.addresses, "kept")
    both = pids(var, first.addresses)
    first.kill()
    assert eventually(lambda: are_gone(both), seconds=5)

    second = start(var)
    assert read_note(second.addresses) == "kept"
    second.kill()

    third = start(var)  # at once, while the servers of the second still end
    assert read_note(third.addresses) == "kept"
    assert ask_redis(third.addresses, "PING") == "+PONG\r\n"


def test_crash_of_owner_and_server_together_loses_nothing(var: Path, start: Start) -> None:
    owner = start(var, "durable")
    write_note(owner.addresses, "kept")

    crash(var, owner)
    assert (var / "postgres/postmaster.pid").exists()

    assert read_note(start(var, "durable").addresses) == "kept"


def test_new_server_waits_for_the_last_process_of_a_crashed_one(var: Path, start: Start) -> None:
    owner = start(var)
    connection = psycopg.connect(owner.addresses.database_url)
    connection.pgconn.send_query(BUSY)
    busy = connection.info.backend_pid

    crash(var, owner)
    assert not is_gone(busy)
    start(var).wait()
    assert is_gone(busy)
    connection.close()


@pytest.mark.parametrize("number", ["foreign", "zombie", "half written"])
def test_process_number_left_by_a_crash_keeps_nobody_out(number: str, var: Path, start: Start) -> None:
    sockets = var / "run"
    sockets.mkdir()
    with subprocess.Popen(["/bin/sleep", "60"]) as other, ExitStack() as ending:
        ending.callback(other.kill)
        if number != "foreign":
            other.kill()
            assert eventually(lambda: is_gone(other.pid))  # not yet waited for: a zombie
        text = "" if number == "half written" else f"{other.pid}\n{var}/postgres\n1795305692\n5432\n{sockets}\n"
        (var / "postgres/postmaster.pid").write_text(text)
        (sockets / ".s.PGSQL.5432.lock").write_text(text)

        assert ask_postgres(start(var).addresses, "SELECT 1") == 1


def test_server_that_somebody_else_started_on_the_data_is_not_disturbed(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "postgres"
    data.mkdir()
    (data / "PG_VERSION").write_text("18\n")
    with subprocess.Popen(  # noqa: S603 (a Python under that name)
        ["postgres", "-c", "input()", data],  # noqa: S607
        executable=sys.executable,
        stdin=subprocess.PIPE,
    ) as other:
        (data / "postmaster.pid").write_text(f"{other.pid}\n")
        assert f"process {other.pid}" in start(tmp_path).refusal()
        assert (data / "postmaster.pid").exists()


def test_first_start_that_was_killed_is_begun_anew(tmp_path: Path, start: Start) -> None:
    owner = start(tmp_path)
    assert eventually((tmp_path / "postgres.new/base").exists)
    owner.kill()
    assert not (tmp_path / "postgres").exists()

    assert ask_postgres(start(tmp_path).addresses, "SELECT 1") == 1


def test_second_owner_of_a_folder_only_connects(var: Path, start: Start) -> None:
    first, second = start(var), start(var)
    both = pids(var, first.addresses)

    assert second.addresses == first.addresses
    assert pids(var, second.addresses) == both
    owner, borrower = (first, second) if parent_of(both[0]) == first.process.pid else (second, first)
    borrower.end()
    assert not any(map(is_gone, both))
    owner.end()
    assert are_gone(both)


def test_who_starts_the_first_server_has_the_locks_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NotStartedError(Exception):
        """It would have been started now."""

    def start(_: EmbeddedRedis, **__: float) -> Child:
        with (tmp_path / "postgres.lock").open() as seen_by_another:
            assert not try_lock(seen_by_another.fileno())
        raise NotStartedError

    monkeypatch.setattr(EmbeddedRedis, "start", start)
    with pytest.raises(NotStartedError), EmbeddedServers(tmp_path, database_url=None, redis_url=None):
        pass


def test_two_folders_do_not_meet(seed: Path, tmp_path: Path, start: Start) -> None:
    one, two = (start(copy_data(seed, tmp_path / name)) for name in ("one", "two"))

    for owner, note in ((one, "one"), (two, "two")):
        write_note(owner.addresses, note)
        ask_redis(owner.addresses, f"SET note {note}")

    assert [read_note(owner.addresses) for owner in (one, two)] == ["one", "two"]
    assert ask_redis(one.addresses, "GET note") == "$3\r\none\r\n"


@pytest.mark.parametrize("name", ["deep/" * 30, "邻里", "a,b", "100%"])
def test_difficult_names_of_folders_are_kept_out_of_addresses(name: str, tmp_path: Path) -> None:
    sockets = open_folders(tmp_path / name).sockets
    assert sockets.name.startswith("linli-")
    sockets.rmdir()


def test_servers_answer_through_a_short_private_folder(seed: Path, tmp_path: Path, start: Start) -> None:
    var = copy_data(seed, tmp_path / ("deep/" * 30) / "邻里, 100%?")
    owner = start(var)
    sockets = Path(owner.addresses.redis_url.removeprefix("unix://")).parent

    assert sockets.stat().st_mode & 0o777 == 0o700
    assert ask_postgres(owner.addresses, "SELECT 1") == 1
    assert ask_redis(owner.addresses, "PING") == "+PONG\r\n"

    owner.end()
    sockets.rmdir()


def test_dead_servers_are_brought_back_under_the_same_address(var: Path) -> None:
    with EmbeddedServers(var, database_url=None, redis_url=None) as embedded:
        write_note(embedded.addresses, "kept")
        assert embedded.restart_dead() == []

        for pid in pids(var, embedded.addresses):
            os.kill(pid, SIGKILL)
        restarted: list[str] = []

        def are_both_back() -> bool:
            restarted.extend(embedded.restart_dead())
            return len(restarted) > 1

        assert eventually(are_both_back)
        assert sorted(restarted) == ["postgres", "redis"]
        assert eventually(lambda: _note_is_read(embedded))


def _note_is_read(embedded: EmbeddedServers) -> bool:
    try:
        return read_note(embedded.addresses) == "kept" and "PONG" in ask_redis(embedded.addresses, "PING")
    except (OSError, psycopg.OperationalError):
        return False


def test_another_thread_may_not_start_servers(tmp_path: Path) -> None:
    errors: list[RuntimeError] = []

    def try_it() -> None:
        try:
            with servers(tmp_path, database_url=None, redis_url=None):
                pass
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=try_it)
    thread.start()
    thread.join()
    assert "main thread" in str(errors[0])


def test_missing_redis_says_what_to_install(tmp_path: Path, start: Start) -> None:
    refusal = start(tmp_path, "hide-the-wheel", env={"PATH": "/nowhere"}).refusal()
    assert refusal.count("\n") == 1
    assert "install the system's package `redis-server`" in refusal


def test_data_that_do_not_fit_are_told_in_one_sentence(var: Path, start: Start) -> None:
    (var / "postgres/PG_VERSION").write_text("9.6\n")
    refusal = start(var).refusal()
    assert refusal.count("\n") == 1
    assert "FATAL:  database files are incompatible with server" in refusal
