"""Keys and the algorithms they are for: AES-256-GCM, and SM4-GCM where 国密 is demanded.

A key is written as 32 bytes in base64 for AES, or as `sm4:` and 16 bytes in base64. Where keys come from is a
`KeyProvider`'s business; `SettingsKeys` takes them from the settings. One that asks a key service or a 密码机 gives
the same things and is handed to `Vault.of`. What is done with a key is in `ciphers.py`, which is heavier to import.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final, Protocol

from pydantic import SecretStr

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
