"""What the rules about people say no with."""

from community.people.models import Purpose
from foundation.errors import BusyError, ConflictError, FieldProblem, InvalidFieldError, NotSignedInError


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


class ConsentRequiredError(ConflictError):
    """The person has not agreed to this use of their data, or has taken it back; `errors` names the purpose as code."""

    code = "consent_required"
    message = "要先经您同意才能这样做"

    def __init__(self, purpose: Purpose) -> None:
        super().__init__()
        self.purpose = purpose

    @property
    def fields(self) -> tuple[FieldProblem, ...]:
        """The field that needs it, with the purpose as its code."""
        return (REFUSED_FOR[self.purpose],)


REFUSED_FOR = {
    Purpose.BASIC_SERVICE: FieldProblem("", "basic_service", "您撤回了基本服务的同意；要再用，请先到“我的授权”里同意"),
    Purpose.EXACT_LOCATION: FieldProblem(
        "/location", "exact_location", "您没有同意使用精确位置；可以选一个地点，或先到“我的授权”里同意"
    ),
    Purpose.VOICE: FieldProblem("/file", "voice", "您没有同意使用语音；可以打字或发照片，或先到“我的授权”里同意"),
    Purpose.SMS: FieldProblem("", "sms", "您没有同意用短信通知"),
    Purpose.SENSITIVE_DATA: FieldProblem(
        "/room", "sensitive_data", "您没有同意记下门牌号；可以只选楼栋，或先到“我的授权”里同意"
    ),
    Purpose.GUARDIAN: FieldProblem("", "guardian", "未满14周岁，要监护人先同意"),
}
"""What is said for each purpose, and at which field."""


class ConsentTextChangedError(InvalidFieldError):
    """The text was changed since it was read: the present one must be read first."""

    code = "consent_text_changed"
    message = "这段说明有新的版本，请看过再同意"
    pointer = "/items"


class GuardianRequiredError(InvalidFieldError):
    """Under 14 only a guardian can agree."""

    code = "guardian_required"
    message = "未满14周岁，请监护人填写姓名和电话，由监护人同意"
    pointer = "/guardian"


class NotAChildError(InvalidFieldError):
    """A guardian speaks only for a child under 14."""

    code = "not_a_child"
    message = "满了14周岁，自己同意就可以"
    pointer = "/items"
