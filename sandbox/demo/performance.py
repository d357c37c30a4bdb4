"""The whole evening: everything is started, the scenes are played, the list is read out, everything ends.

Start at `perform`.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.text import Text

from sandbox.demo.children import ChildFailedError, Children, last_lines, newest_log
from sandbox.demo.folder import claimed
from sandbox.demo.line import open_session
from sandbox.demo.opening import open_stage
from sandbox.demo.playbill import SCENES
from sandbox.demo.programs import other_environment
from sandbox.demo.ready import write_ready_file
from sandbox.demo.stage import Stage, Wish
from sandbox.demo.voice import StepError, Voice

STOPPED = 130
PICTURED = ("city", "follow")
"""Scenes that are in the picture of the README."""


async def perform(wish: Wish, voice: Voice, var: Path) -> int:
    """Give the exit code."""
    began, result = time.monotonic(), STOPPED
    try:
        async with _everything_up(wish, voice, var) as stage:
            if wish.ready_file:
                await write_ready_file(stage, wish.ready_file)
                result = 0
                await _stay()
            for name in wish.scenes:
                await _play(stage, name)
            _read_out(stage, time.monotonic() - began)
            result = 0 if stage.checklist.all_done else 1
            if wish.svg and voice.canvas:
                voice.canvas.save(wish.svg)
            if wish.stays:
                _say_where(stage)
                await _stay()
    except asyncio.CancelledError:
        voice.say()
        voice.say("停下了，开着的程序都已结束。")
    except (BaseExceptionGroup, StepError, ChildFailedError) as error:
        _explain(voice, error)
        result = 1
    return result


@asynccontextmanager
async def _everything_up(wish: Wish, voice: Voice, var: Path) -> AsyncIterator[Stage]:
    """Start everything, and end everything however the block is left; a child that dies ends it."""
    with claimed(var) as claim:
        voice.title("邻里演示")
        voice.aside(f"  日志在 {claim.log}")
        voice.logs = claim.log
        children = Children(claim.hold, claim.log, other_environment())
        try:
            async with open_session() as session, asyncio.TaskGroup() as group:
                watch = group.create_task(children.watch())
                yield await open_stage(wish, voice, claim, children, session)
                watch.cancel()
        except ExceptionGroup:
            children.look()  # a child that died is the better explanation
            raise
        finally:
            await children.end()


async def _play(stage: Stage, name: str) -> None:
    scene = SCENES[name]
    stage.voice.title(scene.title)
    if name in PICTURED:
        stage.voice.picture(Text(scene.title, style="bold"))
    with stage.voice.step(scene.title, spoken=False):
        await scene.run(stage)


def _read_out(stage: Stage, seconds: float) -> None:
    stage.voice.title("清单")
    for line in stage.checklist.lines():
        stage.voice.say(line)
    stage.voice.aside(f"  一共用了 {seconds:.0f} 秒")


def _say_where(stage: Stage) -> None:
    stage.voice.title("页面都开着")
    for words, address in (
        ("居民的手机    ", f"{stage.wechat.url}/phones"),
        ("分拨平台值班台", f"{stage.core.url}/operator"),
        ("接口文档      ", f"{stage.product.api}/docs"),
    ):
        stage.voice.say(Text.assemble(f"  {words}  ", (address, "underline")))
    stage.voice.say("  按 Ctrl-C 结束。")


async def _stay() -> None:
    await asyncio.Event().wait()


def _explain(voice: Voice, error: BaseException) -> None:
    """Say which step failed and why, and show the end of the log that tells more."""
    step, cause = voice.at, _cause_of(error)
    while cause is not error:
        step = error.step if isinstance(error, StepError) else step
        error, cause = cause, _cause_of(cause)
    say = voice.complaining.print
    say(Text(f"没有做成：{step}", style="bold red"))
    say(Text(f"  {str(error) or type(error).__name__}"))
    log = error.log if isinstance(error, ChildFailedError) else voice.logs and newest_log(voice.logs)
    if log:
        say(Text(f"  {log} 的最后几行：", style="dim"))
        for line in last_lines(log):
            say(Text(f"    {line}"))


def _cause_of(error: BaseException) -> BaseException:
    """Go one step nearer to what went wrong first."""
    if isinstance(error, BaseExceptionGroup):
        return error.exceptions[0]
    return error.__cause__ or error if isinstance(error, StepError) else error
