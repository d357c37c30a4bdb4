"""What a file is, by its first bytes. Names and declared types are never believed."""

from enum import StrEnum

from foundation.media.errors import BrokenMediaError, UnsupportedMediaError

HEAD_BYTES = 64
"""How much of a file `sniff` wants to see."""

HEIC_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
AUDIO_BRANDS = frozenset((b"M4A ", b"M4B ", b"mp41", b"mp42", b"isom", b"iso2", b"3gp4", b"3gp5", b"MSNV"))


class Format(StrEnum):
    """The formats we take."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    HEIC = "heic"
    AMR = "amr"
    MP3 = "mp3"
    M4A = "m4a"


VOICES = frozenset((Format.AMR, Format.MP3, Format.M4A))


def sniff(head: bytes) -> Format:
    """Tell the format from the beginning of a file.

    Raises:
        BrokenMediaError: there is nothing in it.
        UnsupportedMediaError: it is something else.

    """
    if not head:
        raise BrokenMediaError
    if head.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return Format.PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Format.WEBP
    if head.startswith((b"#!AMR\n", b"#!AMR-WB\n")):
        return Format.AMR
    if head[4:8] == b"ftyp":
        return _sniff_boxes(head)
    if head.startswith(b"ID3") or _begins_mp3_frame(head):
        return Format.MP3
    raise UnsupportedMediaError


def _sniff_boxes(head: bytes) -> Format:
    """Tell photos from voice by the brand; both are files of boxes (ISO 14496-12)."""
    brand = head[8:12]
    if brand in HEIC_BRANDS and not {b"avif", b"avis"} & set(_brands(head)):
        return Format.HEIC
    if brand in AUDIO_BRANDS:
        return Format.M4A
    raise UnsupportedMediaError


def _brands(head: bytes) -> list[bytes]:
    size = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[at : at + 4] for at in range(16, size - 3, 4)]


def _begins_mp3_frame(head: bytes) -> bool:
    """Whether an MPEG audio frame of layer III begins here; the layer bits tell it from AAC."""
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE6 == 0xE2  # noqa: PLR2004 - sync and layer bits
