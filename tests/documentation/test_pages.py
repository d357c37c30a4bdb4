"""What the pages name is there: links, files, functions, words of the domain."""

import re
from pathlib import Path

import pytest

from community.complaints.models import Channel, DeadlineKind, DeadlineState, EventType, Status
from community.complaints.numbers import is_case_number
from community.people.models import RoleName, Standing
from community.places.models import PlaceKind
from tests.documentation.pages import (
    PAGES,
    ROOT,
    anchors_of,
    defined_in,
    definitions_named_in,
    is_in_tree,
    links_of,
    name_of,
    paths_named_in,
    prose_of,
)

PICTURES = (".png", ".svg")
every_page = pytest.mark.parametrize("page", PAGES, ids=name_of)


def lead_nowhere(page: Path, *, pictures: bool) -> list[str]:
    """List the links of a page that lead to no file or heading."""
    wrong = []
    for link in links_of(page):
        address, _, anchor = link.partition("#")
        if "://" in link or address.endswith(PICTURES) is not pictures:
            continue
        target = page.parent / address if address else page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            wrong.append(link)
    return wrong


@every_page
def test_every_link_leads_to_a_page_and_a_heading(page: Path) -> None:
    assert lead_nowhere(page, pictures=False) == []


@every_page
def test_every_picture_is_there(page: Path) -> None:
    assert lead_nowhere(page, pictures=True) == []


@every_page
def test_every_file_named_exists(page: Path) -> None:
    assert [path for path in paths_named_in(page) if not is_in_tree(path, page)] == []


@every_page
def test_every_name_given_with_a_file_is_defined_there(page: Path) -> None:
    named = list(definitions_named_in(page))
    assert [f"{path}: {name}" for path, name in named if name not in defined_in(path)] == []


def test_each_step_of_the_walk_names_a_file_and_what_in_it() -> None:
    page = ROOT / "docs" / "architecture.md"
    walk = re.search(r"^## The walk of a complaint$.*?^## ", prose_of(page), re.DOTALL | re.MULTILINE)
    assert walk
    rows = [row for row in walk[0].splitlines() if row.startswith("| ")][2:]

    assert len(rows) >= 8
    assert [row for row in rows if not re.search(r"`[\w./]+\.py: \w+`", row)] == []


def test_every_page_of_docs_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = [(page.parent / link.split("#")[0]).resolve() for link in links_of(page) if "://" not in link]
        waiting += [link for link in links if link.suffix == ".md" and link.exists() and link not in reached]

    assert [name_of(page) for page in PAGES if page not in reached] == []


def test_the_glossary_has_every_word_of_the_domain_that_travels() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    kinds = (Status, EventType, Channel, DeadlineKind, DeadlineState, RoleName, Standing, PlaceKind)
    words = {member.value for kind in kinds for member in kind}

    assert sorted(word for word in words if f"`{word}`" not in glossary) == []


def test_every_case_number_in_a_page_is_one() -> None:
    numbers = {number for page in PAGES for number in re.findall(r"\b\d{4}-\d{5}\b", page.read_text(encoding="utf-8"))}

    assert numbers
    assert [number for number in numbers if not is_case_number(number)] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs" / "decisions").glob("0*.md")), ids=name_of)
def test_a_decision_has_its_four_parts_and_one_line_to_quote(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]
    quoted = re.findall(r"^> (.+)$", text.split("## Decision")[1].split("## Consequences")[0], re.MULTILINE)
    assert len(quoted) == 1
