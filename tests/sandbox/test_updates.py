"""Updates both ways: what Linli hands in, what the core tells, and how callbacks arrive."""

import asyncio
import itertools
from datetime import datetime, timedelta

import pytest
from aiohttp import ClientConnectionError

from tests.sandbox.line import BASE, CALLBACKS, Inbox, Line

STORY = ("assigned", "accepted", "feedback", "in_progress", "answered")


async def stored_story(core: Line, case: str) -> list[str]:
    return [await core.play(case, event, deliver=False) for event in STORY]


async def test_a_played_event_arrives_signed_with_exactly_what_was_given(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    update_id = await wired.play(
        case, "assigned", agency_responsible="某街道水务所", description="内部话", odd={"a": 1}
    )
    sent = (await inbox.until(1))[0]
    assert sent.genuine
    assert sent.headers["content-type"] == "application/json; charset=utf-8"
    assert sent.body["update_id"] == update_id
    assert (sent.body["service_request_id"], sent.body["external_id"]) == (case, "L-1")
    assert (sent.body["event"], sent.body["status"], sent.body["sequence"]) == ("assigned", "OPEN", 1)
    assert (sent.body["agency_responsible"], sent.body["description"]) == ("某街道水务所", "内部话")
    assert sent.body["odd"] == {"a": 1}
    assert "public_text" not in sent.body
    assert datetime.fromisoformat(sent.body["updated_datetime"]).utcoffset() == timedelta(hours=8)


async def test_a_named_action_of_the_unit_is_the_same(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    await wired.steer("/actors/unit/feedback", {"service_request_id": case, "public_text": "已联系您"})
    assert (await inbox.until(1))[0].body["public_text"] == "已联系您"


async def test_every_door_also_works_below_the_open311_base(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    response, _ = await wired.raw("POST", f"{BASE}/control/requests/{case}/updates", json={"event": "assigned"})
    assert response.status == 200
    await inbox.until(1)


async def test_callbacks_of_a_request_arrive_in_order_and_again_until_taken(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    inbox.statuses = [503, 500]
    for event in STORY:
        await wired.play(case, event)
    received = await inbox.until(len(STORY) + 2)
    assert inbox.events == ["assigned", "assigned", *STORY]
    assert len({one.raw for one in received[:3]}) == 1
    assert len({one.headers["x-linli-nonce"] for one in received[:3]}) == 3


async def test_a_conflict_is_final_and_noted(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    inbox.statuses = [200, 409]
    await wired.play(case, "note", update_id="X", description="一")
    await wired.play(case, "note", update_id="X", description="二")
    await wired.play(case, "assigned")
    await inbox.until(3)
    queue = (await wired.steer("/callbacks", method="GET"))["items"]
    assert [one["state"] for one in queue[:2]] == ["done", "conflict"]
    told = await wired.get(f"{BASE}/servicerequestupdates.json", service_request_id=case)
    assert [one["description"] for one in told if one["update_id"] == "X"] == ["一"]


async def test_stored_updates_are_delivered_in_any_order_asked_for(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    ids = await stored_story(wired, case)
    assert inbox.received == []
    for order in itertools.islice(itertools.permutations(ids), 3, 120, 29):
        inbox.received.clear()
        answer = await wired.steer("/callbacks", {"update_ids": [*order, order[0]]})
        assert answer["statuses"] == [200] * 6
        assert [one.body["update_id"] for one in inbox.received] == [*order, order[0]]


async def test_many_copies_can_arrive_at_once(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    only = await wired.play(case, "assigned", deliver=False)
    answer = await wired.steer("/callbacks", {"update_ids": [only] * 50, "parallel": True})
    assert answer["statuses"] == [200] * 50
    assert len({one.headers["x-linli-nonce"] for one in inbox.received}) == 50


async def test_an_update_may_be_given_its_own_number_time_and_round(wired: Line, inbox: Inbox) -> None:
    case = await wired.filed("L-1")
    given = {"update_id": "mine", "sequence": 7, "updated_datetime": "2026-11-21 10:00:00", "round": 2}
    await wired.play(case, "answered", **given)
    body = (await inbox.until(1))[0].body
    assert {name: body[name] for name in given} == given
    await wired.play(case, "note")
    assert (await inbox.until(2))[1].body["sequence"] == 8


async def test_the_core_tells_its_updates_by_window_and_since(core: Line) -> None:
    case = await core.filed("L-1")
    await core.play(case, "assigned")
    await core.steer("/clock", {"advance_seconds": 86400})
    since = (await core.get("/control/clock"))["now"]
    await core.play(case, "answered", media_url=["http://a/1.png", "http://a/2.png"])
    path = f"{BASE}/servicerequestupdates"
    assert [one["event"] for one in await core.get(f"{path}.json")] == ["assigned", "answered"]
    assert [one["event"] for one in await core.get(f"{path}.json", updated_after=since)] == ["answered"]
    assert [one["event"] for one in await core.get(f"{path}.json", external_id="L-1", page_size="1")] == ["assigned"]
    end = (datetime.fromisoformat(since) + timedelta(hours=1)).isoformat()
    tree = await core.xml(f"{path}.xml", start_date=since, end_date=end)
    assert [one.text for one in tree.findall("request_update/media_url")] == ["http://a/1.png", "http://a/2.png"]
    assert tree.findtext("request_update/event") == "answered"
    assert (await core.get(f"{path}.json", start_date=since))[0]["code"] == 400


async def test_what_linli_hands_in_is_taken_once_and_not_told_back(core: Line) -> None:
    case = await core.filed("L-1")
    first = await core.say(case, "ours-1", "supplemented", description="补一张照片")
    again = await core.say(case, "ours-1", "supplemented", description="补一张照片")
    assert first == again
    assert first[0] == 200
    assert await core.get(f"{BASE}/servicerequestupdates.json") == []
    notes = (await core.get(f"{BASE}/requests/{case}.json", extensions="true"))[0]["notes"]
    assert [(note["type"], note["description"]) for note in notes[1:]] == [("supplemented", "补一张照片")]


async def test_handing_in_needs_the_key_the_fields_and_a_known_request(core: Line) -> None:
    case = await core.filed("L-1")
    assert (await core.say(case, "a", "urged", api_key=""))[0] == 403
    assert (await core.say(case, "", "urged"))[0] == 400
    assert (await core.say("nobody", "a", "urged"))[0] == 404
    assert (await core.say(case, "a", "urged", updated_datetime="2026-01-01 10:00"))[0] == 400


async def test_a_withdrawn_request_is_closed_and_stays_so(core: Line) -> None:
    case = await core.filed("L-1")
    await core.say(case, "a", "withdrawn", description="不用了")
    await core.play(case, "answered")
    view = (await core.get(f"{BASE}/requests/{case}.json"))[0]
    assert (view["status"], view["status_notes"]) == ("closed", "已撤回")


async def test_a_good_rating_closes_and_a_redo_opens_the_second_round(core: Line) -> None:
    pleased, displeased = await core.filed("L-1"), await core.filed("L-2")
    for case in (pleased, displeased):
        await stored_story(core, case)
    await core.say(pleased, "a", "rated", **{"attribute[solved]": "true", "attribute[result]": "5"})
    await core.say(displeased, "b", "rated", **{"attribute[solved]": "false", "attribute[result]": "1"})
    await core.say(displeased, "c", "redone")
    steps = {one["external_id"]: (one["step"], one["round"]) for one in (await core.get("/control/requests"))["items"]}
    assert steps == {"L-1": ("closed", 1), "L-2": ("in_progress", 2)}


async def test_a_rating_that_is_no_number_closes_nothing(core: Line) -> None:
    case = await core.filed("L-1")
    await stored_story(core, case)
    for number, result in enumerate(("²", "9" * 5000)):
        marks = {"attribute[solved]": "true", "attribute[result]": result}
        assert (await core.say(case, f"odd-{number}", "rated", **marks))[0] == 200
    assert (await core.get("/control/requests"))["items"][0]["step"] == "answered"


async def test_the_line_cut_after_the_work_was_done_leaves_one_request(core: Line) -> None:
    fault = {"match": {"path": "/requests.json", "method": "POST"}, "do": "accept_then_drop", "times": 1}
    await core.steer("/faults", [fault], method="PUT")
    with pytest.raises(ClientConnectionError):
        await core.file("L-1")
    known = (await core.get(f"{BASE}/requests.json", external_id="L-1"))[0]["service_request_id"]
    assert await core.filed("L-1") == known


async def test_a_dropped_call_did_nothing(core: Line) -> None:
    await core.steer("/faults", [{"match": {"method": "POST"}, "do": "drop", "times": 1}], method="PUT")
    with pytest.raises(ClientConnectionError):
        await core.file("L-1")
    assert await core.get(f"{BASE}/requests.json", external_id="L-1") == []


async def test_a_status_is_answered_as_often_as_asked(core: Line) -> None:
    await core.steer("/faults", [{"match": {"path": "services"}, "do": "status", "value": 503, "times": 2}], "PUT")
    statuses = [(await core.raw("GET", f"{BASE}/services.xml"))[0].status for _ in range(3)]
    assert statuses == [503, 503, 200]


async def test_the_assignment_can_come_before_the_answer_to_the_filing(wired: Line, inbox: Inbox) -> None:
    await wired.steer("/faults", [{"do": "callback_first", "times": 1}], "PUT")
    case = await wired.filed("L-1")
    assert inbox.received[0].body["service_request_id"] == case
    assert inbox.events == ["assigned"]


async def struck(wired: Line, do: str, **more: object) -> str:
    """A request whose next callback meets a fault."""
    case = await wired.filed("L-1")
    await wired.steer("/faults", [{"match": {"path": CALLBACKS}, "do": do, "times": 1, **more}], "PUT")
    return case


async def test_a_callback_can_be_doubled(wired: Line, inbox: Inbox) -> None:
    case = await struck(wired, "duplicate", value=3)
    await wired.play(case, "assigned")
    assert len({one.raw for one in await inbox.until(3)}) == 1


async def test_a_forged_callback_is_followed_by_the_true_one(wired: Line, inbox: Inbox) -> None:
    case = await struck(wired, "bad_signature")
    await wired.play(case, "assigned")
    assert [one.genuine for one in await inbox.until(2)] == [False, True]


async def test_two_callbacks_can_change_places(wired: Line, inbox: Inbox) -> None:
    case = await struck(wired, "reorder")
    await asyncio.gather(wired.play(case, "assigned"), wired.play(case, "accepted"))
    assert [one.body["sequence"] for one in await inbox.until(2)] == [2, 1]


async def test_a_callback_can_get_lost_and_is_told_when_asked(wired: Line, inbox: Inbox) -> None:
    case = await struck(wired, "drop", value="lost")
    await wired.play(case, "assigned")
    await wired.play(case, "accepted")
    assert (await inbox.until(1))[0].body["event"] == "accepted"
    told = await wired.get(f"{BASE}/servicerequestupdates.json")
    assert [one["event"] for one in told] == ["assigned", "accepted"]


async def test_a_callback_whose_answer_was_cut_off_comes_again(wired: Line, inbox: Inbox) -> None:
    case = await struck(wired, "accept_then_drop")
    await wired.play(case, "assigned")
    assert len({one.raw for one in await inbox.until(2)}) == 1
