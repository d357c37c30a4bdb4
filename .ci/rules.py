"""The project's own rules, read from the syntax trees; run by `make lint`.

Each rule has one function and says in its message what to do instead. Tests of
the rules are in `tests/documentation/test_rules.py`.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeGuard

ROOMS = ("foundation", "community", "miniprogram_api")
RULE_ROOMS = ("community",)
ENVIRONMENT = {"environ", "getenv"}
SECRETS = ("community/complaints/dispatch/signature.py", "community/people/tokens.py", "foundation/media/signing.py")
"""Where somebody shows a secret, and it is held against the one we expect."""
SECRET_WORDS = ("signature", "secret", "token", "digest", "expected")


@dataclass(frozen=True, slots=True)
class Fault:
    """One place that breaks a rule."""

    path: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.words}"


def faults_in(path: str, text: str) -> Iterator[Fault]:
    """Give every fault of one file."""
    tree = ast.parse(text)
    for rule in RULES:
        yield from rule(path, tree)


def real_time(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Time is asked of a clock."""
    if path == "foundation/clock.py":
        return
    for node in ast.walk(tree):
        if _is_attribute(
            node, ("now", "utcnow", "today"), of=("datetime", "date", "datetime.datetime", "datetime.date")
        ):
            yield Fault(path, node.lineno, "ask a Clock, or foundation.clock.real_now()")


def _is_attribute(node: ast.AST, names: tuple[str, ...], *, of: tuple[str, ...]) -> TypeGuard[ast.Attribute]:
    return isinstance(node, ast.Attribute) and node.attr in names and ast.unparse(node.value) in of


def _is_fstring(arguments: list[ast.expr]) -> bool:
    return bool(arguments) and isinstance(arguments[0], ast.JoinedStr)


def environment(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Only the settings read the environment; children get one that is handed to them."""
    if path == "foundation/settings.py" or path.startswith("foundation/embedded/"):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "os" and {a.name for a in node.names} & ENVIRONMENT:
            yield Fault(path, node.lineno, "read it in foundation/settings.py and hand it down")
        if _is_attribute(node, ("environ", "getenv"), of=("os",)):
            yield Fault(path, node.lineno, "read it in foundation/settings.py and hand it down")


def bare_tasks(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Refuse tasks that could be made inside a transaction: they would write into another one."""
    if path == "foundation/tasks.py":
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("create_task", "ensure_future", "TaskGroup"):
            yield Fault(path, node.lineno, "use foundation.tasks.spawn")


def network_in_transactions(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Nothing goes over the network inside `async with transaction()`."""
    for block in ast.walk(tree):
        if not isinstance(block, ast.AsyncWith) or not any(_opens_transaction(item) for item in block.items):
            continue
        for node in ast.walk(block):
            if isinstance(node, ast.Await) and _goes_out(node.value):
                yield Fault(path, node.lineno, "the network must wait for the commit: defer a job")


def _opens_transaction(item: ast.withitem) -> bool:
    call = item.context_expr
    return isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "transaction"


def _goes_out(value: ast.expr) -> bool:
    """Whether an awaited call is one of a client, a session, Redis or the media store."""
    if not isinstance(value, ast.Call) or not isinstance(value.func, ast.Attribute):
        return False
    owner = ast.unparse(value.func.value)
    return any(word in owner.split(".") for word in ("client", "session", "http", "redis", "wechat", "store"))


def web_in_rules(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Rules know no HTTP server."""
    if not path.startswith(RULE_ROOMS):
        return
    for node in ast.walk(tree):
        if _is_attribute(node, ("web",), of=("aiohttp",)):
            yield Fault(path, node.lineno, "rules do not speak HTTP: that is a door's")
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names]
        module = node.module if isinstance(node, ast.ImportFrom) else None
        if "aiohttp.web" in names or (module == "aiohttp" and "web" in names) or module == "aiohttp.web":
            yield Fault(path, node.lineno, "rules do not speak HTTP: that is a door's")


def translated_fstrings(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Refuse source strings that are put together: a catalogue cannot know them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "say" and _is_fstring(node.args[:1]):
            yield Fault(path, node.lineno, 'write say("…{n}…", language, n=n)')


def secrets_compared(path: str, tree: ast.Module) -> Iterator[Fault]:
    """Secrets are compared in constant time: `==` ends at the first wrong letter, and how late tells how many fit."""
    if path not in SECRETS:
        return
    if not any(isinstance(node, ast.Call) and _name_of(node.func) == "compare_digest" for node in ast.walk(tree)):
        yield Fault(path, 1, "compare secrets with hmac.compare_digest")
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and _looks_into(node) and any(map(_is_secret, [node.left, *node.comparators])):
            yield Fault(path, node.lineno, "compare secrets with hmac.compare_digest")


def _looks_into(node: ast.Compare) -> bool:
    return any(isinstance(each, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for each in node.ops)


def _is_secret(value: ast.expr) -> bool:
    """Whether a value is a secret by its name, or what a method or function of such a name gives; its length is none."""
    if isinstance(value, ast.Call):
        return _is_secret(value.func)
    if isinstance(value, ast.Attribute) and _is_secret(value.value):
        return True
    return any(word in _name_of(value).lower() for word in SECRET_WORDS)


def _name_of(value: ast.expr) -> str:
    return value.attr if isinstance(value, ast.Attribute) else value.id if isinstance(value, ast.Name) else ""


RULES = (
    real_time,
    environment,
    bare_tasks,
    network_in_transactions,
    web_in_rules,
    translated_fstrings,
    secrets_compared,
)


def main() -> int:
    """Check all rooms; give 1 if there is a fault."""
    found = [
        fault
        for room in ROOMS
        for path in sorted(Path(room).rglob("*.py"))
        if "migrations" not in path.parts
        for fault in faults_in(path.as_posix(), path.read_text(encoding="utf-8"))
    ]
    for fault in found:
        print(fault)  # noqa: T201 - this is the program's output
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
