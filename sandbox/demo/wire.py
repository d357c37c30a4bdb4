"""What was really said between the programs, in its order: from the journals, our own calls and a live socket.

Start at `Wire`.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from rich.table import Table
from rich.text import Text

from sandbox.demo.line import DispatchCore, Spoken, WeChat
from sandbox.demo.voice import NotShownError

PHONE, LINLI, WECHAT, CORE = "居民手机", "邻里", "微信", "分拨平台"
BASES = ("/api/v1", "/open311/v2")
PATIENCE_SECONDS = 20.0
SKEW_SECONDS = 0.004
"""The clocks of two processes may differ by a millisecond or two; what we said caused what a journal tells."""
_UUID = re.compile(r"([0-9a-f]{4})[0-9a-f]{4}-[0-9a-f-]{27}")
EVENT_WORDS = {
    "submitted": "交上来了",
    "pushed": "区里收到了",
    "assigned": "分拨给单位",
    "accepted": "签收",
    "feedback": "第一次反馈",
    "in_progress": "正在办",
    "answered": "办结",
    "rated": "居民评价",
    "closed": "结案",
}
MEANINGS = {
    (PHONE, "POST", "/sessions"): "拿登录码换登录凭证",
    (PHONE, "POST", "/complaints"): "提交诉求，编号 {number}",
    (PHONE, "POST", "/rating"): "评价：解决了，结果 {result} 分",
    (PHONE, "GET", "/suggestion"): "按写的话猜类别：{guess}",
    (LINLI, "GET", "/sns/jscode2session"): "问微信：这个登录码是谁",
    (LINLI, "POST", "/cgi-bin/stable_token"): "向微信要接口凭证",
    (LINLI, "POST", "/wxa/msg_sec_check"): "请微信检查文字",
    (LINLI, "POST", "/requests.json"): "转交诉求，平台编号 {service_request_id}",
    (LINLI, "GET", "/requests.json"): "先问平台收过没有，免得重复",
    (LINLI, "POST", "/servicerequestupdates.json"): "告诉平台：{event}",
    (LINLI, "GET", "/servicerequestupdates.json"): "对一遍：平台的进展有没有漏掉的",
    (CORE, "POST", "/callbacks/dispatch"): "{signed}进展：{event}",
}


@dataclass(frozen=True)
class Message:
    """One message on the wire, as it is shown."""

    at: float
    source: str
    target: str
    what: str
    status: int | None
    meaning: str


@dataclass
class Wire:
    """Collects the messages about one complaint."""

    core: DispatchCore
    wechat: WeChat
    complaint_id: str = ""
    seen: list[Message] = field(default_factory=list)
    fresh: list[Message] = field(default_factory=list)

    async def forget_what_was(self) -> None:
        """Begin here: what the journals hold already is about something else."""
        await self.core.journal()
        await self.wechat.journal()

    def heard(self, spoken: Spoken) -> None:
        """Note a call of the phone's."""
        facts = _facts(spoken.asked) | _facts(spoken.told)
        self.note(PHONE, LINLI, spoken.method, spoken.path, status=spoken.status, facts=facts, at=spoken.began)

    def note(
        self, source: str, target: str, method: str, path: str, *, status: int | None, facts: dict[str, str], at: float
    ) -> None:
        """Note one call between two programs."""
        for base in BASES:
            path = path.removeprefix(base)
        meaning = _words_for(source, method, path).format_map(_Blank(facts))
        self.fresh.append(Message(at, source, target, f"{method} {_shortened(path)}", status, meaning))

    def phone_logs_in(self) -> None:
        """Note that the phone asked WeChat for a code; that goes past us."""
        self.fresh.append(Message(time.time(), PHONE, WECHAT, "wx.login", None, "点开小程序，手机向微信要登录码"))

    def frame(self, content: dict[str, Any], *, incoming: bool) -> None:
        """Note one frame of the live socket."""
        kind = content["type"]
        meaning = {
            "hello": "实时连接：我是谁",
            "welcome": "认得您，请说要看哪一件",
            "watch": "我要看这一件",
            "caught_up": "以前的都给您了，有新的马上说",
        }.get(kind, "")
        if kind == "event":
            meaning = f"屏幕上多一行：{_word(content['event']['type'])}（第 {content['seq']} 条）"
        source, target = (LINLI, PHONE) if incoming else (PHONE, LINLI)
        self.fresh.append(Message(time.time(), source, target, f"WS {kind}", None, meaning))

    async def gathered(self) -> list[Message]:
        """Give what was said since the last time, in its order."""
        for entry in await self.wechat.journal():
            self._note_entry(entry, WECHAT)
        for entry in await self.core.journal():
            if self.complaint_id and self.complaint_id in json.dumps(entry):
                self._note_entry(entry, CORE)
        ordered = sorted(self.fresh, key=lambda message: message.at)
        self.fresh.clear()
        self.seen += ordered
        return ordered

    def _note_entry(self, entry: dict[str, Any], stand_in: str) -> None:
        began = datetime.fromisoformat(entry["at"]).timestamp() - entry["milliseconds"] / 1000 + SKEW_SECONDS
        source, target = (LINLI, stand_in) if entry["direction"] == "in" else (stand_in, LINLI)
        facts = _facts(entry["body"]) | _facts(entry["answer"])
        facts["signed"] = "带签名的" if "x-linli-signature" in entry["headers"] else ""
        self.note(source, target, entry["method"], entry["path"], status=entry["status"], facts=facts, at=began)


class _Blank(dict[str, str]):
    """Leaves out what is not known."""

    def __missing__(self, key: str) -> str:
        return ""


def _facts(body: Any) -> dict[str, str]:
    """Pick what the sentences name."""
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, dict):
        return {}
    facts = {
        name: str(body[name])
        for name in ("number", "service_request_id", "result")
        if isinstance(body.get(name), str | int)
    }
    if body.get("event"):
        facts["event"] = _word(str(body["event"]))
    if isinstance(body.get("items"), list) and body["items"] and "path" in body["items"][0]:
        facts["guess"] = " - ".join(body["items"][0]["path"][::2])
    return facts


def _words_for(source: str, method: str, path: str) -> str:
    bare = path.split("?", maxsplit=1)[0]
    fitting = (
        words for (who, verb, end), words in MEANINGS.items() if (who, verb) == (source, method) and bare.endswith(end)
    )
    return next(fitting, "")


def _word(event: str) -> str:
    return EVENT_WORDS.get(event, event)


def _shortened(path: str) -> str:
    return _UUID.sub(r"\1…", path)


def table_of(messages: list[Message], first: int) -> Table:
    """Draw messages, numbered on from the last."""
    table = Table(box=None, padding=(0, 1, 0, 0), show_header=False)
    for width in (2, 15, 36, 3):
        table.add_column(width=width, no_wrap=True)
    table.add_column(overflow="fold")
    for number, each in enumerate(messages, first):
        style = {PHONE: "", LINLI: "cyan", WECHAT: "green", CORE: "magenta"}[each.source]
        table.add_row(
            Text(str(number), "dim"),
            Text(f"{each.source} → {each.target}", style),
            Text(each.what),
            Text(str(each.status or ""), "dim"),
            Text(each.meaning),
        )
    return table


@dataclass
class Ear:
    """A live socket on a phone, and what came through it."""

    socket: aiohttp.ClientWebSocketResponse
    wire: Wire
    events: list[dict[str, Any]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)

    async def say(self, **frame: Any) -> None:
        """Send a frame."""
        self.wire.frame(frame, incoming=False)
        await self.socket.send_json(frame)

    async def listen(self) -> None:
        """Write down what comes, until the socket ends."""
        async for told in self.socket:
            if told.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = json.loads(told.data)
            self.wire.frame(frame, incoming=True)
            self.kinds.append(frame["type"])
            if frame["type"] == "event":
                self.events.append(frame)
            self.news.set()

    async def until(self, kind: str) -> None:
        """Wait for a kind of frame, or for an event of that type."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while kind not in (*self.kinds, *(each["event"]["type"] for each in self.events)):
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            message = f"等了 {PATIENCE_SECONDS:.0f} 秒，实时连接上没有来“{_word(kind)}”"
            raise NotShownError(message) from None


@asynccontextmanager
async def listening(session: aiohttp.ClientSession, url: str, wire: Wire) -> AsyncIterator[Ear]:
    """Keep a live socket open while the block lasts."""
    async with session.ws_connect(url) as socket, asyncio.TaskGroup() as group:
        ear = Ear(socket, wire)
        group.create_task(ear.listen())
        try:
            yield ear
        finally:
            await socket.close()
