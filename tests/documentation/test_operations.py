"""The page for operators names every alarm there is, and none that is not."""

import ast
import re
from collections.abc import Iterator

from foundation.parts import ROOMS, load_parts
from tests.documentation.pages import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
WATCHING = PAGE.split("## Watching")[1].split("\n## ")[0]
ALARMS = ("error", "exception")


def lines_written(levels: tuple[str, ...]) -> Iterator[str]:
    """Give the event of each line the rooms may log at some levels."""
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and ast.unparse(node.func) in {f"log.{level}" for level in levels}
                    and isinstance(node.args[0], ast.Constant)
                ):
                    yield str(node.args[0].value)


def test_every_alarm_is_explained() -> None:
    assert sorted({line for line in lines_written(ALARMS) if f"`{line}`" not in WATCHING}) == []


def test_every_line_that_is_explained_may_be_written() -> None:
    explained = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", WATCHING)) - {"procrastinate_jobs"}
    numbers = {gauge.name for part in load_parts() for gauge in part.gauges}

    assert sorted(explained - set(lines_written((*ALARMS, "warning"))) - numbers) == []


def test_every_number_a_room_adds_is_explained() -> None:
    names = [gauge.name for part in load_parts() for gauge in part.gauges]

    assert names
    assert [name for name in names if f"`{name}`" not in WATCHING] == []
