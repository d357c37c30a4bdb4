"""What a resident may do to a complaint of theirs, and when each is refused."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from community.complaints.models import EventType
from community.complaints.showing import CLOSED_BECAUSE, FOR_OTHERS, RULES, TITLES, WITH_DUE, WITHOUT_UNIT
from foundation.clock import FrozenClock
from foundation.words import say
from tests.community.complaints.line import Unit
from tests.conftest import STARTED_AT
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.miniprogram_api.complaint_fixtures import BAD, GOOD, code, of, types, unit, upload
from tests.phone import Phone

__all__ = ["unit"]
ENDS = ("closed", "not_accepted", "merged", "withdrawn")
CLOSED = (409, "complaint-already-closed")
ACTS: dict[str, Any] = {
    "supplements": {"text": "又看了一次"},
    "urgings": None,
    "withdrawal": {"reason": "不用了"},
    "rating": GOOD,
    "reopening": {"reason": "没解决"},
}


async def end(phone: Phone, unit: Unit, complaint: dict[str, Any], how: str) -> None:
    if how == "withdrawn":
        assert (await phone.post(of(complaint, "withdrawal"), {"reason": "不用了"})).status == 201
    else:
        await unit.brings(complaint, how)
    assert (await phone.show(complaint))["status"] == how


@pytest.mark.parametrize("how", ENDS)
async def test_when_it_has_ended_nothing_more_can_be_done(phone: Phone, unit: Unit, how: str) -> None:
    complaint = await phone.file()
    await end(phone, unit, complaint, how)
    before = await types(phone, complaint)

    answers = {act: code(await phone.post(of(complaint, act), body)) for act, body in ACTS.items()}

    assert answers == dict.fromkeys(ACTS, CLOSED)
    assert (await phone.show(complaint))["can"] == []
    assert await types(phone, complaint) == before


async def test_words_may_be_added_at_every_step_before_the_end(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    for event in (None, "assigned", "accepted", "in_progress", "answered"):
        if event:
            await unit.does(complaint, event)
        answer = await phone.post(of(complaint, "supplements"), {"text": f"第{event}步"})
        assert answer.status == 201
        assert "supplement" in answer.body["can"]

    last = (await phone.timeline(complaint))[-1]
    assert (last["type"], last["text"]) == ("supplemented", "第answered步")


async def test_urging_is_allowed_every_four_hours(phone: Phone, clock: FrozenClock) -> None:
    complaint = await phone.file()
    first = await phone.post(of(complaint, "urgings"))
    assert (first.status, first.body["urge_after"]) == (201, "2026-11-20T17:06:00Z")

    clock.set(STARTED_AT + timedelta(hours=4) - timedelta(seconds=1))
    again = await phone.post(of(complaint, "urgings"))

    assert code(again) == (409, "urged-too-soon")
    assert "01:06" in again.body["detail"]  # in Shenzhen
    clock.advance(seconds=1)
    assert (await phone.post(of(complaint, "urgings"))).status == 201
    assert (await types(phone, complaint)).count("urged") == 2


async def test_many_taps_on_urging_urge_once(phone: Phone) -> None:
    complaint = await phone.file()

    answers = await asyncio.gather(*(phone.post(of(complaint, "urgings")) for _ in range(8)))

    assert sorted(answer.status for answer in answers) == [201] + [409] * 7
    assert (await types(phone, complaint)).count("urged") == 1


async def test_what_is_answered_is_neither_urged_nor_withdrawn(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.brings(complaint, "answered")

    assert code(await phone.post(of(complaint, "urgings"))) == (409, "nothing-to-urge")
    assert code(await phone.post(of(complaint, "withdrawal"), ACTS["withdrawal"])) == (
        409,
        "complaint-already-answered",
    )
    assert (await phone.show(complaint))["can"] == ["supplement", "rate", "reopen"]


async def test_until_it_is_answered_it_can_be_withdrawn_and_stays_so(phone: Phone, unit: Unit) -> None:
    for way in ((), ("assigned",), ("assigned", "accepted"), ("assigned", "in_progress")):
        complaint = await phone.file()
        await unit.does(complaint, *way)

        answer = await phone.post(of(complaint, "withdrawal"), {"reason": "自己修好了"})

        assert (answer.status, answer.body["status"]) == (201, "withdrawn")
        assert {each["state"] for each in answer.body["deadlines"]} <= {"cancelled", "met"}
        await unit.does(complaint, "answered", "closed", "returned")
        assert (await phone.show(complaint))["status"] == "withdrawn"
        assert "answered" in await types(phone, complaint)  # logged all the same


async def test_what_is_not_answered_is_neither_rated_nor_redone(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    for step in ((), ("assigned",), ("in_progress",)):
        await unit.does(complaint, *step)
        for act in ("rating", "reopening"):
            assert code(await phone.post(of(complaint, act), ACTS[act])) == (409, "not-answered-yet")


async def test_a_redo_may_be_asked_for_once(phone: Phone, unit: Unit, clock: FrozenClock) -> None:
    complaint = await phone.file()
    await unit.brings(complaint, "answered")
    clock.advance(hours=1)

    answer = await phone.post(of(complaint, "reopening"), {"reason": "灯又坏了"})

    assert (answer.body["status"], answer.body["round"]) == ("in_progress", 2)
    assert (await phone.timeline(complaint))[-1]["text"] == "灯又坏了"
    await unit.does(complaint, "answered", round=2)
    assert (await phone.show(complaint))["can"] == ["supplement", "rate"]
    assert code(await phone.post(of(complaint, "reopening"), {"reason": "还是坏"})) == (409, "redo-used-up")


async def test_solved_with_a_bad_result_is_redone_too(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.brings(complaint, "answered")

    answer = await phone.post(of(complaint, "rating"), GOOD | {"result": 2})

    assert (answer.body["status"], answer.body["round"]) == ("in_progress", 2)
    assert answer.body["rating"]["result"] == 2


async def test_solved_and_good_enough_closes_and_is_rated_once(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    await unit.brings(complaint, "answered")

    answers = await asyncio.gather(*(phone.post(of(complaint, "rating"), GOOD | {"result": 3}) for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [201, 409, 409, 409]
    assert {code(answer) for answer in answers if answer.status == 409} == {(409, "already-rated")}
    assert (await types(phone, complaint))[-2:] == ["rated", "closed"]


async def test_withdrawal_and_result_in_one_instant_are_settled_by_who_comes_first(
    phone: Phone, unit: Unit, core: DispatchCore, worker: Worker
) -> None:
    outcomes = set()
    for _ in range(4):
        complaint = await phone.file()
        await unit.does(complaint, "assigned")
        withdrawn, _ = await asyncio.gather(
            phone.post(of(complaint, "withdrawal"), {"reason": "不用了"}), unit.does(complaint, "answered")
        )
        status = (await phone.show(complaint))["status"]
        outcomes.add((withdrawn.status, status))
        await worker.run_until_idle()
        (held,) = await core.requests(complaint)
        step = held["extended_attributes"]["step"]
        assert (step == "withdrawn") is (withdrawn.status == 201), step

    assert outcomes <= {(201, "withdrawn"), (409, "answered")}


CREATING = {
    "": {"text": "路灯坏了三天了"},
    "supplements": ACTS["supplements"],
    "urgings": None,
    "withdrawal": ACTS["withdrawal"],
    "rating": BAD,
    "reopening": ACTS["reopening"],
}


@pytest.mark.parametrize("act", CREATING, ids=[act or "complaints" for act in CREATING])
async def test_the_same_key_answers_again_with_the_first_answer(
    phone: Phone, neighbour: Phone, unit: Unit, act: str
) -> None:
    complaint = await phone.file()
    if act in ("rating", "reopening"):
        await unit.brings(complaint, "answered")
    path, key = of(complaint, act) if act else "/complaints", uuid4().hex

    answers = await asyncio.gather(*(phone.post(path, CREATING[act], key=key) for _ in range(4)))
    later = await phone.post(path, CREATING[act], key=key)

    assert [answer.body for answer in answers] == [answers[0].body] * 4
    assert (answers[0].status, later.status, later.body) == (201, 201, answers[0].body)
    assert later.headers["Idempotent-Replayed"] == "true"
    made = await phone.timeline(answers[0].body)
    assert len({event["type"] for event in made}) == len(made)
    assert len((await phone.get("/complaints")).body["items"]) == (1 if act else 2)
    if CREATING[act]:
        words = "reason" if "reason" in CREATING[act] else "text"
        other = await phone.post(path, {**CREATING[act], words: "另一件完全不同的事"}, key=key)
        assert code(other) == (409, "idempotency-key-used")
    assert (await neighbour.post("/complaints", CREATING[""], key=key)).body["id"] != answers[0].body["id"]


async def test_a_photo_is_taken_into_use_once_and_only_by_whose_it_is(phone: Phone, neighbour: Phone) -> None:
    own, foreign, unknown = await upload(phone), await upload(neighbour), str(uuid4())
    for other in (foreign, unknown):
        answer = await phone.post("/complaints", {"text": "路灯坏了三天了", "media_ids": [own, other]})
        assert code(answer)[0] == 422
        assert [(each["pointer"], each["code"]) for each in answer.body["errors"]] == [
            ("/media_ids/1", "media_not_found")
        ]
    twice = await phone.post("/complaints", {"text": "路灯坏了三天了", "media_ids": [own, own]})
    assert (twice.status, twice.body["errors"][0]["code"]) == (422, "repeated")

    complaint = await phone.file(media_ids=[own])  # the refusals above left it free

    assert [media["id"] for media in complaint["media"]] == [own]
    again = await phone.post(of(complaint, "supplements"), {"text": "同一张", "media_ids": [own]})
    assert again.body["errors"][0]["pointer"] == "/media_ids/0"
    assert again.body["errors"][0]["code"] == "media_already_used"
    assert await types(phone, complaint) == ["submitted"]


async def test_waiting_for_news_is_answered_at_once_when_they_come(phone: Phone, unit: Unit) -> None:
    complaint = await phone.file()
    waiting = asyncio.ensure_future(phone.get(of(complaint, "events?after=1&wait=20")))
    await asyncio.wait([waiting], timeout=0.1)
    assert not waiting.done()

    await unit.does(complaint, "assigned")

    async with asyncio.timeout(10):
        news = (await waiting).body
    assert [event["type"] for event in news["items"]] == ["assigned"]
    assert news["last_seq"] == 2


async def test_who_waits_in_vain_is_told_that_there_is_nothing(phone: Phone) -> None:
    complaint = await phone.file()

    for query in ("after=1&wait=0.05", "after=1", "after=500", "after=500&wait=0.05"):
        news = (await phone.get(of(complaint, f"events?{query}"))).body
        assert news == {"items": [], "last_seq": 1}
    assert (await phone.get(of(complaint, "events?after=0&wait=25"))).body["last_seq"] == 1


async def test_a_wrong_question_for_events_names_its_field(phone: Phone) -> None:
    complaint = await phone.file()

    for query in ("after=-1", "after=x", "wait=26", "wait=-1", "wait=nan", "other=1", "after=9999999999"):
        answer = await phone.get(of(complaint, f"events?{query}"))
        assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, "/" + query.partition("=")[0])


@pytest.mark.parametrize("language", ["zh-Hans", "zh-Hant", "en"])
async def test_titles_and_explanations_come_in_the_language_of_the_reader(
    phone: Phone, unit: Unit, language: str
) -> None:
    complaint = await phone.file()
    await unit.does(complaint, "assigned")
    headers = {"Accept-Language": language}

    events = (await phone.get(of(complaint, "events"), headers=headers)).body["items"]
    shown = (await phone.get(of(complaint), headers=headers)).body

    assert [event["title"] for event in events] == [
        say("交上来了", language),
        say("交给了{unit}（分拨）", language, unit="环卫所"),
    ]
    assert shown["deadlines"][0]["explanation"] == say(RULES["accept"], language)


def test_every_title_exists_in_three_languages() -> None:
    assert set(TITLES) == set(EventType)
    for source in {
        each for table in (TITLES, WITHOUT_UNIT, WITH_DUE, FOR_OTHERS, CLOSED_BECAUSE, RULES) for each in table.values()
    }:
        hans, hant, english = (say(source, language, unit="X", due="D") for language in ("zh-Hans", "zh-Hant", "en"))
        assert english.isascii()
        assert ("X" in hans) == ("X" in hant) == ("X" in english)
        assert hans == source.replace("{unit}", "X").replace("{due}", "D")
