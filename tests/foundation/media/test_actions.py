"""Media are used once, by who uploaded them, and leave with what they belonged to."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from foundation.access import Actor
from foundation.clock import FrozenClock, real_now
from foundation.database import query, transaction
from foundation.ground import Ground
from foundation.media.actions import MediaOwner, attach_media, discard_media
from foundation.media.errors import MediaAlreadyUsedError, MediaNotFoundError
from foundation.media.jobs import KEPT_UNATTACHED, sweep_orphans, sweep_rows, sweep_unattached
from foundation.media.models import Media
from foundation.media.receiving import receive
from foundation.media.store import MediaStore
from foundation.tasks import spawn
from tests.foundation.media import files
from tests.foundation.media.conftest import AT, LI, WANG
from tests.foundation.media.test_receiving import kept_files
from tests.jobs import Worker


async def uploaded(store: MediaStore, owner: Actor = WANG) -> UUID:
    return (await receive(owner, files.amr(), store=store, at=AT)).id


async def then_fail(step: Awaitable[object]) -> None:
    """Do a step in a transaction that fails afterwards."""
    async with transaction():
        await step
        raise ZeroDivisionError


async def deleting() -> list[str]:
    rows = await query("SELECT args FROM procrastinate_jobs WHERE task_name = 'media.delete_objects'")
    return [key for row in rows for key in row["args"]["keys"]]


async def test_attached_media_come_back_in_the_order_they_were_named(database: None, store: MediaStore) -> None:
    first, second = await uploaded(store), await uploaded(store)

    attached = await attach_media(WANG, [second, first], at=AT)

    assert [media.id for media in attached] == [second, first]
    assert {media.attached_at for media in await Media.all()} == {AT}


async def test_an_owner_without_credentials_is_named_by_kind_and_id(database: None, store: MediaStore) -> None:
    media_id = await uploaded(store)

    assert await attach_media(MediaOwner("resident", 1), [media_id], at=AT)


async def test_naming_nothing_attaches_nothing(database: None) -> None:
    assert await attach_media(WANG, [], at=AT) == []


async def test_another_persons_upload_answers_like_none(database: None, store: MediaStore) -> None:
    mine, theirs = await uploaded(store), await uploaded(store, LI)
    same_number = await uploaded(store, Actor("staff", 1))

    for stranger in (theirs, same_number, uuid7()):
        with pytest.raises(MediaNotFoundError) as refused:
            await attach_media(WANG, [mine, stranger], at=AT, pointer="/photos")
        assert refused.value.pointer == "/photos/1"
    assert not await Media.exists(attached_at__isnull=False)


async def test_an_upload_is_used_once(database: None, store: MediaStore) -> None:
    media_id = await uploaded(store)
    await attach_media(WANG, [media_id], at=AT)

    with pytest.raises(MediaAlreadyUsedError) as refused:
        await attach_media(WANG, [media_id], at=AT)

    assert (refused.value.pointer, refused.value.status) == ("/media_ids/0", 422)


async def test_an_upload_is_not_named_twice(database: None, store: MediaStore) -> None:
    media_id = await uploaded(store)

    with pytest.raises(MediaAlreadyUsedError) as refused:
        await attach_media(WANG, [media_id, media_id], at=AT)

    assert refused.value.pointer == "/media_ids/1"


async def test_two_taps_at_once_use_an_upload_once(database: None, store: MediaStore) -> None:
    ids = [await uploaded(store), await uploaded(store)]

    taps = [attach_media(WANG, wished, at=AT) for wished in (ids, ids[::-1], ids, ids[::-1])]
    outcomes = await asyncio.gather(*taps, return_exceptions=True)

    assert sum(isinstance(outcome, list) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, MediaAlreadyUsedError) for outcome in outcomes) == 3


async def test_what_is_rolled_back_leaves_the_upload_free(database: None, store: MediaStore) -> None:
    media_id = await uploaded(store)

    with pytest.raises(ZeroDivisionError):
        await then_fail(attach_media(WANG, [media_id], at=AT))

    assert await attach_media(WANG, [media_id], at=AT)


async def test_discarded_media_leave_with_the_transaction(database: None, store: MediaStore) -> None:
    media_id, kept = await uploaded(store), await uploaded(store)
    keys = (await Media.get(id=media_id)).keys

    with pytest.raises(ZeroDivisionError):
        await then_fail(discard_media([media_id]))
    assert await Media.all().count() == 2
    assert await discard_media([media_id, uuid7()]) == 1

    assert [media.id for media in await Media.all()] == [kept]
    assert await deleting() == keys


async def test_uploads_that_nobody_used_are_swept_after_a_day(database: None, store: MediaStore) -> None:
    used, old, young = await uploaded(store), await uploaded(store), await uploaded(store)
    await attach_media(WANG, [used], at=AT)
    await Media.filter(id=young).update(uploaded_at=AT + timedelta(hours=1))
    keys = (await Media.get(id=old)).keys

    assert await sweep_rows(AT + KEPT_UNATTACHED) == 0
    assert await sweep_rows(AT + KEPT_UNATTACHED + timedelta(minutes=1)) == 1

    assert {media.id for media in await Media.all()} == {used, young}
    assert await deleting() == keys


async def test_an_upload_that_is_being_used_is_not_swept(database: None, store: MediaStore) -> None:
    media_id = await uploaded(store)
    late = AT + timedelta(days=3)

    async with transaction():
        await attach_media(WANG, [media_id], at=late)
        assert await spawn(sweep_rows(late)) == 0

    assert await Media.exists(id=media_id)


async def test_objects_without_a_row_are_swept_when_they_are_old(
    database: None, store: MediaStore, folder: Path
) -> None:
    media_id = await uploaded(store)
    orphan = f"{real_now():%Y/%m/%d}/{uuid7()}.jpg"
    await store.put(orphan, b"orphan")
    known = folder / (await Media.get(id=media_id)).object_key

    assert await sweep_orphans(store, at=real_now() + timedelta(hours=20)) == 0
    assert await sweep_orphans(store, at=real_now() + timedelta(days=2)) == 1

    assert kept_files(folder) == [known]


async def test_the_sweep_counts_real_hours_whatever_the_domain_clock_shows(ground: Ground, clock: FrozenClock) -> None:
    young = (await receive(WANG, files.amr(), store=ground.media, at=real_now())).id
    old = (await receive(WANG, files.amr(), store=ground.media, at=real_now() - timedelta(days=2))).id
    clock.advance(days=30)

    await sweep_unattached.run(ground)

    assert await Media.exists(id=young)
    assert not await Media.exists(id=old)


async def test_objects_of_discarded_media_are_removed_by_a_job(ground: Ground, worker: Worker) -> None:
    media = await Media.get(id=(await receive(WANG, files.jpeg(), store=ground.media, at=AT)).id)
    await discard_media([media.id])
    assert len([found async for found in ground.media.list("") if found.key in media.keys]) == 2

    await worker.run_jobs()

    assert [found async for found in ground.media.list("") if found.key in media.keys] == []
