"""The vault: personal data are sealed before they are stored, and opened where they are needed.

    sealed = vault.seal("13800138000", context="resident.phone")
    vault.open(sealed, context="resident.phone")
    vault.fingerprint("13800138000", context="resident.phone")   # to look it up without opening anything

The context says which column a value belongs to and is authenticated with it: a sealed value that is copied
into another column does not open. Keys are replaced one after the other, by `rotate`.
"""

import base64
import hashlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql
from pydantic import SecretStr

VERSION = 1
KEY_BYTES = 32
NONCE_BYTES = 12
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class VaultError(Exception):
    """A value could not be sealed or opened."""


class VaultKeysError(VaultError):
    """The keys the vault was given cannot be used."""


class UnknownVaultKeyError(VaultError):
    """The value was sealed with a key that this vault does not hold (any more)."""


class BrokenSealError(VaultError):
    """The value was changed, belongs to another context, or was never sealed."""


class VaultKeys(Protocol):
    """The settings a vault is built from."""

    @property
    def keys(self) -> Mapping[str, SecretStr]:
        """Key id → 32 bytes in base64."""

    @property
    def current(self) -> str:
        """The key id new values are sealed with."""

    @property
    def index_key(self) -> SecretStr:
        """The key of the look-up hashes."""


class Vault:
    """Seals and opens text with AES-256-GCM.

    A sealed value is: version, length of the key id, key id, nonce, ciphertext with its tag. Everything before
    the nonce is authenticated together with the context.
    """

    __slots__ = ("_ciphers", "_current", "_index_key")

    def __init__(self, keys: Mapping[str, bytes], current: str, index_key: bytes) -> None:
        if current not in keys:
            raise VaultKeysError(f"the current key {current!r} is not among the keys")
        if not index_key:
            raise VaultKeysError("the index key is empty")
        for key_id, key in keys.items():
            if len(key) != KEY_BYTES:
                raise VaultKeysError(f"the key {key_id!r} must have {KEY_BYTES} bytes")
            if not 1 <= len(key_id.encode()) <= 255:  # noqa: PLR2004 - its length is one byte of the layout
                raise VaultKeysError("a key id has 1 to 255 bytes")
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._current = current
        self._index_key = index_key

    @classmethod
    def from_settings(cls, settings: VaultKeys) -> Self:
        """Build the vault of this process."""
        return cls(
            {key_id: base64.b64decode(key.get_secret_value()) for key_id, key in settings.keys.items()},
            settings.current,
            settings.index_key.get_secret_value().encode(),
        )

    def __repr__(self) -> str:
        return f"<Vault current={self._current!r} keys={sorted(self._ciphers)!r}>"

    def seal(self, text: str, *, context: str) -> bytes:
        """Encrypt `text` for its context; sealing it twice gives two different values."""
        header = self._header(self._current)
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._current]
        return header + nonce + cipher.encrypt(nonce, _bytes(text), header + _bytes(context))

    def open(self, sealed: bytes, *, context: str) -> str:
        """Give the text back.

        Raises:
            UnknownVaultKeyError: its key is not here.
            BrokenSealError: it was changed, or belongs to another context.

        """
        key_id, header = _read_header(sealed)
        if key_id not in self._ciphers:
            raise UnknownVaultKeyError(f"no key {key_id!r}")
        nonce = sealed[len(header) : len(header) + NONCE_BYTES]
        ciphertext = sealed[len(header) + NONCE_BYTES :]
        try:
            plain = self._ciphers[key_id].decrypt(nonce, ciphertext, header + _bytes(context))
        except (InvalidTag, ValueError):  # ValueError: cut off inside the nonce
            raise BrokenSealError("the seal is broken or belongs to another context") from None
        return plain.decode("utf-8", "surrogatepass")

    def fingerprint(self, text: str, *, context: str) -> bytes:
        """Hash `text` with the index key, to find equal values of one context; normalise the text first."""
        scope = _bytes(context)
        message = len(scope).to_bytes(4, "big") + scope + _bytes(text)
        return hmac.digest(self._index_key, message, hashlib.sha256)

    def needs_rotation(self, sealed: bytes) -> bool:
        """Whether it was sealed with another key than the current one."""
        return not sealed.startswith(self._header(self._current))

    def reseal(self, sealed: bytes, *, context: str) -> bytes:
        """Open it and seal it with the current key."""
        return self.seal(self.open(sealed, context=context), context=context)

    @property
    def current_header(self) -> bytes:
        """What every value begins with that is sealed with the current key; no secret."""
        return self._header(self._current)

    @staticmethod
    def _header(key_id: str) -> bytes:
        name = key_id.encode()
        return bytes((VERSION, len(name))) + name


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # half an emoji out of a cut string is kept as it came


def _read_header(sealed: bytes) -> tuple[str, bytes]:
    if len(sealed) < 2 or sealed[0] != VERSION or len(sealed) < 2 + sealed[1]:  # noqa: PLR2004 - the layout
        raise BrokenSealError("not a sealed value")
    header = sealed[: 2 + sealed[1]]
    try:
        return header[2:].decode(), header
    except UnicodeDecodeError:
        raise BrokenSealError("not a sealed value") from None


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that holds sealed values; every room lists its own in `Part.sealed`."""

    table: str
    key: str
    """The column of the primary key."""
    column: str
    context: str

    def __post_init__(self) -> None:
        for name in (self.table, self.key, self.column):
            if not NAME.fullmatch(name):
                raise ValueError(f"not a plain column or table name: {name!r}")


@dataclass(slots=True)
class Rotation:
    """What `rotate` did to one column."""

    column: SealedColumn
    resealed: int = 0
    overtaken: int = 0
    """Rows that somebody wrote meanwhile: with the current key, so nothing is left to do."""
    unreadable: int = 0
    """Rows that no key here opens. Removing an old key now would change nothing for them, but look why."""


class RowConnection(Protocol):
    """The one method of a Tortoise connection that is needed here."""

    async def execute_query(self, query: str, values: list[Any] | None = None) -> tuple[int, Any]:
        """Run a statement with `%s` placeholders; give the number of rows and the rows."""


async def rotate(
    connection: RowConnection, vault: Vault, columns: Iterable[SealedColumn], *, batch: int = 500
) -> list[Rotation]:
    """Seal every value of an older key again with the current one.

    It may run beside everything else and be stopped and started again at any time: each row is replaced by
    itself, and only if nobody changed it meanwhile.
    """
    return [await _rotate_column(connection, vault, column, batch) for column in columns]


async def _rotate_column(connection: RowConnection, vault: Vault, column: SealedColumn, batch: int) -> Rotation:
    rotation = Rotation(column)
    after: Any = None
    while rows := await _older_rows(connection, vault, column, after, batch):
        for row in rows:
            await _reseal_row(connection, vault, rotation, row["key"], bytes(row["sealed"]))
        after = rows[-1]["key"]
    return rotation


async def _older_rows(
    connection: RowConnection, vault: Vault, column: SealedColumn, after: Any, batch: int
) -> list[dict[str, Any]]:
    header = vault.current_header
    statement = sql.SQL(
        "SELECT {key} AS key, {column} AS sealed FROM {table}"
        " WHERE substring({column} FROM 1 FOR %s) <> %s {further} ORDER BY {key} LIMIT %s"
    ).format(
        key=sql.Identifier(column.key),
        column=sql.Identifier(column.column),
        table=sql.Identifier(column.table),
        further=sql.SQL("" if after is None else "AND {} > %s").format(sql.Identifier(column.key)),
    )
    values = [len(header), header, *([] if after is None else [after]), batch]
    _, rows = await connection.execute_query(statement.as_string(), values)
    return [dict(row) for row in rows]


async def _reseal_row(connection: RowConnection, vault: Vault, rotation: Rotation, key: Any, sealed: bytes) -> None:
    column = rotation.column
    try:
        fresh = vault.reseal(sealed, context=column.context)
    except VaultError:
        rotation.unreadable += 1
        return
    statement = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s").format(
        table=sql.Identifier(column.table),
        column=sql.Identifier(column.column),
        key=sql.Identifier(column.key),
    )
    changed, _ = await connection.execute_query(statement.as_string(), [fresh, key, sealed])
    rotation.resealed += changed
    rotation.overtaken += 1 - changed
