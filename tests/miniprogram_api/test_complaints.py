"""The complaint's main road, through the doors: phone, dispatch core and back."""

import asyncio
from datetime import timedelta
from typing import Any

from foundation.clock import FrozenClock
from tests.conftest import STARTED_AT
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone

MINUTE = timedelta(minutes=1)


async def test_a_complaint_travels_from_tap_to_rating(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file("楼下烧烤店每晚占道，油烟很大", category="130")
    assert complaint["status"] == "submitted"
    assert complaint["push"]["state"] == "waiting"

    await worker.run_until_idle()
    assert (await phone.show(complaint))["status"] == "pushed"

    unit: dict[str, Any] = {"agency_responsible": "民治街道城管执法队", "agency_phone": "0755-00000413"}
    for event, minutes in (("assigned", 1), ("accepted", 10), ("feedback", 60), ("in_progress", 90)):
        clock.set(STARTED_AT + minutes * MINUTE)
        await core.play(complaint, event, at=clock.now(), public_text="来看过了", **unit)
        await worker.run_until_idle()
    shown = await phone.show(complaint)
    assert shown["status"] == "in_progress"
    assert shown["responsible"] == {
        "unit": "民治街道城管执法队",
        "duty_phone": "0755-00000413",
        "since": "2026-11-20T13:07:00Z",
    }
    states = {each["kind"]: each["state"] for each in shown["deadlines"]}
    assert states == {"accept": "met", "feedback": "met", "result": "running"}

    await core.play(complaint, "answered", at=clock.now(), public_text="桌椅已收回店内")
    await worker.run_until_idle()
    shown = await phone.show(complaint)
    assert shown["status"] == "answered"
    assert shown["result"]["text"] == "桌椅已收回店内"
    assert "rate" in shown["can"]

    rated = await phone.post(
        f"/complaints/{complaint['id']}/rating",
        {"solved": True, "speed": 5, "result": 5, "service": 4, "answer": 5},
    )
    assert (rated.status, rated.body["status"]) == (201, "closed")
    await worker.run_until_idle()
    assert [event["type"] for event in await phone.timeline(complaint)] == [
        "submitted",
        "pushed",
        "assigned",
        "accepted",
        "feedback",
        "in_progress",
        "answered",
        "rated",
        "closed",
    ]
    await core.until_heard(complaint, "rated")


async def test_two_taps_with_one_key_make_one_complaint(phone: Phone) -> None:
    body = {"text": "路灯坏了三天了"}

    answers = await asyncio.gather(*(phone.post("/complaints", body, key="tap") for _ in range(5)))

    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len((await phone.get("/complaints")).body["items"]) == 1


async def test_the_same_key_with_another_body_is_refused(phone: Phone) -> None:
    await phone.post("/complaints", {"text": "路灯坏了三天了"}, key="tap")

    answer = await phone.post("/complaints", {"text": "井盖坏了三天了"}, key="tap")

    assert answer.status == 409


async def test_a_text_of_four_characters_names_the_field(phone: Phone) -> None:
    answer = await phone.post("/complaints", {"text": "很吵很吵"})

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["errors"][0]["pointer"] == "/text"
    assert answer.body["errors"][0]["code"] == "too_short"


async def test_a_pin_outside_the_district_is_refused(phone: Phone) -> None:
    pin = {"lng": 116.4, "lat": 39.9, "datum": "wgs84"}

    answer = await phone.post("/complaints", {"text": "路灯坏了三天了", "location": pin})

    assert answer.status == 422
    assert answer.body["errors"][0]["pointer"] == "/location"


async def test_an_update_that_is_quicker_than_the_answer_to_our_push_finds_its_complaint(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file()
    await core.control(
        "/faults",
        [{"match": {"path": "/open311/v2/requests.json", "method": "POST"}, "do": "accept_then_drop", "times": 1}],
        method="PUT",
    )
    await worker.run_jobs()  # the core has it, we do not know

    await core.play(complaint, "assigned", agency_responsible="水务所")
    await worker.clear_desks()

    shown = await phone.show(complaint)
    assert (shown["status"], shown["push"]["state"]) == ("assigned", "waiting")
    await _later(worker, phone, complaint)
    assert (await phone.show(complaint))["status"] == "assigned"
    assert len(await core.requests(complaint)) == 1


async def _later(worker: Worker, phone: Phone, complaint: dict[str, object]) -> None:
    """Let the retry come due: it does within half a second here."""
    async with asyncio.timeout(30):
        while (await phone.show(complaint))["push"]["state"] != "done":
            await asyncio.sleep(0.05)
            await worker.run_until_idle()


async def test_a_core_that_is_down_leaves_the_complaint_waiting_with_the_time_of_the_next_try(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    await core.control("/faults", [{"match": {"path": "*"}, "do": "status", "value": 503, "times": 3}], method="PUT")
    complaint = await phone.file()

    await worker.run_jobs()

    shown = await phone.show(complaint)
    assert shown["status"] == "submitted"
    assert shown["push"]["state"] == "waiting"
    assert shown["push"]["next_try_at"]
    await _later(worker, phone, complaint)
    assert len(await core.requests(complaint)) == 1


async def test_not_solved_starts_one_redo_and_the_second_time_it_is_supervised_and_closed(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    for event in ("assigned", "accepted", "answered"):
        await core.play(complaint, event, at=clock.now(), agency_responsible="环卫所")
    await worker.run_until_idle()
    bad = {"solved": False, "speed": 1, "result": 1, "service": 2, "answer": 2}

    first = await phone.post(f"/complaints/{complaint['id']}/rating", bad)

    assert (first.body["status"], first.body["round"]) == ("in_progress", 2)
    assert first.body["responsible"]["unit"] == "环卫所"
    fresh = {each["kind"]: each["state"] for each in first.body["deadlines"] if each["round"] == 2}
    assert fresh == {"feedback": "running", "result": "running"}
    await worker.run_until_idle()
    clock.advance(minutes=5)
    await core.play(complaint, "answered", at=clock.now(), round=2)
    await worker.run_until_idle()
    second = await phone.post(f"/complaints/{complaint['id']}/rating", bad)
    assert second.body["status"] == "closed"
    assert [event["type"] for event in await phone.timeline(complaint)][-4:] == [
        "answered",
        "rated",
        "supervised",
        "closed",
    ]


async def test_a_promise_whose_instant_passes_is_late_and_stays_late(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await worker.run_until_idle()
    clock.advance(minutes=30)
    await worker.sweep()
    assert (await phone.show(complaint))["deadlines"][0]["state"] == "running"

    clock.advance(seconds=1)
    await worker.sweep()

    assert (await phone.show(complaint))["deadlines"][0]["state"] == "late"
    await core.play(complaint, "accepted", at=clock.now())
    await worker.run_until_idle()
    accept = (await phone.show(complaint))["deadlines"][0]
    assert (accept["state"], bool(accept["met_at"])) == ("late", True)


async def test_what_nobody_rates_is_closed_after_seven_days(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    complaint = await phone.file()
    await worker.run_until_idle()
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await core.play(complaint, "answered", at=clock.now())
    await worker.run_until_idle()

    clock.advance(days=7, seconds=1)
    await worker.run_until_idle()

    assert (await phone.show(complaint))["status"] == "closed"
    assert (await phone.timeline(complaint))[-1]["title"] == "七天没有评价，结案"


async def test_a_neighbour_who_follows_sees_the_steps_and_none_of_the_words(
    phone: Phone, neighbour: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file("我家302漏水，请联系我")
    assert (await neighbour.get(f"/complaints/{complaint['id']}")).status == 404

    assert (await neighbour.call("PUT", f"/complaints/{complaint['id']}/follow")).status == 204

    await worker.run_until_idle()
    seen = await neighbour.show(complaint)
    assert (seen["text"], seen["mine"], seen["followers"]) == (None, False, 1)
    assert seen["place"]["name"] == "北苑社区"
    first = (await neighbour.timeline(complaint))[0]
    assert (first["type"], first["text"]) == ("note", None)
    answer = await neighbour.post(f"/complaints/{complaint['id']}/withdrawal", {"reason": "不要了"})
    assert answer.status == 404
