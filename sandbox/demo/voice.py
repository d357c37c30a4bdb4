"""What the demo says on the terminal: short lines, in Chinese, calm. Start at `Voice`."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, RenderableType
from rich.status import Status
from rich.text import Text

from sandbox.demo.picture import Canvas

WIDTH = 100
"""Where there is no terminal to ask."""
DONE, NOT_DONE = "做到", "没做到"


class StepError(Exception):
    """A step was not done; the cause tells why."""

    def __init__(self, step: str) -> None:
        """Name the step."""
        super().__init__(step)
        self.step = step


class NotShownError(Exception):
    """Something that was to be shown did not happen; the text says what."""


class Voice:
    """Speaks to whoever watches; a quiet one says only what went wrong."""

    def __init__(self, *, quiet: bool = False, pictured: bool = False) -> None:
        """Speak on the standard output."""
        terminal = sys.stdout.isatty()
        self.console = Console(quiet=quiet, highlight=False, width=None if terminal else WIDTH)
        self.canvas = Canvas(WIDTH) if pictured else None
        self.complaining = Console(stderr=quiet, highlight=False, soft_wrap=True)
        self.at = "开始"
        self.logs: Path | None = None
        self._under_way: list[str] = []
        self._status: Status | None = None

    @property
    def live(self) -> bool:
        """Whether lines can be drawn over."""
        return self.console.is_terminal and not self.console.quiet

    def title(self, words: str) -> None:
        """Begin a part."""
        self.console.print()
        self.console.print(Text(words, style="bold"))

    def say(self, what: RenderableType = "") -> None:
        """Say a line or show a table."""
        self.console.print(what)

    def picture(self, what: RenderableType) -> None:
        """Keep something for the picture in the README, if one is wanted."""
        if self.canvas:
            self.canvas.add(what)

    def aside(self, words: str) -> None:
        """Say something less important."""
        self.console.print(Text(words, style="dim"))

    @contextmanager
    def step(self, words: str, *, spoken: bool = True) -> Iterator[None]:
        """Do one step; say so when it is done, and name it if it fails."""
        began, self.at = time.monotonic(), words
        if spoken:
            self._begin(words)
        try:
            yield
        except StepError:
            raise
        except Exception as error:
            raise StepError(words) from error
        finally:
            if spoken:
                self._end(words)
        if spoken:
            self.console.print(Text.assemble(f"  {words} ", (f"{time.monotonic() - began:.1f} 秒", "dim")))

    def _begin(self, words: str) -> None:
        """Show on a terminal what is under way; several steps may be."""
        self._under_way.append(words)
        self._draw()

    def _end(self, words: str) -> None:
        self._under_way.remove(words)
        self._draw()

    def _draw(self) -> None:
        if not self.live:
            return
        if not self._under_way:
            if self._status:
                self._status.stop()
            self._status = None
            return
        words = Text(f"正在准备：{'；'.join(self._under_way)}", style="dim")
        if self._status:
            self._status.update(words)
        else:
            self._status = self.console.status(words, spinner="line")
            self._status.start()


@dataclass
class Checklist:
    """What the demo claims, and whether it was so."""

    entries: list[tuple[bool, str]] = field(default_factory=list)

    def note(self, done: bool, claim: str) -> None:
        """Write down one claim with its numbers."""
        self.entries.append((done, claim))

    @property
    def all_done(self) -> bool:
        """Whether there are claims and all are true."""
        return bool(self.entries) and all(done for done, _ in self.entries)

    def lines(self) -> Iterator[Text]:
        """Give the list as it is shown; the word says it, the colour only helps."""
        for done, claim in self.entries:
            mark = Text(f"  {DONE}    ", "green") if done else Text(f"  {NOT_DONE}  ", "bold red")
            yield mark + Text(claim)
