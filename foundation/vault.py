"""The vault: personal data are sealed before they are stored, and opened where they are needed.

    sealed = vault.seal("13800138000", context="resident.phone")
    vault.open(sealed, context="resident.phone")
    vault.fingerprint("13800138000", context="resident.phone")   # to look it up without opening anything

The context says which column a value belongs to and is authenticated with it: a sealed value that is copied
into another column does not open. Keys are replaced one after the other, by `rotate`.
"""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self

from cryptography.exceptions import InvalidTag
from psycopg import sql

from foundation.ciphers import NONCE_BYTES, decrypt, encrypt, keyed_hash
from foundation.keys import Algorithm, IndexHash, Key, KeyProvider, KeyRing, SettingsKeys, VaultKeys

FIRST_LAYOUT = 1
"""Version, length of the key id, key id, nonce, ciphertext; always AES-256-GCM. Still opened, no longer written."""
LAYOUT = 2
NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")


class VaultError(Exception):
    """A value could not be sealed or opened."""


class VaultKeysError(VaultError):
    """The keys the vault was given cannot be used."""


class UnknownVaultKeyError(VaultError):
    """The value was sealed with a key that this vault does not hold (any more)."""


class BrokenSealError(VaultError):
    """The value was changed, belongs to another context, or was never sealed."""


class Vault:
    """Seals and opens text.

    A sealed value is: version 2, algorithm, length of the key id, key id, nonce, ciphertext with its tag.
    Everything before the nonce is authenticated together with the context.
    """

    __slots__ = ("_current", "_index_hash", "_index_key", "_keys")

    def __init__(
        self,
        keys: Mapping[str, bytes | Key],
        current: str,
        index_key: bytes,
        index_hash: IndexHash = IndexHash.SHA256,
    ) -> None:
        if current not in keys:
            raise VaultKeysError(f"the current key {current!r} is not among the keys")
        if not index_key:
            raise VaultKeysError("the index key is empty")
        self._keys = {key_id: _usable(key_id, key) for key_id, key in keys.items()}
        self._current = current
        self._index_key = index_key
        self._index_hash = index_hash

    @classmethod
    def of(cls, provider: KeyProvider) -> Self:
        """Build a vault of whatever knows the keys."""
        ring: KeyRing = provider.ring()
        return cls(ring.keys, ring.current, ring.index_key, ring.index_hash)

    @classmethod
    def from_settings(cls, settings: VaultKeys) -> Self:
        """Build the vault of this process."""
        return cls.of(SettingsKeys(settings))

    def __repr__(self) -> str:
        return f"<Vault current={self._current!r} keys={sorted(self._keys)!r}>"

    def seal(self, text: str, *, context: str) -> bytes:
        """Encrypt `text` for its context; sealing it twice gives two different values."""
        header = self._header(self._current)
        nonce = os.urandom(NONCE_BYTES)
        return header + nonce + encrypt(self._keys[self._current], nonce, _bytes(text), header + _bytes(context))

    def open(self, sealed: bytes, *, context: str) -> str:
        """Give the text back.

        Raises:
            UnknownVaultKeyError: its key is not here.
            BrokenSealError: it was changed, or belongs to another context.

        """
        key_id, algorithm, header = _read_header(sealed)
        key = self._keys.get(key_id)
        if key is None:
            raise UnknownVaultKeyError(f"no key {key_id!r}")
        if key.algorithm is not algorithm:
            raise BrokenSealError("the key under this id is for another algorithm")
        nonce = sealed[len(header) : len(header) + NONCE_BYTES]
        ciphertext = sealed[len(header) + NONCE_BYTES :]
        try:
            plain = decrypt(key, nonce, ciphertext, header + _bytes(context))
        except (InvalidTag, ValueError):  # ValueError: cut off inside the nonce
            raise BrokenSealError("the seal is broken or belongs to another context") from None
        return plain.decode("utf-8", "surrogatepass")

    def fingerprint(self, text: str, *, context: str) -> bytes:
        """Hash `text` with the index key, to find equal values of one context; normalise the text first."""
        scope = _bytes(context)
        message = len(scope).to_bytes(4, "big") + scope + _bytes(text)
        return keyed_hash(self._index_hash, self._index_key, message)

    def needs_rotation(self, sealed: bytes) -> bool:
        """Whether it was sealed with another key than the current one, or in the first layout."""
        return not sealed.startswith(self._header(self._current))

    def reseal(self, sealed: bytes, *, context: str) -> bytes:
        """Open it and seal it with the current key."""
        return self.seal(self.open(sealed, context=context), context=context)

    @property
    def current_header(self) -> bytes:
        """What every value begins with that is sealed with the current key; no secret."""
        return self._header(self._current)

    def _header(self, key_id: str) -> bytes:
        name = key_id.encode()
        return bytes((LAYOUT, self._keys[key_id].algorithm, len(name))) + name


def _usable(key_id: str, key: bytes | Key) -> Key:
    """Check a key and its id; bare bytes are a key for AES."""
    if not 1 <= len(key_id.encode()) <= 255:  # noqa: PLR2004 - its length is one byte of the layout
        raise VaultKeysError("a key id has 1 to 255 bytes")
    try:
        return key if isinstance(key, Key) else Key(Algorithm.AES_256_GCM, key)
    except ValueError as error:
        raise VaultKeysError(f"the key {key_id!r}: {error}") from None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # half an emoji out of a cut string is kept as it came


def _read_header(sealed: bytes) -> tuple[str, Algorithm, bytes]:
    """Read which key and algorithm a value needs; of the first layout too."""
    start = {FIRST_LAYOUT: 2, LAYOUT: 3}.get(sealed[0], 0) if sealed else 0
    if not start or len(sealed) < start or len(sealed) < start + sealed[start - 1]:
        raise BrokenSealError("not a sealed value")
    header = sealed[: start + sealed[start - 1]]
    try:
        algorithm = Algorithm(header[1]) if sealed[0] == LAYOUT else Algorithm.AES_256_GCM
        return header[start:].decode(), algorithm, header
    except ValueError:
        raise BrokenSealError("not a sealed value") from None


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column that holds sealed values; every room lists its own in `Part.sealed`."""

    table: str
    key: str
    """The column of the primary key."""
    column: str
    context: str
    fingerprint: str = ""
    """The column of its look-up hash, if it has one."""

    def __post_init__(self) -> None:
        for name in (self.table, self.key, self.column, self.fingerprint or "none"):
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


@dataclass(slots=True)
class Reindexing:
    """What `reindex` did to one column."""

    column: SealedColumn
    renewed: int = 0
    unreadable: int = 0


async def reindex(
    connection: RowConnection, vault: Vault, columns: Iterable[SealedColumn], *, batch: int = 500
) -> list[Reindexing]:
    """Make every look-up hash anew from the value it stands for: after another index key or another hash.

    Until it is through, a value may be looked up in vain; it may be stopped and started again at any time.
    """
    return [await _reindex_column(connection, vault, column, batch) for column in columns if column.fingerprint]


async def _reindex_column(connection: RowConnection, vault: Vault, column: SealedColumn, batch: int) -> Reindexing:
    done = Reindexing(column)
    names = {
        "key": sql.Identifier(column.key),
        "column": sql.Identifier(column.column),
        "hash": sql.Identifier(column.fingerprint),
        "table": sql.Identifier(column.table),
    }
    page = sql.SQL(
        "SELECT {key} AS key, {column} AS sealed, {hash} AS hash FROM {table}"
        " WHERE {column} IS NOT NULL AND (%s::text IS NULL OR {key} > %s) ORDER BY {key} LIMIT %s"
    ).format(**names)
    write = sql.SQL("UPDATE {table} SET {hash} = %s WHERE {key} = %s AND {column} = %s").format(**names)
    after: Any = None
    while True:
        marker = None if after is None else "after"
        _, rows = await connection.execute_query(page.as_string(), [marker, after, batch])
        for row in rows:
            await _reindex_row(connection, vault, done, write.as_string(), dict(row))
        if len(rows) < batch:
            return done
        after = rows[-1]["key"]


async def _reindex_row(
    connection: RowConnection, vault: Vault, done: Reindexing, write: str, row: dict[str, Any]
) -> None:
    sealed = bytes(row["sealed"])
    try:
        fresh = vault.fingerprint(vault.open(sealed, context=done.column.context), context=done.column.context)
    except VaultError:
        done.unreadable += 1
        return
    if row["hash"] is None or bytes(row["hash"]) != fresh:
        changed, _ = await connection.execute_query(write, [fresh, row["key"], sealed])
        done.renewed += changed
