"""The bases and field types of what is taken in and given out.

Inputs derive from `Input`, answers from `Output`. Texts of people are `Annotated[str, LineText(1, 50)]` or
`Annotated[str, ParagraphText(5, 4000)]`, ids `Id`, instants `Instant`, days `Day`. A rule of one's own
raises `refusal(...)` in a validator.
"""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, ClassVar

from pydantic import (
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError, core_schema

from foundation.docstrings import Described

ID_PATTERN = "^[1-9][0-9]{0,17}$"
UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters other than tab and newline, lone surrogates and no-characters: PostgreSQL refuses some, XML and
people all."""
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_CALENDAR_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_VISIBLE = r"[^\s\u0000-\u001f\u007f-\u009f\ufffe\uffff]"


def refusal(code: str, message: str, **params: object) -> PydanticCustomError:
    """Make the exception with which a validator refuses a value.

    `message` is a source string for `say`; it is translated when the answer is written.
    """
    return PydanticCustomError("refusal", "refused", {"code": code, "message": message, "params": params})


class Input(Described):
    """What comes in. Unknown fields are refused, never ignored."""

    model_config = ConfigDict(
        extra="forbid",
        allow_inf_nan=False,
        str_strip_whitespace=True,
        frozen=True,
        populate_by_name=False,
        hide_input_in_errors=True,
    )


class Output(Described):
    """What goes out. Never more than its fields leaves the server."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        serialize_by_alias=True,
        validate_by_name=True,
        hide_input_in_errors=True,
    )


@dataclass(frozen=True)
class LineText:
    """Marks a text of one line: stripped, without control characters, so many characters long."""

    min: int = 1
    max: int = 100

    allowed: ClassVar[str] = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]"
    """What one character may be, for the description."""

    def read(self, text: str) -> str:
        """Return the text as we keep it.

        Raises:
            PydanticCustomError: if it breaks a rule.

        """
        if UNREADABLE.search(text):
            raise refusal("control_character", "不能有控制字符")
        text = text.strip()
        self.check_lines(text)
        size = len(text) if _shows_anything(text) else 0
        if size < self.min:
            raise refusal("too_short", "不能为空" if self.min == 1 else "至少 {n} 个字", n=self.min)
        if size > self.max:
            raise refusal("too_long", "最多 {n} 个字", n=self.max)
        return text

    def check_lines(self, text: str) -> None:
        """Refuse more than one line."""
        if re.search("[\t\n\u2028\u2029]", text):
            raise refusal("line_break", "只能写一行")

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        if source is not str:
            msg = "write Annotated[str, LineText(...)] | None, with the None outside"
            raise TypeError(msg)
        return core_schema.no_info_after_validator_function(self.read, core_schema.str_schema(strip_whitespace=False))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        shape: dict[str, Any] = {"type": "string", "minLength": self.min, "maxLength": self.max}
        if self.min:
            shape["pattern"] = f"^{self.allowed}*{_VISIBLE}{self.allowed}*$"
        return shape


class ParagraphText(LineText):
    """Marks a text that may have several lines."""

    allowed: ClassVar[str] = r"[^\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]"

    def check_lines(self, text: str) -> None:
        """Take any number of lines."""


def _shows_anything(text: str) -> bool:
    """Say whether there is one character that can be seen; zero-width ones cannot."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in text)


def _read_id(value: object, asked: ValidationInfo) -> object:
    """Ids are strings outside and integers inside; no bigger than a column of ours."""
    if isinstance(value, str) and re.fullmatch(ID_PATTERN, value):
        return int(value)
    if isinstance(value, int) and asked.mode == "python":
        return value
    raise refusal("bad_id", "编号不对")


def _read_instant(value: object) -> object:
    """Take what RFC 3339 calls a time; pydantic alone would also take a number of seconds."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        with suppress(ValueError, OverflowError):  # the 30th of February, or before the year 1
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
    raise refusal("bad_time", "应当是带时区的时间，例如 2026-03-05T09:00:00+08:00")


def _read_day(value: object) -> object:
    """Take a calendar day such as 2026-03-05 and nothing else."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _CALENDAR_DAY.fullmatch(value):
        with suppress(ValueError):
            return date.fromisoformat(value)
    raise refusal("bad_day", "应当是日期，例如 2026-03-05")


Id = Annotated[
    int,
    BeforeValidator(_read_id),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": ID_PATTERN, "examples": ["42"]}),
]
"""An id of ours: a string of digits on the wire, an integer in the code."""

Instant = Annotated[
    AwareDatetime, BeforeValidator(_read_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
"""An instant: RFC 3339 with offset on the wire, aware UTC in the code."""

Day = Annotated[date, BeforeValidator(_read_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar day."""
