"""The change from AES to 国密, rehearsed: rows are written meanwhile, the command is killed in the middle, and resumed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import psycopg
from tortoise import connections

from community.people.actions import bind_phone
from community.people.models import Resident
from community.people.sealed import RESIDENT_PHONE, SEALED
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from foundation.keys import Algorithm, IndexHash, Key
from foundation.tasks import spawn, stop
from foundation.vault import Vault, reindex, rotate

PEOPLE = 120
STUCK_AT = 60
AES, SM4, INDEX = b"a" * 32, b"s" * 16, b"an index key"
OLD_KEY, NEW_KEY = Key(Algorithm.AES_256_GCM, AES), Key(Algorithm.SM4_GCM, SM4)
before = Vault({"2026": OLD_KEY}, "2026", INDEX)
still_old = Vault({"2026": OLD_KEY, "gm-1": NEW_KEY}, "2026", INDEX)
"""A process that knows the new key and does not use it yet: the first round of a change."""
meanwhile = Vault({"2026": OLD_KEY, "gm-1": NEW_KEY}, "gm-1", INDEX, IndexHash.SM3)
afterwards = Vault({"gm-1": NEW_KEY}, "gm-1", INDEX, IndexHash.SM3)
LINLI = Path(sys.executable).with_name("linli")


def number(person: int, turn: int = 0) -> str:
    return f"+86138{turn:04d}{person:04d}"


async def move_in(clock: FrozenClock) -> list[int]:
    people = []
    for each in range(PEOPLE):
        resident = await Resident.create(created_at=clock.now())
        await bind_phone(resident.id, number(each), vault=before, at=clock.now())
        people.append(resident.id)
    return people


async def resealed() -> int:
    header = meanwhile.current_header
    rows = await query(
        "SELECT count(*) AS n FROM resident WHERE substring(phone_sealed FROM 1 FOR %s) = %s", len(header), header
    )
    return int(rows[0]["n"])


def command(ground: Ground, folder: Path) -> "subprocess.Popen[bytes]":
    """Start `linli vault rotate` as an operator does."""
    keys = {"2026": b64encode(AES).decode(), "gm-1": "sm4:" + b64encode(SM4).decode()}
    given = {
        "LINLI_VAR": str(folder),
        "LINLI_DATABASE_URL": ground.settings.database_url or "",
        "LINLI_REDIS_URL": ground.settings.redis_url or "",
        "LINLI_VAULT__KEYS": json.dumps(keys),
        "LINLI_VAULT__CURRENT": "gm-1",
        "LINLI_VAULT__INDEX_KEY": INDEX.decode(),
        "LINLI_VAULT__INDEX_HASH": "sm3",
        "LINLI_VAULT__NATIONAL": "true",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LINLI_")}
    return subprocess.Popen([LINLI, "vault", "rotate"], env=kept | given, stdout=subprocess.DEVNULL)  # noqa: S603


async def killed_in_the_middle(ground: Ground, folder: Path, people: list[int]) -> int:
    """Hold one row, let the command work up to it, and kill it there; give how far it came."""
    async with await psycopg.AsyncConnection.connect(ground.settings.database_url or "") as holding:
        await holding.execute("SELECT id FROM resident WHERE id = %s FOR UPDATE", [people[STUCK_AT]])
        process = command(ground, folder)
        try:
            async with asyncio.timeout(90):
                while await resealed() < STUCK_AT:
                    assert process.poll() is None
                    await asyncio.sleep(0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        return await resealed()


async def test_a_change_to_sm4_is_killed_resumed_and_loses_nothing(
    ground: Ground, clock: FrozenClock, tmp_path: Path
) -> None:
    people = await move_in(clock)

    assert await killed_in_the_middle(ground, tmp_path, people) == STUCK_AT
    rows = await Resident.filter(id__in=people).order_by("id")
    assert [meanwhile.open(bytes(row.phone_sealed or b""), context=RESIDENT_PHONE) for row in rows] == [
        number(each) for each in range(PEOPLE)
    ]

    turns = dict.fromkeys(range(PEOPLE), 0)

    async def write_on() -> None:
        """Change phones in any process: those that seal anew, and those that do not yet."""
        for turn in range(1, 10_000):
            person = turn * 37 % PEOPLE
            writing = still_old if turn % 3 == 0 else meanwhile
            await bind_phone(people[person], number(person, turn), vault=writing, at=clock.now())
            turns[person] = turn

    writer = spawn(write_on(), name="writer")
    phones = [column for column in SEALED if column.table == "resident"]
    (second,) = await rotate(connections.get("default"), meanwhile, phones, batch=10)
    await stop(writer)
    (third,) = await rotate(connections.get("default"), meanwhile, phones)  # what an old process wrote behind its back
    (last,) = await rotate(connections.get("default"), meanwhile, phones)
    (found,) = await reindex(connections.get("default"), afterwards, phones, batch=7)

    assert second.resealed > 0
    assert (second.unreadable, third.unreadable, last.resealed, found.unreadable) == (0, 0, 0, 0)
    assert found.renewed > 0
    rows = await Resident.filter(id__in=people).order_by("id")
    opened = [afterwards.open(bytes(row.phone_sealed or b""), context=RESIDENT_PHONE) for row in rows]
    latest = [number(each, turns[each]) for each in range(PEOPLE)]
    assert [pair for pair in zip(opened, latest, strict=True) if pair[0] != pair[1]] in ([], [(opened[0], latest[0])])
    hashes = [bytes(row.phone_fingerprint or b"") for row in rows]
    assert hashes == [afterwards.fingerprint(phone, context=RESIDENT_PHONE) for phone in opened]
