"""Every table says how long it is kept; the sweep holds to it, and to nothing more."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from procrastinate import App

from community.people.credentials import open_sign_in
from community.people.models import Resident, SignIn
from foundation.access import Actor
from foundation.audit import AuditEntry, record_look
from foundation.clock import real_now
from foundation.database import query, transaction
from foundation.ground import Ground
from foundation.jobs import app
from foundation.parts import load_parts
from foundation.retention import Ending, Kept, due, no_person, rules, sweep, sweep_outlived
from tests.migrations.shape import models

DAY = timedelta(days=1)


async def names() -> set[str]:
    return {model._meta.db_table for model in await models()}  # noqa: SLF001


async def test_every_table_is_in_the_table_of_retention() -> None:
    declared = {kept.table for kept in rules()}
    tables = await names()

    assert sorted(tables - declared) == [], "declare in the room's `kept` how long it is kept, and how it ends"
    assert sorted(declared - tables - {"(logs)", "(redis)", "(procrastinate_jobs)"}) == []


async def test_a_table_with_something_of_a_person_is_not_called_impersonal(database: None) -> None:
    """Whatever points to a person, is sealed, or is free text of theirs, is personal."""
    rows = await query(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND (column_name IN ('resident_id', 'staff_id', 'owner_id', 'openid', 'nickname', 'phone', 'actor_id', 'text',"
        " 'body') OR column_name LIKE '%%\\_sealed' OR column_name LIKE '%%\\_fingerprint')"
    )
    impersonal = {kept.table for kept in rules() if not kept.personal}

    assert sorted(f"{row['table_name']}.{row['column_name']}" for row in rows if row["table_name"] in impersonal) == []


def test_every_rule_says_why_and_ends_somehow() -> None:
    for kept in rules():
        assert kept.why, kept
        assert kept.what, kept
        assert kept.outlived or kept.ends_with, kept
        assert kept.ends is not Ending.NEVER or not kept.outlived, kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends": Ending.DELETED},
        {"ends": Ending.DELETED, "outlived": "at < %s", "ends_with": "luck", "lasts": DAY},
        {"ends": Ending.BLANKED, "outlived": "at < %s", "lasts": DAY},
        {"ends": Ending.DELETED, "outlived": "at < %s"},
    ],
)
def test_half_a_rule_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="thing"):
        Kept("thing", "what", wrong.pop("lasts", None), "why", **wrong)


def test_the_leader_sweeps_every_day() -> None:
    (schedule,) = [each for part in load_parts() for each in part.schedules if each.job is sweep_outlived]

    assert schedule.every(None) == DAY  # type: ignore[arg-type]
    assert isinstance(app, App)
    assert sweep_outlived.name in app.tasks


async def answers(aged: timedelta) -> None:
    await query(
        "INSERT INTO idempotency_key (actor_key, key, request_hash, created_at) VALUES ('a', %s, '', %s) RETURNING id",
        str(aged),
        real_now() - aged,
    )


async def looks(aged: timedelta) -> None:
    await query(
        "INSERT INTO audit_entry (at, actor_kind, actor_id, what, subject, reason, request_id)"
        " VALUES (%s, 'staff', 7, 'phone', 'resident:1', '', '') RETURNING id",
        real_now() - aged,
    )


async def updates(aged: timedelta) -> None:
    await query(
        "INSERT INTO dispatch_update (update_id, body_hash, body, came_by, state, received_at, domain_at, not_before,"
        " attempts) VALUES (%s, '', '{\"description\": \"x\"}', 'callback', 'done', %s, now(), now(), 1) RETURNING id",
        str(aged),
        real_now() - aged,
    )


async def devices(aged: timedelta) -> None:
    resident = await Resident.create(created_at=real_now())
    opened = await open_sign_in(resident_id=resident.id, device="", real_at=real_now() - aged, good_for=timedelta())
    await SignIn.filter(id=opened.sign_in.id).update(expires_at=real_now() - aged)


async def blanked() -> int:
    return int((await query("SELECT count(*) AS n FROM dispatch_update WHERE body = '{}'"))[0]["n"])


async def count(table: str) -> int:
    return int((await query(f"SELECT count(*) AS n FROM {table}"))[0]["n"])  # noqa: S608 - names of this file


Make = Callable[[timedelta], Awaitable[None]]
CASES: list[tuple[str, Make, timedelta]] = [
    ("idempotency_key", answers, 7 * DAY),
    ("audit_entry", looks, 365 * DAY),
    ("sign_in", devices, 7 * DAY),
    ("dispatch_update", updates, 180 * DAY),
]


@pytest.mark.parametrize(("table", "make", "lasts"), CASES)
async def test_what_has_outlived_its_time_ends_and_what_has_not_stays(
    ground: Ground, table: str, make: Make, lasts: timedelta
) -> None:
    await make(lasts - DAY)
    await make(lasts + DAY)
    now = real_now()
    (rule,) = [kept for kept in rules() if kept.table == table and kept.outlived]

    counted = await due(rule, now)
    swept = await sweep(ground, at=now)

    assert (counted, swept) == (1, {table: 1})
    left = await count(table) - (await blanked() if table == "dispatch_update" else 0)
    assert left == 1
    assert await sweep(ground, at=now) == {}


@pytest.mark.parametrize("days", [1, 100, 183])
async def test_no_sweep_takes_audit_entries_of_the_last_six_months_whatever_clock_it_has(
    ground: Ground, days: int
) -> None:
    await looks(days * DAY)

    for at in (real_now(), real_now() + 3650 * DAY):
        await sweep(ground, at=at)
        await query("SELECT remove_outlived_audit(%s) AS removed", at)
    with pytest.raises(Exception, match="append-only"):
        await query("SELECT set_config('linli.audit_sweep', 'on', false); DELETE FROM audit_entry")
    await query("SELECT set_config('linli.audit_sweep', 'off', false)")

    assert await count("audit_entry") == 1


async def test_many_rows_end_in_batches(ground: Ground) -> None:
    await query(
        "INSERT INTO idempotency_key (actor_key, key, request_hash, created_at)"
        " SELECT 'a', n::text, '', %s FROM generate_series(1, 2500) AS n",
        real_now() - 8 * DAY,
    )

    assert await sweep(ground, at=real_now()) == {"idempotency_key": 2500}


async def test_an_account_unused_for_three_years_ends_as_if_its_person_had_left(ground: Ground) -> None:
    old, seen, here = [
        await Resident.create(nickname=name, created_at=real_now(), last_seen_at=real_now() - aged)
        for name, aged in (("久不来", 1100 * DAY), ("还来", 1000 * DAY), ("还登录着", 1100 * DAY))
    ]
    await open_sign_in(resident_id=here.id, device="", real_at=real_now(), good_for=DAY)

    assert await sweep(ground, at=real_now()) == {"resident": 1}

    kept = {row.id: row for row in await Resident.filter(id__in=[old.id, seen.id, here.id])}
    assert (kept[old.id].nickname, kept[old.id].erased_at is not None) == ("", True)
    assert [kept[each.id].nickname for each in (seen, here)] == ["还来", "还登录着"]


async def test_the_number_of_who_left_goes_after_three_years(ground: Ground) -> None:
    for aged in (1000, 1100):
        await Resident.create(created_at=real_now(), erased_at=real_now() - aged * DAY)

    assert await sweep(ground, at=real_now()) == {"resident": 1}
    assert await Resident.all().count() == 1


async def test_looks_are_written_where_they_belong(ground: Ground) -> None:
    async with transaction():
        await record_look(Actor("staff", 7), subject="resident:1", what="phone", place_id=12)

    assert [entry.place_id for entry in await AuditEntry.all()] == [12]


def test_nothing_about_people_needs_no_time() -> None:
    assert no_person("place", "the tree").personal is False
