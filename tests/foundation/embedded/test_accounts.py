"""Under which account PostgreSQL runs; these tests change users, which only root may."""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.foundation.embedded.processes import (
    ROOT,
    Owner,
    ask_redis,
    copy_data,
    crash,
    eventually,
    is_gone,
    pids,
    read_note,
    write_note,
)

Start = Callable[..., Owner]
NOBODY = pwd.getpwnam("nobody")
AS_NOBODY: dict[str, Any] = {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
NAMELESS = 54321
LIBRARIES = {"PYTHONPATH": str(Path(psycopg.__file__).parents[1])}

# Root of a namespace of its own, in which all users are there but no further namespaces are allowed.
CONFINED = ("unshare", "-U", "sh", "-c", """read go; exec sh -c "$0" "$@" """)
FORBID = """echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@" """

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change to other users")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Give a folder that everybody may enter, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="linli-tests-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def python() -> str:
    """Give a Python that an ordinary user may run with this environment: ours, or the system's of the same version."""
    words = ""
    for program in (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}"):
        command = ["/bin/sh", "-c", '"$0" -c "import foundation.embedded.keeping"', program]
        tried = subprocess.run(  # noqa: S603 (a fixed command)
            command, cwd=ROOT, env=LIBRARIES, capture_output=True, text=True, check=False, **AS_NOBODY
        )
        if tried.returncode == 0:
            return program
        words += tried.stderr
    pytest.skip(f"user nobody cannot run Python with the checkout and its environment: {words}")


def as_user(user: int, python: str) -> dict[str, Any]:
    return {"user": user, "group": user, "extra_groups": [], "python": python, "env": LIBRARIES}


def start_confined(start: Start, var: Path) -> Owner:
    owner = start(var, "durable", before=(*CONFINED, FORBID))
    process = Path("/proc") / str(owner.process.pid)
    here = Path("/proc/self/ns/user").readlink()
    assert eventually(lambda: (process / "ns/user").readlink() != here)
    try:
        for users in ("uid_map", "gid_map"):
            (process / users).write_text("0 0 65536")
    except PermissionError:
        pytest.skip("this root may not make a namespace with all users")
    assert owner.process.stdin
    owner.process.stdin.write("go\n")
    owner.process.stdin.flush()
    return owner


def user_of(pid: int) -> int:
    return (Path("/proc") / str(pid)).stat().st_uid


def test_ordinary_user_needs_nothing(seed: Path, python: str, open_folder: Path, start: Start) -> None:
    var = copy_data(seed, open_folder / "var")
    for path in (var, *var.rglob("*")):
        os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
    ordinary = as_user(NOBODY.pw_uid, python)
    owner = start(var, **ordinary)
    write_note(owner.addresses, "kept")
    both = pids(var, owner.addresses)
    assert {user_of(pid) for pid in both} == {NOBODY.pw_uid}

    owner.kill()
    assert eventually(lambda: all(map(is_gone, both)))

    assert read_note(start(var, **ordinary).addresses) == "kept"


def test_user_without_a_name_makes_its_own_data(python: str, open_folder: Path, start: Start) -> None:
    os.chown(open_folder, NAMELESS, NAMELESS)
    owner = start(open_folder, **as_user(NAMELESS, python))
    assert {user_of(pid) for pid in pids(open_folder, owner.addresses)} == {NAMELESS}


def test_folder_of_another_user_is_refused_in_one_sentence(open_folder: Path, start: Start) -> None:
    (open_folder / "postgres").mkdir()
    (open_folder / "postgres/PG_VERSION").touch()
    os.chown(open_folder / "postgres", NAMELESS, NAMELESS)
    assert f"belongs to user {NAMELESS}: start as that user" in start(open_folder).refusal()


def test_folder_that_cannot_be_written_is_refused_in_one_sentence(python: str, open_folder: Path, start: Start) -> None:
    refusal = start(open_folder / "var", **as_user(NAMELESS, python)).refusal()
    assert refusal.count("\n") == 1
    assert "cannot be used (Permission denied): start as its owner" in refusal


@pytest.mark.usefixtures("python")
def test_root_without_namespaces_falls_back_to_nobody(open_folder: Path, start: Start) -> None:
    owner = start_confined(start, open_folder)
    write_note(owner.addresses, "kept")
    postgres, redis = pids(open_folder, owner.addresses)
    assert (user_of(postgres), user_of(redis)) == (NOBODY.pw_uid, 0)
    assert ask_redis(owner.addresses, "PING") == "+PONG\r\n"

    crash(open_folder, owner)
    again = start_confined(start, open_folder)
    assert read_note(again.addresses) == "kept"
    both = pids(open_folder, again.addresses)
    again.kill()
    assert eventually(lambda: all(map(is_gone, both)))

    # The same data where namespaces are allowed again.
    root = start(open_folder)
    assert read_note(root.addresses) == "kept"
    assert user_of(pids(open_folder, root.addresses)[0]) == 0


def test_root_that_can_do_neither_is_told_in_one_sentence(tmp_path: Path, start: Start) -> None:
    tmp_path.chmod(0o700)
    refusal = start_confined(start, tmp_path).refusal()
    assert refusal.count("\n") == 1
    assert "refuses root, and user nobody may not enter" in refusal
    assert "start as an ordinary user, or set LINLI_DATABASE_URL" in refusal
