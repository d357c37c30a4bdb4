"""What residents see of their complaints, and whether everything has arrived. Start at `settled`."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from sandbox.demo.stage import Filed, Resident, Stage, Views
from sandbox.demo.voice import NotShownError

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 0.6
PATIENCE_SECONDS = 90.0
OURS_AT_FIRST = 2
"""Every complaint begins with two events of our own: filed, and taken by the core."""


async def read_lists(stage: Stage, residents: Iterable[Resident]) -> Views:
    """Read these residents' own lists afresh; give what is known of all complaints."""
    lists = await asyncio.gather(
        *(stage.product.listed("/complaints", token=each.token, scope="mine") for each in residents)
    )
    stage.views.update({view["id"]: view for rows in lists for view in rows})
    return stage.views


async def settled(stage: Stage) -> Views:
    """Wait until all complaints are with the core and all its updates are on the residents' screens.

    The clocks must stand meanwhile: then what the core has delivered grows no more once nothing waits.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    pause, delivered = FIRST_PAUSE, None
    while True:
        if waiting := await stage.core.waiting():
            why, delivered = f"分拨平台还有 {waiting} 条进展没有送到", None
        else:
            if delivered is None or any(each.request_id is None for each in stage.filed):
                delivered = await _delivered(stage)
            await read_lists(stage, owners_of(_behind(stage, delivered)))
            if not (behind := _behind(stage, delivered)):
                return stage.views
            why = f"还有 {len(behind)} 件没有转交，或者进展没有显示出来"
        if time.monotonic() > deadline:
            message = f"等了 {PATIENCE_SECONDS:.0f} 秒，{why}"
            raise NotShownError(message)
        await asyncio.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def owners_of(filed: Iterable[Filed]) -> Collection[Resident]:
    """Give whose complaints these are."""
    return {each.resident.number: each.resident for each in filed}.values()


def is_passed_on(view: dict[str, Any] | None) -> bool:
    """Whether the core has it."""
    return view is not None and view["push"] is not None and view["push"]["state"] == "done"


async def _delivered(stage: Stage) -> Counter[str]:
    await _learn_request_ids(stage)
    return await stage.core.delivered()


def _behind(stage: Stage, delivered: Counter[str]) -> list[Filed]:
    """Give those whose screens, as last read, do not show everything that was delivered."""
    return [
        each
        for each in stage.filed
        if each.request_id is None
        or not is_passed_on(stage.views.get(each.id))
        or stage.views[each.id]["last_seq"] < OURS_AT_FIRST + delivered[each.request_id]
    ]


async def _learn_request_ids(stage: Stage) -> None:
    async def learn(filed: Filed) -> None:
        async with turn:
            found = await stage.core.cases(filed.id)
        filed.request_id = found[0]["service_request_id"] if found else None

    turn = asyncio.Semaphore(8)
    await asyncio.gather(*(learn(filed) for filed in stage.filed if filed.request_id is None))
