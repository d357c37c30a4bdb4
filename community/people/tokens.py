"""The secrets people are known by: sign-in tokens, one-time tickets, page cookies. PURE.

Each is 32 random bytes; the database holds only its SHA-256. A fast hash is right here: nobody guesses 256
random bits, however fast the hash is.
"""

import base64
import hashlib
import hmac
import secrets

TOKEN_BYTES = 32
LONGEST_TOKEN = 200
"""What is longer was never ours, and is not worth hashing."""


def new_token() -> str:
    """Make a secret, safe in addresses and headers."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def hash_of(token: str) -> bytes:
    """Give what is stored in its place."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def csrf_token_of(page_token: str) -> str:
    """Derive the page's CSRF token from its cookie, which scripts cannot read; so it is stable and needs no row."""
    digest = hmac.digest(page_token.encode("utf-8", "surrogatepass"), b"linli page csrf", hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def csrf_token_fits(page_token: str, given: str) -> bool:
    """Whether the page's script sent the token that belongs to its cookie."""
    return hmac.compare_digest(csrf_token_of(page_token).encode(), given.encode("utf-8", "surrogatepass"))
