"""The change from AES to 国密, rehearsed: rows are written meanwhile, the command is killed in the middle, and resumed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psycopg
from tortoise import connections

from community.people.actions import bind_phone
from community.people.models import Consent, GivenBy, Purpose, Resident
from community.people.sealed import RESIDENT_PHONE
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.ground import Ground
from foundation.keys import Algorithm, IndexHash, Key
from foundation.parts import load_parts
from foundation.tasks import spawn, stop
from foundation.vault import Vault, reindex, rotate
from tests.phone import Phone
from tests.town import Town

PEOPLE = 120
STUCK_AT = 60
AES, SM4, INDEX = b"a" * 32, b"s" * 16, b"an index key"
OLD_KEY, NEW_KEY = Key(Algorithm.AES_256_GCM, AES), Key(Algorithm.SM4_GCM, SM4)
before = Vault({"2026": OLD_KEY}, "2026", INDEX)
still_old = Vault({"2026": OLD_KEY, "gm-1": NEW_KEY}, "2026", INDEX)
"""A process that knows the new key and does not use it yet: the first round of a change."""
meanwhile = Vault({"2026": OLD_KEY, "gm-1": NEW_KEY}, "gm-1", INDEX, IndexHash.SM3)
afterwards = Vault({"gm-1": NEW_KEY}, "gm-1", INDEX, IndexHash.SM3)
SEALED = tuple(column for part in load_parts() for column in part.sealed)
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


@dataclass
class Writing:
    """Phones that are changed in any process meanwhile: those that seal anew, and those that do not yet."""

    people: list[int]
    at: datetime
    phones: dict[int, str] = field(default_factory=dict)
    """What each person's phone is, by what was written to the end."""
    under_way: tuple[int, str] | None = None
    """Whose phone is being written, and which: when the writing is ended, it is there or is not."""

    async def go_on(self) -> None:
        for turn in range(1, 10_000):
            person = turn * 37 % PEOPLE
            phone = number(person, turn)
            self.under_way = (person, phone)
            await bind_phone(self.people[person], phone, vault=still_old if turn % 3 == 0 else meanwhile, at=self.at)
            self.phones[person], self.under_way = phone, None

    def agrees(self, opened: list[str]) -> bool:
        """Whether everybody has the last phone that was written, or for one person the one that was under way."""
        wanted = [self.phones.get(each, number(each)) for each in range(PEOPLE)]
        other = [(each, phone) for each, phone in enumerate(opened) if phone != wanted[each]]
        return other in ([], [self.under_way])


async def test_a_change_to_sm4_is_killed_resumed_and_loses_nothing(
    ground: Ground, clock: FrozenClock, tmp_path: Path
) -> None:
    people = await move_in(clock)

    assert await killed_in_the_middle(ground, tmp_path, people) == STUCK_AT
    rows = await Resident.filter(id__in=people).order_by("id")
    assert [meanwhile.open(bytes(row.phone_sealed or b""), context=RESIDENT_PHONE) for row in rows] == [
        number(each) for each in range(PEOPLE)
    ]

    writing = Writing(people, clock.now())
    writer = spawn(writing.go_on(), name="writer")
    phones = [column for column in SEALED if column.table == "resident"]
    (second,) = await rotate(connections.get("default"), meanwhile, phones, batch=10)
    await stop(writer)
    (third,) = await rotate(connections.get("default"), meanwhile, phones)  # what an old process wrote behind its back
    (last,) = await rotate(connections.get("default"), meanwhile, phones)
    (found,) = await reindex(connections.get("default"), afterwards, phones, batch=7)

    assert second.resealed > 0
    assert (second.unreadable, third.unreadable, last.resealed, found.unreadable) == (0, 0, 0, 0)
    assert found.renewed > 0
    assert len(writing.phones) > 1
    rows = await Resident.filter(id__in=people).order_by("id")
    opened = [afterwards.open(bytes(row.phone_sealed or b""), context=RESIDENT_PHONE) for row in rows]
    assert writing.agrees(opened)
    hashes = [bytes(row.phone_fingerprint or b"") for row in rows]
    assert hashes == [afterwards.fingerprint(phone, context=RESIDENT_PHONE) for phone in opened]


async def seal_something_everywhere(town: Town, phone: Phone) -> None:
    """Put a value of its own, sealed with the old key, into every column that is sealed."""
    await phone.file("家里停水了")
    await Consent.create(
        resident_id=phone.resident_id,
        purpose=Purpose.GUARDIAN,
        version=1,
        text_hash=bytes(32),
        language="zh",
        given=True,
        at=town.ground.clock.now(),
        given_by=GivenBy.GUARDIAN,
        guardian_sealed=before.seal("守护人", context="consent.guardian"),
    )
    for column in SEALED:
        if column.table != "consent":
            sealed = before.seal(f"{column.context}里的话", context=column.context)
            await query(f"UPDATE {column.table} SET {column.column} = %s RETURNING 1 AS n", sealed)  # noqa: S608


async def opened_with(vault: Vault) -> dict[str, list[str]]:
    """Give what every sealed column says."""
    said = {}
    for column in SEALED:
        rows = await query(f"SELECT {column.column} AS sealed FROM {column.table} ORDER BY {column.key}")  # noqa: S608
        said[column.context] = [vault.open(bytes(row["sealed"]), context=column.context) for row in rows]
    return said


async def test_rooms_guardians_and_whom_one_speaks_for_change_to_sm4_as_phones_do(town: Town, phone: Phone) -> None:
    await seal_something_everywhere(town, phone)
    said = await opened_with(before)

    rotations = await rotate(connections.get("default"), meanwhile, SEALED)
    again = await rotate(connections.get("default"), meanwhile, SEALED)

    contexts = {"resident.phone", "home.room", "consent.guardian", "complaint.on_behalf_of"}
    assert {context for context, words in said.items() if words} == contexts
    assert [(each.resealed > 0, each.unreadable) for each in rotations] == [(True, 0)] * len(SEALED)
    assert [(each.resealed, each.unreadable) for each in again] == [(0, 0)] * len(SEALED)
    assert await opened_with(afterwards) == said  # which knows SM4's key only
