"""The project's own rules: each finds its sin, and leaves the right form alone."""

import ast
import importlib.util
import inspect
import sys
from types import ModuleType

import pytest

from tests.documentation.pages import ROOT

RULE = "community/complaints/actions.py"
TOKENS = "community/people/tokens.py"
FITS = "fits = hmac.compare_digest(expected.encode(), given.encode())\n"


def load_rules() -> ModuleType:
    """Load `.ci/rules.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("project_rules", ROOT / ".ci" / "rules.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclass looks itself up there
    spec.loader.exec_module(module)
    return module


rules = load_rules()

SINS = [
    ("real_time", RULE, "at = datetime.now(UTC)"),
    ("real_time", RULE, "at = datetime.utcnow()"),
    ("real_time", RULE, "day = date.today()"),
    ("environment", RULE, "url = os.environ['LINLI_DATABASE_URL']"),
    ("environment", "miniprogram_api/me.py", "url = os.getenv('LINLI_DATABASE_URL')"),
    ("bare_tasks", RULE, "asyncio.create_task(listen())"),
    ("bare_tasks", RULE, "asyncio.ensure_future(listen())"),
    ("bare_tasks", RULE, "async def f():\n    async with asyncio.TaskGroup() as group:\n        pass"),
    (
        "network_in_transactions",
        RULE,
        "async def f():\n    async with transaction() as tx:\n        await client.create_request(fields)",
    ),
    (
        "network_in_transactions",
        RULE,
        "async def f():\n    async with transaction():\n        if late:\n            await ground.redis.publish('a', 'b')",
    ),
    (
        "network_in_transactions",
        RULE,
        "async def f():\n    async with transaction():\n        await self.session.get(url)",
    ),
    ("web_in_rules", RULE, "from aiohttp import web"),
    ("web_in_rules", RULE, "import aiohttp.web"),
    ("web_in_rules", RULE, "from aiohttp.web import Request"),
    ("translated_fstrings", RULE, "say(f'至少 {n} 个字', language)"),
    ("secrets_compared", TOKENS, "def fits(given): return True"),
    ("secrets_compared", TOKENS, FITS + "fits = csrf_token_of(page) == given"),
    ("secrets_compared", "foundation/media/signing.py", FITS + "if given.encode() != self._signature(media_id): pass"),
    ("secrets_compared", "community/complaints/dispatch/signature.py", FITS + "fits = expected.encode() in (a, b)"),
]
"""The rule, the file it is in, and a line nobody should write."""

RIGHT = [
    ("real_time", RULE, "at = clock.now()\nsince = real_now()\nday = datetime.fromisoformat(text)"),
    ("real_time", "foundation/clock.py", "at = datetime.now(UTC)"),
    ("environment", RULE, "url = settings.database_url\npath = os.defpath"),
    ("environment", "foundation/settings.py", "given = os.environ"),
    ("environment", "foundation/embedded/children.py", "given = os.environ"),
    ("bare_tasks", RULE, "spawn(listen(), name='ear')\nasyncio.gather(one(), two())"),
    ("bare_tasks", "foundation/tasks.py", "asyncio.get_running_loop().create_task(work)"),
    (
        "network_in_transactions",
        RULE,
        """
async def f():
    async with transaction() as tx:
        await complaint.save()
        tx.defer(push.call())
    await client.create_request(fields)
""",
    ),
    ("web_in_rules", RULE, "import aiohttp\nfrom aiohttp import ClientSession"),
    ("web_in_rules", "miniprogram_api/live.py", "from aiohttp import web"),
    ("translated_fstrings", RULE, "say('至少 {n} 个字', language, n=n)\nlog(f'{n}')"),
    ("secrets_compared", TOKENS, FITS + "if secret is None or len(token) == 43 or kind == 'page': pass"),
    ("secrets_compared", RULE, "again = told.signature == 'v1'"),
]
"""The rule, the file, and how the same is done well."""


@pytest.mark.parametrize(("rule", "path", "text"), SINS)
def test_a_rule_finds_its_sin(rule: str, path: str, text: str) -> None:
    faults = list(getattr(rules, rule)(path, ast.parse(text)))

    assert [fault.path for fault in faults] == [path]
    assert faults[0].words


@pytest.mark.parametrize(("rule", "path", "text"), RIGHT)
def test_a_rule_leaves_the_right_form_alone(rule: str, path: str, text: str) -> None:
    assert list(getattr(rules, rule)(path, ast.parse(text))) == []


@pytest.mark.parametrize(("path", "text"), [(path, text) for _, path, text in SINS])
def test_every_sin_is_found_by_the_whole(path: str, text: str) -> None:
    assert list(rules.faults_in(path, text))


def test_every_rule_has_a_sin_and_a_right_form_here() -> None:
    functions = inspect.getmembers(rules, inspect.isfunction)
    named = {
        name
        for name, function in functions
        if not name.startswith("_") and list(inspect.signature(function).parameters) == ["path", "tree"]
    }

    assert named
    assert named == {rule for rule, _, _ in SINS}
    assert named == {rule for rule, _, _ in RIGHT}


def test_the_files_where_secrets_are_compared_are_where_the_rule_looks() -> None:
    rooms = [path for room in rules.ROOMS for path in (ROOT / room).rglob("*.py")]
    comparing = {path.relative_to(ROOT).as_posix() for path in rooms if "compare_digest(" in path.read_text("utf-8")}

    assert comparing == set(rules.SECRETS)
