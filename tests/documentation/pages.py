"""The pages of the documentation and what stands in them. Start at `PAGES`.

Two forms are looked up in the tree: `` `folder/file.py` `` is a file or a folder, and
`` `folder/file.py: name` `` is something defined there.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "sandbox" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    ]
)

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_TICKED = re.compile(r"`([^`\n]+)`")
_DEFINED = re.compile(r"([\w./-]+\.py): (\w+)")
_FILE = re.compile(r"\.?\w[\w./-]*\.(?:py|md|toml|txt|po|csv|html|js|css|svg|png)")
_FOLDER = re.compile(r"\.?\w[\w.-]*(?:/[\w.-]+)*/")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NOT_OURS = ("var/", ".venv/")
"""Folders that a run makes; they are named and are not in the tree."""


def name_of(page: Path) -> str:
    """Name a page, as tests show it."""
    return page.relative_to(ROOT).as_posix()


def prose_of(page: Path) -> str:
    """Give a page without its blocks of code."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def blocks_of(page: Path, language: str) -> list[str]:
    """Give the blocks of one language, in order."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [block for kind, block in found if kind == language]


def links_of(page: Path) -> list[str]:
    """List where a page's links and pictures lead."""
    return _LINK.findall(prose_of(page))


def anchors_of(page: Path) -> set[str]:
    """Give the anchors of a page's headings."""
    return {_anchor(heading) for heading in _HEADING.findall(prose_of(page))}


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def paths_named_in(page: Path) -> Iterator[str]:
    """Give the files and folders a page names in backticks, with or without a name behind them."""
    for ticked in _TICKED.findall(prose_of(page)):
        defined = _DEFINED.fullmatch(ticked)
        path = defined[1] if defined else ticked
        if (_FILE.fullmatch(path) or _FOLDER.fullmatch(path)) and not path.startswith(_NOT_OURS):
            yield path


def definitions_named_in(page: Path) -> Iterator[tuple[str, str]]:
    """Give each `file: name` of a page."""
    for ticked in _TICKED.findall(prose_of(page)):
        if found := _DEFINED.fullmatch(ticked):
            yield found[1], found[2]


def is_in_tree(path: str, page: Path) -> bool:
    """Whether there is such a file or folder, from the root or from the page; a bare name may stand anywhere."""
    if (ROOT / path).exists() or (page.parent / path).exists():
        return True
    return "/" not in path and path in _bare_names()


@cache
def _bare_names() -> frozenset[str]:
    rooms = [ROOT / name for name in ("foundation", "community", "miniprogram_api", "sandbox", "tests", "web", "docs")]
    return frozenset(path.name for room in rooms for path in room.rglob("*") if path.is_file())


@cache
def defined_in(path: str) -> frozenset[str]:
    """Give the names a module defines, also inside its classes."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return frozenset(name for node in ast.walk(tree) for name in _names_of(node))


def _names_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    yield from (target.id for target in targets if isinstance(target, ast.Name))
