"""Taking the core's word: many at once, each stored once, whoever comes first."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from community.complaints.dispatch.inbound import Taken, Told, take_in
from foundation.database import query

pytestmark = pytest.mark.usefixtures("database")
AT = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)


def told(update_id: str, by: str = "callback", **body: Any) -> Told:
    return Told(update_id, {"update_id": update_id, **body}, by, AT)


async def stored() -> list[str]:
    return [row["update_id"] for row in await query("SELECT update_id FROM dispatch_update ORDER BY update_id")]


async def test_each_of_a_batch_is_told_what_became_of_it() -> None:
    await take_in([told("known"), told("changed", word=1)])

    taken = await take_in([told("known"), told("new"), told("new"), told("changed", word=2), told("new", word=3)])

    assert taken == [Taken.KNOWN, Taken.STORED, Taken.KNOWN, Taken.CONFLICT, Taken.CONFLICT]
    assert await stored() == ["changed", "known", "new"]


async def test_of_two_bodies_in_one_batch_the_first_is_kept() -> None:
    await take_in([told("u", word="first"), told("u", word="second")])

    rows = await query("SELECT body FROM dispatch_update")
    assert '"first"' in str(rows[0]["body"]).replace("'", '"')


ACCEPTED: dict[str, Any] = {
    "event": "accepted",
    "status": "OPEN",
    "sequence": 2,
    "updated_datetime": "2026-11-20T21:06:00.25+08:00",
    "agency_responsible": "环卫所",
    "description": "已签收",
}
"""What an update says, as the callback has it."""
PULLED_ALIKE: list[dict[str, Any]] = [
    ACCEPTED,
    ACCEPTED | {"updated_datetime": "2026-11-20T13:06:00Z", "status": "open"},
    {"status": "open", "updated_datetime": "2026-11-20T21:06:00"},
    ACCEPTED | {"agency_responsible": " 环卫所 ", "public_text": None, "media_url": [], "agency_phone": "12345678"},
]
CONTRADICTING: list[dict[str, Any]] = [
    {"event": "closed"},
    {"status": "CLOSED"},
    {"sequence": 3},
    {"updated_datetime": "2026-11-20T21:07:00+08:00"},
    {"agency_responsible": "城管队"},
    {"description": "没有签收"},
]


@pytest.mark.parametrize("pulled", PULLED_ALIKE)
async def test_a_pulled_update_may_say_less_than_the_called_one_or_the_same_in_other_letters(
    pulled: dict[str, Any],
) -> None:
    await take_in([told("a", **ACCEPTED), told("b", "pull", **pulled)])

    assert await take_in([told("a", "pull", **pulled), told("b", **ACCEPTED)]) == [Taken.KNOWN, Taken.KNOWN]
    assert await query("SELECT id FROM dispatch_conflict") == []


@pytest.mark.parametrize("other", CONTRADICTING)
async def test_one_id_that_means_two_things_is_kept_apart_whichever_way_either_came(other: dict[str, Any]) -> None:
    ways = [("callback", "pull"), ("pull", "callback"), ("pull", "pull")]
    await take_in([told(f"{n}", first, **ACCEPTED) for n, (first, _) in enumerate(ways)])

    taken = await take_in([told(f"{n}", later, **ACCEPTED | other) for n, (_, later) in enumerate(ways)])

    assert taken == [Taken.CONFLICT] * 3
    assert len(await query("SELECT id FROM dispatch_conflict WHERE settled_at IS NULL")) == 3


async def test_the_alarm_of_a_conflict_is_raised_once_however_often_it_comes() -> None:
    await take_in([told("a", "pull", **ACCEPTED)])

    with capture_logs() as logs:
        for _ in range(3):
            await take_in([told("a", **ACCEPTED | {"event": "closed"})])

    assert [each["event"] for each in logs] == ["dispatch_update_conflict"]


async def test_what_was_emptied_contradicts_no_pull() -> None:
    await take_in([told("a", **ACCEPTED)])
    await query("UPDATE dispatch_update SET body = '{}' RETURNING id")

    assert await take_in([told("a", "pull", **ACCEPTED | {"event": "closed"})]) == [Taken.KNOWN]


async def test_an_empty_batch_is_no_trouble() -> None:
    assert await take_in([]) == []


async def test_processes_that_hear_the_same_in_another_order_do_not_wait_for_one_another() -> None:
    for round_ in range(8):
        batch = [told(f"{round_}-{n}") for n in range(60)]

        answers = await asyncio.gather(*(take_in(batch[::step]) for step in (1, -1, 1, -1, 3, -3)))

        assert sum(taken.count(Taken.STORED) for taken in answers) == 60
    assert len(await stored()) == 8 * 60
