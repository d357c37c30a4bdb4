"""A picture of the terminal for the README, as SVG: every sign stands in its cell, also the wide ones. Start at `Canvas`.

Rich's own export squeezes Chinese and asks a stranger's server for a font.
"""

import io
from html import escape
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import Segment
from rich.style import Style

CELL, LINE, SIZE, MARGIN, CORNER = 8.4, 20, 14, 20, 10
GROUND, INK, FAINT = "#101412", "#ebf0ed", "#9ba8a1"
COLOURS = {
    "cyan": "#8fbaf0",
    "green": "#78cf90",
    "yellow": "#f0bd63",
    "magenta": "#d6a6ea",
    "red": "#ff9d92",
}
FONTS = "ui-monospace, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', 'Noto Sans CJK SC', monospace"


class Canvas:
    """Keeps what is shown, line by line."""

    def __init__(self, width: int) -> None:
        """Draw as on a terminal of that many cells."""
        self.width = width
        self.lines: list[list[Segment]] = []
        self._console = Console(file=io.StringIO(), width=width, highlight=False)

    def add(self, what: RenderableType) -> None:
        """Keep one more thing."""
        self.lines += self._console.render_lines(what, pad=False)

    def save(self, path: Path) -> None:
        """Write the picture."""
        wide = self.width * CELL + 2 * MARGIN
        high = len(self.lines) * LINE + 2 * MARGIN
        rows = "\n".join(_row(line, MARGIN + (at + 0.75) * LINE) for at, line in enumerate(self.lines))
        path.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {high:.0f}" role="img" '
            f'font-family="{FONTS}" font-size="{SIZE}">\n'
            f'<rect width="100%" height="100%" rx="{CORNER}" fill="{GROUND}"/>\n{rows}\n</svg>\n',
            encoding="utf-8",
        )


def _row(line: list[Segment], y: float) -> str:
    spans, cell = [], 0
    for segment in line:
        places, signs = [], ""
        for sign in segment.text:
            if not sign.isspace():  # browsers draw two spaces as one
                places.append(f"{MARGIN + cell * CELL:.1f}")
                signs += sign
            cell += cell_len(sign)
        if signs:
            look = _look(segment.style or Style())
            spans.append(f'<text y="{y:.0f}" x="{" ".join(places)}"{look}>{escape(signs)}</text>')
    return "".join(spans)


def _look(style: Style) -> str:
    colour = COLOURS.get(style.color.name if style.color else "", FAINT if style.dim else INK)
    return f' fill="{colour}"' + (' font-weight="bold"' if style.bold else "")
