"""How a call to WeChat fails: not now, or never.

WeChat answers errors with HTTP 200 and an `errcode`. Its `errmsg` is decorated and changes, so only the code
decides; the `rid` is what its support asks for.
"""

import re
from typing import Final

RID: Final = re.compile(r"rid:\s*([0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8})")
LONGEST_MESSAGE = 200

LATER: Final = frozenset({-1, 44991, 45009, 45011})
"""Busy, or more calls than the quota of the day, the minute or the person allows."""
TOKEN_REFUSED: Final = frozenset({40001, 40014, 42001})
"""The access token is not, or no longer, good."""
ACCOUNT_REFUSED: Final = frozenset({40013, 40125, 40164, 41001, 41002, 41004, 48001, 50002})
"""App id, secret, address list or permission: ours to mend."""
CODE_REFUSED: Final = frozenset({40029, 40163})


class WeChatError(Exception):
    """A call to WeChat failed. Carries what WeChat said, and nothing of what we sent."""

    def __init__(self, reason: str, *, errcode: int | None = None, rid: str | None = None) -> None:
        said = f"{errcode}: {reason}" if errcode is not None else reason
        super().__init__(said)
        self.errcode = errcode
        self.errmsg = reason
        self.rid = rid


class WeChatUnavailableError(WeChatError):
    """Not now: no answer in time, or busy, or over the quota. Trying again later may work."""


class WeChatCredentialError(WeChatUnavailableError):
    """Our own account was refused. No single call is at fault, and each will work once that is mended."""


class WeChatRejectedError(WeChatError):
    """Never: WeChat understood and said no. Trying again is noise."""


class WeChatCodeError(WeChatRejectedError):
    """The code of the login or of the telephone number is wrong, of another kind, or was used before."""


def refusal(errcode: int, errmsg: object) -> WeChatError:
    """Make the exception of a business error."""
    text = str(errmsg or "")
    found = RID.search(text)
    rid = found[1] if found else None
    return _kind(errcode)(text[:LONGEST_MESSAGE], errcode=errcode, rid=rid)


def _kind(errcode: int) -> type[WeChatError]:
    if errcode in CODE_REFUSED:
        return WeChatCodeError
    if errcode in TOKEN_REFUSED | ACCOUNT_REFUSED:
        return WeChatCredentialError
    if errcode in LATER:
        return WeChatUnavailableError
    return WeChatRejectedError
