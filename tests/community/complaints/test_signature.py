"""The signature on the core's callbacks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from community.complaints.dispatch.signature import BadSignatureError, SignedCall, sign, verify

NOW = datetime(2026, 11, 20, 13, 6, tzinfo=UTC)
KEYS = {"old": SecretStr("secret of last year"), "new": SecretStr("secret of this year")}
STAMP = str(int(NOW.timestamp()))
CALL = SignedCall(
    key_id="new", timestamp=STAMP, nonce="n1", signature="", method="POST", path="/callbacks/dispatch", body=b'{"a":1}'
)


def signed(call: SignedCall, secret: str = "secret of this year") -> SignedCall:  # noqa: S107 - a test's
    signature = sign(
        secret, timestamp=call.timestamp, nonce=call.nonce, method=call.method, path=call.path, body=call.body
    )
    return replace(call, signature=signature)


def test_the_signature_is_the_one_of_the_contract() -> None:
    value = sign("key", timestamp="1700000000", nonce="abc", method="POST", path="/x", body=b"{}")

    # printf '1700000000.abc.POST./x.{}' | openssl dgst -sha256 -hmac key
    assert value == "v1=f99843bc81f67c6355aee12b44bbc242dbc5ad3a92e242183821a9174dd86e02"


def test_both_keys_are_good_at_once() -> None:
    assert verify(signed(CALL), KEYS, at=NOW)
    assert verify(signed(replace(CALL, key_id="old"), "secret of last year"), KEYS, at=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": str(int(STAMP) + 1)},
        {"nonce": "n2"},
        {"method": "PUT"},
        {"path": "/callbacks/other"},
        {"body": b'{"a":2}'},
        {"body": b""},
        {"key_id": "old"},
        {"key_id": "unknown"},
        {"key_id": ""},
        {"signature": ""},
        {"signature": "v1="},
        {"signature": "v1=" + "0" * 64},
        {"signature": "\udcff\udcfe"},
        {"nonce": "\udcff"},
        {"timestamp": ""},
        {"path": "/callbacks/dispatch?again=1"},
    ],
)
def test_what_was_not_signed_so_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadSignatureError):
        verify(replace(signed(CALL), **change), KEYS, at=NOW)


def test_the_secret_of_no_key_is_no_secret() -> None:
    forged = signed(replace(CALL, key_id="unknown"), "no such key")

    with pytest.raises(BadSignatureError):
        verify(forged, KEYS, at=NOW)


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (300, True), (301, False), (-300, True), (-301, False)])
def test_a_call_is_fresh_for_five_minutes_either_way(age: int, fresh: bool) -> None:
    assert verify(signed(CALL), KEYS, at=NOW + timedelta(seconds=age)) is fresh


@pytest.mark.parametrize("stamp", ["", "now", "1.7e9", "-1", "٣٤٥", "9" * 13, "1700000000.5"])
def test_a_signed_timestamp_that_is_no_number_of_seconds_is_never_fresh(stamp: str) -> None:
    assert not verify(signed(replace(CALL, timestamp=stamp)), KEYS, at=NOW)
