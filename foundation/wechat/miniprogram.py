"""The mini-program's calls to WeChat: who signs in, on which telephone, and whether a text may be shown.

Start at `MiniProgram`. Each call is one request; whether and when to repeat it is the caller's decision, by
the two kinds of failure in errors.py.
"""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Protocol, Self

import aiohttp
from pydantic import BaseModel, Field, SecretStr, ValidationError
from redis.asyncio import Redis

from foundation.wechat.errors import WeChatRejectedError, WeChatUnavailableError
from foundation.wechat.tokens import Grant, TokenBroker
from foundation.wechat.transport import Fields, Transport

if TYPE_CHECKING:
    from foundation.ground import Ground
    from foundation.wechat.client import MiniProgramClient

LONGEST_TEXT = 2000
"""Characters checked in one call. WeChat takes 2500; emoji may count twice."""
OVERLAP = 50
"""So much of a piece is checked again with the next one: a word may lie across the cut."""


class MiniProgramAccount(Protocol):
    """The settings of a mini-program."""

    @property
    def app_id(self) -> str:
        """Its AppID."""

    @property
    def secret(self) -> SecretStr:
        """Its AppSecret."""

    @property
    def api_base(self) -> str:
        """The base address of WeChat's interface."""


@dataclass(frozen=True, slots=True)
class WxSession:
    """Who signed in. WeChat's `session_key` is not kept: nothing of ours is encrypted with it."""

    openid: str
    unionid: str | None


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A telephone number that WeChat vouches for."""

    number: str = field(repr=False)
    """In the international form, such as +8613800138000."""
    country_code: str


class TextScene(IntEnum):
    """Where a text will be seen."""

    PROFILE = 1
    COMMENT = 2
    FORUM = 3
    SOCIAL_LOG = 4


class Suggestion(StrEnum):
    """What WeChat would do with a text, from harmless to harmful."""

    PASS = "pass"  # noqa: S105
    REVIEW = "review"
    RISKY = "risky"


@dataclass(frozen=True, slots=True)
class TextVerdict:
    """What WeChat thinks of a text."""

    suggestion: Suggestion
    label: int
    """The kind of harm; 100 is none."""
    trace_id: str


class _Watermark(BaseModel):
    appid: str


class _PhoneAnswer(BaseModel):
    pure: str = Field(alias="purePhoneNumber", pattern=r"^\d{4,15}$")
    country_code: str = Field(alias="countryCode", pattern=r"^\d{1,4}$", coerce_numbers_to_str=True)
    watermark: _Watermark


class _VerdictAnswer(BaseModel):
    suggest: str
    label: int


@dataclass(frozen=True, slots=True)
class StableToken:
    """Asks WeChat's stable interface for the access token: it gives all askers the same one."""

    transport: Transport
    app_id: str
    secret: SecretStr

    async def __call__(self, *, force: bool = False) -> Grant:
        """Give the token."""
        body: Fields = {
            "grant_type": "client_credential",
            "appid": self.app_id,
            "secret": self.secret.get_secret_value(),
        }
        if force:
            body["force_refresh"] = True
        answer = await self.transport.ask_json("POST", "cgi-bin/stable_token", body=body)
        try:
            return Grant(str(answer["access_token"]), int(answer["expires_in"]))
        except (KeyError, TypeError, ValueError):
            raise WeChatUnavailableError("unreadable token") from None


@dataclass(frozen=True)
class MiniProgram:
    """One mini-program, as WeChat's server knows it."""

    broker: TokenBroker
    stable_token: StableToken

    @classmethod
    def from_settings(cls, account: MiniProgramAccount, *, session: aiohttp.ClientSession, redis: Redis) -> Self:
        """Open it; `session` and `redis` stay the caller's."""
        transport = Transport(session, account.api_base)
        stable_token = StableToken(transport, account.app_id, account.secret)
        return cls(TokenBroker(redis, stable_token, account=account.app_id), stable_token)

    @cached_property
    def client(self) -> "MiniProgramClient":
        """The calls that need a token. What they stand on takes a tenth of a start to import, and few processes call."""
        from foundation.wechat.client import MiniProgramClient  # noqa: PLC0415

        return MiniProgramClient(self.stable_token.transport, self.broker, app_id=self.stable_token.app_id)

    async def code_to_session(self, js_code: str) -> WxSession:
        """Find out who signs in with a code of `wx.login`. A code is good once, for five minutes.

        Raises:
            WeChatCodeError: the code is wrong or was used before.

        """
        answer = await self.stable_token.transport.ask_json(
            "GET",
            "sns/jscode2session",
            params={
                "appid": self.stable_token.app_id,
                "secret": self.stable_token.secret.get_secret_value(),
                "js_code": js_code,
                "grant_type": "authorization_code",
            },
        )
        openid, unionid = answer.get("openid"), answer.get("unionid")
        if not isinstance(openid, str) or not openid:
            raise WeChatUnavailableError("unreadable session")
        return WxSession(openid, unionid if isinstance(unionid, str) and unionid else None)

    async def phone_number(self, code: str) -> PhoneNumber:
        """Find out the number behind a code of the button `getPhoneNumber`, which is not a login's code.

        Raises:
            WeChatCodeError: the code is wrong or was used before.

        """
        answer = await self.client.ask("POST", "wxa/business/getuserphonenumber", body={"code": code})
        try:
            phone = _PhoneAnswer.model_validate(answer.get("phone_info"))
        except ValidationError:
            raise WeChatUnavailableError("unreadable phone number") from None
        if phone.watermark.appid != self.client.appid:
            raise WeChatRejectedError("the phone number was given to another app")
        return PhoneNumber(f"+{phone.country_code}{phone.pure}", phone.country_code)

    async def check_text(self, content: str, *, openid: str, scene: TextScene) -> TextVerdict:
        """Ask what WeChat thinks of a text by somebody who opened the mini-program in the last two hours.

        Raises:
            WeChatRejectedError: it cannot be checked, for example because its author was not here lately;
                let a person look at it.

        """
        worst: TextVerdict | None = None
        for piece in _pieces(content):
            verdict = await self._check_piece(piece, openid, scene)
            if worst is None or _weight(verdict) > _weight(worst):
                worst = verdict
        return worst or TextVerdict(Suggestion.PASS, 100, "")

    async def _check_piece(self, piece: str, openid: str, scene: TextScene) -> TextVerdict:
        answer = await self.client.ask(
            "POST",
            "wxa/msg_sec_check",
            body={"version": 2, "openid": openid, "scene": int(scene), "content": piece},
        )
        try:
            result = _VerdictAnswer.model_validate(answer.get("result"))
        except ValidationError:
            raise WeChatUnavailableError("unreadable verdict") from None
        return TextVerdict(_suggestion(result.suggest), result.label, str(answer.get("trace_id", "")))


def _pieces(content: str) -> Iterator[str]:
    for at in range(0, max(len(content) - OVERLAP, 1), LONGEST_TEXT - OVERLAP):
        if piece := content[at : at + LONGEST_TEXT].strip():
            yield piece


def _suggestion(word: str) -> Suggestion:
    """Read WeChat's word; one that we do not know is for a person to look at."""
    return Suggestion(word) if word in set(Suggestion) else Suggestion.REVIEW


def _weight(verdict: TextVerdict) -> int:
    return list(Suggestion).index(verdict.suggestion)


async def open_miniprogram(ground: "Ground") -> AsyncIterator[MiniProgram]:
    """Open the mini-program of the settings, for `Part.opens`; `ground.get(MiniProgram)` finds it."""
    yield MiniProgram.from_settings(ground.settings.miniprogram, session=ground.http, redis=ground.redis)
