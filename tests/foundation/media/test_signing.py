"""Addresses of media: made by us only, good for a while, the same for a while."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from foundation.clock import FrozenClock
from foundation.errors import NotFoundError
from foundation.media.errors import MediaLinkExpiredError
from foundation.media.signing import MediaSigner, Variant
from tests.foundation.media.conftest import AT

PHOTO = UUID("019a9f00-0000-7000-8000-000000000001")
OTHER = UUID("019a9f00-0000-7000-8000-000000000002")


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(AT)


@pytest.fixture
def signer(clock: FrozenClock) -> MediaSigner:
    return MediaSigner(b"key", lifetime=timedelta(minutes=15), now=clock.now)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_an_address_is_good_for_one_lifetime_at_least_and_two_at_most(signer: MediaSigner, clock: FrozenClock) -> None:
    query = query_of(signer.url(PHOTO, Variant.FULL))

    assert 15 * 60 <= signer.verify(PHOTO, Variant.FULL, **query) <= 30 * 60
    clock.advance(minutes=15)
    assert signer.verify(PHOTO, Variant.FULL, **query) > 0
    clock.advance(minutes=15)
    with pytest.raises(MediaLinkExpiredError):
        signer.verify(PHOTO, Variant.FULL, **query)


def test_an_address_stays_the_same_for_a_while(signer: MediaSigner, clock: FrozenClock) -> None:
    clock.set(AT.replace(minute=0))
    first = signer.url(PHOTO, Variant.FULL)

    clock.advance(minutes=14, seconds=59)
    assert signer.url(PHOTO, Variant.FULL) == first
    clock.advance(seconds=1)
    assert signer.url(PHOTO, Variant.FULL) != first


def test_the_address_names_the_public_base(clock: FrozenClock) -> None:
    signer = MediaSigner(b"key", lifetime=timedelta(minutes=15), base_url="https://linli.example/", now=clock.now)

    assert signer.url(PHOTO, Variant.THUMBNAIL).startswith(f"https://linli.example/media/{PHOTO}/thumbnail?expires=")


def test_a_signature_is_for_one_picture_one_variant_and_one_instant(signer: MediaSigner) -> None:
    query = query_of(signer.url(PHOTO, Variant.THUMBNAIL))
    later = {**query, "expires": str(int(query["expires"]) + 1)}

    for media_id, variant, asked in (
        (OTHER, Variant.THUMBNAIL, query),
        (PHOTO, Variant.FULL, query),
        (PHOTO, Variant.THUMBNAIL, later),
    ):
        with pytest.raises(NotFoundError) as refused:
            signer.verify(media_id, variant, **asked)
        assert refused.value.code == "not_found"


@pytest.mark.parametrize("expires", ["", "0", "-1", "1e9", "٣", "²", "9" * 11, "9" * 5000, " 1", "1_0", "nan"])
def test_nonsense_instead_of_an_instant_is_not_found(signer: MediaSigner, expires: str) -> None:
    with pytest.raises(NotFoundError):
        signer.verify(PHOTO, Variant.FULL, expires=expires, signature="x")


@pytest.mark.parametrize("signature", ["", "x", "é", "\udcff", "x" * 10_000])
def test_nonsense_instead_of_a_signature_is_not_found(signer: MediaSigner, signature: str) -> None:
    expires = query_of(signer.url(PHOTO, Variant.FULL))["expires"]

    with pytest.raises(NotFoundError):
        signer.verify(PHOTO, Variant.FULL, expires=expires, signature=signature)


def test_another_key_makes_other_signatures(signer: MediaSigner, clock: FrozenClock) -> None:
    other = MediaSigner(b"another key", lifetime=timedelta(minutes=15), now=clock.now)

    with pytest.raises(NotFoundError):
        signer.verify(PHOTO, Variant.FULL, **query_of(other.url(PHOTO, Variant.FULL)))


def test_the_key_is_not_shown(signer: MediaSigner) -> None:
    assert repr(signer) == "<MediaSigner lifetime=900s>"
