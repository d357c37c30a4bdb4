"""One complaint from tap to rating, with every message on the wire. Start at `run`."""

import asyncio
from typing import Any
from uuid import uuid4

from sandbox.demo.board import heading
from sandbox.demo.filing import Desk
from sandbox.demo.line import Line
from sandbox.demo.messages import own_messages
from sandbox.demo.stage import Filed, Stage
from sandbox.demo.views import settled
from sandbox.demo.voice import NotShownError
from sandbox.demo.wire import CORE, LINLI, WECHAT, Ear, Message, Wire, listening, table_of

TITLE = "跟着一件诉求走：从点开小程序到评价，线上的每一条消息"
PLAY = (
    ("assigned", {"minutes": 3}, "已分拨到承办单位，请三十分钟内签收。"),
    ("accepted", {"minutes": 9}, "已签收，今天安排师傅去看。"),
    ("feedback", {"hours": 3}, "看过了，灯头进水，已经去领新的，明天换。"),
    ("in_progress", {"hours": 18}, "师傅正在现场换灯头，并检查同一条线路。"),
    ("answered", {"hours": 5}, "第二盏路灯已换新，晚上七点试亮正常。"),
)
RATING = {"solved": True, "speed": 5, "result": 5, "service": 5, "answer": 4, "text": "当天晚上就亮了，谢谢。"}
WHOLE_STORY = ("submitted", "pushed", *(event for event, _, _ in PLAY), "rated", "closed")
PATIENCE_SECONDS, LOOK_EVERY = 20.0, 0.1
TOLD_TO_CORE = ("rated", "closed")
"""A rating that satisfies is two updates: what was said, and that the matter is closed by it."""


class Telling:
    """Shows the messages part by part, numbered through."""

    def __init__(self, stage: Stage, wire: Wire) -> None:
        """Begin with number one."""
        self.stage = stage
        self.wire = wire

    async def part(self, words: str) -> None:
        """Show what was said since the last part."""
        first = len(self.wire.seen) + 1
        messages = await self.wire.gathered()
        line = heading(self.stage.clocks.now(), self.stage.clocks.day)
        for shown in (line + f"  {words}", table_of(messages, first)):
            self.stage.voice.say(shown)
            self.stage.voice.picture(shown)


async def run(stage: Stage) -> None:
    """Follow it."""
    await stage.core.work_at(0)
    wire = Wire(stage.core, stage.wechat)
    await wire.forget_what_was()
    telling = Telling(stage, wire)
    stage.voice.aside("  地址省去了开头：邻里 /api/v1，分拨平台 /open311/v2。提交走第一个网页进程，实时连接走第二个。")
    phone = Line(stage.product.session, stage.product.lines[0].base, wire.heard)
    token = await _come_in(stage, wire, phone)
    await telling.part("点开小程序")
    async with listening(stage.product.session, stage.product.live(1), wire) as ear:
        await ear.say(type="hello", token=token)
        await ear.until("welcome")
        filed = await _file(stage, wire, phone, token, ear)
        await telling.part("写好，提交")
        for event, span, text in PLAY:
            await stage.clocks.advance(**span)
            await _play(stage, filed, event, text)
            await ear.until(event)
            await telling.part(text)
        path = f"/complaints/{filed.id}/rating"
        await stage.product.call("POST", path, RATING, token=token, key=uuid4().hex, through=phone)
        await ear.until("closed")
        await _until_core_heard_all(stage, filed)
        await telling.part(f"居民评价：{RATING['text']}")
        _note(stage, wire, ear)


async def _come_in(stage: Stage, wire: Wire, phone: Line) -> str:
    """Open the mini-program: the phone asks WeChat for a code and shows it to us."""
    resident = stage.residents[0]
    code = (await stage.wechat.login_code(openid=resident.openid))["code"]
    wire.phone_logs_in()
    session = await stage.product.call("POST", "/sessions", {"code": code}, through=phone)
    return str(session["token"])


async def _file(stage: Stage, wire: Wire, phone: Line, token: str, ear: Ear) -> Filed:
    text = own_messages()[0].text
    desk = Desk(stage)
    await desk.read_categories()
    guess = await stage.product.call(
        "GET", "/complaint-categories/suggestion", token=token, query={"text": text}, through=phone
    )
    body: dict[str, Any] = {"text": text}
    if guess["items"]:
        body |= desk.chosen(guess["items"][0]["code"])
    complaint = await stage.product.call("POST", "/complaints", body, token=token, key=uuid4().hex, through=phone)
    wire.complaint_id = complaint["id"]
    filed = Filed(complaint["id"], complaint["number"], text, stage.residents[0])
    stage.filed.append(filed)
    await ear.say(type="watch", topic=f"complaint:{filed.id}", after=0)
    await ear.until("pushed")
    await settled(stage)
    return filed


async def _play(stage: Stage, filed: Filed, event: str, text: str) -> None:
    await stage.core.play(filed.request_id or "", event, description=text, public_text=text)


async def _until_core_heard_all(stage: Stage, filed: Filed) -> None:
    """Wait until the core has heard the last word, not only the rating: that closes its own books already."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                if TOLD_TO_CORE[-1] in await _heard_of(stage, filed):
                    return
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        message = "分拨平台没有听到评价和结案"
        raise NotShownError(message) from None


async def _heard_of(stage: Stage, filed: Filed) -> list[str]:
    """Give what the core has heard from us about it."""
    case = (await stage.core.cases(filed.id))[0]
    return [update["event"] for update in case["updates"] if update["origin"] == "linli"]


def _note(stage: Stage, wire: Wire, ear: Ear) -> None:
    """See that each kind of message was really there."""
    seen = wire.seen
    heard = [each["event"]["type"] for each in ear.events]
    numbers = [each["seq"] for each in ear.events]
    stage.checklist.note(
        tuple(heard) == WHOLE_STORY and numbers == list(range(1, len(numbers) + 1)),
        f"第二个网页进程的实时连接按顺序送来 {len(heard)} 条进展，编号 1 到 {len(numbers)}",
    )
    signed = [each for each in _between(seen, CORE, LINLI) if each.status == 200 and "带签名的" in each.meaning]  # noqa: PLR2004
    told = [each for each in _between(seen, LINLI, CORE) if each.what == "POST /servicerequestupdates.json"]
    asked = [each for each in _between(seen, LINLI, WECHAT) if "jscode2session" in each.what]
    pushed = [each for each in _between(seen, LINLI, CORE) if each.what == "POST /requests.json"]
    counted = len(asked), len(pushed), len(signed), len(told)
    stage.checklist.note(
        counted == (1, 1, len(PLAY), len(TOLD_TO_CORE)),
        f"一件诉求从点开到结案共 {len(seen)} 条消息："
        f"问微信 {counted[0]} 次，转交 {counted[1]} 次，带签名的进展 {counted[2]} 条，告诉平台 {counted[3]} 条",
    )


def _between(seen: list[Message], source: str, target: str) -> list[Message]:
    return [each for each in seen if (each.source, each.target) == (source, target)]
