"""Open311 on the wire: answers in XML and JSON, error lists, forms and datetimes. Start at `answer`.

JSON is the XML with the outer wrapper dropped: lists are plain arrays, empty elements are null.
"""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

from aiohttp import web
from aiohttp.http import HttpProcessingError
from multidict import MultiDict, MultiMapping

from sandbox.control import EXCHANGE, MULTIPART

SHENZHEN = timezone(timedelta(hours=8))
CONTENT_TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
ITEM_NAMES = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "endpoints": "endpoint",
    "formats": "format",
    "notes": "note",
    "photos": "photo",
    "deadlines": "deadline",
}
FIRST_YEAR, LAST_YEAR = 2, 9998
"""Beyond them an instant has no other zone's time, nor one 90 days away."""
UNREADABLE = (ValueError, LookupError, RuntimeError, AssertionError, HttpProcessingError)
"""What aiohttp raises for a form whose letters, charset, boundary or encoding are not what it says."""
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Open311Error(Exception):
    """A refusal with the status that is also the code, and words meant to be shown."""

    def __init__(self, status: int, description: str) -> None:
        """Refuse with one error."""
        super().__init__(description)
        self.status = status
        self.description = description


@dataclass
class Upload:
    """One file that came with a form."""

    content_type: str
    content: bytes


@dataclass
class Form:
    """The fields of a form as the standard sees them: empty ones are absent, illegal characters are gone."""

    fields: MultiDict[str] = field(default_factory=MultiDict)
    files: list[Upload] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """Give the first value of a field."""
        return self.fields.get(name)

    def several(self, *names: str) -> list[str]:
        """All values of a repeatable field, under any of its names."""
        return [value for name in names for value in self.fields.getall(name, [])]

    def attributes(self) -> dict[str, list[str]]:
        """`attribute[code]` and `attribute[code][]`, by code."""
        found: dict[str, list[str]] = {}
        for name, value in self.fields.items():
            code = re.fullmatch(r"attribute\[([^\]]+)\](?:\[\])?", name)
            if code:
                found.setdefault(code.group(1), []).append(value)
        return found


def clean(text: str) -> str:
    """Only the characters XML 1.0 allows."""
    return _ILLEGAL.sub("", text)


async def read_form(request: web.Request) -> Form:
    """Everything a call brought, from its body and its address."""
    form, shown = Form(), dict[str, object]()
    for name, value in (*request.query.items(), *(await _posted(request)).items()):
        if isinstance(value, web.FileField):
            form.files.append(Upload(value.content_type, value.file.read()))
            shown[name] = f"<file {value.content_type}>"
            continue
        text = clean(value if isinstance(value, str) else bytes(value).decode("utf-8", "replace")).strip()
        if text:
            form.fields.add(name, text)
            shown[name] = text
    if request.content_type == MULTIPART and EXCHANGE in request:
        request[EXCHANGE].form = shown
    return form


async def _posted(request: web.Request) -> MultiMapping[str | bytes | bytearray | web.FileField]:
    """Give the fields of the body, if there is one."""
    if request.method != "POST":
        return MultiDict()
    try:
        return await request.post()
    except UNREADABLE:
        raise Open311Error(400, "内容读不出来：应为 UTF-8 的表单，带文件时为 multipart/form-data") from None


def answer(fmt: str, root: str, content: object, status: int = 200) -> web.Response:
    """Answer in the format asked for; `content` is a list (named by its root) or a mapping."""
    if fmt == "json":
        body = json.dumps(_for_json(content), ensure_ascii=False).encode()
    else:
        tree = _element(root, content)
        body = b'<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(tree, encoding="utf-8", xml_declaration=False)
    return web.Response(status=status, body=body, headers={"Content-Type": CONTENT_TYPES[fmt]})


def refusal(fmt: str, status: int, description: str) -> web.Response:
    """Answer with the error list."""
    return answer(fmt, "errors", [{"code": status, "description": description}], status)


def _for_json(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _for_json(content) for key, content in value.items()}
    if isinstance(value, list):
        return [_for_json(content) for content in value]
    if isinstance(value, str):
        return clean(value) or None
    return value


def _element(name: str, value: object) -> ET.Element:
    element = ET.Element(name)
    if isinstance(value, Mapping):
        for key, content in value.items():
            _append(element, str(key), content)
    elif isinstance(value, list):
        element.extend(_element(ITEM_NAMES.get(name, "item"), content) for content in value)
    elif value is not None:
        element.text = clean(_text(value))
    return element


def _append(parent: ET.Element, name: str, value: object) -> None:
    """Wrap lists that have an item name; others, such as several `media_url`, are repeated."""
    if isinstance(value, list) and name not in ITEM_NAMES:
        parent.extend(_element(name, content) for content in value)
    else:
        parent.append(_element(name, value))


def _text(value: object) -> str:
    return ("false", "true")[value] if isinstance(value, bool) else str(value)


def when(instant: datetime) -> str:
    """Write an instant as the core does: local time with its offset."""
    local = instant.astimezone(SHENZHEN)
    return local.isoformat(timespec="milliseconds" if local.microsecond >= 1000 else "seconds")  # noqa: PLR2004


def stamp(instant: datetime) -> str:
    """Write an instant as it is stored: UTC, always of the same length, so that text order is time order."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def parse_when(text: str, name: str) -> datetime:
    """Read a W3C datetime with its zone."""
    try:
        # A raw plus sign of an offset arrives as a blank when the caller did not escape it.
        instant = datetime.fromisoformat(re.sub(r" (\d\d:?\d\d)$", r"+\1", text))
    except ValueError:
        raise Open311Error(400, f"{name} 不是有效的日期时间，应形如 2026-01-31T08:00:00+08:00") from None
    if instant.tzinfo is None:
        raise Open311Error(400, f"{name} 缺少时区，应形如 2026-01-31T08:00:00+08:00")
    if not FIRST_YEAR <= instant.year <= LAST_YEAR:
        raise Open311Error(400, f"{name} 的年份应在 {FIRST_YEAR} 到 {LAST_YEAR} 之间")
    return instant.astimezone(UTC)
