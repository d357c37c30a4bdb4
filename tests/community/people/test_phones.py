"""How phone numbers are written, compared and shown."""

import pytest
from hypothesis import given
from hypothesis.strategies import integers

from community.people.phones import UnreadablePhoneError, masked_phone, normal_phone


@pytest.mark.parametrize(
    "text", ["13800000413", "+8613800000413", "138 0000 0413", "+86 138-0000-0413", "008613800000413"]
)
def test_one_number_is_one_text_however_it_is_written(text: str) -> None:
    assert normal_phone(text) == "+8613800000413"


@pytest.mark.parametrize("text", ["", "12345", "none", "+8612345", "1380000041", "+999123456789"])
def test_what_cannot_be_called_is_no_number(text: str) -> None:
    with pytest.raises(UnreadablePhoneError) as refused:
        normal_phone(text)

    assert not text or text not in str(refused.value)


def test_a_mobile_of_here_shows_both_ends() -> None:
    assert masked_phone("+8613800000413") == "138****0413"


@pytest.mark.parametrize(("phone", "shown"), [("+85251234567", "+852 ****67"), ("+14155550123", "+1 ****23")])
def test_a_number_from_elsewhere_shows_its_country_and_two_digits(phone: str, shown: str) -> None:
    assert masked_phone(phone) == shown


@given(integers(min_value=0, max_value=9999_9999))
def test_the_middle_of_a_number_is_never_shown(rest: int) -> None:
    assert f"{rest:08}"[:4] not in masked_phone(f"+86139{rest:08}")[3:7]
