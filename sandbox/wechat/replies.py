"""How the platform answers: HTTP 200, JSON as text/plain, an `errcode` when refused. Start at `reply` and `refuse`."""

import json
import secrets

from aiohttp import web

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40013: "invalid appid",
    40014: "invalid access_token",
    40029: "invalid code",
    40125: "invalid appsecret",
    40129: "invalid scene",
    40163: "code been used",
    40226: "code blocked",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41008: "missing code",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    43104: "appid and openid does not match",
    44002: "empty post data",
    44991: "api minute-quota reach limit",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit mustslower retry next minute",
    47001: "data format error",
    61010: "code is expired",
    87014: "risky content",
}


class WeChatError(Exception):
    """A refusal by its code."""

    def __init__(self, errcode: int) -> None:
        """Refuse."""
        super().__init__(f"{errcode} {MESSAGES[errcode]}")
        self.errcode = errcode


def reply(content: dict[str, object]) -> web.Response:
    """Answer as the platform does: the type says text, the words are JSON in raw UTF-8."""
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return web.Response(body=body, headers={"Content-Type": "text/plain"})


def refuse(errcode: int) -> web.Response:
    """Refuse; still HTTP 200, with the decoration that must never be matched."""
    rid = "-".join(secrets.token_hex(4) for _ in range(3))
    return reply({"errcode": errcode, "errmsg": f"{MESSAGES[errcode]} rid: {rid}"})
