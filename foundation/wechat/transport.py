"""One request to WeChat and its answer: addresses, time-outs, and what an answer means.

Secrets and tokens travel in the query, as WeChat wants it; so no exception of aiohttp, which may name the
whole address, leaves this module, not even as a cause.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import aiohttp

from foundation.wechat.errors import WeChatUnavailableError, refusal

OFFICIAL_BASE: Final = "https://api.weixin.qq.com/"
TIMEOUT: Final = aiohttp.ClientTimeout(total=5, connect=2)
TEXTUAL: Final = ("application/json", "text/")

Fields = dict[str, Any]
Files = Mapping[str, tuple[str, bytes]]
"""Name of the field → name and content of the file."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An answer that is no JSON: a picture, such as a mini-program code."""

    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Transport:
    """Speaks with the host that the settings name, whatever host an address was built for."""

    session: aiohttp.ClientSession
    api_base: str

    async def ask(
        self,
        method: str,
        address: str,
        *,
        params: Mapping[str, object] | None = None,
        body: object = None,
        files: Files | None = None,
    ) -> Fields | Binary:
        """Send one request and give its answer; `body` is sent as JSON unless it is bytes or text.

        Raises:
            WeChatUnavailableError: no answer, or none that can be read.
            WeChatRejectedError: WeChat said no.

        """
        url = self.rooted(address)
        query = {name: _text(value) for name, value in (params or {}).items() if value is not None}
        try:
            async with self.session.request(
                method,
                url,
                params=query,
                data=_payload(body, files),
                headers={"Content-Type": "application/json"} if body is not None and not files else None,
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as response:
                content = await response.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            reason = type(error).__name__
        else:
            return _answer(response.status, response.content_type, content)
        raise WeChatUnavailableError(reason)  # outside of `except`: the cause would name the address

    async def ask_json(
        self, method: str, address: str, *, params: Mapping[str, object] | None = None, body: object = None
    ) -> Fields:
        """Send one request whose answer must be JSON."""
        answer = await self.ask(method, address, params=params, body=body)
        if isinstance(answer, Binary):
            raise WeChatUnavailableError(f"unreadable answer: {answer.content_type}")
        return answer

    def rooted(self, address: str) -> str:
        """Give the address under our own base.

        Raises:
            ValueError: it was built for another host than WeChat's interface.

        """
        if address.startswith(OFFICIAL_BASE):
            address = address.removeprefix(OFFICIAL_BASE)
        elif "://" in address:
            raise ValueError("not an address of WeChat's interface")
        return f"{self.api_base.rstrip('/')}/{address.lstrip('/')}"


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _payload(body: object, files: Files | None) -> bytes | aiohttp.FormData | None:
    """Write the body; WeChat shows escaped characters to people as they stand, so they are not escaped."""
    if files:
        form = aiohttp.FormData(body if isinstance(body, Mapping) else ())
        for field, (name, content) in files.items():
            form.add_field(field, content, filename=name, content_type="application/octet-stream")
        return form
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        return body.encode()
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _answer(status: int, content_type: str, content: bytes) -> Fields | Binary:
    """Read an answer. JSON comes as text/plain; a picture's errors come as JSON under 200."""
    if status != HTTPStatus.OK:
        raise WeChatUnavailableError(f"HTTP {status}")
    if not content_type.startswith(TEXTUAL):
        return Binary(content_type, content)
    answer = _fields(content)
    if answer is None:
        raise WeChatUnavailableError("unreadable answer")
    if answer["errcode"] != 0:
        raise refusal(answer["errcode"], answer.get("errmsg"))
    return answer


def _fields(content: bytes) -> Fields | None:
    """Read JSON; `errcode` is absent where nothing went wrong, and sometimes a text."""
    try:
        fields = dict(json.loads(content.decode("utf-8", "replace"), strict=False))
        return {**fields, "errcode": int(fields.get("errcode", 0))}
    except (ValueError, TypeError, RecursionError):
        return None
