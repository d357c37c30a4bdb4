"""What people did while things broke, and what they were told. Start at `Story` and `storm`.

Residents here are as stubborn as the mini-program: what was not answered is sent again under the same key, until it is
taken. What was answered 201 is written down, and from then on must be true everywhere (`checker.py`).
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from tests.faults.screens import Screen
from tests.phone import Answer, Phone
from tests.processes.district import HERE, District
from tests.processes.programs import Program, until

STUBBORN_SECONDS = 60.0
ONE_CALL = aiohttp.ClientTimeout(total=25)
MANY = 50
"""Complaints in a story after which its people take their time: a storm is of faults, not of load."""
STEPS = ("assigned", "accepted", "feedback", "in_progress")
BROKEN_LINE = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass
class Filed:
    """A complaint that was answered 201, and what was added to it with the same answer."""

    phone: Phone
    text: str
    id: str
    number: str
    added: list[str] = field(default_factory=list)
    steps: int = 0
    """How many the unit has made."""

    @property
    def body(self) -> dict[str, Any]:
        """As other test objects want it."""
        return {"id": self.id}


@dataclass
class Story:
    """What happened to these people from the beginning of one test on."""

    district: District
    answered: list[Filed] = field(default_factory=list)
    screens: list[Screen] = field(default_factory=list)
    odd_answers: list[str] = field(default_factory=list)
    broken_lines: int = 0
    refusals: int = 0
    read_before: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Remember how far the logs are: earlier alarms are not ours."""
        self.read_before = {id(program): len(program.text) for program in self.district.copy.programs}

    @property
    def turned_away(self) -> int:
        """How often somebody had to send again."""
        return self.refusals + self.broken_lines

    @property
    def ids(self) -> list[str]:
        """The complaints."""
        return [filed.id for filed in self.answered]

    def said(self, program: Program) -> list[str]:
        """Give the lines a program wrote since the story began."""
        return program.text[self.read_before.get(id(program), 0) :].splitlines()

    async def file(self, phone: Phone) -> Filed:
        """File a complaint until it is taken."""
        text = f"路灯坏了三天了，晚上看不见路 {uuid4().hex[:12]}"
        answer = await self.insist(phone, "/complaints", {"text": text, "location": HERE})
        filed = Filed(phone, text, answer.body["id"], answer.body["number"])
        self.answered.append(filed)
        return filed

    async def add(self, filed: Filed) -> None:
        """Add a sentence until it is taken."""
        text = f"今天还是没有修 {uuid4().hex[:12]}"
        await self.insist(filed.phone, f"/complaints/{filed.id}/supplements", {"text": text})
        filed.added.append(text)

    async def insist(self, phone: Phone, path: str, body: dict[str, Any]) -> Answer:
        """Send it under one key until it is answered 201."""
        key = uuid4().hex

        async def taken() -> Answer | None:
            answer = await self.once(phone, path, body, key=key)
            if answer is None or answer.status != 201:
                await asyncio.sleep(0.1)  # what a person's phone does between two tries
                return None
            return answer

        answer: Answer = await until(taken, seconds=STUBBORN_SECONDS, what=f"{path} is taken")
        return answer

    async def once(self, phone: Phone, path: str, body: dict[str, Any], *, key: str) -> Answer | None:
        """Send it once; None if the line broke. An answer that nobody should get is written down."""
        try:
            answer = await phone.post(path, body, key=key, timeout=ONE_CALL)
        except BROKEN_LINE:
            self.broken_lines += 1
            return None
        except ValueError:
            self.odd_answers.append(f"{path}: an answer that is no JSON")
            return None
        if answer.status != 201:
            self.refusals += 1
            self.odd_answers += [f"{path}: {words}" for words in oddities(answer)]
        return answer

    def watch(self, filed: Filed) -> None:
        """Open two screens on a complaint: one with a socket, one that polls."""
        url = self.district.copy.url
        for screen in (
            Screen(url, filed.phone, filed.id, "socket"),
            Screen(url, filed.phone, filed.id, "poll"),
        ):
            screen.open()
            self.screens.append(screen)

    async def follow(self, filed: Filed) -> None:
        """Let a neighbour follow a complaint and open a screen on it."""
        neighbour = await self.district.sign_in()
        answer = await neighbour.call("PUT", f"/complaints/{filed.id}/follow")
        assert answer.status == 204, answer.body
        screen = Screen(self.district.copy.url, neighbour, filed.id, "socket")
        screen.name = f"follower's {screen.name}"
        screen.open()
        self.screens.append(screen)

    async def screens_caught_up(self, last_seqs: dict[str, int], *, seconds: float) -> None:
        """Wait until every screen has come as far as its complaint."""

        async def all_have() -> bool:
            return all(screen.position >= last_seqs.get(screen.complaint, 0) for screen in self.screens)

        await until(all_have, seconds=seconds, what="every screen has come to its complaint's last event")

    async def close(self) -> None:
        """Close the screens."""
        await asyncio.gather(*(screen.close() for screen in self.screens))


def oddities(answer: Answer) -> list[str]:
    """Say what is wrong with a refusal: only "busy" is right here, as a problem document that says when to come again."""
    found = []
    kind = answer.headers.get("Content-Type", "")
    if answer.status != 503 or "Retry-After" not in answer.headers:
        found.append(f"answered {answer.status} without an hour to come again: {answer.body}")
    if not kind.startswith("application/problem+json") or answer.body.get("status") != answer.status:
        found.append(f"{answer.status} is no problem document: {kind} {answer.body}")
    return found


@asynccontextmanager
async def told(district: District) -> AsyncIterator[Story]:
    """Begin a story; its screens are closed at its end."""
    story = Story(district)
    try:
        yield story
    finally:
        await story.close()


@asynccontextmanager
async def storm(story: Story, *, phones: int = 2, seed: int = 1) -> AsyncIterator[None]:
    """Let residents file and add, and units work on it, while the block lasts; then let each finish its last try."""
    chance = random.Random(seed)  # noqa: S311 - a course of events that can be repeated
    over = asyncio.Event()
    async with asyncio.TaskGroup() as people:
        for _ in range(phones):
            people.create_task(_live(story, chance, over))
        people.create_task(_handle(story, chance, over))
        try:
            await until(lambda: _has_begun(story, phones), seconds=STUBBORN_SECONDS, what="everybody has filed once")
            await story.follow(story.answered[0])
            yield
        finally:
            over.set()


async def _has_begun(story: Story, phones: int) -> bool:
    return len(story.answered) >= phones


async def _live(story: Story, chance: random.Random, over: asyncio.Event) -> None:
    phone = await story.district.sign_in()
    story.watch(await story.file(phone))
    while not over.is_set():
        filed = await story.file(phone)
        if chance.random() < 0.5:
            await story.add(filed)
        busy = len(story.answered) < MANY
        await asyncio.sleep(chance.uniform(0.02, 0.15) if busy else 1.0)


async def _handle(story: Story, chance: random.Random, over: asyncio.Event) -> None:
    """Play the unit: the next step of some complaint that the core has."""
    while not over.is_set():
        await asyncio.sleep(chance.uniform(0.02, 0.1))
        open_ones = [filed for filed in story.answered if filed.steps < len(STEPS)]
        if open_ones and (number := await number_at_core(story, filed := chance.choice(open_ones))):
            await play(story, filed, number)


async def number_at_core(story: Story, filed: Filed) -> str | None:
    """Give the core's id of a complaint, if it has come there."""
    url = f"{story.district.core.url}/control/requests"
    async with story.district.core.session.get(url, params={"external_id": filed.id}) as answer:
        items = (await answer.json())["items"]
    return str(items[0]["service_request_id"]) if items else None


async def play(story: Story, filed: Filed, number: str) -> None:
    """Let the unit make its next step; the core's courier carries it until it is taken."""
    event = STEPS[filed.steps]
    filed.steps += 1
    await story.district.core.control(f"/requests/{number}/updates", {"event": event, "agency_responsible": "城管队"})
