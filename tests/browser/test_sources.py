"""What the pages' sources hold to: no script in HTML, no markup made of data, nothing from elsewhere, small modules."""

import re
from pathlib import Path

import pytest

from tests.browser.words import WEB

SCRIPTS = sorted(WEB.rglob("*.js"))
PAGES = sorted(WEB.rglob("*.html"))
STYLES = sorted(WEB.rglob("*.css"))
LONGEST = 350
LONGEST_LIST = 600
"""Sentences are a list, and read as one."""
ELSEWHERE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/)[a-z0-9-]+\.[a-z]""")


def name_of(path: Path) -> str:
    return str(path.relative_to(WEB))


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_module_says_first_what_it_is_and_stays_small(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("// ")
    assert lines[0].endswith((".", "!"))
    assert len(lines) <= (LONGEST_LIST if path.parent.name == "words" else LONGEST)


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_a_module_never_makes_markup_or_code_out_of_text(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function", text) == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_has_no_script_or_listener_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
    assert re.findall(r"\son[a-z]+=", text) == []
    assert "javascript:" not in text


@pytest.mark.parametrize("path", [*PAGES, *STYLES, *SCRIPTS], ids=name_of)
def test_nothing_is_fetched_from_elsewhere(path: Path) -> None:
    assert ELSEWHERE.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_a_page_can_be_walked_without_seeing_it(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith('<!doctype html>\n<html lang="zh-Hans">')
    assert 'name="viewport"' in text
    assert "maximum-scale" not in text
    assert re.search(r'class="skip" href="#main"', text)
    assert len(re.findall(r"<main[^>]*id=\"main\"", text)) == 1
    assert len(re.findall(r"<h1", text)) == 1


@pytest.mark.parametrize("path", PAGES, ids=name_of)
def test_every_address_in_a_page_leads_to_a_file(path: Path) -> None:
    addresses = re.findall(r'(?:href|src)="([^"#?]+)', path.read_text(encoding="utf-8"))
    assert [address for address in addresses if not (path.parent / address).is_file()] == []


@pytest.mark.parametrize("path", SCRIPTS, ids=name_of)
def test_every_import_leads_to_a_file(path: Path) -> None:
    addresses = re.findall(r'from "(\.[^"]+)"', path.read_text(encoding="utf-8"))
    assert [address for address in addresses if not (path.parent / address).is_file()] == []


def test_every_icon_that_is_used_is_drawn() -> None:
    drawn = set(re.findall(r'id="i-([a-z]+)"', (WEB / "style/icons.svg").read_text(encoding="utf-8")))
    scripts = " ".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    pages = " ".join(path.read_text(encoding="utf-8") for path in PAGES)
    used = set(re.findall(r'(?:icon\(|symbol: )"([a-z]+)"', scripts)) | set(re.findall(r'data-icon="([a-z]+)"', pages))
    assert used - drawn == set()
