"""What was lost on the way from the core is found again, and nothing is doubled by looking."""

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from community.complaints.dispatch import client
from community.complaints.dispatch.reconciling import reconcile
from community.complaints.dispatch_models import DispatchUpdate, ReconciliationRun
from community.complaints.jobs import reconcile_with_dispatch
from community.complaints.parked import parked_things
from foundation.clock import FrozenClock, real_now
from foundation.database import query
from foundation.ground import Ground
from foundation.leader import defer_once
from tests.community.complaints.line import Line, update
from tests.community.complaints.passing_on import pass_on_everything
from tests.conftest import Client
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone

PULL = "/open311/v2/servicerequestupdates.json"


@pytest.fixture
async def complaint(phone: Phone, core: DispatchCore, worker: Worker) -> dict[str, Any]:
    """A complaint the core has."""
    filed = await phone.file()
    await pass_on_everything(worker)
    return filed


async def lose(core: DispatchCore, complaint: dict[str, Any], event: str, clock: FrozenClock, **fields: Any) -> str:
    """Let something happen whose callback never comes."""
    return await core.play(complaint, event, at=clock.now(), deliver=False, agency_responsible="环卫所", **fields)


async def types(phone: Phone, complaint: dict[str, Any]) -> list[str]:
    return [event["type"] for event in await phone.timeline(complaint)]


async def test_a_lost_callback_is_found_counted_and_applied(
    *, phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, ground: Ground, complaint: dict[str, Any]
) -> None:
    clock.advance(minutes=5)
    await lose(core, complaint, "assigned", clock)

    with capture_logs() as logs:
        assert await reconcile(ground) == 1
    await worker.clear_desks()

    run = await ReconciliationRun.get()
    assert (run.seen, run.found) == (1, 1)
    assert "reconciliation_found_lost_updates" in [each["event"] for each in logs]
    assert await types(phone, complaint) == ["submitted", "pushed", "assigned"]
    assert (await phone.show(complaint))["status"] == "assigned"


async def test_a_callback_that_says_something_else_than_what_was_found_is_kept_for_a_person(
    *,
    phone: Phone,
    api: Client,
    core: DispatchCore,
    worker: Worker,
    clock: FrozenClock,
    ground: Ground,
    complaint: dict[str, Any],
) -> None:
    lost = await lose(core, complaint, "assigned", clock)
    await reconcile(ground)
    await worker.clear_desks()

    answer = await Line(api).tell(update(complaint, "closed", clock.now(), update_id=lost))
    await core.deliver([lost])  # as it was found: the same in other fields

    assert (answer.status, answer.body["type"]) == (409, "/problems/conflicting-update")
    assert [(each.kind, each.name) for each in await parked_things()] == [("conflict", lost)]
    await worker.clear_desks()
    assert (await phone.show(complaint))["status"] == "assigned"


async def test_windows_overlap_and_double_nothing(
    *, phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, ground: Ground, complaint: dict[str, Any]
) -> None:
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    lost = await lose(core, complaint, "accepted", clock)

    found = []
    for _ in range(3):
        found.append(await reconcile(ground))
        await worker.clear_desks()
        clock.advance(minutes=10)
    await core.deliver([lost, lost])
    await worker.clear_desks()

    assert found == [1, 0, 0]
    assert [(run.seen, run.found) for run in await ReconciliationRun.all().order_by("id")] == [(2, 1), (2, 0), (2, 0)]
    assert await types(phone, complaint) == ["submitted", "pushed", "assigned", "accepted"]
    assert await DispatchUpdate.all().count() == 2


async def test_each_window_begins_an_hour_before_the_last_one_ended(
    core: DispatchCore, clock: FrozenClock, ground: Ground
) -> None:
    await reconcile(ground)
    first_until = clock.now()
    clock.advance(minutes=10)

    await reconcile(ground)

    runs = await ReconciliationRun.all().order_by("id")
    assert [run.until - run.since for run in runs] == [timedelta(days=1), timedelta(hours=1, minutes=10)]
    assert runs[1].since == first_until - timedelta(hours=1)


async def test_a_core_that_does_not_answer_is_asked_over_the_longer_window_the_next_time(
    *, phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, ground: Ground, complaint: dict[str, Any]
) -> None:
    await reconcile(ground)
    clock.advance(hours=1)
    await lose(core, complaint, "assigned", clock)
    await core.control("/faults", [{"match": {"path": PULL}, "do": "status", "value": 503, "times": 1}], method="PUT")
    clock.advance(hours=4)
    assert await reconcile(ground) == 0
    assert await ReconciliationRun.all().count() == 1

    clock.advance(hours=4)

    assert await reconcile(ground) == 1
    await worker.clear_desks()
    assert (await phone.show(complaint))["status"] == "assigned"


async def test_many_pages_are_read_to_the_end(
    core: DispatchCore, clock: FrozenClock, ground: Ground, complaint: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 3)
    for _ in range(7):
        await lose(core, complaint, "note", clock)

    assert await reconcile(ground) == 7
    assert await reconcile(ground) == 0


@pytest.mark.parametrize("page_size", [2, 200])
async def test_a_core_that_knows_no_pages_is_read_once(
    *,
    core: DispatchCore,
    clock: FrozenClock,
    ground: Ground,
    complaint: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    page_size: int,
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", page_size)
    known = {"external_id": complaint["id"], "updated_datetime": clock.now().isoformat(), "status": "OPEN"}
    rows = [{**known, "update_id": f"U{n}"} for n in range(3)]
    answer = {"match": {"path": PULL}, "do": "answer", "value": {"status": 200, "body": rows}}
    await core.control("/faults", [answer], method="PUT")

    assert await reconcile(ground) == 3
    assert (await ReconciliationRun.get()).seen == 3


async def test_what_the_core_garbled_is_passed_over_and_the_rest_found(
    core: DispatchCore, clock: FrozenClock, ground: Ground, complaint: dict[str, Any]
) -> None:
    clock.set(real_now())
    await core.play(complaint, "note", deliver=False, updated_datetime="not a time")
    await lose(core, complaint, "note", clock, status=None, description="话")

    with capture_logs() as logs:
        assert await reconcile(ground) == 1

    assert "update_unreadable" in [each["event"] for each in logs]


async def test_what_belongs_to_others_is_passed_over(
    core: DispatchCore, clock: FrozenClock, ground: Ground, complaint: dict[str, Any], worker: Worker
) -> None:
    number = await core.request_id(complaint)
    word = {"updated_datetime": clock.now().isoformat(), "status": "OPEN"}
    rows = [
        {**word, "update_id": "theirs"},
        {**word, "update_id": "theirs-too", "service_request_id": f"{number}9"},
        {**word, "update_id": "nobody's", "external_id": "018f0000-0000-7000-8000-000000000000"},
        {**word, "update_id": "no id", "external_id": "12-A"},
        {**word, "update_id": "ours", "service_request_id": number},
    ]
    answer = {"match": {"path": PULL}, "do": "answer", "value": {"status": 200, "body": rows}}
    await core.control("/faults", [answer], method="PUT")

    assert await reconcile(ground) == 1

    await worker.clear_desks()
    assert [row.update_id for row in await DispatchUpdate.all()] == ["ours"]
    assert (await ReconciliationRun.get()).seen == len(rows)


@pytest.mark.parametrize(
    "words", [{"description": "给单位看的"}, {"description": "给单位看的", "public_text": "给您看的"}]
)
async def test_an_update_reads_the_same_whether_it_was_told_or_found(
    *,
    phone: Phone,
    core: DispatchCore,
    worker: Worker,
    clock: FrozenClock,
    ground: Ground,
    complaint: dict[str, Any],
    words: dict[str, Any],
) -> None:
    await core.play(complaint, "feedback", at=clock.now(), **words)
    await worker.clear_desks()
    await lose(core, complaint, "feedback", clock, **words)
    await reconcile(ground)
    await worker.clear_desks()

    told, found = (await phone.timeline(complaint))[-2:]

    assert {**told, "seq": 0} == {**found, "seq": 0, "unit": told["unit"]}
    assert told["text"] == words.get("public_text", words["description"])


async def test_upkeep_that_waits_already_is_not_stored_twice(
    phone: Phone, core: DispatchCore, worker: Worker, clock: FrozenClock, complaint: dict[str, Any]
) -> None:
    await lose(core, complaint, "assigned", clock)

    for _ in range(3):
        await defer_once(reconcile_with_dispatch)

    rows = await query(
        "SELECT count(*) AS n FROM procrastinate_jobs WHERE task_name = %s", reconcile_with_dispatch.name
    )
    assert rows[0]["n"] == 1
    await worker.run_until_idle()
    await worker.clear_desks()
    assert (await phone.show(complaint))["status"] == "assigned"
