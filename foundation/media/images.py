"""Photos: unpacked with care and made anew, upright, of a modest size, in sRGB, without a word of metadata.

`make_photo` is synchronous and busy; call it in a thread. Everything in a picture's file is somebody else's
claim: its format was found by content, its size is read from the header before anything is unpacked, and only
pixels pass on to what we store. So nothing that was hidden in or behind the picture survives.
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

from PIL import Image, ImageCms, ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile
from pillow_heif import HeifImageFile

from foundation.media.errors import BrokenMediaError, TooManyPixelsError
from foundation.media.sniffing import Format

LONG_EDGE = 2560
"""The longest side of what is kept: enough to read a number plate, a tenth of a phone's file."""
THUMBNAIL_EDGE = 480
QUALITY = 85
PAPER = (255, 255, 255)
"""What shows through where a picture is transparent."""

ORIENTATION_TAG = 0x0112
UPRIGHT: dict[int, tuple[Image.Transpose, ...]] = {
    2: (Image.Transpose.FLIP_LEFT_RIGHT,),
    3: (Image.Transpose.ROTATE_180,),
    4: (Image.Transpose.FLIP_TOP_BOTTOM,),
    5: (Image.Transpose.TRANSPOSE,),
    6: (Image.Transpose.ROTATE_270,),
    7: (Image.Transpose.TRANSVERSE,),
    8: (Image.Transpose.ROTATE_90,),
}
"""EXIF orientation → what turns it upright."""

# The readers are called directly: `Image.open` would try other formats, and warn about large pictures
# through a process-wide setting, where we want to say no by our own.
READERS: dict[Format, Callable[[IO[bytes]], ImageFile.ImageFile]] = {
    Format.JPEG: JpegImageFile,
    Format.PNG: PngImageFile,
    Format.WEBP: WebPImageFile,
    Format.HEIC: HeifImageFile,
}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as it is kept: two JPEG files."""

    width: int
    height: int
    full: bytes
    thumbnail: bytes


def make_photo(file: IO[bytes], form: Format, *, max_pixels: int) -> Photo:
    """Make a photo of an uploaded file.

    Raises:
        TooManyPixelsError: it would unpack to more than we take.
        BrokenMediaError: it cannot be read to its end.

    """
    try:
        picture = _open(file, form, max_pixels)
        orientation = _orientation(picture)
        full = _flat(_upright(_shrunk(picture), orientation))
        small = full.copy()
        small.thumbnail((THUMBNAIL_EDGE, THUMBNAIL_EDGE))
        return Photo(full.width, full.height, _jpeg(full), _jpeg(small))
    except (TooManyPixelsError, MemoryError):
        raise
    except Exception as error:  # the decoders raise a dozen kinds at a broken file
        raise BrokenMediaError from error


def _open(file: IO[bytes], form: Format, max_pixels: int) -> ImageFile.ImageFile:
    """Read the header only, and say no before anything is unpacked."""
    if form is Format.WEBP:  # its reader takes memory for the whole canvas at once
        _refuse_bomb(_webp_size(file), max_pixels)
    file.seek(0)
    picture = READERS[form](file)
    _refuse_bomb(picture.size, max_pixels)
    return picture


def _refuse_bomb(size: tuple[int, int], max_pixels: int) -> None:
    if size[0] * size[1] > max_pixels:
        raise TooManyPixelsError(megapixels=max_pixels // 1_000_000)


def _webp_size(file: IO[bytes]) -> tuple[int, int]:
    file.seek(0)
    head = file.read(30)
    match head[12:16]:
        case b"VP8X":
            return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
        case b"VP8L" if head[20:21] == b"\x2f":
            bits = int.from_bytes(head[21:25], "little")
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            width, height = struct.unpack_from("<HH", head, 26)
            return width & 0x3FFF, height & 0x3FFF
    raise BrokenMediaError


def _orientation(picture: ImageFile.ImageFile) -> int:
    """Give the EXIF orientation; a file whose EXIF cannot be read lies as it lies."""
    try:
        return int(picture.getexif().get(ORIENTATION_TAG, 1))
    except (SyntaxError, struct.error, ValueError, TypeError, KeyError, IndexError, OSError):
        return 1


def _shrunk(picture: Image.Image) -> Image.Image:
    """Make the longest side at most `LONG_EDGE`; a JPEG is then not even unpacked in full."""
    if picture.mode in {"P", "PA", "1"}:  # colours of a palette cannot be averaged
        picture = picture.convert("RGBA")
    picture.thumbnail((LONG_EDGE, LONG_EDGE), reducing_gap=2.0)
    picture.load()
    return picture


def _upright(picture: Image.Image, orientation: int) -> Image.Image:
    for turn in UPRIGHT.get(orientation, ()):
        picture = picture.transpose(turn)
    return picture


def _flat(picture: Image.Image) -> Image.Image:
    """Give the pixels alone: sRGB, on white paper, with nothing attached."""
    profile = picture.info.get("icc_profile")
    if picture.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGB", picture.size, PAPER)
        paper.paste(picture, mask=picture.getchannel("A"))
        picture = paper
    picture = _in_srgb(picture, profile)
    plain = Image.new("RGB", picture.size)
    plain.paste(picture)
    return plain


def _in_srgb(picture: Image.Image, profile: object) -> Image.Image:
    """Translate a phone's wide colours; a profile that cannot be used is dropped."""
    if isinstance(profile, bytes) and profile and picture.mode in {"RGB", "CMYK", "L"}:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            translated = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            translated = None
        if translated is not None:
            return translated
    return picture.convert("RGB")


def _jpeg(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return target.getvalue()
