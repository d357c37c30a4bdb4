"""Passing on to the core: each thing once, in order, through everything that can go wrong on the line."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from community.complaints.dispatch.client import DispatchClient, DispatchRejectedError, DispatchUnavailableError
from community.complaints.dispatch_models import DispatchMessage, MessageState
from community.complaints.parked import parked_things, retry_everything
from foundation.breaker import BreakerOpenError
from foundation.database import query
from foundation.ground import Ground
from foundation.tasks import spawn
from tests.community.complaints.passing_on import (
    REQUESTS,
    UPDATES,
    fault,
    heard_of,
    held_by,
    pass_on_everything,
    posted,
    until,
)
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone

REFUSAL = {"status": 400, "body": [{"code": "400", "description": "缺少参数"}]}


async def supplement(phone: Phone, complaint: dict[str, Any], text: str) -> None:
    answer = await phone.post(f"/complaints/{complaint['id']}/supplements", {"text": text})
    assert answer.status == 201, answer.body


BROKEN: list[tuple[str, Any]] = [
    ("drop", None),
    ("accept_then_drop", None),
    ("status", 500),
    ("status", 503),
    ("status", 429),
    ("status", 403),
    ("status", 401),
    ("status", 408),
    ("answer", {"status": 200, "body": "<html>busy</html>"}),
    ("answer", {"status": 200, "body": []}),
    ("answer", {"status": 200, "body": [{"service_request_id": None}]}),
    ("answer", {"status": 302, "body": "moved"}),
    ("answer", {"status": 200, "body": "[" * 3000}),
]


async def test_whatever_breaks_the_core_has_the_complaint_once_in_the_end(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    for do, value in BROKEN:
        await fault(core, do, value)
        complaint = await phone.file()

        await pass_on_everything(worker)

        held = await held_by(core, complaint)
        assert (await phone.show(complaint))["status"] == "pushed", (do, value)
        rows = await query("SELECT remote_id FROM complaint WHERE id = %s", complaint["id"])
        assert rows[0]["remote_id"] == held["service_request_id"], (do, value)


async def test_a_core_that_lists_everybody_is_not_taken_at_its_word(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    foreign = [{"service_request_id": "FB-of-somebody-else", "status": "open"}]
    rules = [
        {"match": {"path": REQUESTS, "method": "POST"}, "do": "drop", "times": 1},
        {
            "match": {"path": REQUESTS, "method": "GET"},
            "do": "answer",
            "value": {"status": 200, "body": foreign},
            "times": 1,
        },
    ]
    await core.control("/faults", rules, method="PUT")
    complaint = await phone.file()

    await pass_on_everything(worker)

    rows = await query("SELECT remote_id FROM complaint WHERE id = %s", complaint["id"])
    assert rows[0]["remote_id"] == (await held_by(core, complaint))["service_request_id"]


async def test_what_follows_waits_behind_what_waits_for_its_retry(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    await fault(core, "status", 503, times=2)
    complaint = await phone.file()
    await worker.run_jobs()
    for text in ("一", "二", "三"):
        await supplement(phone, complaint, text)

    await pass_on_everything(worker)

    assert [each["description"] for each in await heard_of(core, complaint)] == ["一", "二", "三"]


async def test_an_update_that_waits_for_its_retry_is_not_overtaken(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file()
    await pass_on_everything(worker)
    await fault(core, "accept_then_drop", path=UPDATES, times=2)
    for text in ("一", "二", "三"):
        await supplement(phone, complaint, text)

    await pass_on_everything(worker)

    assert [each["description"] for each in await heard_of(core, complaint)] == ["一", "二", "三"]
    assert await posted(core, UPDATES) == 5


async def test_one_complaint_that_waits_does_not_hold_up_another(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    await fault(core, "answer", REFUSAL)
    held_up = await phone.file()
    await worker.run_jobs()

    other = await phone.file()
    await worker.run_jobs()

    assert (await phone.show(other))["status"] == "pushed"
    assert (await phone.show(held_up))["push"]["state"] == "parked"


async def test_a_category_the_core_does_not_know_goes_to_its_general_service(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file("楼下烧烤店每晚占道，油烟很大", category="130", answers={"source": "烧烤摊"})

    await pass_on_everything(worker)

    held = await held_by(core, complaint)
    assert held["service_code"] == "general"
    assert held["attributes"]["category"] == [
        complaint["category"]["path"][0] + "/" + "/".join(complaint["category"]["path"][1:])
    ]
    assert held["attributes"]["source"] == ["烧烤摊"]
    assert held["attributes"]["number"] == [complaint["number"]]


async def test_what_the_core_refuses_for_good_is_parked_with_what_follows_and_goes_in_order_when_tried_again(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    await fault(core, "answer", REFUSAL)
    complaint = await phone.file()
    with capture_logs() as logs:
        await worker.run_until_idle()
    await supplement(phone, complaint, "补充")
    await worker.run_until_idle()

    assert [each["event"] for each in logs if each["log_level"] == "error"] == ["dispatch_message_parked"]
    parked = await parked_things()
    assert [(each.kind, each.name) for each in parked] == [
        ("message", f"{complaint['number']}/1"),
        ("message", f"{complaint['number']}/2"),
    ]
    assert "缺少参数" in parked[0].why
    assert (await phone.show(complaint))["push"] == {"state": "parked", "next_try_at": None}

    assert await retry_everything(complaint["number"]) == 2
    await pass_on_everything(worker)

    assert await parked_things() == []
    assert [each["description"] for each in await heard_of(core, complaint)] == ["补充"]
    assert (await phone.show(complaint))["push"]["state"] == "done"


async def test_what_was_added_before_a_person_lets_it_go_on_does_not_overtake_it(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    await fault(core, "answer", REFUSAL)
    complaint = await phone.file()
    await worker.run_until_idle()
    await supplement(phone, complaint, "补充")  # its job is there before that of the new try

    assert await retry_everything(complaint["number"]) == 1
    await pass_on_everything(worker)

    assert await parked_things() == []
    assert [each["description"] for each in await heard_of(core, complaint)] == ["补充"]
    assert (await phone.show(complaint))["push"]["state"] == "done"


async def test_after_the_time_to_give_up_a_message_is_parked_with_an_alarm(
    phone: Phone, core: DispatchCore, worker: Worker, ground: Ground
) -> None:
    await fault(core, "status", 503, times=None)
    complaint = await phone.file()
    await worker.run_jobs()
    assert (await phone.show(complaint))["push"]["state"] == "waiting"
    limit = timedelta(hours=ground.settings.dispatch.give_up_hours)
    await query("UPDATE dispatch_message SET first_tried_at = first_tried_at - %s", limit)

    with capture_logs() as logs:
        await pass_on_everything(worker)

    assert (await DispatchMessage.get()).state is MessageState.PARKED
    assert "dispatch_message_parked" in [each["event"] for each in logs if each["log_level"] == "error"]


async def test_a_core_that_fails_again_and_again_is_left_alone_until_it_answers(
    core: DispatchCore, ground: Ground
) -> None:
    client, failures = ground.get(DispatchClient), ground.settings.dispatch.breaker_failures
    client.reads.seconds = 3600
    await core.control("/faults", [{"match": {"path": "services"}, "do": "status", "value": 503}], method="PUT")
    for _ in range(failures):
        with pytest.raises(DispatchUnavailableError):
            await client.ping()

    for _ in range(3):
        with pytest.raises(BreakerOpenError):
            await client.ping()

    assert await posted(core, "services.json") == failures
    assert client.reads.is_open


async def test_a_core_that_says_no_is_not_a_core_that_is_down(core: DispatchCore, ground: Ground) -> None:
    client = ground.get(DispatchClient)
    await core.control("/faults", [{"match": {"path": "services"}, "do": "answer", "value": REFUSAL}], method="PUT")

    for _ in range(ground.settings.dispatch.breaker_failures + 2):
        with pytest.raises(DispatchRejectedError, match="400"):
            await client.ping()

    assert not client.reads.is_open


async def test_a_core_that_answers_questions_and_takes_nothing_in_is_left_alone(
    core: DispatchCore, ground: Ground
) -> None:
    client, failures = ground.get(DispatchClient), ground.settings.dispatch.breaker_failures
    client.writes.seconds = 3600
    await fault(core, "status", 503, times=None)
    for _ in range(failures):
        assert await client.find_request("nobody's") is None
        with pytest.raises(DispatchUnavailableError):
            await client.create_request([])

    with pytest.raises(BreakerOpenError):
        await client.create_request([])

    assert await client.find_request("nobody's") is None


async def test_while_the_core_is_left_alone_complaints_wait_and_then_all_arrive(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaints = [await phone.file() for _ in range(6)]
    await core.control("/faults", [{"do": "status", "value": 503}], method="PUT")
    running = spawn(worker.run_jobs())
    await until(lambda: DispatchMessage.filter(last_error="core is left alone").exists())

    waiting = await DispatchMessage.filter(state=MessageState.WAITING)
    assert len([each for each in waiting if each.next_try_at]) == 6
    await core.control("/faults", [], method="PUT")
    await running
    await pass_on_everything(worker)
    assert {(await phone.show(each))["status"] for each in complaints} == {"pushed"}
    assert [len(await core.requests(each)) for each in complaints] == [1] * 6


async def test_two_workers_and_a_repeated_job_send_nothing_twice(
    phone: Phone, core: DispatchCore, worker: Worker
) -> None:
    complaint = await phone.file()
    await supplement(phone, complaint, "补充")
    await query(
        "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args)"
        " SELECT queue_name, task_name, lock, args FROM procrastinate_jobs"
    )

    await pass_on_everything(worker)

    assert len(await core.requests(complaint)) == 1
    assert [each["description"] for each in await heard_of(core, complaint)] == ["补充"]
    assert [event["type"] for event in await phone.timeline(complaint)] == ["submitted", "supplemented", "pushed"]
