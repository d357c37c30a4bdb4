"""What the stand-ins' journals hide: however a phone number is written, it is not to be read there."""

import json

import pytest

from sandbox.masks import masked, masked_body, masked_text


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("13800138000", "138****8000"),
        ("+8613800138000", "+86138****8000"),
        ("8613800138000", "86138****8000"),
        ("008613800138000", "0086138****8000"),
        ("+86 138 0013 8000", "+86 138****8000"),
        ("86-138-0013-8000", "86-138****8000"),
        ("138-0013-8000", "138****8000"),
        ("138 0013 8000", "138****8000"),
        ("打13800138000找我", "打138****8000找我"),
    ],
)
def test_a_phone_number_is_hidden_however_it_is_written(written: str, shown: str) -> None:
    form = f"description={written.replace('+', '%2B')}".encode()

    assert masked_text(f"（{written}）") == f"（{shown}）"
    assert masked_body(json.dumps({"text": written}).encode(), "application/json") == {"text": shown}
    assert masked_body(form, "application/x-www-form-urlencoded") == {"description": shown}
    assert masked(written, "phone") == shown


def test_a_phone_number_that_is_a_number_is_hidden() -> None:
    assert masked({"number": 13800138000, "count": 138}) == {"number": "138****8000", "count": 138}


@pytest.mark.parametrize(
    "text",
    [
        "018f0138-0013-7000-8000-138001380001",
        "018fa138-0013-7000-8000-a13800138000",
        "2026-11-20T13:06:00.138001+08:00",
        "1795180000138",
        "20261120-04136",
    ],
)
def test_an_id_or_an_instant_stays(text: str) -> None:
    assert masked_text(text) == text
