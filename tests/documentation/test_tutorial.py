"""The tutorial's changes still find their places, and leave files that can be read."""

import ast
import shutil
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from tests.documentation.changes import apply_all, changes_of
from tests.documentation.pages import ROOT

PAGE = ROOT / "docs" / "tutorial-add-a-step.md"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """Give a copy of the files of the tutorial, after the tutorial."""
    for path in {change.path for change in changes_of(PAGE)}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tmp_path / path)
    apply_all(PAGE, tmp_path)
    return tmp_path


def test_every_change_of_the_tutorial_finds_its_place(changed: Path) -> None:
    for path in changed.rglob("*.py"):
        ast.parse(path.read_text(encoding="utf-8"))


def test_the_tutorial_gives_both_translations(changed: Path) -> None:
    titles = (changed / "community/complaints/showing.py").read_text(encoding="utf-8")
    (title,) = [line.split('"')[1] for line in titles.splitlines() if "SITE_VISITED" in line]

    for path in (changed / "locales").iterdir():
        with path.open("rb") as file:
            assert read_po(file).get(title)
