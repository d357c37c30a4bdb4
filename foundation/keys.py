"""Keys and the algorithms they are for: AES-256-GCM, and SM4-GCM where 国密 is demanded.

A key is written as 32 bytes in base64 for AES, or as `sm4:` and 16 bytes in base64. Where keys come from is a
`KeyProvider`'s business; `SettingsKeys` takes them from the settings. One that asks a key service or a 密码机 gives
the same three things and is handed to `Vault.of`.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic import SecretStr

NONCE_BYTES = 12
TAG_BYTES = 16
SM4_PREFIX = "sm4:"


class Algorithm(IntEnum):
    """How a value is sealed; the number is a byte of every sealed value and never changes."""

    AES_256_GCM = 1
    SM4_GCM = 2


KEY_BYTES: Final = {Algorithm.AES_256_GCM: 32, Algorithm.SM4_GCM: 16}


class IndexHash(StrEnum):
    """With which hash values are looked up; changing it asks for `linli vault reindex`."""

    SHA256 = "sha256"
    SM3 = "sm3"

    def digest(self, key: bytes, message: bytes) -> bytes:
        """Give the keyed hash, 32 bytes for either."""
        made = hmac.HMAC(key, hashes.SM3() if self is IndexHash.SM3 else hashes.SHA256())
        made.update(message)
        return made.finalize()


class UnusableKeyError(ValueError):
    """A key is written wrongly; the text says how to write it and holds nothing of the key."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret, with the algorithm it is for."""

    algorithm: Algorithm
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES[self.algorithm]:
            raise UnusableKeyError(f"a key for {self.algorithm.name} has {KEY_BYTES[self.algorithm]} bytes")

    def encrypt(self, nonce: bytes, plain: bytes, authenticated: bytes) -> bytes:
        """Give the ciphertext with its tag of 16 bytes."""
        if self.algorithm is Algorithm.AES_256_GCM:
            return AESGCM(self.secret).encrypt(nonce, plain, authenticated)
        made = Cipher(algorithms.SM4(self.secret), modes.GCM(nonce)).encryptor()
        made.authenticate_additional_data(authenticated)
        return made.update(plain) + made.finalize() + made.tag

    def decrypt(self, nonce: bytes, ciphertext: bytes, authenticated: bytes) -> bytes:
        """Give what was sealed.

        Raises:
            InvalidTag: it was changed, or what was authenticated with it is another.
            ValueError: it is too short to have been made by `encrypt`.

        """
        if self.algorithm is Algorithm.AES_256_GCM:
            return AESGCM(self.secret).decrypt(nonce, ciphertext, authenticated)
        if len(ciphertext) < TAG_BYTES or len(nonce) != NONCE_BYTES:
            raise InvalidTag
        plain, tag = ciphertext[:-TAG_BYTES], ciphertext[-TAG_BYTES:]
        made = Cipher(algorithms.SM4(self.secret), modes.GCM(nonce, tag)).decryptor()
        made.authenticate_additional_data(authenticated)
        return made.update(plain) + made.finalize()


def read_key(text: str) -> Key:
    """Read a key as it is written in the settings.

    Raises:
        UnusableKeyError: it is neither 32 bytes in base64 nor `sm4:` and 16 bytes in base64.

    """
    national = text.startswith(SM4_PREFIX)
    try:
        secret = base64.b64decode(text.removeprefix(SM4_PREFIX), validate=True)
        return Key(Algorithm.SM4_GCM if national else Algorithm.AES_256_GCM, secret)
    except ValueError:
        way = f"{SM4_PREFIX} and 16 bytes" if national else "32 bytes"
        raise UnusableKeyError(f"must be {way} in base64") from None


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one process."""

    keys: Mapping[str, Key]
    current: str
    """The id of the key new values are sealed with."""
    index_key: bytes = field(repr=False)
    index_hash: IndexHash = IndexHash.SHA256


class KeyProvider(Protocol):
    """Whatever knows the keys."""

    def ring(self) -> KeyRing:
        """Give the keys as they are now; asked once, when a process opens."""


class VaultKeys(Protocol):
    """The settings keys are read from."""

    @property
    def keys(self) -> Mapping[str, SecretStr]:
        """Key id → the key as it is written."""

    @property
    def current(self) -> str:
        """The key id new values are sealed with."""

    @property
    def index_key(self) -> SecretStr:
        """The key of the look-up hashes."""


@dataclass(frozen=True, slots=True)
class SettingsKeys:
    """Takes the keys from the settings."""

    settings: VaultKeys

    def ring(self) -> KeyRing:
        """Read every key; the settings have checked them."""
        return KeyRing(
            {key_id: read_key(key.get_secret_value()) for key_id, key in self.settings.keys.items()},
            self.settings.current,
            self.settings.index_key.get_secret_value().encode(),
            IndexHash(getattr(self.settings, "index_hash", IndexHash.SHA256)),
        )
