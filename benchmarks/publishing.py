"""Writing what came out: a JSON file, a table and a bar picture for each question, and the tables in the page.

`publish` writes `docs/benchmarks/<name>.json` and `.svg`, and puts the table into docs/benchmarks.md, between
`<!-- <name> -->` and `<!-- /<name> -->`; what stands outside of such marks is written by hand.
"""

import json
import math
import re
from html import escape
from pathlib import Path
from typing import Any

from benchmarks.harness import Column, Filled, Goal, Table

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
FOLDER = ROOT / "docs" / "benchmarks"
WIDTH, ROW, LABEL, VALUE = 860, 34, 320, 150
INK, FAINT, BAR, RAW, MARK = "#1f2328", "#656d76", "#2f6f5e", "#9aa4ae", "#c0392b"


def publish(filled: Filled, *, machine: dict[str, Any], folder: Path = FOLDER, page: Path = PAGE) -> None:
    """Write the files of one table, and its place in the page."""
    folder.mkdir(parents=True, exist_ok=True)
    name = filled.table.name
    (folder / f"{name}.json").write_text(_json(filled, machine), encoding="utf-8")
    (folder / f"{name}.svg").write_text(picture(filled), encoding="utf-8")
    put_into_page(page, name, markdown(filled, picture_at=f"benchmarks/{name}.svg"))


def put_into_page(page: Path, name: str, text: str) -> None:
    """Replace what stands between a name's marks; a page without them gets them at its end."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    old = page.read_text(encoding="utf-8") if page.exists() else ""
    block = f"{begin}\n\n{text.strip()}\n\n{end}"
    marked = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    new = marked.sub(lambda _: block, old) if marked.search(old) else f"{old.rstrip()}\n\n{block}\n"
    page.write_text(new, encoding="utf-8")


def _json(filled: Filled, machine: dict[str, Any]) -> str:
    table = filled.table
    facts = {
        "name": table.name,
        "title": table.title,
        "machine": machine,
        "seconds": round(filled.seconds, 1),
        "rounds": [{peer: dict(figures) for peer, figures in each.items()} for each in filled.rounds],
        "medians": {
            peer.key: {c.key: value for c in table.columns if (value := filled.median(peer.key, c.key)) is not None}
            for peer in table.peers
        },
        "goals": [
            {"goal": words_of(goal, filled), "reached": value, "kept": value is not None and goal.kept_by(value)}
            for goal in table.goals
            for value in (filled.reached(goal),)
        ],
        "remarks": [*table.remarks, *filled.remarks],
    }
    return json.dumps(facts, ensure_ascii=False, indent=1) + "\n"


def markdown(filled: Filled, *, picture_at: str) -> str:
    """Write a table with medians, ratios and goals."""
    table = filled.table
    heads, lines = _heads(filled), []
    lines.append("| " + " | ".join(heads) + " |")
    lines.append("| --- |" + " ---: |" * (len(heads) - 1))
    lines += ["| " + " | ".join(row) + " |" for row in _rows(filled)]
    parts = [f"### {table.title}", table.question, f"![{table.title}]({picture_at})", "\n".join(lines)]
    if table.goals:
        parts.append("\n".join(_goal_lines(filled)))
    parts += [f"- {remark}" for remark in (*table.remarks, *filled.remarks)]
    parts.append(f"{len(filled.rounds)} rounds in {filled.seconds:.0f} s.")
    return "\n\n".join(parts)


def _heads(filled: Filled) -> list[str]:
    table = filled.table
    heads = ["peer", *(column.title for column in table.columns)]
    if table.base:
        base = next(peer.title for peer in table.peers if peer.key == table.base)
        heads.append(f"{table.columns[0].title}, × {base}")
    return heads


def _rows(filled: Filled) -> list[list[str]]:
    table, rows = filled.table, []
    for peer in table.peers:
        row = [peer.title, *(_shown(filled.median(peer.key, column.key), column.digits) for column in table.columns)]
        if table.base:
            ratios = filled.ratios(peer.key, table.columns[0].key, table.base)
            middle = filled.ratio(peer.key, table.columns[0].key, table.base)
            around = f" ({min(ratios):.3g}-{max(ratios):.3g})" if len(set(ratios)) > 1 else ""
            row.append(_shown(middle, 3, significant=True) + around)
        rows.append(row)
    return rows


def _goal_lines(filled: Filled) -> list[str]:
    lines = ["| goal | reached | |", "| --- | ---: | --- |"]
    for goal in filled.table.goals:
        value = filled.reached(goal)
        kept = "not measured" if value is None else "kept" if goal.kept_by(value) else "**missed**"
        lines.append(f"| {words_of(goal, filled)} | {_shown(value, 3, significant=True)} | {kept} |")
    return lines


def words_of(goal: Goal, filled: Filled) -> str:
    """Say what is promised."""
    if goal.words:
        return goal.words
    names = {peer.key: peer.title for peer in filled.table.peers}
    column = next(each.title for each in filled.table.columns if each.key == goal.column)
    bound = f"≥ {goal.at_least:g}" if goal.at_least is not None else f"≤ {goal.at_most:g}"
    return f"{names[goal.peer]}, {column} {bound}" + (f" × {names[goal.to]}" if goal.to else "")


def _shown(value: float | None, digits: int, *, significant: bool = False) -> str:
    if value is None or math.isnan(value):
        return "–"
    return (
        f"{value:.{digits}g}"
        if significant and abs(value) < 10**digits
        else f"{value:,.{0 if significant else digits}f}"
    )


def picture(filled: Filled) -> str:
    """Draw the first column as bars, with the goals on it as lines; plain SVG, readable on any ground."""
    table, column = filled.table, filled.table.columns[0]
    values = [(peer, filled.median(peer.key, column.key)) for peer in table.peers]
    most = max((value for _, value in values if value), default=1.0)
    room = WIDTH - LABEL - VALUE
    height = ROW * len(values) + 64
    drawn = [
        _opening(table, height),
        f'<rect width="{WIDTH}" height="{height}" rx="8" fill="#ffffff"/>',
        f'<text x="16" y="28" font-size="16" font-weight="bold" fill="{INK}">{escape(table.title)}</text>',
        f'<text x="{WIDTH - 16}" y="28" text-anchor="end" fill="{FAINT}">{escape(_axis(column))}</text>',
    ]
    for place, (peer, value) in enumerate(values):
        top = 44 + ROW * place
        long = room * (value or 0) / most
        colour = RAW if peer.key == table.base else BAR if peer.key.startswith("linli") else "#6b8fb5"
        drawn.append(
            f'<text x="{LABEL - 12}" y="{top + 19}" text-anchor="end" fill="{INK}">{escape(peer.title)}</text>'
        )
        drawn.append(
            f'<rect x="{LABEL}" y="{top + 4}" width="{max(1.0, long):.1f}" height="{ROW - 12}" fill="{colour}"/>'
        )
        drawn.append(
            f'<text x="{LABEL + long + 8:.1f}" y="{top + 19}" fill="{INK}">{_label(filled, peer.key, column)}</text>'
        )
        drawn += [_mark(filled, goal, most, room, top) for goal in table.goals if goal.peer == peer.key]
    return "\n".join([*(line for line in drawn if line), "</svg>", ""])


def _opening(table: Table, height: int) -> str:
    box = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" role="img"'
    look = 'font-family="sans-serif" font-size="14"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} aria-label="{escape(table.title)}" {look}>'


def _axis(column: Column) -> str:
    return f"{column.title}, {'less' if column.less_is_better else 'more'} is better"


def _label(filled: Filled, peer: str, column: Column) -> str:
    text = _shown(filled.median(peer, column.key), column.digits)
    base = filled.table.base
    ratio = filled.ratio(peer, column.key, base) if base and peer != base else None
    return text if ratio is None else f"{text}  (× {_shown(ratio, 3, significant=True)})"


def _mark(filled: Filled, goal: Goal, most: float, room: float, top: float) -> str:
    """Draw where a goal of the shown column lies."""
    column = filled.table.columns[0].key
    bound = goal.at_least if goal.at_least is not None else goal.at_most
    against = filled.median(goal.to, column) if goal.to else 1.0
    if goal.column != column or bound is None or not against or bound * against > most * 1.2:
        return ""
    x = LABEL + room * bound * against / most
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + ROW - 4}" stroke="{MARK}" stroke-width="2" stroke-dasharray="4 3"/>'
