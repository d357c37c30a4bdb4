"""`.ci/run` on bare machines: what it installs before it makes anything. The machines are folders of small programs."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.documentation.pages import ROOT

HELD = ("bash", "sh", "env", "dirname", "grep", "cat")
"""What even a bare machine has."""
PYTHON = """#!/bin/sh
case "$2" in
    *ensurepip*) [ -e "{folder}/ensurepip" ] ;;
    *"(3, 13)"*) {old} ;;
esac
"""


class Machine:
    """A machine on which only these programs are found; installing adds to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in HELD:
            (folder / name).symlink_to(shutil.which(name) or "")
        self.put("id", "echo 0")
        self.put("fc-list", "echo Noto Sans CJK SC")
        self.put("make", f'echo "make $*" >> {folder}/log')
        self.put("chromium", "true")
        self.put("apt-get", f'echo "$*" >> {folder}/log; case "$*" in *python3-venv*) : > {folder}/ensurepip ;; esac')

    def put(self, name: str, text: str) -> None:
        path = self.folder / name
        path.write_text(text if text.startswith("#!") else f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def without(self, name: str) -> None:
        (self.folder / name).unlink()

    def python(self, name: str, *, old: bool, whole: bool) -> None:
        """Put a Python there: 3.12 or older or not, and with venv and pip or not."""
        self.put(name, PYTHON.format(folder=self.folder, old="true" if old else "false"))
        if whole:
            (self.folder / "ensurepip").touch()

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own program
            [ROOT / ".ci" / arguments[0], *arguments[1:]],
            env={"PATH": str(self.folder)}, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip

    def log(self) -> list[str]:
        """What was installed and made, in order."""
        self.run("run")
        lines = (self.folder / "log").read_text().splitlines()
        return [line.removeprefix("install -y -qq --no-install-recommends ") for line in lines if "update" not in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_machine_that_lacks_nothing_gets_nothing(machine: Machine) -> None:
    machine.python("python3.12", old=True, whole=True)

    assert machine.log() == ["make lint test"]


def test_a_python_without_venv_gets_it(machine: Machine) -> None:
    machine.python("python3.11", old=True, whole=False)
    machine.python("python3", old=True, whole=False)

    assert machine.log() == ["python3-venv", "make lint test"]


def test_a_newer_python_gets_redis_too(machine: Machine) -> None:
    machine.python("python3", old=False, whole=False)

    assert machine.log() == ["python3-venv", "redis-server", "make lint test"]


def test_a_newer_python_takes_the_redis_that_is_there(machine: Machine) -> None:
    machine.python("python3.13", old=False, whole=True)
    machine.put("redis-server", "true")

    assert machine.log() == ["make lint test"]


@pytest.mark.parametrize(("kept", "installed"), [
    ("chromium-headless-shell", ["chromium-headless-shell"]),
    ("chromium", ["chromium-headless-shell", "chromium"]),
])  # fmt: skip
def test_a_machine_without_a_browser_gets_the_one_that_is_kept_for_it(
    machine: Machine, kept: str, installed: list[str]
) -> None:
    machine.python("python3.12", old=True, whole=True)
    machine.without("chromium")
    machine.put(
        "apt-get", f'echo "$*" >> {machine.folder}/log; case "$*" in update*|*" {kept}") ;; *) exit 100 ;; esac'
    )

    assert machine.log() == [*installed, "make lint test"]


def test_who_may_not_install_is_told_what_to_install(machine: Machine) -> None:
    machine.put("id", "echo 1000")
    machine.python("python3", old=True, whole=False)

    answer = machine.run("run")

    assert (answer.returncode, answer.stderr) == (1, "install first: python3-venv\n")


def test_the_makefile_takes_the_python_that_can_make_an_environment(machine: Machine) -> None:
    machine.python("python3", old=True, whole=True)

    assert machine.run("python").stdout == "python3\n"
    assert "PYTHON ?= $(shell .ci/python)" in (ROOT / "Makefile").read_text()
