"""Hide secrets and personal data before anything is written into a journal. Start at `masked`."""

import json
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

SECRET = frozenset(
    [
        "api_key",
        "secret",
        "appsecret",
        "corpsecret",
        "session_key",
        "access_token",
        "token",
        "authorization",
        "cookie",
        "password",
        "x-linli-signature",
        "ticket",
        "csrf",
        "js_code",
        "encrypteddata",
        "iv",
    ],
)
PERSONAL = frozenset(
    [
        "first_name",
        "last_name",
        "name",
        "nickname",
        "phone",
        "phonenumber",
        "purephonenumber",
        "email",
        "openid",
        "unionid",
        "account_id",
        "device_id",
        "deviceid",
        "contact",
        "on_behalf_of",
    ],
)
# Digits between other digits or letters of hexadecimal numbers are part of an id.
_PHONE = re.compile(r"(?<![\dA-Fa-f])((?:(?:\+|00)?86[ -]?)?1[3-9]\d)[ -]?\d{4}[ -]?(\d{4})(?![\dA-Fa-f])", re.ASCII)
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}(\d{3}[\dXx])(?!\d)")
_ELEMENT = re.compile(r"<(\w+)>([^<]*)</\1>")
_PAIR = re.compile(r"(?i)\b(" + "|".join(sorted(SECRET)) + r")=([^&\s\"#]+)")
LONGEST = 20_000
SHORTEST_CODE = 20  # a one-time code; the code of a service or of an error is shorter


def masked(value: object, key: str = "") -> object:
    """Show a value as it may be seen: secrets gone, names and phones shortened."""
    name = key.lower().removesuffix("]").rsplit("[", 1)[-1]
    if isinstance(value, Mapping):
        return {str(inner): masked(content, str(inner)) for inner, content in value.items()}
    if isinstance(value, list | tuple):
        return [masked(content, key) for content in value]
    if value is None or isinstance(value, bool | int | float):
        return _masked_number(value)
    if name in SECRET or (name == "code" and len(str(value)) >= SHORTEST_CODE):
        return "***"
    if name in PERSONAL:
        return _shortened(str(value))
    return masked_text(str(value))


def masked_text(text: str) -> str:
    """Hide phone and identity numbers and secrets in running words."""
    text = _IDENTITY.sub(r"\1********\2", _PHONE.sub(r"\1****\2", text))
    return _PAIR.sub(r"\1=***", text)[:LONGEST]


def masked_body(body: bytes, content_type: str) -> object:
    """Read a message's body by its type and mask it field by field."""
    if not body:
        return None
    if content_type.startswith(("image/", "audio/")):
        return f"<{len(body)} bytes {content_type}>"
    text = body.decode("utf-8", "replace")
    if content_type == "application/x-www-form-urlencoded":
        return _pairs(parse_qsl(text, keep_blank_values=True))
    if text.lstrip().startswith(("{", "[")):
        try:
            return masked(json.loads(text))
        except ValueError:
            return masked_text(text)
    return masked_text(_ELEMENT.sub(_masked_element, text))


def _masked_number(value: object) -> object:
    """Give a number as it is, unless it is a phone's."""
    text = masked_text(str(value))
    return value if text == str(value) else text


def _masked_element(found: re.Match[str]) -> str:
    name = found.group(1)
    return f"<{name}>{masked(found.group(2), name)}</{name}>"


def _pairs(pairs: list[tuple[str, str]]) -> dict[str, object]:
    collected: dict[str, object] = {}
    for name, value in pairs:
        shown = masked(value, name)
        earlier = collected.get(name)
        if earlier is None:
            collected[name] = shown
        else:
            collected[name] = [*earlier, shown] if isinstance(earlier, list) else [earlier, shown]
    return collected


def _shortened(text: str) -> str:
    if not text:
        return text
    phone = _PHONE.sub(r"\1****\2", text)
    return phone if phone != text else text[0] + "**"
