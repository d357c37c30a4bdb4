"""Reading tables that people send: CSV and XLSX, as lines of named values; and the report of an import.

CSV may be UTF-8 or what Excel writes here, GB 18030. Of a workbook the first sheet is read. Start at
`read_sheet`; a line an importer does not take becomes a `RefusedLine`, said in plain words by `sentence`.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from foundation.errors import LinliError
from foundation.web.fields import UNREADABLE
from foundation.words import say

MOST_BYTES = 50 * 1024 * 1024
MOST_LINES = 300_000
CELL_LENGTH = 500
DAY = re.compile(r"(\d{4})[-/.\u5e74](\d{1,2})[-/.\u6708](\d{1,2})\u65e5?", re.ASCII)

Columns = Mapping[str, Sequence[str]]
"""What each column may be called in the heading, by our name for it."""


class UnreadableSheetError(LinliError):
    """The file is no table, or too large."""

    code = "unreadable_sheet"
    status = 422
    message = "这个文件读不了：要 UTF-8 或 GB18030 的 CSV，或 XLSX，不超过 50 MB、30 万行"


class MissingColumnError(LinliError):
    """A column that is needed is not in the heading."""

    code = "missing_column"
    status = 422
    message = "缺少这些列：{columns}"


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One line of a table: its number as an editor shows it, and its values by our column names."""

    number: int
    values: Mapping[str, str]

    def get(self, column: str) -> str:
        """Give a value; a column that is not there is empty."""
        return self.values.get(column, "")


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not taken: where, by which rule, and the words for it."""

    line: int
    column: str
    rule: str
    message: str
    params: Mapping[str, object] = field(default_factory=dict)

    def sentence(self, language: str = "zh-Hans") -> str:
        """Say it to the person who sent the file."""
        where = say("第 {line} 行，{column}：", language, line=self.line, column=self.column)
        return where + say(self.message, language, **self.params)


class LineError(Exception):
    """One value breaks a rule; the importer notes it and goes on with the next line."""

    def __init__(self, column: str, rule: str, message: str, **params: object) -> None:
        super().__init__(rule)
        self.column, self.rule, self.message, self.params = column, rule, message, params

    def at(self, line: SheetLine) -> RefusedLine:
        """Give the refusal of a line."""
        return RefusedLine(line.number, self.column, self.rule, self.message, self.params)


class Outcome(StrEnum):
    """What taking one line did; the names are the report's counters."""

    ADDED = "added"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(slots=True)
class ImportReport:
    """What became of the lines of one file."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[RefusedLine] = field(default_factory=list)

    def count(self, outcome: Outcome) -> None:
        """Note a line that was taken."""
        setattr(self, outcome.value, getattr(self, outcome.value) + 1)

    def refuse(self, line: SheetLine, error: LineError) -> None:
        """Note a line that is not taken."""
        self.refused.append(error.at(line))

    def sentences(self, language: str = "zh-Hans") -> list[str]:
        """Say it: the numbers first, then each refused line in the file's order."""
        numbers = say(
            "新增 {added}，修改 {changed}，不变 {unchanged}，没有导入 {refused}",
            language, added=self.added, changed=self.changed, unchanged=self.unchanged, refused=len(self.refused),
        )  # fmt: skip
        refused = sorted(self.refused, key=lambda each: each.line)
        return [numbers, *(each.sentence(language) for each in refused)]


def read_sheet(path: Path, columns: Columns, *, needed: Iterable[str]) -> list[SheetLine]:
    """Read a table whose first line names the columns; empty lines are left out.

    Raises:
        UnreadableSheetError: the file cannot be read as a table.
        MissingColumnError: a needed column is not in the heading.

    """
    rows = _read_rows(path)
    if not rows:
        raise MissingColumnError(columns="、".join(columns[name][0] for name in needed))
    names = _names_of(rows[0][1], columns)
    missing = [columns[name][0] for name in needed if name not in names]
    if missing:
        raise MissingColumnError(columns="、".join(missing))
    lines = []
    for number, row in rows[1:]:
        values = {name: cell for name, cell in zip(names, row, strict=False) if name}
        if any(values.values()):
            lines.append(SheetLine(number, values))
    return lines


def text_of(line: SheetLine, column: str, shown: str, *, longest: int, needed: bool = True) -> str:
    """Give a value as a text of one line.

    Raises:
        LineError: it is missing, too long, or has control characters.

    """
    text = line.get(column)
    if needed and not text:
        raise LineError(shown, "empty", "不能为空")
    if len(text) > longest:
        raise LineError(shown, "too_long", "最多 {n} 个字", n=longest)
    if UNREADABLE.search(text) or "\n" in text or "\t" in text:
        raise LineError(shown, "control_character", "不能有控制字符")
    return text


def number_of(line: SheetLine, column: str, shown: str) -> float:
    """Give a value as a number.

    Raises:
        LineError: it is none.

    """
    text = line.get(column)
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not abs(number) < float("inf"):
        raise LineError(shown, "not_a_number", "“{value}”不是数字", value=text)
    return number


def day_of(line: SheetLine, column: str, shown: str) -> date:
    """Give a value as a day, written like 2026-03-05, 2026/3/5 or with 年, 月 and 日.

    Raises:
        LineError: it is none.

    """
    found = DAY.fullmatch(line.get(column))
    try:
        year, month, day = map(int, found.groups() if found else ())
        return date(year, month, day)
    except ValueError:
        raise LineError(shown, "bad_day", "应当是日期，例如 2026-03-05") from None


def _names_of(heading: Sequence[str], columns: Columns) -> list[str]:
    called = {known.lower(): name for name, many in columns.items() for known in (name, *many)}
    return [called.get(cell.lower(), "") for cell in heading]


def _read_rows(path: Path) -> list[tuple[int, list[str]]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableSheetError
        rows = _rows_of_workbook(path) if path.suffix.lower() == ".xlsx" else _rows_of_csv(path)
    except (OSError, UnicodeDecodeError, csv.Error, InvalidFileException, BadZipFile, KeyError, ValueError) as error:
        raise UnreadableSheetError from error
    if len(rows) > MOST_LINES:
        raise UnreadableSheetError
    return rows


def _rows_of_csv(path: Path) -> list[tuple[int, list[str]]]:
    content = path.read_bytes()
    if b"\0" in content:
        raise UnreadableSheetError
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("gb18030")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    return [(reader.line_num, [cell.strip() for cell in row]) for row in reader]


def _rows_of_workbook(path: Path) -> list[tuple[int, list[str]]]:
    book = openpyxl.load_workbook(path, read_only=True, data_only=True)
    try:
        sheet = book.worksheets[0]
        sheet.reset_dimensions()
        rows = []
        for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
            rows.append((number, [_cell_text(cell) for cell in row]))
            if number > MOST_LINES:
                break
        return rows
    finally:
        book.close()


def _cell_text(cell: Any) -> str:
    """Write a cell as a person reads it: 12 and not 12.0, a day without its midnight."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        midnight = cell.time() == datetime.min.time()
        return cell.date().isoformat() if midnight else cell.isoformat(sep=" ")
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell).strip()[:CELL_LENGTH]
