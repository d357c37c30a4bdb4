"""What residents see of their complaints, and whether everything has arrived. Start at `all_views` and `settled`."""

import asyncio
import time
from typing import Any

from sandbox.demo.stage import Filed, Stage
from sandbox.demo.voice import NotShownError

LOOK_EVERY = 0.2
PATIENCE_SECONDS = 90.0
OURS_AT_FIRST = 2
"""Every complaint begins with two events of our own: filed, and taken by the core."""
Views = dict[str, dict[str, Any]]


async def all_views(stage: Stage) -> Views:
    """Read every resident's own list, by complaint."""
    owners = {filed.resident.number for filed in stage.filed}
    lists = await asyncio.gather(
        *(
            stage.product.listed("/complaints", token=resident.token, scope="mine")
            for resident in stage.residents
            if resident.number in owners
        )
    )
    return {view["id"]: view for rows in lists for view in rows}


async def settled(stage: Stage) -> Views:
    """Wait until all complaints are with the core and all its updates are on the residents' screens."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    why = ""
    while time.monotonic() < deadline:
        why, views = await _what_is_missing(stage)
        if views is not None:
            return views
        await asyncio.sleep(LOOK_EVERY)
    message = f"等了 {PATIENCE_SECONDS:.0f} 秒，{why}"
    raise NotShownError(message)


async def _what_is_missing(stage: Stage) -> tuple[str, Views | None]:
    if waiting := await stage.core.waiting():
        return f"分拨平台还有 {waiting} 条进展没有送到", None
    views = await all_views(stage)
    if left := [filed for filed in stage.filed if not is_passed_on(views.get(filed.id))]:
        return f"还有 {len(left)} 件没有转交给分拨平台", None
    await _learn_request_ids(stage)
    delivered = await stage.core.delivered()
    behind = [
        filed
        for filed in stage.filed
        if views[filed.id]["last_seq"] < OURS_AT_FIRST + delivered[filed.request_id or ""]
    ]
    return (f"还有 {len(behind)} 件的进展没有显示出来", None) if behind else ("", views)


def is_passed_on(view: dict[str, Any] | None) -> bool:
    """Whether the core has it."""
    return view is not None and (view["push"] is None or view["push"]["state"] == "done")


async def _learn_request_ids(stage: Stage) -> None:
    async def learn(filed: Filed) -> None:
        async with turn:
            found = await stage.core.cases(filed.id)
        filed.request_id = found[0]["service_request_id"] if found else None

    turn = asyncio.Semaphore(8)
    await asyncio.gather(*(learn(filed) for filed in stage.filed if filed.request_id is None))
