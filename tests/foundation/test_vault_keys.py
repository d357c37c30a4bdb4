"""Keys and algorithms: every sealed value says how it was sealed, and 国密 means SM4 and SM3."""

import base64
import os

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from foundation.ciphers import decrypt, encrypt, keyed_hash
from foundation.keys import Algorithm, IndexHash, Key, KeyRing, UnusableKeyError, read_key
from foundation.settings import VaultSettings
from foundation.vault import BrokenSealError, Vault, VaultKeysError

AES = Key(Algorithm.AES_256_GCM, b"a" * 32)
SM4 = Key(Algorithm.SM4_GCM, b"s" * 16)
INDEX = b"index key of the tests"
national = Vault({"gm-1": SM4, "2026": AES}, "gm-1", INDEX, IndexHash.SM3)
SM4_TEXT = "sm4:" + base64.b64encode(b"s" * 16).decode()
AES_TEXT = base64.b64encode(b"a" * 32).decode()


def test_sm4_gcm_is_that_of_rfc_8998() -> None:
    key = Key(Algorithm.SM4_GCM, bytes.fromhex("0123456789ABCDEFFEDCBA9876543210"))
    plain = bytes.fromhex("".join(letter * 16 for letter in "ABCDEFEA"))
    authenticated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    nonce = bytes.fromhex("00001234567800000000ABCD")

    sealed = encrypt(key, nonce, plain, authenticated)

    assert sealed[-16:].hex().upper() == "83DE3541E4C2B58177E065A9BF7B62EC"
    assert sealed[:16].hex().upper() == "17F399F08C67D5EE19D0DC9969C4BB7D"
    assert decrypt(key, nonce, sealed, authenticated) == plain


def test_the_index_hash_is_sm3_where_it_is_asked_for() -> None:
    made = keyed_hash(IndexHash.SM3, b"k", b"x")

    assert made.hex() == "6abcb6462d0523aa300a7d0e671bf56868b7357ce360afbcd4310acbb7b57616"
    assert keyed_hash(IndexHash.SHA256, b"k", b"x") != made


@given(st.text(alphabet=st.characters()), st.text())
def test_every_text_opens_as_it_was_sealed_with_sm4(text: str, context: str) -> None:
    assert national.open(national.seal(text, context=context), context=context) == text


@given(st.data())
def test_no_changed_byte_of_an_sm4_value_goes_unnoticed(data: st.DataObject) -> None:
    sealed = bytearray(national.seal("13800138000", context="resident.phone"))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(Exception, match=r"seal|key") as refused:
        national.open(bytes(sealed), context="resident.phone")
    assert type(refused.value).__name__ in {"BrokenSealError", "UnknownVaultKeyError"}


@pytest.mark.parametrize("length", range(40))
def test_an_sm4_value_cut_short_is_broken(length: int) -> None:
    sealed = national.seal("13800138000", context="resident.phone")

    with pytest.raises(BrokenSealError):
        national.open(sealed[: min(length, len(sealed) - 1)], context="resident.phone")


@pytest.mark.parametrize("key", [AES, SM4])
@pytest.mark.parametrize("length", [0, 1, 15])
def test_less_than_a_tag_is_refused(key: Key, length: int) -> None:
    with pytest.raises((InvalidTag, ValueError)):
        decrypt(key, b"n" * 12, b"x" * length, b"")


def test_a_value_names_its_algorithm_and_key() -> None:
    sealed = national.seal("x", context="c")

    assert sealed[:7] == bytes((2, Algorithm.SM4_GCM, 4)) + b"gm-1"


def test_a_value_of_the_first_layout_still_opens_and_wants_rotation() -> None:
    header, nonce = bytes((1, 4)) + b"2026", os.urandom(12)
    old = header + nonce + AESGCM(b"a" * 32).encrypt(nonce, "王芳".encode(), header + b"resident.name")
    vault = Vault({"2026": AES}, "2026", INDEX)

    assert vault.open(old, context="resident.name") == "王芳"
    assert vault.needs_rotation(old)
    assert not vault.needs_rotation(vault.reseal(old, context="resident.name"))


def test_a_key_of_another_algorithm_under_the_same_name_does_not_open() -> None:
    sealed = Vault({"k": AES}, "k", INDEX).seal("x", context="c")

    with pytest.raises(BrokenSealError, match="another algorithm"):
        Vault({"k": SM4}, "k", INDEX).open(sealed, context="c")


def test_the_algorithm_cannot_be_talked_over() -> None:
    sealed = bytearray(national.seal("x", context="c"))
    sealed[1] = Algorithm.AES_256_GCM

    with pytest.raises(BrokenSealError):
        national.open(bytes(sealed), context="c")


@pytest.mark.parametrize("text", ["", "sm4:", "x", AES_TEXT[:-4], "sm4:" + AES_TEXT, SM4_TEXT[4:], "sm4:***"])
def test_a_key_that_is_none_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(UnusableKeyError) as refused:
        read_key(text)

    assert "base64" in str(refused.value)
    assert len(text) < 8 or text not in str(refused.value)


def test_nothing_secret_is_shown() -> None:
    ring = KeyRing({"gm-1": SM4}, "gm-1", INDEX)

    assert "ssss" not in repr(SM4) + repr(ring) + repr(national)
    assert "index key" not in repr(ring)


def test_any_provider_of_keys_will_do() -> None:
    class Service:
        def ring(self) -> KeyRing:
            return KeyRing({"hsm": SM4}, "hsm", INDEX, IndexHash.SM3)

    vault = Vault.of(Service())

    assert vault.open(vault.seal("x", context="c"), context="c") == "x"


def test_the_settings_give_an_sm4_vault() -> None:
    settings = VaultSettings(
        keys={"gm-1": SecretStr(SM4_TEXT)},
        current="gm-1",
        index_key=SecretStr(INDEX.decode()),
        index_hash="sm3",
        national=True,
    )
    vault = Vault.from_settings(settings)

    assert national.open(vault.seal("王芳", context="c"), context="c") == "王芳"
    assert vault.fingerprint("1", context="c") == national.fingerprint("1", context="c")


@pytest.mark.parametrize(("key", "index_hash"), [(AES_TEXT, "sm3"), (SM4_TEXT, "sha256")])
def test_where_national_algorithms_are_demanded_nothing_else_starts(key: str, index_hash: str) -> None:
    with pytest.raises(ValidationError, match="national asks"):
        VaultSettings.model_validate(
            {"keys": {"k": key}, "current": "k", "index_hash": index_hash, "national": True, "index_key": "x"}
        )


def test_a_bare_key_of_a_wrong_length_names_its_id() -> None:
    with pytest.raises(VaultKeysError, match="'a'"):
        Vault({"a": b"short"}, "a", INDEX)
