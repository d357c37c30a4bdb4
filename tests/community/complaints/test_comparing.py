"""Everything is compared with the core: what was lost is found, what differs is told, and nothing under way is either."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from community.complaints.comparison_report import report
from community.complaints.dispatch import client
from community.complaints.dispatch.comparing import compare, count_differences, is_due, last_report, status_differs
from community.complaints.dispatch.protocol import CoreRequest
from community.complaints.dispatch_models import ComparisonRun, DispatchUpdate
from community.complaints.jobs import compare_everything
from community.complaints.models import Status
from foundation.clock import FrozenClock, real_now
from foundation.database import query
from foundation.ground import Ground
from tests.community.complaints.passing_on import REQUESTS, UPDATES, pass_on_everything
from tests.core import API_KEY, DispatchCore
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import GOOD, of
from tests.phone import Phone

NIGHT = datetime(2026, 11, 20, 19, 30, tzinfo=UTC)  # half past three in Shenzhen
DAY = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_time(clock: FrozenClock) -> None:
    """Let our clock show the core's time: it lists by its own."""
    clock.set(real_now())


@pytest.fixture
async def complaint(phone: Phone, core: DispatchCore, worker: Worker) -> dict[str, Any]:
    """A complaint the core has."""
    filed = await phone.file()
    await pass_on_everything(worker)
    return filed


async def answers_instead(core: DispatchCore, path: str, rows: list[dict[str, Any]]) -> None:
    rule = {"match": {"path": path, "method": "GET"}, "do": "answer", "value": {"status": 200, "body": rows}}
    await core.control("/faults", [rule], method="PUT")


def kinds(run: ComparisonRun) -> list[str]:
    return [each["kind"] for each in run.differences]


def told(run: ComparisonRun | None) -> str:
    return "\n".join(report(run))


async def test_when_all_is_well_the_report_says_how_much_was_read_and_nothing_else(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    await core.play(complaint, "assigned", at=clock.now(), agency_responsible="环卫所")
    await worker.run_until_idle()

    run = await compare(ground)

    assert (run.requests, run.others, run.compared, run.updates, run.healed, run.differing) == (1, 0, 1, 1, 0, 0)
    assert run.ended_at is not None
    assert "No update had been lost.\nNothing else differs." in told(await last_report())


async def test_updates_lost_weeks_ago_come_in_through_the_same_inbox(
    *, phone: Phone, ground: Ground, complaint: dict[str, Any], core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    for event in ("assigned", "accepted", "answered"):
        clock.advance(hours=1)
        await core.play(complaint, event, at=clock.now(), deliver=False, agency_responsible="环卫所")
    clock.advance(days=40)

    with capture_logs() as logs:
        run = await compare(ground)
    await worker.clear_desks()
    second = await compare(ground)

    assert (run.healed, run.differing, second.healed, second.differing) == (3, 0, 0, 0)
    assert "comparison_found_lost_updates" in [each["event"] for each in logs]
    assert [each["type"] for each in await phone.timeline(complaint)] == [
        "submitted", "pushed", "assigned", "accepted", "answered"
    ]  # fmt: skip
    assert "3 updates had been lost and were taken in." in told(run)


async def test_many_pages_and_windows_are_read_to_the_end(
    *,
    ground: Ground,
    phone: Phone,
    core: DispatchCore,
    worker: Worker,
    clock: FrozenClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    filed = [await phone.file() for _ in range(5)]
    await pass_on_everything(worker)
    for each in filed:
        await core.play(each, "assigned", at=clock.now(), deliver=False, agency_responsible="环卫所")
    clock.advance(days=100)
    filed.append(await phone.file())
    await pass_on_everything(worker)

    run = await compare(ground)

    assert (run.requests, run.compared, run.healed, run.differing) == (6, 6, 5, 0)
    assert run.until - run.since == timedelta(days=100)


async def test_other_clients_requests_and_updates_are_passed_over(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore, worker: Worker
) -> None:
    foreign = {
        "service_code": "general",
        "address_string": "某处",
        "attribute[external_id]": "018f0000-0000-7000-8000-0",
    }
    async with core.session.post(core.url + REQUESTS, data={"api_key": API_KEY, **foreign}) as answer:
        number = (await answer.json(content_type=None))[0]["service_request_id"]
    await core.control(f"/requests/{number}/updates", {"event": "assigned", "deliver": False})

    run = await compare(ground)

    assert (run.requests, run.others, run.updates, run.healed, run.differing) == (2, 1, 1, 0, 0)
    assert await DispatchUpdate.all().count() == 0


async def test_what_the_core_does_not_have_is_told_after_it_was_asked_for_by_name(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore
) -> None:
    await core.control("/reset")

    with capture_logs() as logs:
        run = await compare(ground)

    assert kinds(run) == ["missing_there"]
    assert run.differences[0]["number"] == complaint["number"]
    assert ("comparison_found_differences", "error") in [(each["event"], each["log_level"]) for each in logs]
    assert await count_differences() == 1
    assert f"{complaint['number']:<12} the core has no request" in told(run)


async def test_another_state_is_told_and_gone_when_it_is_mended(
    *, ground: Ground, complaint: dict[str, Any], core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    update = await core.play(complaint, "assigned", at=clock.now(), deliver=False, agency_responsible="环卫所")
    await answers_instead(core, UPDATES, [])

    hidden = await compare(ground)
    await core.control("/faults", [], method="PUT")
    await core.deliver([update])
    await worker.clear_desks()
    mended = await compare(ground)

    assert kinds(hidden) == ["other_status"]
    assert (hidden.differences[0]["ours"], hidden.differences[0]["theirs"]) == ("pushed", "assigned")
    assert mended.differing == await count_differences() == 0


async def test_a_second_request_for_one_complaint_is_told(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore
) -> None:
    ours = await core.request_id(complaint)
    row = {"service_request_id": ours, "external_id": complaint["id"], "status": "open"}
    await answers_instead(core, REQUESTS, [row, {**row, "service_request_id": "FB-twin"}])

    run = await compare(ground)

    assert [(each["kind"], each["remote_id"], each["ours"]) for each in run.differences] == [
        ("doubled_there", "FB-twin", ours)
    ]


async def test_what_a_restored_backup_forgot_is_told_by_its_case_number(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore
) -> None:
    forgotten = {
        "service_request_id": "FB-old",
        "external_id": "018f0000-0000-7000-8000-000000000000",
        "status": "open",
        "attributes": [{"code": "number", "value": "1120-04136"}],
    }
    mine = {"service_request_id": await core.request_id(complaint), "external_id": complaint["id"], "status": "open"}
    await answers_instead(core, REQUESTS, [mine, forgotten])

    run = await compare(ground)

    assert [(each["kind"], each["number"]) for each in run.differences] == [("missing_here", "1120-04136")]


async def test_what_is_under_way_is_no_difference(
    *, ground: Ground, phone: Phone, complaint: dict[str, Any], core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    unread = await phone.file("另一件事，井盖坏了")
    await pass_on_everything(worker)
    await core.play(unread, "assigned", at=clock.now(), agency_responsible="环卫所")  # stored, not yet applied
    await phone.post(of(complaint, "withdrawal"), {"reason": "好了"})  # not yet told
    await phone.file("还没有转出去的一件事")

    run = await compare(ground)

    assert (run.compared, run.differing) == (2, 0)


async def test_after_rating_and_closing_nothing_differs(
    *, ground: Ground, phone: Phone, complaint: dict[str, Any], core: DispatchCore, worker: Worker, clock: FrozenClock
) -> None:
    for event in ("assigned", "answered"):
        await core.play(complaint, event, at=clock.now(), agency_responsible="环卫所")
    await worker.run_until_idle()
    await phone.post(of(complaint, "rating"), GOOD)
    await pass_on_everything(worker)

    assert (await compare(ground)).differing == 0


async def test_a_core_that_goes_away_in_the_middle_leaves_a_report_that_says_so_and_no_false_alarm(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore
) -> None:
    whole = await compare(ground)
    rule = {"match": {"path": UPDATES, "method": "GET"}, "do": "status", "value": 503}
    await core.control("/faults", [rule], method="PUT")

    broken = await compare(ground)

    assert broken.ended_at is None
    assert "It broke off: HTTP 503. What follows is not the whole." in told(broken)
    found = await last_report()
    assert found is not None
    assert found.id == whole.id
    assert await is_due(real_now() + timedelta(days=2))


async def test_garbage_in_the_lists_makes_no_comparison_fail(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore
) -> None:
    mine = {"service_request_id": await core.request_id(complaint), "external_id": 5, "status": None, "attributes": 7}
    garbage: list[Any] = [
        {}, {"service_request_id": None}, {"service_request_id": ["x"]}, {"service_request_id": True},
        {"service_request_id": "\x00"}, {"service_request_id": "x" * 5000, "extended_attributes": []},
        {"service_request_id": "y", "external_id": {"a": 1}, "attributes": [None, {"code": "number", "value": []}]},
    ]  # fmt: skip
    await answers_instead(core, REQUESTS, [mine, *garbage])

    run = await compare(ground)

    assert run.ended_at is not None
    assert (run.compared, run.others, run.differing) == (1, 2, 0)


def test_without_a_report_it_says_how_to_get_one() -> None:
    assert told(None) == "Nothing has been compared yet; `linli compare --now` does it."


STATES = [
    (Status.SUBMITTED, {"step": "pushed"}, False),
    (Status.ASSIGNED, {"step": "accepted"}, True),
    (Status.ASSIGNED, {"step": "a word of theirs", "status": "open"}, False),
    (Status.ANSWERED, {"status": "closed"}, True),
    (Status.CLOSED, {"status": "closed"}, False),
    (Status.WITHDRAWN, {"status": "open"}, True),
    (Status.WITHDRAWN, {"status": ""}, False),
]


@pytest.mark.parametrize(("ours", "theirs", "differs"), STATES)
def test_states_are_held_against_one_another_as_finely_as_the_core_tells_them(
    ours: Status, theirs: dict[str, str], differs: bool
) -> None:
    assert status_differs(ours, CoreRequest(remote_id="FB", **theirs)) is differs


@pytest.mark.parametrize(
    ("at", "hours", "ended", "due"),
    [
        (NIGHT, 19, True, False),
        (NIGHT, 21, True, True),
        (DAY, 21, True, False),
        (DAY, 29, True, True),
        (NIGHT, 1, False, True),
    ],
)
async def test_it_is_done_once_a_night_and_made_up_for_by_day(
    *, database: None, at: datetime, hours: float, ended: bool, due: bool
) -> None:
    began = at - timedelta(hours=hours)
    if not ended:
        await ComparisonRun.create(started_at=began - timedelta(days=1), ended_at=began, since=began, until=began)
    await ComparisonRun.create(started_at=began, ended_at=began if ended else None, since=began, until=began)

    assert await is_due(at) is due


async def test_the_upkeep_does_it_once(
    ground: Ground, complaint: dict[str, Any], core: DispatchCore, worker: Worker
) -> None:
    for _ in range(2):
        await compare_everything.run(ground)

    assert (await query("SELECT count(*) AS n FROM comparison_run"))[0]["n"] == 1
