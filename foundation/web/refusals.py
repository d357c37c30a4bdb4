"""From what pydantic refuses to what people can understand.

`field_problems` is the only entry. Every message names the rule of the field in plain words, and never
repeats what was sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic_core import ErrorDetails

from foundation.errors import FieldProblem
from foundation.web.fields import UNREADABLE

MOST_PROBLEMS = 30
LONGEST_POINTER = 200

Rule = tuple[str, str, str | None]
"""Our code, our sentence, and which value of pydantic's context is `{n}`."""

_RULES: Mapping[str, Rule] = {
    "missing": ("missing", "必须填写", None),
    "extra_forbidden": ("unknown_field", "没有这一项", None),
    "string_too_short": ("too_short", "至少 {n} 个字", "min_length"),
    "string_too_long": ("too_long", "最多 {n} 个字", "max_length"),
    "too_short": ("too_few", "至少 {n} 项", "min_length"),
    "too_long": ("too_many", "最多 {n} 项", "max_length"),
    "greater_than_equal": ("too_small", "不能小于 {n}", "ge"),
    "greater_than": ("too_small", "必须大于 {n}", "gt"),
    "less_than_equal": ("too_large", "不能大于 {n}", "le"),
    "less_than": ("too_large", "必须小于 {n}", "lt"),
    "string_pattern_mismatch": ("bad_form", "格式不对", None),
}
_CHOICES = frozenset({"enum", "literal_error", "union_tag_invalid", "union_tag_not_found"})
_KINDS: Mapping[str, tuple[str, str]] = {
    "string": ("wrong_type", "应当是文字"),
    "int": ("wrong_type", "应当是整数"),
    "float": ("wrong_type", "应当是数字"),
    "finite": ("wrong_type", "应当是数字"),
    "decimal": ("wrong_type", "应当是数字"),
    "bool": ("wrong_type", "应当是 true 或 false"),
    "list": ("wrong_type", "应当是列表"),
    "tuple": ("wrong_type", "应当是列表"),
    "set": ("wrong_type", "应当是列表"),
    "model": ("wrong_type", "应当是一组字段"),
    "dict": ("wrong_type", "应当是一组字段"),
    "datetime": ("bad_time", "应当是带时区的时间，例如 2026-03-05T09:00:00+08:00"),
    "timezone": ("bad_time", "应当是带时区的时间，例如 2026-03-05T09:00:00+08:00"),
    "date": ("bad_day", "应当是日期，例如 2026-03-05"),
    "uuid": ("bad_id", "编号不对"),
}
"""By the first word of pydantic's name for the fault."""


def field_problems(faults: Sequence[ErrorDetails], given: object) -> tuple[FieldProblem, ...]:
    """Translate pydantic's faults about `given`, the value as it came."""
    return tuple(_problem(fault, given) for fault in faults[:MOST_PROBLEMS])


def unreadable_texts(given: object) -> tuple[FieldProblem, ...]:
    """Find the texts, and names of fields, that hold control characters or halves of characters."""
    found = []
    for pointer in _unreadable_places(given, ""):
        found.append(FieldProblem(pointer[:LONGEST_POINTER], "control_character", "不能有控制字符"))
        if len(found) == MOST_PROBLEMS:
            break
    return tuple(found)


def _unreadable_places(given: object, pointer: str) -> Iterator[str]:
    if isinstance(given, str):
        if UNREADABLE.search(given):
            yield pointer
    elif isinstance(given, Mapping):
        for name, value in given.items():
            here = f"{pointer}/{_escaped(name)}"
            if UNREADABLE.search(str(name)):
                yield here
            yield from _unreadable_places(value, here)
    elif isinstance(given, list):
        for place, value in enumerate(given):
            yield from _unreadable_places(value, f"{pointer}/{place}")


def _problem(fault: ErrorDetails, given: object) -> FieldProblem:
    pointer = _pointer(fault, given)
    kind, context = fault["type"], fault.get("ctx", {})
    if kind == "refusal":
        return FieldProblem(pointer, context["code"], context["message"], context["params"])
    if kind in _RULES:
        code, message, value = _RULES[kind]
        return FieldProblem(pointer, code, message, {"n": context[value]} if value else {})
    if kind in _CHOICES:
        choices = _choices(context)
        return FieldProblem(pointer, "not_allowed", "只能是 {choices}" if choices else "不能这样选", choices)
    code, message = _KINDS.get(kind.split("_")[0], ("invalid", "填写有误"))
    return FieldProblem(pointer, code, message)


def _choices(context: Mapping[str, Any]) -> dict[str, object]:
    """Take the allowed values out of pydantic's English enumeration."""
    expected = re.findall(r"'([^']*)'", str(context.get("expected", context.get("expected_tags", ""))))
    return {"choices": " / ".join(expected)} if expected else {}


def _pointer(fault: ErrorDetails, given: object) -> str:
    """Write where the fault is; what is no place in the value (a union's branch) is left out."""
    here: Any = given
    pointer = ""
    last = len(fault["loc"]) - 1
    for place, part in enumerate(fault["loc"]):
        if _leads_on(here, part):
            here = here[part]
        elif place < last or fault["type"] != "missing":
            continue
        pointer += f"/{_escaped(part)}"
    return pointer[:LONGEST_POINTER]


def _leads_on(here: object, part: int | str) -> bool:
    if isinstance(here, list):
        return isinstance(part, int) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _escaped(part: object) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")
