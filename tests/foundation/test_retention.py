"""Every table says how long it is kept; the sweep holds to it, and to nothing more."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from os import urandom
from typing import Any

import pytest
from procrastinate import App

from community.complaints.erasing import GONE
from community.complaints.models import Complaint, Status
from community.people.credentials import open_sign_in
from community.people.models import (
    Consent,
    GivenBy,
    PageSession,
    Purpose,
    Resident,
    RoleGrant,
    RoleName,
    SignIn,
    Ticket,
    TicketKind,
)
from foundation.access import Actor
from foundation.audit import AuditEntry, record_look
from foundation.clock import FrozenClock, real_now
from foundation.database import query, transaction
from foundation.ground import Ground
from foundation.jobs import app
from foundation.parts import load_parts
from foundation.retention import Ending, Kept, due, no_person, rules, sweep, sweep_outlived
from tests.migrations.shape import models
from tests.miniprogram_api.complaint_fixtures import of
from tests.phone import Phone
from tests.scripts import run_together

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


def updates(state: str, body: str = '{"description": "x"}') -> "Make":
    """Make updates of the core that are as far as this."""

    async def make(aged: timedelta) -> None:
        await query(
            "INSERT INTO dispatch_update (update_id, body_hash, body, came_by, state, received_at, domain_at,"
            " not_before, attempts) VALUES (%s, '', %s::jsonb, 'callback', %s, %s, now(), now(), 1) RETURNING id",
            str(aged),
            body,
            state,
            real_now() - aged,
        )

    return make


def conflicts(*, settled: bool) -> "Make":
    """Make second bodies of an update, which somebody has settled or nobody has."""

    async def make(aged: timedelta) -> None:
        at = real_now() - aged
        await query(
            "INSERT INTO dispatch_conflict (update_id, body_hash, body, received_at, settled_at)"
            " VALUES (%s, '', '{\"description\": \"x\"}', %s, %s) RETURNING id",
            str(aged),
            at - DAY / 4 if settled else at,
            at if settled else None,
        )

    return make


async def devices(aged: timedelta) -> None:
    await device(aged)


async def device(aged: timedelta) -> SignIn:
    resident = await Resident.create(created_at=real_now())
    opened = await open_sign_in(resident_id=resident.id, device="", real_at=real_now() - aged, good_for=timedelta())
    await SignIn.filter(id=opened.sign_in.id).update(expires_at=real_now() - aged)
    return opened.sign_in


async def tickets(aged: timedelta) -> None:
    used = await device(-DAY)
    await Ticket.create(ticket_hash=urandom(32), sign_in_id=used.id, kind=TicketKind.PAGE, expires_at=real_now() - aged)


async def pages(aged: timedelta) -> None:
    used = await device(-DAY)
    await PageSession.create(
        token_hash=urandom(32), sign_in_id=used.id, created_at=real_now(), expires_at=real_now() - aged
    )


async def proofs(aged: timedelta) -> None:
    """Let somebody have agreed long ago, and have left so long ago."""
    left = await Resident.create(created_at=real_now(), erased_at=real_now() - aged)
    await Consent.create(
        resident_id=left.id,
        purpose=Purpose.VOICE,
        version=1,
        text_hash=bytes(32),
        language="zh",
        given=True,
        at=real_now() - 3650 * DAY,
        given_by=GivenBy.SELF,
    )
    post: dict[str, Any] = {
        "role": RoleName.BUILDING_LEADER,
        "from_at": real_now() - 3650 * DAY,
        "to_at": real_now() - 3000 * DAY,
    }
    await RoleGrant.create(resident_id=left.id, **post)  # keeps the number of the person, which is another rule's


async def strangers(aged: timedelta) -> None:
    await Resident.create(created_at=real_now(), last_seen_at=real_now() - aged)


async def numbers_of_who_left(aged: timedelta) -> None:
    await Resident.create(created_at=real_now(), erased_at=real_now() - aged)


async def count(rows: str) -> int:
    return int((await query(f"SELECT count(*) AS n FROM {rows}"))[0]["n"])  # noqa: S608 - words of this file


Make = Callable[[timedelta], Awaitable[None]]
CASES: list[tuple[str, str, Make, timedelta, str]] = [
    ("idempotency_key", "answers kept", answers, 7 * DAY, "true"),
    ("audit_entry", "who of the staff", looks, 3 * 365 * DAY, "true"),
    ("sign_in", "sign-ins", devices, 7 * DAY, "true"),
    ("sign_in_ticket", "one-time", tickets, timedelta(), "true"),
    ("page_session", "open pages", pages, timedelta(), "true"),
    ("consent", "what was agreed", proofs, 3 * 365 * DAY, "true"),
    ("resident", "people", strangers, 3 * 365 * DAY, "erased_at IS NULL AND NOT nobody"),
    ("resident", "the numbers", numbers_of_who_left, 3 * 365 * DAY, "true"),
    ("dispatch_update", "updates of the core", updates("done"), 180 * DAY, "body <> '{}'"),
    ("dispatch_update", "updates of the core", updates("noted"), 180 * DAY, "body <> '{}'"),
    ("dispatch_update", "updates that fitted", updates("parked"), 365 * DAY, "body <> '{}'"),
    ("dispatch_update", "updates that fitted", updates("parked", "{}"), 365 * DAY, "state = 'parked'"),
    ("dispatch_conflict", "conflicting updates, settled", conflicts(settled=True), 180 * DAY, "body <> '{}'"),
    ("dispatch_conflict", "conflicting updates that", conflicts(settled=False), 365 * DAY, "settled_at IS NULL"),
]
"""The rule by its table and how it begins to tell what it is, rows for it, how long they stay, and which still are."""
ELSEWHERE = {
    ("complaint", "complaints"): "test_words_of_a_complaint_end_with_the_sweep_and_are_counted_before",
    ("media", "uploads"): "tests/foundation/media: their bytes are in the store",
}


def rule_of(table: str, what: str) -> Kept:
    (rule,) = [kept for kept in rules() if kept.table == table and kept.what.startswith(what) and kept.outlived]
    return rule


def test_every_rule_that_is_swept_has_a_test() -> None:
    swept = {(kept.table, kept.what) for kept in rules() if kept.outlived}
    tested = [(table, what) for table, what, *_ in CASES] + list(ELSEWHERE)

    assert {(rule.table, rule.what) for rule in (rule_of(*each) for each in tested)} == swept


@pytest.mark.parametrize(
    ("table", "what", "make", "lasts", "still"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)]
)
async def test_what_has_outlived_its_time_ends_and_what_has_not_stays(
    *, ground: Ground, table: str, what: str, make: Make, lasts: timedelta, still: str
) -> None:
    await make(lasts - DAY)
    await make(lasts + DAY)
    now, rule = real_now(), rule_of(table, what)

    counted = await due(rule, now)
    swept = await sweep(ground, at=now)

    assert (rule.lasts, counted, swept) == (lasts, 1, {table: 1})
    assert await count(f"{table} WHERE {still}") == 1
    assert await due(rule, now) == 0
    assert await sweep(ground, at=now) == {}


async def test_who_waits_for_a_complaint_is_neither_counted_nor_let_go(ground: Ground, phone: Phone) -> None:
    filed = await phone.file()
    await SignIn.all().delete()
    await Resident.filter(id=phone.resident_id).update(last_seen_at=real_now() - 1100 * DAY)
    now, rule = real_now(), rule_of("resident", "people")

    waiting = await due(rule, now), await sweep(ground, at=now)
    await Complaint.filter(id=filed["id"]).update(status=Status.WITHDRAWN)
    ended = await due(rule, now), await sweep(ground, at=now)

    assert (waiting, ended) == ((0, {}), (1, {"resident": 1}))
    assert await due(rule, now) == 0


async def test_words_of_a_complaint_end_with_the_sweep_and_are_counted_before(
    ground: Ground, phone: Phone, clock: FrozenClock
) -> None:
    old, young = await phone.file("五年前的事，路灯坏了"), await phone.file("一个月后办完的事")
    await SignIn.all().update(expires_at=real_now() + 3650 * DAY)  # else the person is let go, and the words with them
    assert (await phone.post(of(old, "withdrawal"), {"reason": "不用了"}, key="old")).status == 201
    rule, last_step = rule_of("complaint", "complaints"), clock.now()
    clock.advance(days=30)
    assert (await phone.post(of(young, "withdrawal"), {"reason": "不用了"}, key="young")).status == 201

    early, late = last_step + 5 * 365 * DAY - DAY, last_step + 5 * 365 * DAY + DAY
    counted = [await due(rule, at) for at in (early, late)]
    swept = [(await sweep(ground, at=at)).get("complaint", 0) for at in (early, late)]

    assert (counted, swept) == ([0, 1], [0, 1])
    texts = {str(each.id): each.text for each in await Complaint.all()}
    assert texts == {old["id"]: GONE, young["id"]: "一个月后办完的事"}


@pytest.mark.parametrize("days", [1, 100, 183])
async def test_no_sweep_takes_audit_entries_of_the_last_six_months_whatever_clock_it_has(
    ground: Ground, days: int
) -> None:
    await looks(days * DAY)

    for at in (real_now(), real_now() + 3650 * DAY):
        await sweep(ground, at=at)
        await query("SELECT remove_outlived_audit(%s) AS removed", at)
    with pytest.raises(Exception, match="append-only"):
        await run_together("SELECT set_config('linli.audit_sweep', 'on', true)", "DELETE FROM audit_entry")

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


async def test_looks_are_written_where_they_belong(ground: Ground) -> None:
    async with transaction():
        await record_look(Actor("staff", 7), subject="resident:1", what="phone", place_id=12)

    assert [entry.place_id for entry in await AuditEntry.all()] == [12]


def test_nothing_about_people_needs_no_time() -> None:
    assert no_person("place", "the tree").personal is False
