"""Logging: one JSON line per fact on standard output, readable lines on a terminal.

`configure_logging` is called once, by `main`. What is bound with `structlog.contextvars` (`request_id`, `job`)
is in every line. Nothing personal belongs in a line; `mask_personal` is the last defence, not a permission.
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

Line = MutableMapping[str, Any]

MASK = "***"
_SECRET_NAMES = re.compile(
    r"(token|secret|password|authorization|cookie|ticket|openid|unionid|session_key|api_key|aes_key|phone|mobile"
    r"|id_number|idempotency_key|access_key|signature)$",
    re.IGNORECASE,
)
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), rf"\1 {MASK}"),
    (
        re.compile(
            r"(?i)\b((?:access_|refresh_)?token|secret|openid|unionid|js_code|ticket|api_key|password)"
            r"([\"']?\s*[=:]\s*[\"']?)[^\s\"'&,;)}]+"
        ),
        rf"\1\2{MASK}",
    ),
    (re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+@"), f"{MASK}@"),  # a password inside an address
    # In ASCII, as a Chinese sign is a letter too: between such signs a number stands by itself.
    (re.compile(r"(?<!\d)\d{6}(?:19|20)\d{9}[\dXx](?![\dA-Za-z])", re.ASCII), MASK),  # identity card
    (re.compile(r"(?<![\w.])(?:\+?86[ -]?)?1[3-9]\d([ -]?)\d{4}\1\d{4}(?![\w])", re.ASCII), MASK),  # mobile phone
    (re.compile(r"(?<![\w-])o[\w-]{27}(?![\w-])", re.ASCII), MASK),  # openid
    (
        re.compile(r"(?<![\w-])(?=[\w-]*\d)(?=[\w-]*[a-z])(?=[\w-]*[A-Z])[\w-]{32,}={0,2}(?![\w-])", re.ASCII),
        MASK,
    ),  # keys
)
_QUIET = ("aiohttp.access", "asyncio", "apscheduler", "tortoise", "psycopg.pool", "procrastinate", "urllib3", "PIL")
"""Libraries whose small talk nobody needs."""


def masked(text: str) -> str:
    """Cover what looks like a phone number, an identity card, an openid, a token or a key."""
    for pattern, cover in _PATTERNS:
        text = pattern.sub(cover, text)
    return text


def mask_personal(_logger: Any, _method: str, line: Line) -> Line:
    """Cover personal data and secrets anywhere in a line."""
    for name, value in line.items():
        line[name] = MASK if _SECRET_NAMES.search(name) and value is not None else _masked_value(value)
    return line


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, bool | int | float | None):
        return MASK if isinstance(value, int) and masked(str(value)) == MASK else value
    if isinstance(value, dict):
        return dict(mask_personal(None, "", {str(name): inner for name, inner in value.items()}))
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked_value(inner) for inner in value]
    return masked(str(value))


def configure_logging(level: str = "info", *, stream: TextIO | None = None) -> None:
    """Send our lines and those of the libraries to one stream, in one form."""
    stream = stream or sys.stdout
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        mask_personal,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *(step for step in shared if not isinstance(step, structlog.stdlib.ExtraAdder)),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),  # what is not wanted costs nothing
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(stream)],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def _renderer(stream: TextIO) -> structlog.typing.Processor:
    if stream.isatty():
        return structlog.dev.ConsoleRenderer(colors=True)
    return structlog.processors.JSONRenderer(ensure_ascii=False)
