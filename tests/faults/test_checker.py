"""The checker is believed only because it complains: each kind of loss, double and false telling is planted here."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

import pytest

from tests.faults.checker import Event, Facts, Seen, crashes_in, flaws_of, judge
from tests.faults.story import Filed, Story, oddities
from tests.phone import Answer

ID, TEXT, ADDED = "c-1", "路灯坏了", "今天还是没有修"
EVENTS = [
    Event(1, "submitted", None, None),
    Event(2, "pushed", None, None),
    Event(3, "supplemented", None, ADDED),
    Event(4, "accepted", "U1", None, "城管队"),
]
PHOTO = {"id": "m-1", "kind": "image", "url": "/media/m-1/full?expires=1", "thumbnail_url": None}
TOLD: list[dict[str, Any]] = [
    {"seq": 1, "type": "submitted", "title": "交上来了", "text": None, "unit": None, "round": 1, "media": []},
    {"seq": 2, "type": "pushed", "title": "区里收到了（受理）", "text": None, "unit": None, "round": 1, "media": []},
    {"seq": 3, "type": "supplemented", "title": "补充了说明", "text": ADDED, "unit": None, "round": 1, "media": []},
    {
        "seq": 4,
        "type": "accepted",
        "title": "接下了（签收）",
        "text": None,
        "unit": "城管队",
        "round": 1,
        "media": [PHOTO],
    },
]
LATER = [*TOLD[:3], TOLD[3] | {"media": [PHOTO | {"url": "/media/m-1/full?expires=2"}]}]
"""The same an hour later: its photo has another signature."""
FOLLOWED = [*TOLD[:2], TOLD[2] | {"type": "note", "title": "有一条说明", "text": None}, TOLD[3] | {"media": []}]


def good() -> Facts:
    """One complaint about which everybody says the same."""
    updates = [
        {"origin": "linli", "update_id": "L1", "description": ADDED},
        {"origin": "core", "update_id": "U1", "description": "已签收"},
    ]
    case = {"service_request_id": "FB1", "external_id": ID, "description": TEXT, "updates": updates}
    return Facts(
        answered=[Filed(cast("Any", None), TEXT, ID, "1120-1", added=[ADDED])],
        ids_by_text={TEXT: [ID]},
        events={ID: EVENTS},
        last_seqs={ID: 4},
        cases={ID: [case]},
        all_cases=[case],
        shown={ID: TOLD},
        screens=[
            Seen("socket", ID, TOLD, LATER), Seen("poll", ID, TOLD, LATER), Seen("follower", ID, FOLLOWED, FOLLOWED, own=False),
        ],
        waiting={"messages parked": 0, "jobs given up": 0},
        rebuilt="1 complaints made anew, 0 differed.",
    )  # fmt: skip


def with_case(**changes: Any) -> Facts:
    facts = good()
    return replace(facts, cases={ID: [facts.cases[ID][0] | changes]})


def without(events: list[Event], seq: int) -> list[Event]:
    return [event for event in events if event.seq != seq]


def told_by(facts: Facts, told: list[dict[str, Any]]) -> Facts:
    return replace(facts, screens=[Seen("socket", ID, told, TOLD)])


def followed_by(told: list[dict[str, Any]]) -> Facts:
    return replace(good(), screens=[Seen("follower", ID, told, told, own=False)])


def with_last(told: list[dict[str, Any]], **changes: Any) -> list[dict[str, Any]]:
    return [*told[:-1], told[-1] | changes]


PLANTED: dict[str, Callable[[], Facts]] = {
    "answered 201 and not in the table": lambda: replace(good(), ids_by_text={}),
    "stored 2 times": lambda: replace(good(), ids_by_text={TEXT: [ID, "c-2"]}),
    "numbers are [1, 2, 4]": lambda: replace(good(), events={ID: without(EVENTS, 3)}),
    "numbers are [1, 2, 3, 4], the last should be 5": lambda: replace(good(), last_seqs={ID: 5}),
    "2 events 'pushed'": lambda: replace(good(), events={ID: [*EVENTS, Event(5, "pushed", None, None)]}),
    "0 events 'submitted'": lambda: replace(good(), events={ID: EVENTS[1:]}),
    "2 events of": lambda: replace(good(), events={ID: [*EVENTS, replace(EVENTS[2], seq=5)]}),
    "which nobody said": lambda: replace(good(), events={ID: [*EVENTS, Event(5, "supplemented", None, "编的")]}),
    "0 requests in the core": lambda: replace(good(), cases={ID: []}),
    "2 requests in the core": lambda: replace(good(), cases={ID: good().cases[ID] * 2}),
    "under another id": lambda: replace(good(), all_cases=[*good().all_cases, good().cases[ID][0] | {"external_id": "c-9"}]),
    "0 events of the update 'U1'": lambda: replace(good(), events={ID: without(EVENTS, 4)}),
    "2 events of the update 'U1'": lambda: replace(good(), events={ID: [*EVENTS, replace(EVENTS[3], seq=5)]}),
    "1 events of the update 'U1', which nobody said": lambda: with_case(updates=good().cases[ID][0]["updates"][:1]),
    "the core heard []": lambda: with_case(updates=good().cases[ID][0]["updates"][1:]),
    "the core heard ['今天还是没有修', '今天还是没有修']": lambda: with_case(
        updates=[*good().cases[ID][0]["updates"], good().cases[ID][0]["updates"][0]]
    ),
    "the screen socket saw [1, 2, 4]": lambda: told_by(good(), [*TOLD[:2], TOLD[3]]),
    "the screen socket saw [1, 1,": lambda: told_by(good(), [TOLD[0], *TOLD]),
    "the screen socket saw [2, 1,": lambda: told_by(good(), [TOLD[1], TOLD[0], *TOLD[2:]]),
    "the screen follower heard the owner's words": lambda: followed_by(TOLD),
    "3 messages parked": lambda: replace(good(), waiting={"messages parked": 3}),
    "linli rebuild: '1 complaints made anew, 1 differed.'": lambda: replace(
        good(), rebuilt="1 complaints made anew, 1 differed."
    ),
    "a program says Traceback": lambda: replace(good(), crashes=["Traceback"]),
    "answered 500": lambda: replace(good(), odd_answers=["/complaints: answered 500"]),
}  # fmt: skip


def test_of_a_story_that_is_right_nothing_is_said() -> None:
    assert judge(good()) == []


@pytest.mark.parametrize(
    "change",
    [{"seq": 5}, {"type": "feedback"}, {"text": "编的"}, {"unit": "环卫所"}, {"unit": None}, {"round": 2}],
    ids=str,
)
def test_a_door_that_lists_otherwise_than_the_table_is_found(change: dict[str, Any]) -> None:
    facts = replace(good(), shown={ID: with_last(TOLD, **change)}, screens=[])

    assert judge(facts) == ["1120-1: the doors list other events than the table"]


@pytest.mark.parametrize(
    "change",
    [{"type": "feedback"}, {"title": "办结了"}, {"text": "编的"}, {"unit": "环卫所"}, {"round": 2}, {"media": []}],
    ids=str,
)
def test_a_screen_that_was_told_otherwise_than_the_door_lists_is_found(change: dict[str, Any]) -> None:
    (found,) = judge(told_by(good(), with_last(TOLD, **change)))

    assert found.startswith("the screen socket was told ")


@pytest.mark.parametrize("words", PLANTED)
def test_what_is_planted_is_found(words: str) -> None:
    found = judge(PLANTED[words]())

    assert any(words in each for each in found), found


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        (Answer(503, {"status": 503}, {"Content-Type": "application/problem+json", "Retry-After": "2"}), 0),
        (Answer(503, {"status": 503}, {"Content-Type": "application/problem+json"}), 1),
        (Answer(500, {"status": 500}, {"Content-Type": "application/problem+json"}), 1),
        (Answer(503, "busy", {"Content-Type": "text/plain", "Retry-After": "2"}), 1),
    ],
)
def test_only_busy_with_an_hour_to_come_again_is_a_right_refusal(answer: Answer, count: int) -> None:
    assert len(oddities(replace_body(answer))) == count


def replace_body(answer: Answer) -> Answer:
    return Answer(answer.status, answer.body if isinstance(answer.body, dict) else {}, answer.headers)


def test_a_crash_in_a_log_is_seen_and_the_torn_line_of_a_killed_program_is_not() -> None:
    fine, crash, page, torn = '{"event": "request"}', '{"event": "request_crashed"}', "Traceback", '{"event": "req'

    assert list(crashes_in([fine, crash, page, fine, torn])) == [crash, page]


async def test_what_is_planted_in_a_true_district_is_found(story: Story) -> None:
    """It stays there: no later story knows this complaint, and the rebuilding that finds the flaw mends it."""
    district = story.district
    phone = await district.sign_in()
    filed = await story.file(phone)
    story.watch(filed)
    await story.follow(filed)
    await story.add(filed)
    assert await flaws_of(district, story) == []

    other = f"c-{uuid4().hex}"
    form = {"api_key": district.outside.secrets.api_key, "service_code": "general", "description": filed.text}
    form |= {"lat": "22.65", "long": "114.03"}
    path = f"{district.core.url}/open311/v2/requests.json"
    async with district.core.session.post(path, data=form | {"attribute[external_id]": other}) as answer:
        assert answer.status < 300, await answer.text()
    district.rows(
        "INSERT INTO complaint_event (complaint_id, seq, type, source, round, occurred_at, received_at, media, detail)"
        " SELECT complaint_id, 4, type, source, round, occurred_at, received_at, media, detail FROM complaint_event"
        " WHERE complaint_id = %s AND type = 'pushed' RETURNING id",
        filed.id,
    )
    story.screens[0].collected.pop()

    found = "\n".join(await flaws_of(district, story))

    for words in ("2 events 'pushed'", "under another id", f"{story.screens[0].name} saw", "1 differed"):
        assert words in found
