"""The signature on a callback. Start at `signature`."""

import hashlib
import hmac


def signature(secret: str, *, timestamp: str, nonce: str, method: str, path: str, body: bytes) -> str:
    """`v1=` and the hex HMAC-SHA256 over `timestamp.nonce.METHOD.path.body`."""
    signed = f"{timestamp}.{nonce}.{method.upper()}.{path}.".encode() + body
    return "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
