"""Voice messages: measured by walking through their frames, and kept without tags.

`make_voice` is synchronous; call it in a thread. Nothing is decoded: the sound passes as it came, while
everything that speaks about it (who made it, when, where, with what) is cut out or blanked.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from foundation.media.boxes import blank_boxes
from foundation.media.errors import BrokenMediaError, VoiceTooLongError
from foundation.media.sniffing import Format

MAX_SECONDS = 60
GRACE_SECONDS = 0.5
"""A recorder that stops after a minute writes a last frame beyond it."""

AMR_FRAME_SECONDS = 0.02
AMR_SIZES = {
    b"#!AMR\n": (12, 13, 15, 17, 19, 20, 26, 31, 5, None, None, None, None, None, None, 0),
    b"#!AMR-WB\n": (17, 23, 32, 36, 40, 46, 50, 58, 60, 5, None, None, None, None, 0, 0),
}
"""Bytes after the frame's first, by frame type (3GPP TS 26.101, 26.201); None: reserved."""

MPEG1_KILOBITS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0)
MPEG2_KILOBITS = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0)
SAMPLE_RATES = {3: (44100, 48000, 32000, 0), 2: (22050, 24000, 16000, 0), 0: (11025, 12000, 8000, 0)}
"""By the version bits: 3 is MPEG-1, 2 is MPEG-2, 0 is MPEG-2.5."""
MPEG1 = 3
FEWEST_FRAMES = 3
"""Two bytes are soon found by accident; three frames in a row are sound."""

CONTENT_TYPES = {Format.AMR: "audio/amr", Format.MP3: "audio/mpeg", Format.M4A: "audio/mp4"}


@dataclass(frozen=True, slots=True)
class Voice:
    """A voice message as it is kept."""

    seconds: int
    content_type: str
    sound: bytes


def make_voice(upload: bytes, form: Format) -> Voice:
    """Make a voice message of an uploaded file.

    Raises:
        VoiceTooLongError: it lasts longer than a minute.
        BrokenMediaError: its frames do not follow one another to the end.

    """
    match form:
        case Format.AMR:
            sound, seconds = _amr(upload)
        case Format.MP3:
            sound, seconds = _mp3(upload)
        case _:
            sound, seconds = blank_boxes(upload)
    _refuse_length(seconds)
    if seconds <= 0:
        raise BrokenMediaError
    return Voice(min(math.ceil(seconds), MAX_SECONDS), CONTENT_TYPES[form], sound)


def _refuse_length(seconds: float) -> None:
    """Say no; asked at each frame, so that nobody makes us count ten million of them."""
    if seconds > MAX_SECONDS + GRACE_SECONDS:
        raise VoiceTooLongError(seconds=MAX_SECONDS)


def _amr(upload: bytes) -> tuple[bytes, float]:
    magic, sizes = next((magic, sizes) for magic, sizes in AMR_SIZES.items() if upload.startswith(magic))
    at, frames = len(magic), 0
    while at < len(upload):
        size = sizes[upload[at] >> 3 & 0x0F]
        if size is None or at + 1 + size > len(upload):
            raise BrokenMediaError
        at += 1 + size
        frames += 1
        _refuse_length(frames * AMR_FRAME_SECONDS)
    return upload, frames * AMR_FRAME_SECONDS


def _mp3(upload: bytes) -> tuple[bytes, float]:
    start = _after_id3(upload)
    at, seconds, frames = start, 0.0, 0
    for length, lasts in _mp3_frames(upload, start):
        at += length
        seconds += lasts
        frames += 1
        _refuse_length(seconds)
    if frames < FEWEST_FRAMES or not _is_tail(upload[at:]):
        raise BrokenMediaError
    return upload[start:at], seconds


def _after_id3(upload: bytes) -> int:
    """Skip the tags in front (ID3v2): ten bytes of head, then a size in sevens of bits."""
    at = 0
    while upload[at : at + 3] == b"ID3" and len(upload) >= at + 10:
        size = 0
        for byte in upload[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        has_footer = upload[at + 5] & 0x10
        at += 10 + size + (10 if has_footer else 0)
    return at


def _mp3_frames(upload: bytes, at: int) -> Iterator[tuple[int, float]]:
    """Give length and duration of each whole frame from `at` on."""
    while (frame := _mp3_frame(upload[at : at + 4])) and at + frame[0] <= len(upload):
        yield frame
        at += frame[0]


def _mp3_frame(head: bytes) -> tuple[int, float] | None:
    """Read a frame's head: sync, version, layer III, bit rate, sample rate, padding."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2:  # noqa: PLR2004 - sync and layer bits
        return None
    version = head[1] >> 3 & 3
    rate = SAMPLE_RATES.get(version, (0,) * 4)[head[2] >> 2 & 3]
    kilobits = (MPEG1_KILOBITS if version == MPEG1 else MPEG2_KILOBITS)[head[2] >> 4]
    if not rate or not kilobits:
        return None
    samples = 1152 if version == MPEG1 else 576
    padding = head[2] >> 1 & 1
    return samples // 8 * kilobits * 1000 // rate + padding, samples / rate


def _is_tail(rest: bytes) -> bool:
    """Whether what follows the frames is known tags, padding, or a frame that was cut off."""
    is_tag = rest.startswith((b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3"))
    is_cut_off = len(rest) < 4 or _mp3_frame(rest[:4]) is not None  # noqa: PLR2004 - a frame's head
    return is_tag or is_cut_off or not rest.strip(b"\0")
