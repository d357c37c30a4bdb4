"""`linli doctor`: what answers, and what to do about what does not; as a real process."""

import re
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestServer

from sandbox.wechat import app as wechat_app
from tests import servers
from tests.conftest import Client
from tests.core import DispatchCore
from tests.processes.programs import Copy

NOWHERE = "127.0.0.1:1"
SECRET = "geheim-8f3a1c77"  # noqa: S105 - to be looked for
WELL = ["settings", "PostgreSQL", "tables", "Redis", "media store", "WeChat", "dispatch core", "models"]


@pytest.fixture
async def wechat() -> AsyncIterator[str]:
    """Run a WeChat with one account."""
    async with TestServer(wechat_app.build(wechat_app.Plan("wx-doctor", SECRET))) as server:
        yield str(server.make_url("")).rstrip("/")


@pytest.fixture
def copy(copy: Copy, wechat: str) -> Copy:
    """Give a copy for which everything is there."""
    account = {"APP_ID": "wx-doctor", "SECRET": SECRET, "API_BASE": wechat}
    return replace(
        copy, settings={**copy.settings, **{f"LINLI_MINIPROGRAM__{name}": value for name, value in account.items()}}
    )


def findings(answer: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """Read the table: by name, whether it is well and what is said of it."""
    assert SECRET not in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    found: dict[str, tuple[str, str]] = {}
    name = ""
    for line in answer.stdout.splitlines():
        row = re.fullmatch(r"(ok|no|  )  (.{13})  (.*)", line)
        assert row, line
        name = row[2].strip() or name
        mark, words = found.get(name, (row[1], ""))
        found[name] = (mark, f"{words} {row[3].strip()}".strip())
    return found


async def test_a_copy_that_lacks_nothing_is_well(copy: Copy, core_server: DispatchCore) -> None:
    answer = await copy.cold.run("doctor")

    found = findings(answer)
    assert answer.returncode == 0, answer.stdout
    assert list(found) == WELL
    assert {mark for mark, _ in found.values()} == {"ok"}
    assert list((copy.folder / "var" / "media").rglob("*.*")) == []  # what it wrote to try is gone again


async def test_each_thing_that_fails_is_told_with_what_to_do_and_hides_no_other(copy: Copy) -> None:
    answer = await copy.run(
        "doctor",
        LINLI_DATABASE_URL=f"postgresql://postgres:{SECRET}@{NOWHERE}/linli",
        LINLI_REDIS_URL=f"redis://:{SECRET}@{NOWHERE}/0",
        LINLI_MEDIA__STORE_URL="file:///proc/linli",
        LINLI_DISPATCH__BASE_URL=f"http://{NOWHERE}/v2",
        LINLI_MINIPROGRAM__API_BASE=f"http://{NOWHERE}",
    )

    found = findings(answer)
    assert answer.returncode == 1
    assert {name: mark for name, (mark, _) in found.items()} == {
        "settings": "ok", "PostgreSQL": "no", "Redis": "no", "media store": "no", "WeChat": "no",
        "dispatch core": "no", "models": "ok",
    }  # fmt: skip
    assert found["PostgreSQL"][1].endswith("Connection refused → see LINLI_DATABASE_URL")
    assert found["Redis"][1].endswith("→ see LINLI_REDIS_URL")
    assert found["media store"][1].endswith("→ see LINLI_MEDIA__STORE_URL")
    assert "→ see LINLI_DISPATCH__BASE_URL" in found["dispatch core"][1]
    assert "→ see LINLI_MINIPROGRAM__API_BASE" in found["WeChat"][1]


async def test_an_empty_database_and_a_refused_account_are_told_apart_from_silence(
    copy: Copy, addresses: tuple[str, str], core_server: DispatchCore
) -> None:
    name = "linli_doctor"
    empty = servers.create_template(addresses[0], name)

    answer = await copy.run("doctor", LINLI_DATABASE_URL=empty, LINLI_MINIPROGRAM__SECRET=f"not-{SECRET}"[:20])

    servers.drop_database(addresses[0], name)
    found = findings(answer)
    assert answer.returncode == 1
    assert found["PostgreSQL"][0] == found["Redis"][0] == found["dispatch core"][0] == "ok"
    assert found["tables"][0] == found["WeChat"][0] == "no"
    assert found["tables"][1].endswith("→ run `linli migrate`")
    assert "40125" in found["WeChat"][1]


async def test_a_core_that_is_down_keeps_no_process_out_of_the_balancer(api: Client, core: DispatchCore) -> None:
    await core.control("/faults", [{"match": {"path": "*"}, "do": "status", "value": 500}], method="PUT")

    async with api.get("/readyz") as answer:
        told = await answer.json()

    assert answer.status == 200
    assert set(told["checks"]) == {"postgres", "redis"}
