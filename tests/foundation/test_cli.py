"""The command line: its help, and what its commands do to a running copy's data. Most run as real processes."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from community.complaints.dispatch_models import DispatchMessage, MessageState
from community.complaints.models import Complaint
from foundation.cli import program
from foundation.clock import MovableClock, real_now
from foundation.clock_setting import renew
from foundation.database import query
from foundation.ground import Ground
from foundation.parts import load_parts
from foundation.settings import Settings
from foundation.web.app import raw_routes
from foundation.web.keys import API
from tests.core import DispatchCore
from tests.foundation.test_settings import PRODUCTION
from tests.jobs import Worker
from tests.phone import Phone
from tests.processes.programs import Copy, copy_in

HEAVY = {"tortoise", "aiohttp", "psycopg", "procrastinate", "PIL", "openpyxl", "cryptography", "wechatpy", "redis"}


async def said(copy: Copy, *arguments: str, **settings: str) -> str:
    """Run a command that must work; give what it printed."""
    answer = await copy.run(*arguments, **settings)
    assert (answer.returncode, answer.stderr) == (0, "")
    return answer.stdout


def commands(command: Any, *way: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Give every command with the words that lead to it."""
    yield way, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, *way, name)


EVERY = dict(commands(typer.main.get_command(program())))


@pytest.mark.parametrize("way", EVERY, ids=" ".join)
def test_every_command_explains_itself(way: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(program(), [*way, "--help"])

    assert answer.exit_code == 0, answer.output
    assert EVERY[way].help
    assert "Usage: " in answer.output


def test_the_commands_an_operator_knows_are_there() -> None:
    assert {" ".join(way) for way in EVERY} >= {
        "serve", "work", "all", "databases", "migrate", "doctor", "map", "rebuild", "clock show", "clock set",
        "clock advance", "clock rate", "vault rotate", "parked list", "parked retry", "import district",
    }  # fmt: skip


def test_help_waits_for_nothing_heavy() -> None:
    ask = "import sys; from foundation.cli import program; program(); print(*sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.split()  # noqa: S603

    assert HEAVY & set(loaded) == set()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["clock", "set", "tomorrow"], "write it like 2026-11-21T08:00:00+08:00"),
        (["clock", "set", "2026-11-21T08:00:00"], "the time needs its zone, such as +08:00"),
        (["clock", "advance", "soon"], "write 90s, 31m, 25h, 3d, or a number of seconds"),
        (["clock", "advance", "nan"], "write 90s, 31m, 25h, 3d, or a number of seconds"),
        (["clock", "advance", "1e300d"], "write 90s, 31m, 25h, 3d, or a number of seconds"),
        (["clock", "rate", "nan"], "Input should be less than or equal to 100000"),
        (["clock", "rate", "--", "-1"], "Input should be greater than or equal to 0"),
    ],
    ids=lambda each: " ".join(each) if isinstance(each, list) else "",
)
def test_a_clock_that_is_told_nonsense_says_how_to_write_it(arguments: list[str], words: str) -> None:
    answer = CliRunner().invoke(program(), arguments)

    assert answer.exit_code == 2
    assert words in " ".join(re.sub(r"[│╭╮╰╯─]", " ", answer.output).split())


def test_the_map_shows_every_door_reaction_and_upkeep() -> None:
    answer = CliRunner().invoke(program(), ["map"])

    cells = {cell.strip().strip("`") for line in answer.output.splitlines() for cell in line.split("|")}
    parts = load_parts()
    doors = {f"{each.method} {each.path}" for part in parts for each in part.endpoints}
    others = {f"{each.method} {each.path}" for each in raw_routes(parts)}
    upkeep = {each.job.name for part in parts for each in part.schedules}
    upkeep |= {each.name for part in parts for each in part.sweeps} | {
        each.name for part in parts for each in part.desks
    }
    events = {each.event.name for part in parts for each in part.reactions}
    assert answer.exit_code == 0
    assert (doors | others | upkeep | events) - cells == set()
    assert {f"GET {API}/live", "GET /media/{media_id}/{variant}", "GET /healthz"} <= others
    assert all(f"`{each.job.name}`" in answer.output for part in parts for each in part.reactions)
    assert not any(door.removeprefix("GET ").startswith(API) for door in doors)


async def test_the_clock_is_moved_set_paced_and_shown(copy: Copy, database: None) -> None:
    clock = MovableClock()

    moved = await said(copy, "clock", "advance", "25h")
    await renew(clock)
    ahead = clock.now() - real_now()
    shown = await said(copy, "clock", "show")
    far = await copy.run("clock", "advance", "9999999d")
    await said(copy, "clock", "set", "2026-11-21T08:00:00+08:00")
    await said(copy, "clock", "rate", "0")
    await renew(clock)

    assert timedelta(hours=24, minutes=59) < ahead < timedelta(hours=25, minutes=1)
    assert abs(instant(moved) - instant(shown)) < timedelta(minutes=2)
    assert (far.returncode, far.stderr) == (1, "the clock goes from 2000 to 2999\n")
    assert timedelta(0) <= clock.now() - datetime(2026, 11, 21, tzinfo=UTC) < timedelta(minutes=2)
    assert clock.reading.rate == 0


def instant(line: str) -> datetime:
    found = re.fullmatch(r"domain (\S+)   real (\S+)\n", line)
    assert found, line
    return datetime.fromisoformat(found[1])


async def test_the_clock_of_production_is_not_moved(copy: Copy, database: None) -> None:
    own = {"LINLI_DATABASE_URL", "LINLI_REDIS_URL"}
    production = {name: value for name, value in PRODUCTION.items() if name not in own}

    answer = await copy.cold.run("clock", "advance", "1h", **production)

    assert answer.returncode == 1
    assert answer.stderr == "the clock cannot be moved: LINLI_ENVIRONMENT is production\n"
    assert await query("SELECT name FROM clock_setting") == []


async def test_what_a_projection_lost_is_made_anew(
    copy: Copy, phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file()
    await phone.file("井盖坏了三天了")
    await worker.run_until_idle()
    before = await Complaint.get(id=complaint["id"]).values()
    await Complaint.filter(id=complaint["id"]).update(status="submitted", unit="谁也不是", last_seq=1)

    first = await copy.cold.run("rebuild")
    second = await said(copy, "rebuild")

    assert (first.returncode, first.stdout) == (0, "2 complaints made anew, 1 differed.\n")
    assert complaint["number"] in first.stderr  # which one, for whoever looks into why
    assert second == "2 complaints made anew, 0 differed.\n"
    assert await Complaint.get(id=complaint["id"]).values() == before


async def test_what_is_parked_is_listed_and_let_go_again(
    copy: Copy, phone: Phone, core: DispatchCore, worker: Worker, ground: Ground
) -> None:
    nothing = await said(copy.cold, "parked", "list")
    refuse = {"match": {"path": "*/requests.json"}, "do": "answer", "times": 1,
              "value": {"status": 400, "body": [{"code": 400, "description": "缺少参数"}]}}  # fmt: skip
    await core.control("/faults", [refuse], method="PUT")
    complaint = await phone.file()
    await worker.run_jobs()

    listed = await said(copy, "parked", "list")
    unknown = await copy.run("parked", "retry", "2026-00000")
    retried = await said(copy, "parked", "retry", complaint["number"])
    await worker.run_until_idle()

    assert nothing == "Nothing is parked.\n"
    assert f"{complaint['number']}/1" in listed
    assert "缺少参数" in listed
    assert listed.endswith("1 parked.\n")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.count("\n") == 1
    assert retried == "1 will be tried again.\n"
    assert (await DispatchMessage.get(complaint_id=complaint["id"])).state is MessageState.SENT


async def test_sealed_columns_are_sealed_anew_with_a_new_key(copy: Copy, phone: Phone, settings: Settings) -> None:
    old = {name: key.get_secret_value() for name, key in settings.vault.keys.items()}
    keys = {"LINLI_VAULT__KEYS": json.dumps({**old, "new": next(iter(old.values()))}), "LINLI_VAULT__CURRENT": "new"}

    first, second = await said(copy, "vault", "rotate", **keys), await said(copy, "vault", "rotate", **keys)

    assert "resident.phone_sealed: 1 resealed, 0 unreadable" in first.splitlines()
    assert all(line.endswith(": 0 resealed, 0 unreadable") for line in second.splitlines())


@pytest.mark.parametrize(("command", "words"), [("rotate", "resealed"), ("reindex", "renewed")])
async def test_rows_that_no_key_opens_make_the_command_fail(copy: Copy, phone: Phone, command: str, words: str) -> None:
    await query("UPDATE resident SET phone_sealed = '\\x00' || phone_sealed")

    answer = await copy.run("vault", command)

    assert answer.returncode == 1
    assert any(f": 0 {words}, 1 unreadable" in line for line in answer.stdout.splitlines())


async def test_the_addresses_that_were_given_are_not_printed(tmp_path: Path, settings: Settings) -> None:
    given = {"LINLI_DATABASE_URL": settings.database_url or ""}
    async with copy_in(tmp_path, **given) as copy:
        keeper = copy.cold.start("databases")
        said = await keeper.ready()
        code = await keeper.end()

    assert said == f"LINLI_REDIS_URL=unix://{tmp_path}/var/run/redis.sock\n"
    assert (code, keeper.text) == (0, "")
