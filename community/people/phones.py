"""Phone numbers: how one is written, compared and shown. PURE.

Stored as E.164 (`+8613800000413`), so that one number is one text; shown only masked (`138****0413`).
"""

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

HOME_REGION = "CN"
HOME_CODE = 86
HOME_DIGITS = 11
SHOWN_AT_THE_END = 2


class UnreadablePhoneError(ValueError):
    """The text is no phone number that could be called."""


def normal_phone(text: str) -> str:
    """Write a phone number as E.164; without a country code it is one of mainland China.

    Raises:
        UnreadablePhoneError: it is no possible number. The text is not in the error, it may be somebody's.

    """
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except NumberParseException:
        raise UnreadablePhoneError("unreadable") from None
    if not phonenumbers.is_valid_number(number):
        raise UnreadablePhoneError("not in use")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def masked_phone(phone: str) -> str:
    """Show an E.164 number so that its owner knows it and nobody else can call it."""
    number = phonenumbers.parse(phone, HOME_REGION)
    digits = phonenumbers.national_significant_number(number)
    if number.country_code == HOME_CODE and len(digits) == HOME_DIGITS:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"+{number.country_code} ****{digits[-SHOWN_AT_THE_END:]}"
