"""`linli all` and `linli databases` with their embedded servers: in any folder, beside each other, killed and again."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from signal import SIGKILL
from typing import Any

import aiohttp
import psycopg
import pytest

from foundation.embedded.folders import open_folders
from tests.foundation.embedded.processes import copy_data, eventually, is_gone
from tests.phone import Phone
from tests.processes.district import PACE, Handset, StandIns, file, filed
from tests.processes.programs import Copy, copy_in, until


@pytest.fixture(scope="module")
async def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the servers' data once, up to the newest migration: copying them is faster than making each anew."""
    copy = Copy(tmp_path_factory.mktemp("seed"))
    answer = await copy.run("migrate")
    assert answer.returncode == 0, answer.stderr
    return copy.folder / "var"


@pytest.fixture
async def copies(tmp_path: Path, outside: StandIns) -> AsyncIterator[tuple[Copy, Copy]]:
    """Give a copy deep in a folder with a difficult name, and one beside it in a plain one; neither has any data yet."""
    settings = PACE | outside.settings()
    async with AsyncExitStack() as stack:
        deep = await stack.enter_async_context(copy_in(tmp_path / ("deep/" * 25) / "邻里, 100%?", **settings))
        plain = await stack.enter_async_context(copy_in(tmp_path / "plain", **settings))
        yield deep.cold, plain.cold
    shutil.rmtree(open_folders(deep.folder / "var").sockets)  # its short name in the temporary folder


async def sign_in(copy: Copy, outside: StandIns, session: aiohttp.ClientSession) -> Phone:
    opened = await outside.wechat.steer("/actors/resident/open")
    phone: Any = Handset(session, copy.url)
    async with session.post(f"{copy.url}/api/v1/sessions", json={"code": opened["code"]}) as answer:
        return Phone(phone, (await answer.json())["token"], 0)


async def pushed(phone: Phone, complaint: dict[str, Any]) -> None:
    async def done() -> bool:
        return bool((await phone.show(complaint))["status"] == "pushed")

    await until(done, what="the complaint is passed on")


def server_pids(copy: Copy) -> list[int]:
    """Give the processes of a copy's servers: whose parent is a program of ours."""
    ours = {program.process.pid for program in copy.programs}
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit() and parent(path) in ours]


def postgres_of(copy: Copy) -> int:
    return int((copy.folder / "var/postgres/postmaster.pid").read_text().splitlines()[0])


async def answers(database_url: str) -> bool:
    try:
        psycopg.connect(database_url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(") ")[2].split()[1])
    except OSError:
        return 0


async def test_two_copies_live_side_by_side_and_a_killed_one_starts_again_with_its_data(
    copies: tuple[Copy, Copy], outside: StandIns
) -> None:
    deep, plain = copies
    first, other = deep.start("all"), plain.start("all")
    assert [await first.ready(), await other.ready()] == [f"{deep.url}\n", f"{plain.url}\n"]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        phone, stranger = await sign_in(deep, outside, session), await sign_in(plain, outside, session)
        complaint = await filed(phone)
        servers = server_pids(deep)

        await first.kill()

        assert len(servers) == 2
        assert eventually(lambda: all(map(is_gone, servers)))
        assert (await stranger.get("/complaints")).body["items"] == []
        assert await deep.start("all").ready() == f"{deep.url}\n"
        await pushed(phone, complaint)
        await outside.core.request_id(complaint)
        servers = server_pids(deep) + server_pids(plain)
        assert [await program.end() for program in (deep.programs[-1], other)] == [0, 0]
    assert all(map(is_gone, servers))
    assert "job_gave_up" not in deep.programs[-1].events


async def test_servers_that_die_under_a_running_program_are_started_again(
    tmp_path: Path, outside: StandIns, seed: Path
) -> None:
    copy_data(seed, tmp_path / "var")
    async with (
        copy_in(tmp_path, **(PACE | outside.settings())) as copy,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session,
    ):
        program = copy.start("all")
        await program.ready()
        phone = await sign_in(copy, outside, session)
        complaint = await filed(phone)
        await pushed(phone, complaint)
        dead = server_pids(copy)

        for pid in dead:
            os.kill(pid, SIGKILL)

        async def taken() -> Any:
            answer = await file(phone)
            return answer.body if answer.status == 201 else None

        later = await until(taken, what="complaints are taken again")
        await pushed(phone, later)
        assert (await phone.show(complaint))["status"] == "pushed"
        assert len(dead) == len(server_pids(copy)) == 2
        assert program.events.count("embedded_server_restarted") == 2
        assert await program.end() == 0


async def test_databases_are_kept_for_others_until_told_to_stop(tmp_path: Path, seed: Path) -> None:
    copy_data(seed, tmp_path / "var")
    async with copy_in(tmp_path) as copy:
        keeper = copy.start("databases")
        said = dict(line.split("=", 1) for line in (await keeper.ready()).splitlines())
        os.kill(postgres_of(copy), SIGKILL)
        await until(lambda: answers(said["LINLI_DATABASE_URL"]), what="PostgreSQL is started again")
        servers = server_pids(copy)
        with psycopg.connect(said["LINLI_DATABASE_URL"]) as connection:
            tables = connection.execute("SELECT count(*) FROM complaint").fetchall()
        borrowed = await copy.run("migrate")

        code = await keeper.end()

    assert set(said) == {"LINLI_DATABASE_URL", "LINLI_REDIS_URL"}
    assert (tables, borrowed.stdout, borrowed.returncode) == ([(0,)], "Nothing to do.\n", 0)
    assert (code, len(servers), all(map(is_gone, servers))) == (0, 2, True)
