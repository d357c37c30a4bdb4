"""After a storm: was anything lost, doubled, or told otherwise than it is? Start at `flaws_of`.

`look` gathers the facts from every side: what the doors answered (the story), what the tables hold, what the core has
and made, what open screens collected, what `linli rebuild` says. `judge` compares them and knows no database, so that
each kind of flaw can be planted (`test_checker.py`).
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from tests.faults.screens import Screen
from tests.faults.story import Filed, Story
from tests.phone import Phone
from tests.processes.district import District
from tests.processes.programs import until

HEALED_SECONDS = 45.0
SEEN_SECONDS = 15.0
CRASHES = {"request_crashed", "live_crashed", "live_watch_crashed", "job_gave_up", "claimed_row_failed"}
"""Alarms that mean a fault of ours, whatever was broken."""
TOLD = ("seq", "type", "text", "unit", "round")
"""What of an event the door gives to its owner as the table holds it."""


@dataclass(frozen=True)
class Event:
    """One row of the timeline, as far as it can be compared with what others say."""

    seq: int
    type: str
    update_id: str | None
    text: str | None
    unit: str | None = None
    round: int = 1

    @property
    def told(self) -> tuple[int, str, str | None, str | None, int]:
        """What of it the owner is told as it stands here."""
        return self.seq, self.type, self.text or None, self.unit, self.round


@dataclass(frozen=True)
class Seen:
    """What one screen collected, as it came, and what the door lists to the same person afterwards."""

    name: str
    complaint: str
    collected: Sequence[dict[str, Any]]
    listed: Sequence[dict[str, Any]]
    own: bool = True


@dataclass
class Facts:
    """What every side says."""

    answered: Sequence[Filed] = ()
    ids_by_text: dict[str, list[str]] = field(default_factory=dict)
    """Complaints in PostgreSQL with a text; every text of a story is used once."""
    events: dict[str, list[Event]] = field(default_factory=dict)
    last_seqs: dict[str, int] = field(default_factory=dict)
    cases: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """The core's requests under a complaint's id."""
    all_cases: Sequence[dict[str, Any]] = ()
    """The core's latest requests, whatever they are called."""
    shown: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    """What the doors list to the owner."""
    screens: Sequence[Seen] = ()
    waiting: dict[str, int] = field(default_factory=dict)
    """What should be done by now, or wait for nobody: name → how many."""
    rebuilt: str = ""
    crashes: Sequence[str] = ()
    odd_answers: Sequence[str] = ()


def judge(facts: Facts) -> list[str]:
    """Give every flaw in one sentence; none if all is well."""
    found = [*facts.odd_answers, *(f"a program says {name}" for name in facts.crashes)]
    found += [f"{count} {name}" for name, count in facts.waiting.items() if count]
    for filed in facts.answered:
        found += [f"{filed.number}: {words}" for words in _flaws_of_one(facts, filed)]
    found += [words for seen in facts.screens for words in _flaws_of_screen(facts, seen)]
    ours = {filed.text: filed.id for filed in facts.answered}
    for case in facts.all_cases:
        text = case["description"]
        if text in ours and case["external_id"] != ours[text]:
            found.append(f"{case['service_request_id']}: the core has {text!r} under another id")
    if not facts.rebuilt.endswith(", 0 differed."):
        found.append(f"linli rebuild: {facts.rebuilt!r}")
    return found


def _flaws_of_one(facts: Facts, filed: Filed) -> Iterable[str]:
    stored = facts.ids_by_text.get(filed.text, [])
    if filed.id not in stored:
        yield "answered 201 and not in the table"
        return
    if len(stored) > 1:
        yield f"stored {len(stored)} times"
    events, cases = facts.events.get(filed.id, []), facts.cases.get(filed.id, [])
    numbers = [event.seq for event in events]
    if numbers != list(range(1, facts.last_seqs[filed.id] + 1)):
        yield f"numbers are {numbers}, the last should be {facts.last_seqs[filed.id]}"
    if [tuple(each[name] for name in TOLD) for each in facts.shown[filed.id]] != [event.told for event in events]:
        yield "the doors list other events than the table"
    for kind in ("submitted", "pushed"):
        if (count := sum(event.type == kind for event in events)) != 1:
            yield f"{count} events {kind!r}"
    yield from _doubled_or_lost(filed.added, Counter(e.text for e in events if e.type == "supplemented"), "events of")
    if len(cases) != 1:
        yield f"{len(cases)} requests in the core"
        return
    updates = cases[0]["updates"]
    made = [update["update_id"] for update in updates if update["origin"] == "core"]
    yield from _doubled_or_lost(made, Counter(e.update_id for e in events if e.update_id), "events of the update")
    heard = [update.get("description") for update in updates if update["origin"] == "linli"]
    if heard != filed.added:
        yield f"the core heard {heard}, the resident said {filed.added}"


def _doubled_or_lost(expected: Sequence[str], counted: Counter[str | None], words: str) -> Iterable[str]:
    for one in expected:
        if counted[one] != 1:
            yield f"{counted[one]} {words} {one!r}"
    for unsaid in counted.keys() - set(expected):
        yield f"{counted[unsaid]} {words} {unsaid!r}, which nobody said"


def _flaws_of_screen(facts: Facts, seen: Seen) -> Iterable[str]:
    numbers = [event["seq"] for event in seen.collected]
    table = [event.seq for event in facts.events.get(seen.complaint, [])]
    if numbers != table:
        yield f"the screen {seen.name} saw {numbers}, the table holds {table}"
    elif (told := [lasting(each) for each in seen.collected]) != (listed := [lasting(each) for each in seen.listed]):
        yield f"the screen {seen.name} was told {told}, the door lists {listed}"
    words = [word for filed in facts.answered if filed.id == seen.complaint for word in (filed.text, *filed.added)]
    heard = json.dumps([*seen.collected, *seen.listed], ensure_ascii=False)
    if not seen.own and any(word in heard for word in words):
        yield f"the screen {seen.name} heard the owner's words"


def lasting(event: dict[str, Any]) -> dict[str, Any]:
    """Give an event as it stays: the signatures in the addresses of its media change with the hour."""
    media = [
        {name: value.partition("?")[0] if isinstance(value, str) else value for name, value in each.items()}
        for each in event["media"]
    ]
    return event | {"media": media}


async def flaws_of(district: District, story: Story) -> list[str]:
    """Wait until all is healed, look everywhere, and judge."""
    await healed(district)
    with suppress(AssertionError):  # who never comes so far is found by `judge`
        await story.screens_caught_up(last_seqs(district, story), seconds=SEEN_SECONDS)
    return judge(await look(district, story))


async def healed(district: District) -> None:
    """Wait until nothing is under way any more; what stays so is found by `judge`."""

    async def nothing_waits() -> bool:
        return not any((await left_over(district)).values())

    try:
        await until(nothing_waits, seconds=HEALED_SECONDS)
    except AssertionError:
        return


async def left_over(district: District) -> dict[str, int]:
    """Count what is not done, has been given up, or waits for a person."""
    (row,) = district.rows(
        "SELECT (SELECT count(*) FROM dispatch_message WHERE state = 'waiting') AS messages_waiting,"
        " (SELECT count(*) FROM dispatch_message WHERE state = 'parked') AS messages_parked,"
        " (SELECT count(*) FROM dispatch_update WHERE state = 'waiting') AS updates_waiting,"
        " (SELECT count(*) FROM dispatch_update WHERE state = 'parked') AS updates_parked,"
        " (SELECT count(*) FROM dispatch_conflict WHERE settled_at IS NULL) AS updates_in_conflict,"
        " (SELECT count(*) FROM procrastinate_jobs WHERE lock LIKE 'complaint:%%'"
        "   AND status IN ('todo', 'doing')) AS jobs_left,"
        " (SELECT count(*) FROM procrastinate_jobs WHERE status NOT IN ('todo', 'doing', 'succeeded')) AS jobs_given_up"
    )
    queue = (await district.core.control("/callbacks", method="GET"))["items"]
    undelivered = Counter(f"callbacks {each['state']}" for each in queue if each["state"] in ("waiting", "conflict"))
    return {name.replace("_", " "): count for name, count in row.items()} | undelivered


def last_seqs(district: District, story: Story) -> dict[str, int]:
    """Give the last number of every complaint of a story, as the projection has it."""
    rows = district.rows("SELECT id, last_seq FROM complaint WHERE id = ANY(%s::uuid[])", story.ids)
    return {str(row["id"]): row["last_seq"] for row in rows}


async def look(district: District, story: Story) -> Facts:
    """Gather the facts."""
    rebuilt = await district.copy.run("rebuild")
    by_text: dict[str, list[str]] = {}
    texts = [filed.text for filed in story.answered]
    for row in district.rows("SELECT id, text FROM complaint WHERE text = ANY(%s)", texts):
        by_text.setdefault(row["text"], []).append(str(row["id"]))
    return Facts(
        answered=story.answered,
        ids_by_text=by_text,
        events=events_of(district, story),
        last_seqs=last_seqs(district, story),
        cases={filed.id: await cases_of(district, filed.id) for filed in story.answered},
        all_cases=(await district.core.control("/requests", method="GET"))["items"],
        shown={filed.id: await shown_to(filed.phone, filed.id) for filed in story.answered},
        screens=[await seen_on(screen, story) for screen in story.screens],
        waiting=await left_over(district),
        rebuilt=(rebuilt.stdout.strip() or rebuilt.stderr.strip()),
        crashes=[words for program in district.copy.programs for words in crashes_in(story.said(program))],
        odd_answers=story.odd_answers,
    )


def crashes_in(lines: Sequence[str]) -> Iterable[str]:
    """Give the alarms and everything that is no log line: a page of a crash. The last line of the killed may be torn."""
    for number, line in enumerate(lines):
        try:
            event = json.loads(line)["event"]
        except ValueError:
            if number < len(lines) - 1:
                yield line
        else:
            if event in CRASHES:
                yield line


def events_of(district: District, story: Story) -> dict[str, list[Event]]:
    """Read the timelines from the table, in the order of their numbers."""
    found: dict[str, list[Event]] = {}
    for row in district.rows(
        "SELECT complaint_id, seq, type, update_id, text, unit, round FROM complaint_event"
        " WHERE complaint_id = ANY(%s::uuid[]) ORDER BY complaint_id, seq, id",
        story.ids,
    ):
        event = Event(*(row[name] for name in ("seq", "type", "update_id", "text", "unit", "round")))
        found.setdefault(str(row["complaint_id"]), []).append(event)
    return found


async def cases_of(district: District, complaint_id: str) -> list[dict[str, Any]]:
    """Ask the core for its requests under our id."""
    url = f"{district.core.url}/control/requests"
    async with district.core.session.get(url, params={"external_id": complaint_id}) as answer:
        items: list[dict[str, Any]] = (await answer.json())["items"]
        return items


async def shown_to(phone: Phone, complaint_id: str) -> list[dict[str, Any]]:
    """Read the timeline at the door, as somebody."""
    answer = await phone.get(f"/complaints/{complaint_id}/events")
    items: list[dict[str, Any]] = answer.body["items"] if answer.status == 200 else []
    return items


async def seen_on(screen: Screen, story: Story) -> Seen:
    """Put what a screen collected beside what its person reads at the door."""
    owners = {filed.id: filed.phone.resident_id for filed in story.answered}
    listed = await shown_to(screen.phone, screen.complaint)
    own = screen.phone.resident_id == owners.get(screen.complaint)
    return Seen(screen.name, screen.complaint, screen.collected, listed, own)
