"""The time of the whole demo: product and stand-ins move together. Start at `Clocks.advance`.

The product goes first, so that no update is ever ahead of its clock. One `linli clock advance -` stays open and reads
spans by line, because starting the command for each would take seconds.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.clock import real_now
from sandbox.demo.children import Child, ChildFailedError
from sandbox.demo.line import StandIn

LOCAL = ZoneInfo("Asia/Shanghai")
PATIENCE_SECONDS = 60.0
SAME_SECONDS = 2.0


@dataclass
class Clocks:
    """All clocks of one demo."""

    mover: Child
    stand_ins: Sequence[StandIn]
    shown: datetime
    read_at: datetime
    began: datetime

    @classmethod
    async def opened(cls, mover: Child, stand_ins: Sequence[StandIn]) -> "Clocks":
        """Read the product's clock and bring the stand-ins, which show real time, up to it."""
        now = real_now()
        clocks = cls(mover, stand_ins, now, now, now)
        await clocks._move_product(timedelta())
        clocks.began = clocks.shown
        for stand_in in stand_ins:
            reading = await stand_in.control("/clock", method="GET")
            behind = (clocks.now() - datetime.fromisoformat(reading["now"])).total_seconds()
            if behind > SAME_SECONDS:
                await stand_in.control("/clock", {"advance_seconds": behind})
        return clocks

    def now(self) -> datetime:
        """Give the domain's present instant."""
        return self.shown + (real_now() - self.read_at)

    @property
    def day(self) -> int:
        """Which day of the demo it is, from 1."""
        return (self.now().astimezone(LOCAL).date() - self.began.astimezone(LOCAL).date()).days + 1

    async def advance(self, **span: float) -> None:
        """Let time pass for everybody, by `timedelta`'s words."""
        by = timedelta(**span)
        await self._move_product(by)
        for stand_in in self.stand_ins:
            await stand_in.control("/clock", {"advance_seconds": by.total_seconds()})

    async def _move_product(self, by: timedelta) -> None:
        talk = self.mover.process
        if talk.stdin is None or talk.stdout is None:
            raise ChildFailedError(self.mover, " 没有打开")
        talk.stdin.write(f"{by.total_seconds():.0f}s\n".encode())
        with contextlib.suppress(ConnectionError):
            await talk.stdin.drain()
        async with asyncio.timeout(PATIENCE_SECONDS):
            said = (await talk.stdout.readline()).decode().split()
        if not said[1:]:
            raise ChildFailedError(self.mover, " 没有回答")
        self.shown, self.read_at = datetime.fromisoformat(said[1]), real_now()
