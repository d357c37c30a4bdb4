"""The vault: what is sealed opens only as it was, where it belongs, with its key."""

import base64
import os
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tortoise import connections

from foundation.settings import VaultSettings
from foundation.vault import (
    BrokenSealError,
    SealedColumn,
    UnknownVaultKeyError,
    Vault,
    VaultKeysError,
    rotate,
)

OLD, NEW = b"o" * 32, b"n" * 32
INDEX = b"index key of the tests"
vault = Vault({"2026": OLD}, "2026", INDEX)
rotating = Vault({"2026": OLD, "2027": NEW}, "2027", INDEX)

PHONES = SealedColumn("vault_trial", "id", "phone", "resident.phone")


@pytest.fixture
async def trial_table(database: object) -> AsyncIterator[None]:
    connection = connections.get("default")
    await connection.execute_script(
        "CREATE TABLE vault_trial (id bigint PRIMARY KEY, phone bytea, other text DEFAULT 'kept')"
    )
    yield
    await connection.execute_script("DROP TABLE vault_trial")


async def store(key: int, sealed: bytes | None) -> None:
    await connections.get("default").execute_query("INSERT INTO vault_trial (id, phone) VALUES (%s, %s)", [key, sealed])


async def stored() -> dict[int, bytes]:
    rows = await connections.get("default").execute_query_dict("SELECT id, phone FROM vault_trial")
    return {row["id"]: row["phone"] for row in rows}


@given(st.text(alphabet=st.characters()), st.text())
def test_every_text_opens_as_it_was_sealed(text: str, context: str) -> None:
    assert vault.open(vault.seal(text, context=context), context=context) == text


@given(st.binary(max_size=80))
def test_bytes_that_were_never_sealed_are_refused_by_name(junk: bytes) -> None:
    with pytest.raises((BrokenSealError, UnknownVaultKeyError)):
        vault.open(junk, context="resident.phone")


@given(st.data())
def test_no_changed_byte_goes_unnoticed(data: st.DataObject) -> None:
    sealed = vault.seal("13800138000", context="resident.phone")
    place = data.draw(st.integers(0, len(sealed) - 1))
    changed = bytearray(sealed)
    changed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises((BrokenSealError, UnknownVaultKeyError)):
        vault.open(bytes(changed), context="resident.phone")


@pytest.mark.parametrize("length", [0, 1, 5, 6, 10, 17, 18, 33])
def test_a_value_cut_short_is_broken(length: int) -> None:
    sealed = vault.seal("13800138000", context="resident.phone")

    with pytest.raises(BrokenSealError):
        vault.open(sealed[:length], context="resident.phone")


def test_a_value_does_not_open_in_another_column() -> None:
    sealed = vault.seal("王芳", context="resident.name")

    with pytest.raises(BrokenSealError):
        vault.open(sealed, context="resident.phone")


def test_a_value_of_a_removed_key_names_the_key() -> None:
    sealed = vault.seal("王芳", context="resident.name")

    with pytest.raises(UnknownVaultKeyError, match="2026"):
        Vault({"2027": NEW}, "2027", INDEX).open(sealed, context="resident.name")


def test_another_key_under_the_same_name_does_not_open() -> None:
    sealed = vault.seal("王芳", context="resident.name")

    with pytest.raises(BrokenSealError):
        Vault({"2026": NEW}, "2026", INDEX).open(sealed, context="resident.name")


def test_sealing_twice_gives_two_values() -> None:
    assert vault.seal("1", context="c") != vault.seal("1", context="c")


def test_the_sealed_value_does_not_contain_the_text() -> None:
    assert b"13800138000" not in vault.seal("13800138000", context="resident.phone")


def test_a_fingerprint_is_found_again_but_only_in_its_context() -> None:
    there = vault.fingerprint("13800138000", context="resident.phone")

    assert there == rotating.fingerprint("13800138000", context="resident.phone")
    assert there != vault.fingerprint("13800138000", context="staff.phone")
    assert there != vault.fingerprint("13800138001", context="resident.phone")
    assert there != Vault({"2026": OLD}, "2026", b"x").fingerprint("13800138000", context="resident.phone")


def test_context_and_text_of_a_fingerprint_cannot_be_shifted() -> None:
    assert vault.fingerprint("bc", context="a") != vault.fingerprint("c", context="ab")


def test_only_values_of_an_older_key_need_rotation() -> None:
    old = vault.seal("王芳", context="c")

    assert rotating.needs_rotation(old)
    assert not rotating.needs_rotation(rotating.reseal(old, context="c"))
    assert rotating.open(rotating.reseal(old, context="c"), context="c") == "王芳"


def test_a_key_whose_name_begins_like_the_current_one_is_still_another() -> None:
    short = Vault({"k": OLD, "k1": NEW}, "k", INDEX)
    long = Vault({"k": OLD, "k1": NEW}, "k1", INDEX)

    assert short.needs_rotation(long.seal("x", context="c"))
    assert long.needs_rotation(short.seal("x", context="c"))


@pytest.mark.parametrize(
    ("keys", "current", "index"),
    [
        ({"a": OLD}, "b", INDEX),
        ({"a": OLD[:16]}, "a", INDEX),
        ({"": OLD}, "", INDEX),
        ({"a" * 256: OLD}, "a" * 256, INDEX),
        ({"a": OLD}, "a", b""),
    ],
)
def test_unusable_keys_are_refused_at_start(keys: dict[str, bytes], current: str, index: bytes) -> None:
    with pytest.raises(VaultKeysError):
        Vault(keys, current, index)


def test_nothing_secret_is_shown() -> None:
    key = os.urandom(32)
    shown = repr(Vault({"2026": key}, "2026", INDEX))

    assert shown == "<Vault current='2026' keys=['2026']>"


def test_the_settings_give_the_vault_of_the_process() -> None:
    settings = VaultSettings(
        keys={"2026": SecretStr(base64.b64encode(OLD).decode())},
        current="2026",
        index_key=SecretStr("secret"),
    )

    sealed = Vault.from_settings(settings).seal("王芳", context="c")

    assert vault.open(sealed, context="c") == "王芳"


@pytest.mark.parametrize("name", ['a"b', "a b", "", "A", "a;drop table x"])
def test_a_sealed_column_has_plain_names(name: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        SealedColumn(name, "id", "phone", "c")


async def test_rotation_seals_every_old_row_anew_and_leaves_the_others(trial_table: None) -> None:
    for key in range(1, 8):
        await store(key, vault.seal(f"phone {key}", context="resident.phone"))
    fresh = rotating.seal("phone 8", context="resident.phone")
    await store(8, fresh)
    await store(9, None)

    (rotation,) = await rotate(connections.get("default"), rotating, [PHONES], batch=3)

    rows = await stored()
    assert (rotation.resealed, rotation.overtaken, rotation.unreadable) == (7, 0, 0)
    assert rows[8] == fresh
    assert rows[9] is None
    newest = Vault({"2027": NEW}, "2027", INDEX)
    opened = {key: newest.open(rows[key], context="resident.phone") for key in range(1, 9)}
    assert opened == {key: f"phone {key}" for key in range(1, 9)}


async def test_a_second_rotation_finds_nothing(trial_table: None) -> None:
    await store(1, vault.seal("a", context="resident.phone"))
    await rotate(connections.get("default"), rotating, [PHONES])

    (again,) = await rotate(connections.get("default"), rotating, [PHONES])

    assert (again.resealed, again.unreadable) == (0, 0)


async def test_a_row_that_nobody_can_open_is_counted_and_does_not_stop_the_rest(trial_table: None) -> None:
    lost = Vault({"2020": b"l" * 32}, "2020", INDEX).seal("lost", context="resident.phone")
    await store(1, lost)
    await store(2, vault.seal("moved here", context="staff.phone"))
    await store(3, vault.seal("good", context="resident.phone"))

    (rotation,) = await rotate(connections.get("default"), rotating, [PHONES], batch=1)

    rows = await stored()
    assert (rotation.resealed, rotation.unreadable) == (1, 2)
    assert rows[1] == lost
    assert rotating.open(rows[3], context="resident.phone") == "good"


class OvertakenConnection:
    """The real connection, with somebody who changes row 1 after it was read."""

    async def execute_query(self, query: str, values: list[object] | None = None) -> tuple[int, object]:
        if query.startswith("UPDATE"):
            await connections.get("default").execute_query(
                "UPDATE vault_trial SET phone = %s WHERE id = 1",
                [rotating.seal("newer", context="resident.phone")],
            )
        changed, rows = await connections.get("default").execute_query(query, values)
        return changed, rows


async def test_a_value_written_meanwhile_is_never_overwritten(trial_table: None) -> None:
    await store(1, vault.seal("older", context="resident.phone"))

    (rotation,) = await rotate(OvertakenConnection(), rotating, [PHONES])

    assert (rotation.resealed, rotation.overtaken) == (0, 1)
    assert rotating.open((await stored())[1], context="resident.phone") == "newer"
