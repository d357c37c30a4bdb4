"""From the codes a phone got of WeChat to who and which number it is. Asks WeChat, so never in a transaction."""

from typing import Final

import structlog

from community.people.actions import WechatIdentity
from community.people.errors import InvalidWechatCodeError, SignInRefusedError, WechatUnavailableError
from foundation.errors import LinliError
from foundation.ground import Ground
from foundation.wechat.errors import WeChatError, WeChatUnavailableError
from foundation.wechat.miniprogram import MiniProgram

log = structlog.get_logger(__name__)

HIGH_RISK: Final = 40226
"""WeChat's word for an account that it blocks for now."""


async def identity_of_code(ground: Ground, code: str) -> WechatIdentity:
    """Ask WeChat who a `wx.login` code stands for.

    Raises:
        InvalidWechatCodeError: wrong, used or too old.
        SignInRefusedError: WeChat blocks the account.
        WechatUnavailableError: not now.

    """
    try:
        session = await ground.get(MiniProgram).code_to_session(code)
    except WeChatError as error:
        raise _refusal(error) from error
    return WechatIdentity(ground.settings.miniprogram.app_id, session.openid, session.unionid)


async def phone_of_code(ground: Ground, code: str) -> str:
    """Ask WeChat which phone number a `getPhoneNumber` code stands for.

    Raises:
        InvalidWechatCodeError: wrong, used, too old, or of another kind.
        WechatUnavailableError: not now.

    """
    try:
        return (await ground.get(MiniProgram).phone_number(code)).number
    except WeChatError as error:
        raise _refusal(error) from error


def _refusal(error: WeChatError) -> LinliError:
    if isinstance(error, WeChatUnavailableError):
        log.warning("wechat_unavailable", errcode=error.errcode, rid=error.rid, error=type(error).__name__)
        return WechatUnavailableError()
    if error.errcode == HIGH_RISK:
        return SignInRefusedError()
    return InvalidWechatCodeError()
