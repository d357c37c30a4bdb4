"""What every stand-in shares, and the operator's page."""

import json
from datetime import UTC, datetime

import pytest

from tests.sandbox.line import BASE, SECRET, Inbox, Line, eventually


async def test_the_journal_keeps_every_message_numbered_and_masked(wired: Line, inbox: Inbox) -> None:
    people = {"first_name": "张三丰", "phone": "13812345678", "description": "打 13812345678 找我"}
    case = await wired.filed("L-1", **people)
    await wired.play(case, "assigned")
    await inbox.until(1)
    journal = await wired.steer("/journal?after=0", method="GET")
    text = json.dumps(journal, ensure_ascii=False)
    assert [one["number"] for one in journal["items"]] == list(range(1, len(journal["items"]) + 1))
    assert [(one["direction"], one["status"]) for one in journal["items"]] == [("in", 200), ("out", 200)]
    assert journal["items"][0]["body"]["phone"] == "138****5678"
    assert journal["items"][1]["body"]["event"] == "assigned"
    for hidden in ("张三丰", "13812345678", "key-for-tests", SECRET, inbox.received[0].headers["x-linli-signature"]):
        assert hidden not in text
    assert (await wired.steer(f"/journal?after={journal['last']}", method="GET"))["items"] == []


async def test_a_call_that_was_cut_off_is_in_the_journal_with_its_fault(core: Line) -> None:
    await core.steer("/faults", [{"match": {"path": "*/services.*"}, "do": "delay", "value": 0.01}], "PUT")
    await core.get(f"{BASE}/services.json")
    assert (await core.steer("/journal", method="GET"))["items"][-1]["faults"] == ["delay"]


async def test_a_fault_can_put_any_answer_in_place_of_the_true_one(core: Line) -> None:
    value = {"status": 200, "body": "<services><broken", "content_type": "text/xml"}
    await core.steer("/faults", [{"do": "answer", "value": value, "times": 1}], "PUT")
    response, text = await core.raw("GET", f"{BASE}/services.xml")
    assert (response.status, response.content_type, text) == (200, "text/xml", "<services><broken")


async def test_the_clock_moves_forward_and_runs_faster(core: Line) -> None:
    assert (await core.steer("/clock", {"advance_seconds": 3600}))["ahead_seconds"] == 3600
    assert (await core.steer("/clock", {"rate": 60}))["rate"] == 60
    response, text = await core.raw("POST", "/control/clock", json={"advance_seconds": -1})
    assert (response.status, json.loads(text)["error"]) == (422, "unprocessable")


@pytest.mark.parametrize(
    "move", [{"advance_seconds": 1e12}, {"advance_seconds": 1e300}, {"advance_seconds": 1, "rate": 1e300}]
)
async def test_a_move_beyond_the_calendar_is_refused_and_changes_nothing(core: Line, move: dict[str, float]) -> None:
    response, _ = await core.raw("POST", "/control/clock", json=move)
    assert response.status == 422
    reading = await core.get("/control/clock")
    assert (reading["rate"], reading["ahead_seconds"]) == (1, 0)
    assert await core.filed("L-1")


async def test_at_the_end_of_the_calendar_time_stands_still(core: Line) -> None:
    now = datetime.fromisoformat((await core.get("/control/clock"))["now"])
    left = (datetime(9998, 1, 1, tzinfo=UTC) - now).total_seconds()
    await core.steer("/clock", {"advance_seconds": left - 60, "rate": 1_000_000})
    await eventually(lambda: _is_at_the_end(core))
    case = await core.filed("L-1")
    assert (await core.get(f"{BASE}/requests/{case}.json"))[0]["requested_datetime"] == "9998-01-01T08:00:00+08:00"


async def _is_at_the_end(core: Line) -> bool:
    return bool((await core.get("/control/clock"))["now"].startswith("9998-01-01"))


async def test_numbers_too_large_for_the_store_are_refused_or_left_out_of_the_books(core: Line) -> None:
    assert (await core.raw("GET", f"/control/journal?after={10**30}"))[0].status == 422
    case = await core.filed("L-1")
    await core.play(case, "note", sequence=10**30, round={"a": 1}, agency_responsible={"name": "某所"})
    told = await core.get(f"{BASE}/servicerequestupdates.json", service_request_id=case)
    assert (told[0]["sequence"], told[0]["agency_responsible"]) == (10**30, {"name": "某所"})


async def test_reset_forgets_requests_and_faults_but_keeps_clock_and_target(wired: Line, inbox: Inbox) -> None:
    await wired.filed("L-1")
    await wired.steer("/clock", {"advance_seconds": 60})
    await wired.steer("/faults", [{"do": "drop", "match": {"path": "nowhere"}}], "PUT")
    await wired.steer("/reset")
    assert (await wired.get("/control/requests"))["items"] == []
    assert (await wired.get("/control/faults"))["items"] == []
    assert (await wired.get("/control/clock"))["ahead_seconds"] >= 60
    case = await wired.filed("L-1")
    await wired.play(case, "assigned")
    await inbox.until(1)
    await wired.steer("/reset", {"clock": True})
    assert abs((await wired.get("/control/clock"))["ahead_seconds"]) < 1


async def test_unknown_requests_and_updates_are_not_found(core: Line) -> None:
    assert (await core.raw("POST", "/control/requests/none/updates", json={"event": "assigned"}))[0].status == 404
    assert (await core.raw("POST", "/control/callbacks", json={"update_ids": ["none"]}))[0].status == 404


async def test_an_operator_sends_an_event_from_the_page(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1", description="<script>路灯</script>")
    _, listed = await wired.raw("GET", "/operator")
    assert case in listed
    assert "<script>" not in listed
    _, shown = await wired.raw(
        "POST", f"/operator/requests/{case}/events", data={"event": "answered", "text": "修好了"}
    )
    assert "修好了" in shown
    assert "已送达" in shown
    assert inbox.received[0].body["public_text"] == "修好了"
    _, journal = await wired.raw("GET", "/operator/journal")
    assert "callbacks/dispatch" in journal
