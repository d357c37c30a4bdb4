"""The source strings people read, found in the syntax trees of the rooms. Start at `source_strings`.

Found are: the first argument of `say`, `message` and `title` of a class, the words of `refusal`,
`FieldProblem`, `LineError` and `EmergencyNumber`, titles for `report_on`, and the tables named below.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from foundation.parts import ROOMS
from tests.documentation.pages import ROOT

CHINESE = re.compile("[\u3400-\u9fff]")
WORDS_AT = {"say": 0, "refusal": 1, "FieldProblem": 2, "LineError": 2, "EmergencyNumber": 1}
"""Which argument of a call is the source string."""
TABLES = {
    "community/complaints/showing.py": {"TITLES", "WITHOUT_UNIT", "WITH_DUE", "FOR_OTHERS", "CLOSED_BECAUSE", "RULES"},
    "miniprogram_api/complaint_form.py": {"ADVICE", "CALM_ADVICE"},
    "miniprogram_api/places.py": {"POST_WORDS"},
}
"""Names whose strings are handed to `say` later."""
WHOLE_FILES = {"foundation/web/refusals.py"}
"""Files in which every Chinese string is handed to `say` later."""
NOT_SAID = {
    "foundation/cli.py": "the help of the command line, which is English",
    "foundation/web/openapi.py": "the name of the product, and an example",
    "community/calendar/importing.py": "headings and words of files",
    "community/people/importing.py": "headings and words of files",
    "community/people/terms.py": "headings of files",
    "community/places/importing.py": "headings and words of files",
    "community/places/search.py": "what is looked for in addresses",
    "community/places/demo.py": "invented names",
    "community/people/demo.py": "invented names",
    "community/complaints/categories.py": "a category that tells nothing",
    "community/complaints/emergency.py": "what is looked for in texts",
}
"""Files that hold Chinese which nobody is shown, and what it is."""


@cache
def source_strings() -> frozenset[str]:
    """Give every source string of the rooms."""
    return frozenset(text for path, tree in _trees() for text in _said_in(path, tree) if CHINESE.search(text))


def leftovers() -> dict[str, set[str]]:
    """Give the Chinese that is neither a source string nor explained in `NOT_SAID`, by file."""
    found = {
        path: {text for text in _chinese_in(tree) if text not in source_strings()}
        for path, tree in _trees()
        if path not in NOT_SAID
    }
    return {path: texts for path, texts in found.items() if texts}


def field_refusals() -> Iterator[tuple[str, str]]:
    """Give code and words of each refusal of a field that is written out in a call."""
    for _, tree in _trees():
        for call in _calls(tree, ("refusal", "FieldProblem")):
            code, words = call.args[WORDS_AT[_name(call)] - 1 :][:2]
            for text in _texts(words):
                yield from ((known, text) for known in _texts(code))


@cache
def _trees() -> tuple[tuple[str, ast.Module], ...]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]
    return tuple((_relative(path), ast.parse(path.read_text(encoding="utf-8"))) for path in files)


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _said_in(path: str, tree: ast.Module) -> Iterator[str]:
    for call in _calls(tree, WORDS_AT):
        place = WORDS_AT[_name(call)]
        if len(call.args) > place:
            yield from _texts(call.args[place])
    for call in _calls(tree, ("report_on",)):
        yield from (text for step in call.args if isinstance(step, ast.Tuple) for text in _texts(step.elts[0]))
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _assigned(node.body, {"message", "title"})
    yield from _assigned(tree.body, TABLES.get(path, set()))
    if path in WHOLE_FILES:
        yield from _chinese_in(tree)


def _calls(tree: ast.AST, names: object) -> Iterator[ast.Call]:
    wanted = set(names) if isinstance(names, tuple | dict) else set()
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) in wanted)


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _assigned(body: list[ast.stmt], names: set[str]) -> Iterator[str]:
    for statement in body:
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if any(isinstance(target, ast.Name) and target.id in names for target in targets):
            yield from _texts(statement.value)


def _texts(value: ast.AST) -> Iterator[str]:
    """Give every string within an expression: a table's values, both sides of an `if … else`."""
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _chinese_in(tree: ast.Module) -> Iterator[str]:
    docstrings = {
        id(statement.value)
        for node in ast.walk(tree)
        for body in (getattr(node, "body", []),)
        if isinstance(body, list)
        for statement in body
        if isinstance(statement, ast.Expr)
    }
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    yield from (str(node.value) for node in strings if id(node) not in docstrings and CHINESE.search(str(node.value)))
