"""The store of objects, on a real folder."""

from pathlib import Path

import pytest
from obstore.store import S3Store

from foundation.media.errors import MediaStoreBusyError
from foundation.media.store import MediaStore
from foundation.settings import MediaSettings, Settings, WebSettings


async def read(store: MediaStore, key: str) -> bytes:
    return b"".join([piece async for piece in await store.get(key)])


async def test_an_object_is_read_as_it_was_stored(store: MediaStore) -> None:
    content = bytes(range(256)) * 4096

    await store.put("2026/11/20/a.jpg", content)

    assert await read(store, "2026/11/20/a.jpg") == content


async def test_a_part_of_an_object_is_read_and_its_size_is_of_the_whole(store: MediaStore) -> None:
    await store.put("a.amr", bytes(range(100)))

    assert [piece async for piece in await store.get("a.amr", range(10, 20))] == [bytes(range(10, 20))]
    assert await store.size("a.amr") == 100


async def test_a_missing_object_is_said_before_the_first_piece(store: MediaStore) -> None:
    with pytest.raises(FileNotFoundError):
        await store.get("2026/11/20/none.jpg")
    with pytest.raises(FileNotFoundError):
        await store.size("2026/11/20/none.jpg")


async def test_deleting_twice_is_no_error(store: MediaStore) -> None:
    await store.put("a", b"1")
    await store.put("b", b"2")

    await store.delete(["a", "none", "b"])
    await store.delete(["a", "none", "b"])

    assert [found.key async for found in store.list("")] == []


async def test_objects_are_listed_by_folder(store: MediaStore) -> None:
    await store.put("2026/11/20/a.jpg", b"1")
    await store.put("2026/11/21/b.jpg", b"2")

    assert [found.key async for found in store.list("2026/11/20/")] == ["2026/11/20/a.jpg"]


async def test_without_a_word_the_store_is_a_folder_under_var(tmp_path: Path) -> None:
    store = MediaStore.from_settings(Settings(environment="test", var=tmp_path))

    await store.put("a.jpg", b"1")

    assert (tmp_path / "media" / "a.jpg").read_bytes() == b"1"
    await store.ask()


async def test_the_settings_may_name_another_folder(tmp_path: Path) -> None:
    settings = Settings(
        environment="test",
        var=tmp_path / "var",
        media=MediaSettings(store_url=f"file://{tmp_path}/elsewhere", max_bytes=2048),
        web=WebSettings(public_url="https://linli.example"),
    )
    store = MediaStore.from_settings(settings)

    await store.put("a.jpg", b"1")

    assert (tmp_path / "elsewhere" / "a.jpg").read_bytes() == b"1"
    assert store.limits.max_bytes == 2048


async def test_an_s3_address_opens_a_bucket(tmp_path: Path) -> None:
    settings = Settings(environment="test", var=tmp_path, media=MediaSettings(store_url="s3://photos/linli"))

    assert isinstance(MediaStore.from_settings(settings).objects, S3Store)


async def test_a_store_that_does_not_answer_is_busy_not_broken(store: MediaStore, unused_tcp_port: int) -> None:
    nowhere = S3Store(
        "photos", endpoint=f"http://127.0.0.1:{unused_tcp_port}", access_key_id="a", secret_access_key="b",  # noqa: S106
        region="none", client_options={"allow_http": True}, retry_config={"max_retries": 0},
    )  # fmt: skip
    away = MediaStore(nowhere, store.signer, store.limits)

    for attempt in (away.put("a", b"1"), away.get("a"), away.size("a"), away.delete(["a"]), away.ask()):
        with pytest.raises(MediaStoreBusyError) as refused:
            await attempt
        assert refused.value.retry_after
