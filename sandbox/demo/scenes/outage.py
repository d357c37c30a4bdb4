"""The dispatch core is killed while residents file and updates are on their way; nothing is lost. Start at `run`."""

import asyncio
import time
from datetime import datetime
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from sandbox.demo.filing import Desk
from sandbox.demo.messages import Message, own_messages
from sandbox.demo.proof import prove
from sandbox.demo.stage import Filed, Stage
from sandbox.demo.views import owners_of, read_lists, settled
from sandbox.demo.voice import NotShownError

TITLE = "分拨平台突然断了：照样能提交，恢复以后一件不少"
BEFORE, DURING = 10, 20
KILLED_AFTER = 6
"""So many of the second lot are filed when the core dies; the rest finds nobody."""
SLOW_LINE_SECONDS = 0.6
SHOWN = 5
PATIENCE_SECONDS = 15.0


async def run(stage: Stage) -> None:
    """Kill it, go on, start it again, count."""
    voice, desk = stage.voice, Desk(stage)
    await desk.read_categories()
    await stage.core.work_at(0)
    messages = own_messages()
    first = [filed async for filed in desk.file_all(messages[:BEFORE])]
    await settled(stage)
    voice.say(f"  先提交 {len(first)} 件，都转交了。让时间走 40 分钟，单位开始分拨、签收，进展正在路上。")
    slow = {"match": {"direction": "out"}, "do": "delay", "value": SLOW_LINE_SECONDS}
    await stage.core.control("/faults", [slow], method="PUT")
    await stage.core.work_at(1)
    await stage.clocks.advance(minutes=40)
    during, on_the_way = await _kill_while_filing(stage, desk, messages[BEFORE : BEFORE + DURING])
    voice.say(
        f"  又提交 {len(during)} 件，提交到第 {KILLED_AFTER} 件时强行结束分拨平台（kill -9），还有 {on_the_way} 条进展没送到。"
    )
    waiting = await _what_residents_see(stage, during)
    began = time.monotonic()
    await stage.start_core()
    await settled(stage)
    voice.say(f"  在同一份存储上重新启动分拨平台，{time.monotonic() - began:.1f} 秒后全部转交、全部送到。")
    stage.checklist.note(
        len(during) == DURING and on_the_way > 0,
        f"平台断开前后提交的 {len(during)} 件都收下了；断开时有 {on_the_way} 条进展在路上",
    )
    stage.checklist.note(waiting > 0, f"断开时 {waiting} 件显示“等着转交”和下次再试的时间")
    proof = await prove(stage)
    proof.note_into(stage.checklist, "恢复以后")
    for fault in proof.faults[:SHOWN]:
        voice.aside(f"  {fault}")


async def _kill_while_filing(stage: Stage, desk: Desk, messages: list[Message]) -> tuple[list[Filed], int]:
    """File on and kill the core in the middle; give what was filed, and how many updates had not arrived."""
    filed: list[Filed] = []
    on_the_way = 0
    async for each in desk.file_all(messages):
        filed.append(each)
        if len(filed) == KILLED_AFTER:
            on_the_way = await stage.core.waiting()
            await stage.core_program.child.kill()
    return filed, on_the_way


async def _what_residents_see(stage: Stage, during: list[Filed]) -> int:
    """Show some of those that wait, as their owners see them; give how many wait."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        views = await read_lists(stage, owners_of(during))
        waiting = [each for each in during if _waits(views[each.id])]
        told = [each for each in waiting if views[each.id]["push"]["next_try_at"]]
        if waiting and len(told) == len(waiting):
            break
        if time.monotonic() > deadline:
            message = "没有一件显示“等着转交”和下次再试的时间"
            raise NotShownError(message)
        await asyncio.sleep(0.2)
    stage.voice.say(f"  有 {len(waiting)} 件还没转交，居民看到的是：")
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 2, 0, 2))
    for name in ("编号", "事情", "到哪一步", "下次再试"):
        table.add_column(name, no_wrap=True)
    for each in told[:SHOWN]:
        next_try, server_time = views[each.id]["push"]["next_try_at"], views[each.id]["server_time"]
        left = (datetime.fromisoformat(next_try) - datetime.fromisoformat(server_time)).total_seconds()
        again = f"{left:.1f} 秒后" if left > 0 else "正在试"
        table.add_row(each.number, each.text[:12], Text("等着转交", "yellow"), again)
    stage.voice.say(table)
    return len(waiting)


def _waits(view: dict[str, Any]) -> bool:
    return view["push"] is not None and view["push"]["state"] == "waiting"
