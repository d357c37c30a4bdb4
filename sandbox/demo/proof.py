"""Whether nothing was lost and nothing came twice, counted one by one. Start at `prove`."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.demo.stage import Filed, Stage
from sandbox.demo.voice import Checklist

AT_ONCE = 6


@dataclass
class Proof:
    """What was counted."""

    complaints: int = 0
    one_request: int = 0
    core_updates: int = 0
    shown_once: int = 0
    gapless: int = 0
    faults: list[str] = field(default_factory=list)

    def note_into(self, checklist: Checklist, when: str) -> None:
        """Put the three claims on the list."""
        n = self.complaints
        checklist.note(
            n > 0 and self.one_request == n,
            f"{when}：{n} 件诉求在分拨平台各有正好一件（{self.one_request} 件核对无误）",
        )
        checklist.note(
            self.core_updates == self.shown_once,
            f"{when}：分拨平台的 {self.core_updates} 条进展，居民各看到正好一次（{self.shown_once} 条核对无误）",
        )
        checklist.note(
            n > 0 and self.gapless == n, f"{when}：{n} 件的进展编号从 1 起没有空号（{self.gapless} 件核对无误）"
        )


async def prove(stage: Stage) -> Proof:
    """Compare every complaint of the demo, as its owner sees it, with the core's own books."""
    proof, turn = Proof(), asyncio.Semaphore(AT_ONCE)

    async def one(filed: Filed) -> None:
        async with turn:
            path = f"/complaints/{filed.id}/events"
            seen = await stage.product.call("GET", path, token=filed.resident.token)
            _compare(proof, filed, await stage.core.cases(filed.id), seen)

    await asyncio.gather(*(one(filed) for filed in stage.filed))
    return proof


def _compare(proof: Proof, filed: Filed, cases: list[dict[str, Any]], seen: dict[str, Any]) -> None:
    proof.complaints += 1
    if len(cases) == 1:
        proof.one_request += 1
    else:
        proof.faults.append(f"{filed.number} 在分拨平台有 {len(cases)} 件")
    numbers = [event["seq"] for event in seen["items"]]
    if numbers == list(range(1, seen["last_seq"] + 1)):
        proof.gapless += 1
    else:
        proof.faults.append(f"{filed.number} 的编号是 {numbers}")
    told = Counter(_words_of(update) for case in cases for update in case["updates"] if update["origin"] == "core")
    shown = Counter((event["type"], event["text"]) for event in seen["items"])
    proof.core_updates += told.total()
    for words, times in told.items():
        if shown[words] == times:
            proof.shown_once += times
        else:
            proof.faults.append(f"{filed.number} 的“{words[0]}”来了 {times} 次，显示 {shown[words]} 次")


def _words_of(update: dict[str, Any]) -> tuple[str, str | None]:
    """Name an update as its event is seen: what happened, and the public words."""
    return str(update["event"]), update.get("public_text", update.get("description"))
