"""How a complaint ends, and what of that is told to whom: by when it may be rated, and why it was closed."""

from datetime import timedelta

import pytest

from foundation.clock import FrozenClock
from tests.community.complaints.line import Line, Unit, update
from tests.conftest import STARTED_AT, Client
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import BAD, GOOD, of, unit
from tests.phone import Phone

__all__ = ["unit"]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
HALF_GOOD = GOOD | {"result": 2}


def told_as(instant: object) -> str:
    return str(instant).replace(" ", "T").replace("+00:00", "Z")


async def test_a_result_told_many_days_late_can_be_rated_for_seven_days_all_the_same(
    api: Client, phone: Phone, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    clock.advance(days=9)
    for event, minutes in (("assigned", 1), ("answered", 20)):
        await Line(api).tell(update(complaint, event, STARTED_AT + minutes * MINUTE, agency_responsible="环卫所"))
    await worker.clear_desks()
    await worker.sweep()

    shown = await phone.show(complaint)

    assert (shown["status"], shown["can"]) == ("answered", ["supplement", "rate", "reopen"])
    assert shown["result"]["at"] == told_as(STARTED_AT + 20 * MINUTE)
    assert shown["rate_by"] == told_as(STARTED_AT + 16 * DAY)
    clock.advance(days=7, seconds=1)
    await worker.sweep()
    assert (await phone.show(complaint))["closed_because"] == "not_rated"


@pytest.mark.parametrize(
    ("ratings", "because"),
    [([GOOD], "rated_solved"), ([BAD, BAD], "supervised"), ([BAD, HALF_GOOD], "supervised"), ([BAD], "not_rated")],
)
async def test_why_it_was_closed_is_known_and_only_to_its_owner(
    *, phone: Phone, neighbour: Phone, unit: Unit, clock: FrozenClock, ratings: list[object], because: str
) -> None:
    complaint = await phone.file()
    await neighbour.call("PUT", of(complaint, "follow"))
    await unit.does(complaint, "assigned", "answered")
    await phone.post(of(complaint, "rating"), ratings[0])
    clock.advance(hours=1)
    await unit.does(complaint, "answered", round=2)
    for rating in ratings[1:]:
        await phone.post(of(complaint, "rating"), rating)
    clock.advance(days=8)
    await unit.worker.sweep()

    own, other = [await each.show(complaint) for each in (phone, neighbour)]

    assert (own["status"], own["closed_because"], own["rate_by"]) == ("closed", because, None)
    assert (other["status"], other["closed_because"], other["rating"]) == ("closed", None, None)


async def test_what_the_core_closes_is_said_to_be_closed_by_it(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned", "answered", "closed")

    assert (await phone.show(complaint))["closed_because"] == "by_core"


async def test_a_core_that_repeats_our_closing_does_not_change_why(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned", "answered")
    await phone.post(of(complaint, "rating"), GOOD)
    await unit.does(complaint, "closed")

    assert (await phone.show(complaint))["closed_because"] == "rated_solved"


async def test_a_round_no_redo_has_begun_takes_nothing_away(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned")
    await unit.does(complaint, "in_progress", "answered", round=7)

    shown = await phone.show(complaint)

    assert (shown["status"], shown["round"]) == ("answered", 1)
    assert "reopen" in shown["can"]
    assert {each["kind"]: each["state"] for each in shown["deadlines"]} == {
        "accept": "met",
        "feedback": "met",
        "result": "met",
    }


async def test_since_when_a_unit_answers_is_told_by_the_time_of_what_happened(
    api: Client, phone: Phone, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    clock.advance(hours=1)
    for event, minutes, named in (("transferred", 40, "城管队"), ("assigned", 5, "环卫所")):
        await Line(api).tell(update(complaint, event, STARTED_AT + minutes * MINUTE, agency_responsible=named))
    await worker.clear_desks()

    assert (await phone.show(complaint))["responsible"] == {
        "unit": "城管队",
        "duty_phone": None,
        "since": told_as(STARTED_AT + 40 * MINUTE),
    }


async def test_why_the_core_does_not_accept_it_comes_with_its_code(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "not_accepted", external_status_code="NA-03", public_text="请找人民调解委员会")

    last = (await phone.timeline(complaint))[-1]

    assert (last["type"], last["reason_code"]) == ("not_accepted", "NA-03")


async def test_an_extension_says_until_when(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned")
    await unit.does(complaint, "extension_granted", due_datetime="2026-12-04T18:00:00+08:00")
    await unit.does(complaint, "extension_granted")

    titles = [event["title"] for event in await phone.timeline(complaint)][-2:]

    assert titles == ["要多用几天，改到 2026-12-04 18:00 前办结（延期）", "同意多用几天（延期）"]
