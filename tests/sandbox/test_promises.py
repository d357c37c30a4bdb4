"""What a reader with extensions learns: the promises of the present round, and the whole history."""

from datetime import datetime, timedelta
from typing import Any

from tests.sandbox.line import BASE, Line

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


async def extended(core: Line, case: str) -> dict[str, Any]:
    found: dict[str, Any] = (await core.get(f"{BASE}/requests/{case}.json", extensions="true"))[0]
    return found


async def deadlines(core: Line, case: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in (await extended(core, case))["deadlines"]}


async def played(core: Line, case: str, event: str, *, after: float = 0) -> datetime:
    """Let a unit act some seconds later; give the time it is told with."""
    await core.steer("/clock", {"advance_seconds": after})
    await core.play(case, event, deliver=False)
    return told_at((await extended(core, case))["notes"][-1]["datetime"])


def told_at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(microsecond=0)


def due(promise: dict[str, Any]) -> datetime:
    return told_at(promise["due_datetime"])


async def test_the_history_begins_with_the_filing(core: Line) -> None:
    case = await core.filed("L-1")
    await core.play(case, "assigned", deliver=False)
    shown = await extended(core, case)
    assert [note["type"] for note in shown["notes"]] == ["submitted", "assigned"]
    assert shown["notes"][0]["datetime"] == shown["requested_datetime"]


async def test_before_the_assignment_only_the_result_is_promised(core: Line) -> None:
    case = await core.filed("L-1")
    assert list(await deadlines(core, case)) == ["result"]


async def test_the_assignment_promises_a_signature_and_a_first_answer(core: Line) -> None:
    case = await core.filed("L-1")
    assigned_at = await played(core, case, "assigned", after=HOUR)
    await played(core, case, "assigned", after=MINUTE)
    promised = await deadlines(core, case)
    assert list(promised) == ["accept", "feedback", "result"]
    assert due(promised["accept"]) == assigned_at + timedelta(minutes=30)
    assert due(promised["feedback"]) == assigned_at + timedelta(hours=24)
    assert promised["result"]["due_datetime"] == (await extended(core, case))["expected_datetime"]
    assert {each["met_datetime"] for each in promised.values()} == {None}


async def test_a_promise_is_met_by_the_step_it_is_about(core: Line) -> None:
    case = await core.filed("L-1")
    await core.play(case, "assigned", deliver=False)
    accepted_at = await played(core, case, "accepted", after=MINUTE)
    answered_at = await played(core, case, "answered", after=DAY)
    met = {kind: told_at(each["met_datetime"]) for kind, each in (await deadlines(core, case)).items()}
    assert met == {"accept": accepted_at, "feedback": answered_at, "result": answered_at}


async def test_what_was_returned_is_promised_anew_by_the_next_unit(core: Line) -> None:
    case = await core.filed("L-1")
    for event in ("assigned", "accepted", "returned"):
        await played(core, case, event, after=MINUTE)
    assert list(await deadlines(core, case)) == ["result"]
    assigned_at = await played(core, case, "assigned", after=HOUR)
    accept = (await deadlines(core, case))["accept"]
    assert (due(accept), accept["met_datetime"]) == (assigned_at + timedelta(minutes=30), None)


async def test_a_redo_promises_an_answer_and_a_result_again(core: Line) -> None:
    case = await core.filed("L-1")
    for event in ("assigned", "accepted", "answered"):
        await played(core, case, event, after=MINUTE)
    await core.steer("/clock", {"advance_seconds": DAY})
    await core.say(case, "r", "redone")
    promised = await deadlines(core, case)
    assert {kind: each["met_datetime"] for kind, each in promised.items()} == {"feedback": None, "result": None}
    redone_at = told_at((await extended(core, case))["notes"][-1]["datetime"])
    assert due(promised["feedback"]) == redone_at + timedelta(hours=24)
