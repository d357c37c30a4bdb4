"""The units that work by themselves."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox.dispatch_core.records import Case
from sandbox.dispatch_core.stories import story
from tests.sandbox.line import BASE, Inbox, Line

AT = datetime(2026, 11, 20, tzinfo=UTC)
CASE = Case(
    number=1, id="FB1", external_id=None, token=None, token_ready_at=None, service_code="general",
    service_name="综合诉求", service_group=None, description="路灯不亮", address=None, address_id=None, lat=None,
    long=None, filed={}, step="pushed", step_before_merge=None, round=1, sequence=0, unit=None, unit_phone=None,
    first_assigned_pace=None, requested_at=AT, updated_at=AT, expected_at=None,
)  # fmt: skip
TEXTS = ("夜里施工太吵", "楼道垃圾没人收", "路灯不亮", "楼上漏水", "消防通道乱停车", "电梯老停", "拖欠工资", "随便说说")


async def history(core: Line, case: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = await core.get(f"{BASE}/servicerequestupdates.json", service_request_id=case)
    return found


async def test_at_speed_nought_nobody_acts(core: Line) -> None:
    case = await core.filed("L-1")
    await core.steer("/clock", {"advance_seconds": 30 * 86400})
    assert await history(core, case) == []


async def test_every_request_is_answered_within_ten_days(core: Line) -> None:
    await core.steer("/units", {"speed": 1}, "PUT")
    cases = [await core.filed(f"L-{number}", description=text) for number, text in enumerate(TEXTS * 5)]
    await core.steer("/clock", {"advance_seconds": 10.1 * 86400})
    seen: set[str] = set()
    for case in cases:
        updates = await history(core, case)
        events = [one["event"] for one in updates]
        times = [datetime.fromisoformat(one["updated_datetime"]) for one in updates]
        assert events[0] == "assigned"
        assert events[-1] == "answered"
        assert {"accepted", "feedback", "in_progress"} <= set(events)
        assert times == sorted(times)
        assert times[-1] - times[0] < timedelta(days=10)
        assert [one["sequence"] for one in updates] == list(range(1, len(updates) + 1))
        assert all(one["agency_phone"].startswith("0755-0000") for one in updates if one["event"] != "returned")
        seen |= set(events)
    assert {"urging_letter", "reminder_letter", "extension_granted", "waiting_for_resident", "returned"} <= seen


async def test_a_late_signature_is_pressed_for_first(core: Line) -> None:
    await core.steer("/units", {"speed": 1}, "PUT")
    cases = [await core.filed(f"L-{number}") for number in range(30)]
    await core.steer("/clock", {"advance_seconds": 86400})
    for case in cases:
        at = {one["event"]: datetime.fromisoformat(one["updated_datetime"]) for one in await history(core, case)}
        if "returned" not in at:
            late = at["accepted"] - at["assigned"] > timedelta(minutes=30)
            assert late == ("urging_letter" in at)


def test_the_same_seed_and_request_give_the_same_story() -> None:
    assert story(CASE, 1) == story(CASE, 1)
    assert story(CASE, 1) != story(CASE, 2)
    assert story(CASE, 1) != story(replace(CASE, id="FB2"), 1)


def helped(case: Case) -> list[dict[str, Any]]:
    """Tell this request's story with every chance of help; give what is told from the helper on."""
    stories = (story(replace(case, id=f"FB{number}"), 1) for number in range(300))
    found = next(beats for beats in stories if any(beat.event == "co_handler_added" for beat in beats))
    first = next(place for place, beat in enumerate(found) if beat.event == "co_handler_added")
    return [beat.fields for beat in found[first - 1 :]]


@pytest.mark.parametrize("text", TEXTS)
def test_a_helping_unit_is_another_than_the_host_and_named_once(text: str) -> None:
    before, helper, *after = helped(replace(CASE, description=text, address="龙华区龙华街道某花园"))
    assert helper["agency_responsible"] in helper["public_text"]
    assert helper["agency_responsible"] != before["agency_responsible"]
    assert helper["agency_phone"] != before["agency_phone"]
    assert helper["agency_responsible"].count("街道") == 1
    assert {each["agency_responsible"] for each in after} == {before["agency_responsible"]}


async def test_whoever_helps_takes_nothing_over(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    await wired.play(case, "assigned", agency_responsible="某水务所", agency_phone="0755-00000001")
    await wired.raw("POST", f"/operator/requests/{case}/events", data={"event": "co_handler_added"})
    await wired.play(case, "co_handler_added", agency_responsible="某工作站")
    await wired.play(case, "accepted")
    _, chosen, given, accepted = (one.body for one in await inbox.until(4))
    assert chosen["agency_responsible"] not in ("某水务所", None)
    assert (given["agency_responsible"], given.get("agency_phone")) == ("某工作站", None)
    assert (accepted["agency_responsible"], accepted["agency_phone"]) == ("某水务所", "0755-00000001")
    view = (await wired.get(f"{BASE}/requests/{case}.json", extensions="true"))[0]
    assert view["responsible"] == {"unit": "某水务所", "duty_phone": "0755-00000001"}


async def test_a_unit_that_takes_over_does_not_take_the_telephone_along(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    await wired.play(case, "assigned", agency_responsible="某水务所", agency_phone="0755-00000001")
    await wired.play(case, "transferred", agency_responsible="某执法队")
    assert "agency_phone" not in (await inbox.until(2))[1].body
    view = (await wired.get(f"{BASE}/requests/{case}.json", extensions="true"))[0]
    assert view["responsible"] == {"unit": "某执法队", "duty_phone": None}


async def test_a_higher_speed_makes_the_same_story_shorter(core: Line) -> None:
    await core.steer("/units", {"speed": 60}, "PUT")
    case = await core.filed("L-1")
    await core.steer("/clock", {"advance_seconds": 4 * 3600})
    updates = await history(core, case)
    first, last = (datetime.fromisoformat(updates[at]["updated_datetime"]) for at in (0, -1))
    assert updates[-1]["event"] == "answered"
    assert last - first < timedelta(hours=4)


async def test_the_clock_alone_moves_the_units_too(wired: Line, inbox: Inbox) -> None:
    await wired.steer("/units", {"speed": 1440}, "PUT")
    await wired.steer("/clock", {"rate": 3600})
    await wired.filed("L-1")
    assert (await inbox.until(3))[0].body["event"] == "assigned"


async def test_units_go_on_from_where_a_hand_left_off(core: Line) -> None:
    case = await core.filed("L-1")
    for event in ("assigned", "accepted"):
        await core.play(case, event, agency_responsible="某水务所")
    await core.steer("/units", {"speed": 1}, "PUT")
    await core.steer("/clock", {"advance_seconds": 864000})
    events = [one["event"] for one in await history(core, case)]
    assert events[:2] == ["assigned", "accepted"]
    assert events.count("assigned") == events.count("accepted") == 1 + events.count("returned")
    assert events[-1] == "answered"


async def test_a_redo_is_worked_through_by_the_same_unit(core: Line) -> None:
    await core.steer("/units", {"speed": 1}, "PUT")
    case = await core.filed("L-1")
    await core.steer("/clock", {"advance_seconds": 864000})
    first = await history(core, case)
    await core.say(case, "r", "redone")
    await core.steer("/clock", {"advance_seconds": 864000})
    second = (await history(core, case))[len(first) :]
    assert [one["event"] for one in second] == ["feedback", "in_progress", "answered"]
    assert {one["round"] for one in second} == {2}
    assert {one["agency_responsible"] for one in second} == {first[-1]["agency_responsible"]}


async def test_a_withdrawn_request_is_left_alone(core: Line) -> None:
    await core.steer("/units", {"speed": 1}, "PUT")
    case = await core.filed("L-1")
    await core.say(case, "w", "withdrawn")
    await core.steer("/clock", {"advance_seconds": 864000})
    assert await history(core, case) == []


async def test_an_urging_is_answered_with_a_note(core: Line) -> None:
    await core.steer("/units", {"speed": 1}, "PUT")
    case = await core.filed("L-1")
    await core.steer("/clock", {"advance_seconds": 3 * 3600})
    await core.say(case, "u", "urged")
    await core.steer("/clock", {"advance_seconds": 3 * 3600})
    assert "note" in [one["event"] for one in await history(core, case)]


async def test_the_picture_of_a_unit_can_be_fetched(core: Line) -> None:
    async with core.session.get(f"{core.url}/pictures/FB1-before.png") as response:
        assert response.content_type == "image/png"
        assert (await response.read()).startswith(b"\x89PNG")
