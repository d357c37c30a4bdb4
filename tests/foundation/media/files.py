"""Real files for the tests of media: made by Pillow and by hand, good ones and bad ones."""

import io
import struct
import zlib

import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

ORIENTATION = 0x0112
GPS = 0x8825
MAKER = 0x010F
NOTE = "Huawei of Ms Wang"

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 200, 20), (20, 20, 220), (255, 255, 255)


def quarters(width: int = 80, height: int = 60) -> Image.Image:
    """Make a picture whose upper left quarter is red, upper right green, lower left blue, lower right white."""
    picture = Image.new("RGB", (width, height), WHITE)
    picture.paste(RED, (0, 0, width // 2, height // 2))
    picture.paste(GREEN, (width // 2, 0, width, height // 2))
    picture.paste(BLUE, (0, height // 2, width // 2, height))
    return picture


def corners(picture: Image.Image) -> list[str]:
    """Name the colours of the four quarters, from the upper left in reading order."""
    width, height = picture.size
    places = [(x, y) for y in (height // 4, height * 3 // 4) for x in (width // 4, width * 3 // 4)]
    return [_nearest(picture.convert("RGB").getpixel(place)) for place in places]


def _nearest(seen: object) -> str:
    assert isinstance(seen, tuple)
    names = {"red": RED, "green": GREEN, "blue": BLUE, "white": WHITE, "black": (0, 0, 0)}
    return min(names, key=lambda name: sum((a - b) ** 2 for a, b in zip(names[name], seen, strict=True)))


def exif(orientation: int = 1) -> bytes:
    """Make EXIF with a place, a maker and an orientation."""
    tags = Image.Exif()
    tags[ORIENTATION] = orientation
    tags[MAKER] = NOTE
    tags.get_ifd(GPS).update({1: "N", 2: (22.0, 42.0, 3.5), 3: "E", 4: (114.0, 14.0, 9.5)})
    return tags.tobytes()


def saved(picture: Image.Image, form: str, **options: object) -> bytes:
    """Save a picture with Pillow."""
    target = io.BytesIO()
    picture.save(target, form, **options)
    return target.getvalue()


def jpeg(picture: Image.Image | None = None, *, orientation: int = 1) -> bytes:
    """Make a JPEG that tells a lot: EXIF with GPS, XMP, a comment, a colour profile."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return saved(
        picture or quarters(), "JPEG", quality=92, exif=exif(orientation), comment=NOTE.encode(),
        icc_profile=profile, xmp=f"<x:xmpmeta>{NOTE}</x:xmpmeta>".encode(),
    )  # fmt: skip


def png(picture: Image.Image | None = None) -> bytes:
    """Make a PNG with texts and EXIF."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", NOTE)
    return saved(picture or quarters(), "PNG", pnginfo=texts, exif=exif())


def webp(picture: Image.Image | None = None, *, lossless: bool = False, told: bool = True) -> bytes:
    """Make a WebP: without metadata a plain one, with them an extended one."""
    telling = {"exif": exif(), "xmp": NOTE.encode()} if told else {}
    return saved(picture or quarters(), "WEBP", lossless=lossless, **telling)


def heic(picture: Image.Image | None = None, *, orientation: int = 1) -> bytes:
    """Make a HEIC as telephones do."""
    file = pillow_heif.from_pillow(picture or quarters())
    target = io.BytesIO()
    file.save(target, quality=80, exif=exif(orientation))
    return target.getvalue()


def png_bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """Make a small PNG whose header promises a huge picture."""
    rows = zlib.compress(bytes(100_000))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)


def webp_bomb() -> bytes:
    """Make a WebP whose extended header promises a canvas of 16384 by 16384."""
    good = bytearray(webp())
    good[24:30] = (16383).to_bytes(3, "little") * 2
    return bytes(good)


def jpeg_bomb() -> bytes:
    """Make a JPEG whose frame header promises 65000 by 65000 pixels."""
    good = bytearray(saved(quarters(), "JPEG"))
    frame = good.index(b"\xff\xc0")
    good[frame + 5 : frame + 9] = struct.pack(">HH", 65_000, 65_000)
    return bytes(good)


def gif_jpeg() -> bytes:
    """Make a file that is a GIF to one reader and a JPEG to another."""
    return saved(quarters(), "GIF") + jpeg()


def svg() -> bytes:
    """Make a drawing that would run a script."""
    return b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


def amr(seconds: float = 1.0) -> bytes:
    """Make AMR of 12.2 kbit/s: frames of 20 ms."""
    return b"#!AMR\n" + (b"\x3c" + bytes(31)) * round(seconds * 50)


def amr_wideband(seconds: float = 1.0) -> bytes:
    """Make AMR-WB of 23.85 kbit/s."""
    return b"#!AMR-WB\n" + (b"\x44" + bytes(60)) * round(seconds * 50)


MP3_FRAME = b"\xff\xfb\x50\xc4" + bytes(205)
"""MPEG-1 layer III, 64 kbit/s, 44.1 kHz: 208 bytes without padding, 1152 samples."""


def mp3(seconds: float = 1.0, *, told: bool = True) -> bytes:
    """Make MP3 with the tags that recorders write."""
    frame = MP3_FRAME[:208]
    sound = frame * round(seconds * 44100 / 1152)
    if not told:
        return sound
    text = NOTE.encode()
    front = b"ID3\x04\x00\x00" + bytes((0, 0, 0, len(text))) + text
    return front + sound + b"TAG" + text.ljust(125, b"\0")


def mp3_low(seconds: float = 1.0) -> bytes:
    """Make MP3 as the mini-program's recorder does: MPEG-2, 16 kHz, 24 kbit/s."""
    frame = (b"\xff\xf3\x38\xc4" + bytes(200))[:108]
    return frame * round(seconds * 16000 / 576)


def m4a(
    seconds: float = 1.0, *, handler: bytes = b"soun", brand: bytes = b"M4A ", extra: bytes = b"", large: bool = False
) -> bytes:
    """Make the boxes of an M4A: what is inside `mdat` is never looked at."""
    scale, length = 1000, round(seconds * 1000)
    times = struct.pack(">II", 3_900_000_000, 3_900_000_001)
    movie = box(b"mvhd", bytes(4) + times + struct.pack(">II", scale, length) + bytes(80))
    media = box(
        b"mdia",
        box(b"mdhd", bytes(4) + times + struct.pack(">II", scale, length) + bytes(4))
        + box(b"hdlr", bytes(8) + handler + bytes(12) + NOTE.encode() + b"\0")
        + box(b"minf", box(b"stbl", box(b"stts", bytes(4) + struct.pack(">III", 1, length, 1)))),
    )
    track = box(b"trak", box(b"tkhd", bytes(4) + times + bytes(72)) + media)
    told = box(b"udta", box(b"\xa9xyz", f"+22.7010+114.2359/{NOTE}".encode()))
    sound = b"\x21\x10\x05" * 100
    data = struct.pack(">I4sQ", 1, b"mdat", 16 + len(sound)) + sound if large else box(b"mdat", sound)
    return box(b"ftyp", brand + bytes(4) + brand) + box(b"moov", movie + track + told + extra) + data


def box(kind: bytes, content: bytes) -> bytes:
    """Make one box."""
    return struct.pack(">I4s", 8 + len(content), kind) + content
