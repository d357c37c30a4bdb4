"""A resident who uses the pages, and everybody behind them: the phone that hands out tickets, the unit, the workers."""

from dataclasses import dataclass
from typing import Any

from tests.browser.screen import Screen, Screens
from tests.core import DispatchCore
from tests.jobs import Worker
from tests.phone import Phone

UNIT: dict[str, Any] = {"agency_responsible": "民治街道城管执法队", "agency_phone": "0755-00000413"}


@dataclass
class Resident:
    """One resident with a phone and screens."""

    screens: Screens
    phone: Phone
    core: DispatchCore
    worker: Worker

    async def opens(self, path: str, language: str = "zh-Hans", **options: Any) -> Screen:
        """Open a page from the mini-program, by a one-time ticket."""
        screen = await self.screens.add(language, **options)
        answer = await self.phone.post("/page-tickets")
        assert answer.status == 201, answer.body
        await screen.open(path, ticket=answer.body["ticket"])
        return screen

    async def opens_case(self, complaint: dict[str, Any], language: str = "zh-Hans", **options: Any) -> Screen:
        """Open the live page of a complaint."""
        return await self.opens(f"progress.html?id={complaint['id']}", language, **options)

    async def passed_on(self, **fields: Any) -> dict[str, Any]:
        """File by phone, and let it be passed on to the core."""
        complaint = await self.phone.file(**fields)
        await self.worker.run_until_idle()
        return complaint

    async def hears(self, complaint: dict[str, Any], event: str, **fields: Any) -> None:
        """Let one thing happen at the core and arrive here."""
        await self.core.play(complaint, event, **({"at": self.worker.ground.clock.now()} | UNIT | fields))
        await self.worker.run_until_idle()

    async def answered(self, **fields: Any) -> dict[str, Any]:
        """File, and have it dealt with up to the result."""
        complaint = await self.passed_on(**fields)
        for event in ("assigned", "accepted", "feedback"):
            await self.hears(complaint, event)
        await self.hears(complaint, "answered", public_text="灯换好了")
        return complaint

    async def newest(self) -> dict[str, Any]:
        """Give the complaint filed last."""
        listed = (await self.phone.get("/complaints", params={"scope": "mine"})).body
        complaint: dict[str, Any] = listed["items"][0]
        return complaint
