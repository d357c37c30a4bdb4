"""`python -m sandbox.demo`: the whole thing on this machine, live in the terminal and in the browser. Start at `main`.

Exit code 0 only if everything that was to be shown truly happened.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from sandbox.demo.folder import NoFolderLeftError
from sandbox.demo.performance import perform
from sandbox.demo.playbill import SCENES
from sandbox.demo.stage import Wish
from sandbox.demo.voice import Voice

ROOT = Path(__file__).parents[2]
program = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@program.command()
def main(  # noqa: PLR0917 - command line options, not arguments
    once: Annotated[bool, typer.Option("--once", help="End after the last scene.")] = False,
    scene: Annotated[str | None, typer.Option(help=f"Only one: {'、'.join(SCENES)}.")] = None,
    messages: Annotated[int, typer.Option(min=1, max=2000, help="How many messages are filed.")] = 200,
    own_messages: Annotated[bool, typer.Option("--own-messages", help="Only those that come with the demo.")] = False,
    ready_file: Annotated[Path | None, typer.Option(help="Only get everything up, and write here where it is.")] = None,
    svg: Annotated[Path | None, typer.Option(hidden=True)] = None,
) -> None:
    """Start stand-ins and product, and show them at work."""
    if scene is not None and scene not in SCENES:
        raise typer.BadParameter(f"没有这一场：{scene}。有的是：{'、'.join(SCENES)}。", param_hint="--scene")
    wish = Wish(
        messages=messages,
        own_messages=own_messages or bool(os.environ.get("LINLI_DEMO_OWN_MESSAGES")),
        scenes=() if ready_file else (scene,) if scene else tuple(SCENES),
        ready_file=ready_file.absolute() if ready_file else None,
        stays=not once and scene is None and ready_file is None,
        svg=svg,
    )
    voice = Voice(quiet=ready_file is not None, pictured=svg is not None)
    try:
        sys.exit(asyncio.run(_until_told(wish, voice, Path(os.environ.get("LINLI_VAR") or ROOT / "var").absolute())))
    except NoFolderLeftError as error:
        voice.complaining.print(str(error))
        sys.exit(1)


async def _until_told(wish: Wish, voice: Voice, var: Path) -> int:
    """Perform until the end, or until Ctrl-C or SIGTERM; everything is ended either way."""
    loop, work = asyncio.get_running_loop(), asyncio.current_task()
    told = False

    def stop() -> None:
        nonlocal told
        if not told and work is not None:
            told = True
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    return await perform(wish, voice, var)


if __name__ == "__main__":
    program()
