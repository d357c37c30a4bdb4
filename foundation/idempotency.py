"""The same request, sent twice, is done once.

A caller that does not know whether its request arrived sends it again with the same `Idempotency-Key`, and
gets the first answer again. Start at `once`: the key, what the request did and the stored answer are one
transaction, so there is never one without the others. `once_leased` is for work that must wait for something
outside, where a second time does no harm.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tortoise import Model, fields
from tortoise.indexes import Index
from tortoise.queryset import QuerySet

from foundation.clock import real_now
from foundation.database import query, transaction
from foundation.errors import BusyError, ConflictError, InvalidFieldError

KEPT_FOR = timedelta(days=7)
LENT_FOR = timedelta(minutes=2)
_KEY = re.compile(r"[\x20-\x7e]{1,64}")


class IdempotencyKey(Model):
    """One person's key, the request it stood for and the answer that was given."""

    id = fields.BigIntField(primary_key=True)
    actor_key = fields.CharField(max_length=80)
    key = fields.CharField(max_length=64)
    request_hash = fields.BinaryField()
    status = fields.SmallIntField(null=True)
    body = fields.TextField(null=True)
    created_at = fields.DatetimeField()

    class Meta:
        table = "idempotency_key"
        table_description = "Answers kept for requests that are sent again"
        unique_together = (("actor_key", "key"),)
        indexes = (Index(fields=("created_at",)),)  # what `sweep_idempotency_keys` scans
        app = "foundation"


@dataclass(frozen=True)
class Answer:
    """What a caller gets."""

    status: int
    body: str | None
    replayed: bool = False


class BadIdempotencyKeyError(InvalidFieldError):
    """The key is empty, too long, or not printable ASCII."""

    code = "bad_idempotency_key"
    pointer = "/Idempotency-Key"
    message = "Idempotency-Key 要有 1 到 64 个可见的英文字符"


class IdempotencyKeyUsedError(ConflictError):
    """The key stood for another request."""

    code = "idempotency_key_used"
    message = "这个 Idempotency-Key 已经用于另一个请求"


def check_key(key: str) -> str:
    """Return the key if it is one.

    Raises:
        BadIdempotencyKeyError: it is not.

    """
    if not _KEY.fullmatch(key):
        raise BadIdempotencyKeyError
    return key


def hash_of(*parts: bytes) -> bytes:
    """Make one short value of what makes a request the same request."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


async def once(actor_key: str, key: str, request_hash: bytes, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do the work for this key, or give the answer that it had.

    The key is claimed together with the first question of the work, which is given up if it had been claimed. A
    twin at the same moment waits there for the first one's commit. What is refused is rolled back with its key,
    so that the same key may be tried again.

    Raises:
        IdempotencyKeyUsedError: the key stood for another request.

    """
    try:
        async with transaction() as tx:
            claimed = tx.insist(_CLAIM, actor_key, key, request_hash, real_now(), otherwise=_TakenError())
            try:
                answer = await work()
            except Exception:
                await claimed.settle()  # what is wrong today may have been right the first time
                raise
            tx.order(_ANSWER, answer.status, answer.body, actor_key, key)
    except _TakenError:
        return await _first_answer(actor_key, key, request_hash)
    return answer


class _TakenError(Exception):
    """The key has been used."""


_CLAIM = """
INSERT INTO idempotency_key (actor_key, key, request_hash, created_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (actor_key, key) DO NOTHING RETURNING id
"""
_ANSWER = "UPDATE idempotency_key SET status = %s, body = %s WHERE actor_key = %s AND key = %s"


async def once_leased(actor_key: str, key: str, request_hash: bytes, work: Callable[[], Awaitable[Answer]]) -> Answer:
    """Do the same for work that waits for something outside, and so may not be one transaction.

    The key is lent to this request for a while; a twin meanwhile is told to come again. What is refused gives
    the key back; after a crash it is free when the while is over.

    Raises:
        IdempotencyKeyUsedError: the key stood for another request.
        BusyError: the first request is still under way.

    """
    lent = await _lend(actor_key, key, request_hash)
    if lent is None:
        return await _first_answer(actor_key, key, request_hash)
    try:
        answer = await work()
    except BaseException:
        await lent.delete()
        raise
    await lent.update(status=answer.status, body=answer.body)
    return answer


async def _lend(actor_key: str, key: str, request_hash: bytes) -> QuerySet[IdempotencyKey] | None:
    """Take the key for this request, unless it has an answer or is lent; give the row that is then ours."""
    now = real_now()
    rows = await query(
        "INSERT INTO idempotency_key AS kept (actor_key, key, request_hash, created_at) VALUES (%s, %s, %s, %s) "
        "ON CONFLICT (actor_key, key) DO UPDATE SET created_at = excluded.created_at "
        "WHERE kept.status IS NULL AND kept.request_hash = excluded.request_hash AND kept.created_at < %s "
        "RETURNING id",
        actor_key,
        key,
        request_hash,
        now,
        now - LENT_FOR,
    )
    return IdempotencyKey.filter(id=rows[0]["id"], created_at=now, status=None) if rows else None


async def _first_answer(actor_key: str, key: str, request_hash: bytes) -> Answer:
    stored = await IdempotencyKey.get_or_none(actor_key=actor_key, key=key)
    if stored is None:  # given back, or swept away, just now
        raise BusyError
    if bytes(stored.request_hash) != request_hash:
        raise IdempotencyKeyUsedError
    if stored.status is None:
        raise BusyError
    return Answer(stored.status, stored.body, replayed=True)


async def kept_answer(actor_key: str, key: str, hash_request: Callable[[], Awaitable[bytes]]) -> Answer | None:
    """Give the answer that this key had, if it had one and stood for the same request.

    The request is read, by `hash_request`, only if there is an answer that may be its own.
    """
    stored = await IdempotencyKey.get_or_none(actor_key=actor_key, key=key)
    if stored is None or stored.status is None or bytes(stored.request_hash) != await hash_request():
        return None
    return Answer(stored.status, stored.body, replayed=True)


async def sweep_idempotency_keys(older_than: datetime) -> int:
    """Forget the keys from before that real instant, and tell how many."""
    return await IdempotencyKey.filter(created_at__lt=older_than).delete()


async def forget_answers(actor_key: str) -> int:
    """Forget every stored answer of somebody who leaves."""
    return await IdempotencyKey.filter(actor_key=actor_key).delete()
