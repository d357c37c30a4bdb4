"""Taking the core's word: many at once, each stored once, whoever comes first."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

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


async def test_a_pulled_update_never_contradicts_a_called_one() -> None:
    assert await take_in([told("a", word=1), told("b", "pull", word=1)]) == [Taken.STORED, Taken.STORED]

    assert await take_in([told("a", "pull", word=2), told("b", word=2)]) == [Taken.KNOWN, Taken.KNOWN]


async def test_an_empty_batch_is_no_trouble() -> None:
    assert await take_in([]) == []


async def test_processes_that_hear_the_same_in_another_order_do_not_wait_for_one_another() -> None:
    for round_ in range(8):
        batch = [told(f"{round_}-{n}") for n in range(60)]

        answers = await asyncio.gather(*(take_in(batch[::step]) for step in (1, -1, 1, -1, 3, -3)))

        assert sum(taken.count(Taken.STORED) for taken in answers) == 60
    assert len(await stored()) == 8 * 60
