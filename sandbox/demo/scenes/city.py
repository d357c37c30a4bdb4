"""A city's worth of complaints, from filing to the result, with a live table. Start at `run`."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from rich.console import RenderableType
from rich.live import Live

from sandbox.demo.board import Board, counts, heading
from sandbox.demo.filing import Desk
from sandbox.demo.messages import messages_for
from sandbox.demo.stage import Filed, Stage, Views
from sandbox.demo.views import settled
from sandbox.demo.voice import NotShownError

TITLE = "一座城的诉求：提交、分拨、签收、反馈、办结"
MINUTES = (4, 4, 6, 8, 12, 20, 40)
"""Small steps around assignment and signing."""
HOURS = (2, 4, *[8] * 30)
TABLE_MARGIN = 10
FEWEST_ROWS, MOST_ROWS = 6, 24
REDRAW_SECONDS = 1.0
ANSWERED = frozenset({"answered", "closed", "not_accepted"})
KIND_WORDS = {"accept": "30 分钟内签收", "feedback": "24 小时内反馈", "result": "按时办结"}


class Screen:
    """The live table on a terminal; plain lines elsewhere."""

    def __init__(self, stage: Stage, board: Board) -> None:
        """Draw with the voice of the stage."""
        self.stage = stage
        self.board = board
        self.live: Live | None = None
        self.drawn_at = 0.0

    @contextmanager
    def open(self) -> Iterator["Screen"]:
        """Keep the table in its place on the terminal."""
        voice = self.stage.voice
        if not voice.live:
            yield self
            return
        with Live(console=voice.console, auto_refresh=False) as self.live:
            yield self

    def show(self, filed: list[Filed], views: Views, *, always: bool = False) -> None:
        """Draw what is known now; not more often than eyes follow."""
        if not always and time.monotonic() - self.drawn_at < REDRAW_SECONDS:
            return
        self.drawn_at = time.monotonic()
        now, day = self.stage.clocks.now(), self.stage.clocks.day
        if self.live:
            self.live.update(self._table(filed, views), refresh=True)
        elif views or always:
            line = heading(now, day)
            line.stylize("not bold")
            self.stage.voice.say(line + "  " + counts(views, len(filed), self.board.expected))

    def finish(self, filed: list[Filed], views: Views) -> None:
        """Show the table a last time, also where it could not be kept in its place."""
        table = self._table(filed, views)
        self.stage.voice.picture(table)
        if self.live:
            self.live.update(table, refresh=True)
        else:
            self.stage.voice.say(table)

    def _table(self, filed: list[Filed], views: Views) -> RenderableType:
        return self.board.draw(filed, views, now=self.stage.clocks.now(), day=self.stage.clocks.day)


async def run(stage: Stage) -> None:
    """File everything, let days pass, and see every complaint answered."""
    messages = messages_for(stage.wish)
    rows = min(max(stage.voice.console.height - TABLE_MARGIN, FEWEST_ROWS), MOST_ROWS)
    screen, desk = Screen(stage, Board(rows, stage.voice.console.width, len(messages))), Desk(stage)
    await stage.core.work_at(0)
    await desk.read_categories()
    before, began = len(stage.filed), time.monotonic()
    with screen.open():
        async for _ in desk.file_all(messages):
            screen.show(stage.filed[before:], {})
        took = time.monotonic() - began
        views = await settled(stage)
        screen.show(stage.filed[before:], views, always=True)
        await stage.core.work_at(1)
        views = await _let_days_pass(stage, screen, stage.filed[before:])
        screen.finish(stage.filed[before:], views)
    _note(stage, stage.filed[before:], views, asked=len(messages), took=took)


async def _let_days_pass(stage: Stage, screen: Screen, filed: list[Filed]) -> Views:
    """Move everybody's clocks in steps until all complaints have their result."""
    for step in [*({"minutes": minutes} for minutes in MINUTES), *({"hours": hours} for hours in HOURS)]:
        await stage.clocks.advance(**step)
        views = await settled(stage)
        screen.show(filed, views, always=True)
        if all(views[each.id]["status"] in ANSWERED for each in filed):
            return views
    return stage.views


def _note(stage: Stage, filed: list[Filed], views: Views, *, asked: int, took: float) -> None:
    """Say what was seen, and what it proves."""
    mine = [views[each.id] for each in filed]
    answered = [view for view in mine if view["status"] in ANSWERED]
    numbers = {each.number for each in filed}
    stage.checklist.note(
        len(filed) == asked == len(numbers),
        f"{asked} 件诉求都收下了，{len(numbers)} 个编号各不相同，用了 {took:.1f} 秒",
    )
    days = max((_days_to_result(view) for view in answered), default=0.0)
    stage.checklist.note(
        len(answered) == asked and days <= 10,  # noqa: PLR2004 - the stand-in's own promise
        f"{len(answered)}/{asked} 件走完分拨、签收、反馈到办结，最久 {days:.1f} 天",
    )
    kept, late = _kept(mine)
    words = "，".join(f"{words} {kept[kind]} 次、晚了 {late[kind]} 次" for kind, words in KIND_WORDS.items())
    stage.voice.aside(f"  {words}")
    if len(answered) != asked:
        message = f"只有 {len(answered)}/{asked} 件办结"
        raise NotShownError(message)


def _days_to_result(view: dict[str, Any]) -> float:
    if not view["result"]:
        return 0.0
    filed, result = datetime.fromisoformat(view["created_at"]), datetime.fromisoformat(view["result"]["at"])
    return (result - filed).total_seconds() / 86400


def _kept(views: list[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Count promises kept and broken, by kind."""
    kept: Counter[str] = Counter()
    late: Counter[str] = Counter()
    for deadline in (deadline for view in views for deadline in view["deadlines"]):
        if deadline["state"] == "met":
            kept[deadline["kind"]] += 1
        elif deadline["state"] == "late":
            late[deadline["kind"]] += 1
    return kept, late
