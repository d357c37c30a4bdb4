"""What is listed by hand is listed whole."""

import re

import typer

from foundation.cli import program
from foundation.parts import ROOMS
from tests.documentation.pages import ROOT


def test_every_command_is_in_the_changelog() -> None:
    (listed,) = re.findall(r"`linli (serve[^`]*)`", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))
    command = typer.main.get_command(program())

    assert {name.strip() for name in listed.split("|")} == set(getattr(command, "commands", {}))


def test_every_folder_of_tests_is_explained() -> None:
    page = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")} - set(ROOMS)

    assert {folder for folder in folders if f"| `tests/{folder}/` |" not in page} == set()


def test_the_words_of_a_rotation_are_those_that_are_printed() -> None:
    words = "0 resealed, 0 unreadable"

    assert words in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert '{each.resealed} resealed, {each.unreadable} unreadable"' in (ROOT / "foundation/cli.py").read_text("utf-8")
