"""The signature on the core's callbacks.

HMAC-SHA256 over `timestamp.nonce.METHOD.path.body`, compared in constant time.
Two keys are good at once, so that one can be replaced. The body holds the
update's id, which is unique for ever: a replayed call changes nothing, so no
store of nonces is needed.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from foundation.errors import LinliError

WINDOW = timedelta(minutes=5)


class BadSignatureError(LinliError):
    """The signature is missing, of an unknown key, or wrong; all answer the same."""

    code = "bad_signature"
    status = 401
    message = "签名不对"


class StaleSignatureError(LinliError):
    """The signature is right but too old, for an update that was never seen."""

    code = "stale_signature"
    status = 401
    message = "签名过期"


@dataclass(frozen=True, slots=True)
class SignedCall:
    """What the signature covers."""

    key_id: str
    timestamp: str
    nonce: str
    signature: str
    method: str
    path: str
    body: bytes


def sign(secret: str, *, timestamp: str, nonce: str, method: str, path: str, body: bytes) -> str:
    """Give the value of the signature header."""
    covered = _bytes_of(f"{timestamp}.{nonce}.{method}.{path}.") + body
    return "v1=" + hmac.new(secret.encode(), covered, hashlib.sha256).hexdigest()


def verify(call: SignedCall, keys: Mapping[str, SecretStr], *, at: datetime) -> bool:
    """See that a call was signed with one of our keys; give whether it is fresh.

    Raises:
        BadSignatureError: it was not.

    """
    secret = keys.get(call.key_id)
    expected = sign(
        secret.get_secret_value() if secret else "no such key",
        timestamp=call.timestamp,
        nonce=call.nonce,
        method=call.method,
        path=call.path,
        body=call.body,
    )
    if not hmac.compare_digest(expected.encode(), _bytes_of(call.signature)) or secret is None:
        raise BadSignatureError
    return _is_fresh(call.timestamp, at)


def _bytes_of(header: str) -> bytes:
    """Give a header as it came, whatever bytes were in it."""
    return header.encode(errors="surrogateescape")


def _is_fresh(timestamp: str, at: datetime) -> bool:
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):  # noqa: PLR2004
        return False
    return abs(at.timestamp() - int(timestamp)) <= WINDOW.total_seconds()
