"""Residents file complaints, as the mini-program does it. Start at `Desk`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from sandbox.demo.line import RefusedError
from sandbox.demo.messages import Message
from sandbox.demo.stage import Filed, Resident, Stage

TRIES, PAUSE_SECONDS = 5, 1.0
BUSY = 503
AT_ONCE = 4
LONGEST_ASKED = 800


@dataclass
class Desk:
    """Files messages for the residents of a stage, one after the other taking turns."""

    stage: Stage
    leaves: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_code: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def read_categories(self) -> None:
        """Read the tree, to find a category by its name and its questions by its code."""
        tree = (await self.stage.product.call("GET", "/complaint-categories"))["items"]
        for top in tree:
            for leaf in (leaf for middle in top["children"] for leaf in middle["children"]):
                self.leaves.setdefault(f"{top['name']}/{leaf['name']}", leaf)
                self.by_code[leaf["code"]] = leaf

    async def file_all(self, messages: Iterable[Message]) -> AsyncIterator[Filed]:
        """File several at a time; give each when it is taken."""
        turn = asyncio.Semaphore(AT_ONCE)

        async def one(at: int, message: Message) -> Filed:
            async with turn:
                return await self.file(at, message)

        for done in asyncio.as_completed([one(at, message) for at, message in enumerate(messages)]):
            yield await done

    async def file(self, at: int, message: Message) -> Filed:
        """File one message, by the resident whose turn it is, somewhere in the district."""
        stage = self.stage
        resident = stage.residents[at % len(stage.residents)]
        category = await self._category(resident, message)
        body: dict[str, Any] = {"text": message.text, "place_id": stage.places[at % len(stage.places)]["id"]}
        if category:
            body |= self.chosen(category["code"])
        complaint = await self._post(resident, body)
        filed = Filed(complaint["id"], complaint["number"], message.text, resident)
        stage.filed.append(filed)
        return filed

    def chosen(self, code: str) -> dict[str, Any]:
        """Give the fields of a chosen category; what the form asks is answered with the first choice."""
        questions = self.by_code[code]["questions"]
        return {"category": code, "answers": {each["code"]: (each["choices"] or ["不清楚"])[0] for each in questions}}

    async def _category(self, resident: Resident, message: Message) -> dict[str, Any] | None:
        """Find the named category, or take the product's best guess."""
        if message.category:
            return self.leaves.get(message.category)
        query = {"text": message.text[:LONGEST_ASKED]}
        guesses = await self.stage.product.call(
            "GET", "/complaint-categories/suggestion", token=resident.token, query=query
        )
        return self.by_code.get(guesses["items"][0]["code"]) if guesses["items"] else None

    async def _post(self, resident: Resident, body: dict[str, Any]) -> Any:
        """Send it; a phone that hears nothing, or "busy", sends the same again under the same key."""
        key = uuid4().hex
        for attempt in range(1, TRIES + 1):
            try:
                return await self.stage.product.call("POST", "/complaints", body, token=resident.token, key=key)
            except RefusedError as error:
                if error.status != BUSY or attempt == TRIES:
                    raise
            except (aiohttp.ClientError, TimeoutError):
                if attempt == TRIES:
                    raise
            await asyncio.sleep(PAUSE_SECONDS)
        return None
