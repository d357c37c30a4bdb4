"""Photos are made anew: upright, small, in sRGB, and silent about where and by whom they were taken."""

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageCms

from foundation.media.errors import BrokenMediaError, TooManyPixelsError, UnsupportedMediaError
from foundation.media.images import Photo, make_photo
from foundation.media.sniffing import HEAD_BYTES, sniff
from tests.foundation.media import files

PIXELS = 50_000_000
MAKERS = {
    "jpeg": files.jpeg,
    "png": files.png,
    "webp": files.webp,
    "plain webp": lambda: files.webp(told=False),
    "lossless webp": lambda: files.webp(told=False, lossless=True),
    "heic": files.heic,
}
formats = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def photo_of(upload: bytes, *, max_pixels: int = PIXELS) -> Photo:
    return make_photo(io.BytesIO(upload), sniff(upload[:HEAD_BYTES]), max_pixels=max_pixels)


def opened(stored: bytes) -> Image.Image:
    return Image.open(io.BytesIO(stored), formats=("JPEG",))


@formats
def test_every_format_becomes_the_same_picture_in_jpeg(make: Callable[[], bytes]) -> None:
    photo = photo_of(make())

    assert (photo.width, photo.height) == (80, 60)
    assert files.corners(opened(photo.full)) == ["red", "green", "blue", "white"]
    assert files.corners(opened(photo.thumbnail)) == ["red", "green", "blue", "white"]


@formats
def test_nothing_is_left_that_tells_of_place_maker_or_instant(make: Callable[[], bytes]) -> None:
    photo = photo_of(make())

    for stored in (photo.full, photo.thumbnail):
        picture = opened(stored)
        assert not picture.getexif()
        assert set(picture.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
        assert files.NOTE.encode() not in stored
        assert markers(stored).isdisjoint({0xE1, 0xE2, 0xED, 0xFE})  # EXIF and XMP, ICC, IPTC, comment


def markers(stored: bytes) -> set[int]:
    """Give the kinds of segments of a JPEG before its pixels."""
    found, at = set(), 2
    while stored[at + 1] != 0xDA:
        found.add(stored[at + 1])
        at += 2 + int.from_bytes(stored[at + 2 : at + 4], "big")
    return found


def test_the_files_of_these_tests_do_tell() -> None:
    telling = Image.open(io.BytesIO(files.jpeg()))

    assert telling.getexif().get_ifd(files.GPS)
    assert {0xE1, 0xE2, 0xFE} <= markers(files.jpeg())
    assert files.NOTE.encode() in files.heic()


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (1, ["red", "green", "blue", "white"]),
        (2, ["green", "red", "white", "blue"]),
        (3, ["white", "blue", "green", "red"]),
        (4, ["blue", "white", "red", "green"]),
        (5, ["red", "blue", "green", "white"]),
        (6, ["blue", "red", "white", "green"]),
        (7, ["white", "green", "blue", "red"]),
        (8, ["green", "white", "red", "blue"]),
        (9, ["red", "green", "blue", "white"]),
    ],
)
def test_a_photo_taken_with_the_phone_turned_is_upright(orientation: int, expected: list[str]) -> None:
    photo = photo_of(files.jpeg(orientation=orientation))

    assert files.corners(opened(photo.full)) == expected
    assert (photo.width, photo.height) == opened(photo.full).size


def test_a_turned_heic_is_upright_and_not_turned_twice() -> None:
    photo = photo_of(files.heic(orientation=6))

    assert files.corners(opened(photo.full)) == ["blue", "red", "white", "green"]
    assert (photo.width, photo.height) == (60, 80)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # Pillow says so and goes on
def test_unreadable_exif_does_not_spoil_the_picture() -> None:
    upload = files.saved(files.quarters(), "JPEG", exif=b"Exif\0\0MM\0\x2a\xff\xff\xff\xff\xff")

    assert files.corners(opened(photo_of(upload).full))[0] == "red"


def test_a_large_photo_is_made_smaller_and_keeps_its_shape() -> None:
    photo = photo_of(files.saved(files.quarters(5200, 2600), "JPEG"))

    assert (photo.width, photo.height) == (2560, 1280)
    assert opened(photo.thumbnail).size == (480, 240)
    assert files.corners(opened(photo.full)) == ["red", "green", "blue", "white"]


def test_a_small_photo_is_not_made_larger() -> None:
    photo = photo_of(files.jpeg(files.quarters(40, 20)))

    assert opened(photo.full).size == opened(photo.thumbnail).size == (40, 20)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_taken(mode: str) -> None:
    picture = files.quarters().convert("L").convert("I").point(lambda value: value * 257) if mode == "I;16" else None
    upload = files.saved((picture or files.quarters()).convert(mode), "PNG")

    seen = opened(photo_of(upload).full)

    assert seen.mode == "RGB"
    assert files.corners(seen)[3] == "white"


def test_sixteen_bits_of_grey_are_not_clipped() -> None:
    picture = Image.new("I", (20, 20), 128 * 257).convert("I;16")

    seen = opened(photo_of(files.saved(picture, "PNG")).full).getpixel((10, 10))

    assert seen == pytest.approx((128, 128, 128), abs=3)


def test_what_is_transparent_is_shown_on_white_not_on_black() -> None:
    picture = files.quarters().convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 40, 30))

    for upload in (files.saved(picture, "PNG"), files.saved(picture, "WEBP"), files.saved(picture.quantize(), "PNG")):
        assert files.corners(opened(photo_of(upload).full))[0] == "white"


def test_a_palette_with_a_transparent_colour_is_flattened() -> None:
    picture = files.quarters().quantize(16)
    red = picture.getpixel((5, 5))

    upload = files.saved(picture, "PNG", transparency=red)

    assert files.corners(opened(photo_of(upload).full)) == ["white", "green", "blue", "white"]


def test_a_cmyk_photo_keeps_its_colours() -> None:
    photo = photo_of(files.saved(files.quarters().convert("CMYK"), "JPEG", quality=95))

    assert files.corners(opened(photo.full)) == ["red", "green", "blue", "white"]


def test_a_colour_profile_is_applied_before_it_is_dropped() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    swapped = files.saved(files.quarters(), "JPEG", icc_profile=swapping_profile())

    assert files.corners(opened(photo_of(swapped).full))[:3] == ["green", "red", "blue"]
    for useless in (lab, b"not a profile"):
        upload = files.saved(files.quarters(), "JPEG", icc_profile=useless)
        assert files.corners(opened(photo_of(upload).full)) == ["red", "green", "blue", "white"]


def swapping_profile() -> bytes:
    """Make an sRGB profile with the primaries red and green changed over."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = profile.index(b"rXYZ", 128), profile.index(b"gXYZ", 128)
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(profile)


def test_the_first_picture_of_an_animation_is_taken() -> None:
    upload = files.saved(
        files.quarters(), "WEBP", save_all=True, append_images=[Image.new("RGB", (80, 60))], duration=50
    )

    assert files.corners(opened(photo_of(upload).full))[0] == "red"


@pytest.mark.parametrize("bomb", [files.png_bomb(), files.webp_bomb(), files.jpeg_bomb()], ids=["png", "webp", "jpeg"])
def test_a_bomb_is_refused_by_its_header(bomb: bytes) -> None:
    with pytest.raises(TooManyPixelsError) as refused:
        photo_of(bomb)

    assert refused.value.params == {"megapixels": 50}


@formats
def test_the_limit_of_pixels_holds_for_every_format(make: Callable[[], bytes]) -> None:
    upload = make()

    assert photo_of(upload, max_pixels=80 * 60).width == 80
    with pytest.raises(TooManyPixelsError):
        photo_of(upload, max_pixels=80 * 60 - 1)


@formats
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_broken(make: Callable[[], bytes], kept: float) -> None:
    upload = make()

    with pytest.raises(BrokenMediaError):
        photo_of(upload[: max(int(len(upload) * kept), 16)])


@pytest.mark.parametrize(
    "upload",
    [
        b"\xff\xd8\xff" + b"nonsense" * 20,
        b"\x89PNG\r\n\x1a\n" + b"nonsense" * 20,
        b"RIFF\x00\x00\x00\x00WEBPVP8 " + b"nonsense" * 20,
        b"RIFF\x00\x00\x00\x00WEBPVP8X",
        b"RIFF\x00\x00\x00\x00WEBPNONE" + bytes(40),
        files.box(b"ftyp", b"heic\0\0\0\0mif1heic") + b"nonsense" * 20,
        b"",
    ],
)
def test_what_only_begins_like_a_picture_is_broken(upload: bytes) -> None:
    with pytest.raises(BrokenMediaError):
        photo_of(upload)


@pytest.mark.parametrize(
    "upload",
    [
        files.svg(),
        files.gif_jpeg(),
        files.saved(files.quarters(), "GIF"),
        files.saved(files.quarters(), "BMP"),
        files.saved(files.quarters(), "TIFF"),
        files.saved(files.quarters(), "ICO"),
        b"%PDF-1.7",
        b"PK\x03\x04",
        b"<html><script>alert(1)</script></html>",
        b"\xff\xf1\x50\x80" + bytes(100),  # AAC without a container
        files.box(b"ftyp", b"avif\0\0\0\0avifmif1miaf"),
        files.box(b"ftyp", b"mif1\0\0\0\0mif1avif"),
        files.box(b"ftyp", b"qt  \0\0\0\0qt  "),
        b"MZ",
        b"\0",
    ],
)
def test_other_kinds_are_refused_whatever_they_are_called(upload: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        photo_of(upload)


def test_what_is_hidden_behind_a_picture_does_not_survive() -> None:
    upload = files.jpeg() + b"PK\x03\x04" + files.svg()

    photo = photo_of(upload)

    assert b"script" not in photo.full
    assert photo.full.endswith(b"\xff\xd9")
