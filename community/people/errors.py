"""What the rules about people say no with."""

from foundation.errors import BusyError, ConflictError, InvalidFieldError, NotSignedInError


class HomeNeedsBuildingError(InvalidFieldError):
    """A home is a building or a household; a whole community is no address."""

    code = "home_needs_building"
    message = "请选到您住的那一栋楼"
    pointer = "/place_id"


class UnusablePhoneError(InvalidFieldError):
    """WeChat gave a number that cannot be called."""

    code = "unusable_phone"
    message = "这个手机号码无法使用"
    pointer = "/code"


class PhoneBoundTooOftenError(ConflictError):
    """Families share a phone, but not dozens of people."""

    code = "phone_bound_too_often"
    message = "这个手机号码已绑定多个账号，不能再绑定"


class InvalidTicketError(InvalidFieldError):
    """The ticket is unknown, expired, used, or its sign-in has ended; all answer the same."""

    code = "invalid_ticket"
    message = "入口已失效，请从小程序重新打开"
    pointer = "/ticket"


class NotSignedInByPageError(NotSignedInError):
    """There is no page session; a plain browser tab is told how to come in."""

    code = "no_page_session"
    message = "请从小程序或企业微信打开这个页面"


class CsrfTokenMissingError(NotSignedInError):
    """A page changes something without the token that only its own script knows."""

    code = "csrf_token_missing"
    message = "页面已过期，请刷新后再试"


class InvalidWechatCodeError(InvalidFieldError):
    """WeChat does not know the code (any more): used, older than five minutes, or never given."""

    code = "invalid_code"
    message = "微信给的凭证已失效，请再试一次"
    pointer = "/code"


class SignInRefusedError(NotSignedInError):
    """WeChat itself blocks this account for now."""

    code = "sign_in_refused"
    message = "微信暂时不允许这个账号登录"


class WechatUnavailableError(BusyError):
    """WeChat does not answer just now."""

    code = "wechat_unavailable"
    message = "暂时连不上微信，请稍后再试"
    retry_after = 5


class StaffSignInClosedError(BusyError):
    """Signing in through WeCom is not set up here."""

    code = "staff_sign_in_closed"
    message = "这里还没有接通企业微信登录，请联系管理员"
    retry_after = 3600


class NameGivenByOfficeError(InvalidFieldError):
    """Staff are called what their office calls them."""

    code = "name_given_by_office"
    message = "工作人员的姓名由所在单位维护"
    pointer = "/nickname"
