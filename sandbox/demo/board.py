"""The live table: number, matter, step, unit, three deadlines; words first, colour only beside them. Start at `Board`."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sandbox.demo.clocks import LOCAL
from sandbox.demo.stage import Filed, Views

STEPS = {
    "submitted": ("等着转交", "yellow"),
    "pushed": ("已受理", "yellow"),
    "assigned": ("已分拨", "cyan"),
    "accepted": ("已签收", "cyan"),
    "in_progress": ("办理中", "cyan"),
    "answered": ("已办结", "green"),
    "closed": ("已结案", "green"),
    "not_accepted": ("不予受理", "dim"),
    "withdrawn": ("已撤回", "dim"),
    "merged": ("已并案", "dim"),
}
KINDS = ("accept", "feedback", "result")
HOUR, DAY = 60, 24 * 60
SOON = timedelta(hours=2)
FIRST_WORDS = 12
WIDTH, MOST_SAVED = 98, 20
"""What the table takes, and how much of it two columns can give up on a narrow terminal."""
STILL = {"paused": "停表", "cancelled": "取消"}
WEEKDAYS = "一二三四五六日"


class Board:
    """Draws the table of some complaints and the counts of all."""

    def __init__(self, rows: int, width: int, all_of_them: int) -> None:
        """Show so many rows in so many cells, however many complaints there will be."""
        self.rows = rows
        self.narrower = max(0, min(WIDTH - width, MOST_SAVED))
        self.expected = all_of_them

    def draw(self, filed: Sequence[Filed], views: Views, *, now: datetime, day: int) -> RenderableType:
        """Draw it once."""
        table = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=0)
        table.add_column("编号", no_wrap=True, width=10)
        table.add_column("事情", no_wrap=True, width=2 * FIRST_WORDS - self.narrower // 2)
        table.add_column("到哪一步", no_wrap=True, width=8)
        table.add_column("谁负责", no_wrap=True, width=20 - (self.narrower + 1) // 2, overflow="ellipsis")
        for name in ("签收", "反馈", "办结"):
            table.add_column(name, no_wrap=True, width=10)
        for each in self._chosen(filed):
            table.add_row(*_row(each, views.get(each.id), now))
        return Group(heading(now, day), counts(views, len(filed), self.expected), table)

    def _chosen(self, filed: Sequence[Filed]) -> list[Filed]:
        """Choose rows evenly over all, so that each stays where it is once all are filed."""
        if len(filed) <= self.rows:
            return list(filed)
        return [filed[at * len(filed) // self.rows] for at in range(self.rows)]


def heading(now: datetime, day: int) -> Text:
    """Say which day it is in the demo."""
    local = now.astimezone(LOCAL)
    words = f"第 {day} 天  {local.month} 月 {local.day} 日 星期{WEEKDAYS[local.weekday()]} {local:%H:%M}"
    return Text(words, style="bold")


def counts(views: Views, filed: int, expected: int) -> Text:
    """Count all complaints by their step."""
    by_step = Counter(view["status"] for view in views.values())
    words = [Text(f"已提交 {filed}/{expected}" if filed < expected else f"共 {filed} 件")]
    words += [Text(f"{name} {by_step[step]}", style) for step, (name, style) in STEPS.items() if by_step[step]]
    return Text("  ").join(words)


def _row(filed: Filed, view: dict[str, Any] | None, now: datetime) -> list[Text]:
    short = Text(" ".join(filed.text.split())[:FIRST_WORDS])
    if view is None:
        return [Text(filed.number), short, Text("刚提交", "yellow")]
    name, style = STEPS[view["status"]]
    unit = Text(view["responsible"]["unit"]) if view["responsible"] else Text("—", "dim")
    # The last deadline of a kind is the one of the present round.
    latest = {deadline["kind"]: deadline for deadline in view["deadlines"]}
    return [Text(filed.number), short, Text(name, style), unit, *(deadline_words(latest.get(k), now) for k in KINDS)]


def deadline_words(deadline: dict[str, Any] | None, now: datetime) -> Text:
    """Say how a promise stands: time left, kept, late."""
    if deadline is None:
        return Text("—", "dim")
    due = datetime.fromisoformat(deadline["due_at"])
    if deadline["met_at"]:
        met = datetime.fromisoformat(deadline["met_at"])
        took = met - datetime.fromisoformat(deadline["started_at"])
        late = deadline["state"] == "late"
        return Text(f"晚了{span(met - due)}", "magenta") if late else Text(f"用了{span(took)}", "green")
    if word := STILL.get(deadline["state"]):
        return Text(word, "dim")
    if due < now:
        return Text(f"超{span(now - due)}", "bold red")
    return Text(f"还有{span(due - now)}", "yellow" if due - now < SOON else "")


def span(length: timedelta) -> str:
    """Write a length of time in one unit."""
    minutes = max(0, int(length.total_seconds())) // 60
    if minutes < HOUR:
        return f"{minutes}分"
    if minutes < 2 * DAY:
        return f"{minutes // HOUR}小时"
    return f"{minutes // DAY}天"
