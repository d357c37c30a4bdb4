"""Voice messages are measured by their frames and kept without tags."""

import struct

import pytest

from foundation.media.errors import BrokenMediaError, UnsupportedMediaError, VoiceTooLongError
from foundation.media.sniffing import HEAD_BYTES, sniff
from foundation.media.voices import Voice, make_voice
from tests.foundation.media import files

MAKERS = {
    "amr": files.amr,
    "amr wideband": files.amr_wideband,
    "mp3": files.mp3,
    "mp3 of the mini-program": files.mp3_low,
    "m4a": files.m4a,
}
formats = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS.keys())


def voice_of(upload: bytes) -> Voice:
    return make_voice(upload, sniff(upload[:HEAD_BYTES]))


@formats
@pytest.mark.parametrize(("seconds", "told"), [(0.3, 1), (12.4, 13), (59.9, 60), (60.3, 60)])
def test_a_voice_message_is_as_long_as_its_frames(make: type, seconds: float, told: int) -> None:
    assert voice_of(make(seconds)).seconds == told


@formats
def test_more_than_a_minute_is_refused(make: type) -> None:
    with pytest.raises(VoiceTooLongError) as refused:
        voice_of(make(61))

    assert refused.value.params == {"seconds": 60}


def test_the_content_type_is_ours_not_the_senders() -> None:
    kinds = [voice_of(make()).content_type for make in (files.amr, files.mp3, files.m4a)]

    assert kinds == ["audio/amr", "audio/mpeg", "audio/mp4"]


def test_tags_of_an_mp3_are_cut_off_and_its_sound_is_kept() -> None:
    voice = voice_of(files.mp3())

    assert voice.sound == files.mp3(told=False)


@pytest.mark.parametrize("tail", [b"APETAGEX" + bytes(40), bytes(100), files.MP3_FRAME[:90], b"\xff"])
def test_what_follows_the_last_frame_of_an_mp3_is_cut_off(tail: bytes) -> None:
    assert voice_of(files.mp3(told=False) + tail).sound == files.mp3(told=False)


def test_place_maker_and_instants_of_an_m4a_are_blanked_and_nothing_moves() -> None:
    upload = files.m4a(extra=files.box(b"meta", files.NOTE.encode()) + files.box(b"uuid", files.NOTE.encode()))

    voice = voice_of(upload)

    assert len(voice.sound) == len(upload)
    assert files.NOTE.encode() in upload
    assert files.NOTE.encode() not in voice.sound
    assert b"+22.7" not in voice.sound
    assert struct.pack(">I", 3_900_000_000) not in voice.sound
    assert voice.sound[voice.sound.index(b"mdat") :] == upload[upload.index(b"mdat") :]
    assert voice_of(voice.sound).sound == voice.sound


def test_an_m4a_with_a_large_box_is_read() -> None:
    assert voice_of(files.m4a(3, large=True)).seconds == 3


def test_an_m4a_that_lies_in_one_place_is_measured_by_the_longest() -> None:
    upload = files.m4a(30).replace(struct.pack(">II", 1000, 30_000), struct.pack(">II", 1000, 70_000), 1)

    with pytest.raises(VoiceTooLongError):
        voice_of(upload)


def test_a_film_is_not_a_voice_message() -> None:
    with pytest.raises(UnsupportedMediaError):
        voice_of(files.m4a(handler=b"vide", brand=b"isom"))


def test_a_fragmented_m4a_is_refused() -> None:
    with pytest.raises(UnsupportedMediaError):
        voice_of(files.m4a(extra=files.box(b"mvex", b"")))


@pytest.mark.parametrize(
    "upload",
    [
        files.amr()[:-5],
        files.amr() + b"\x48",  # a reserved frame type
        b"#!AMR\n",
        files.m4a()[:-5],
        files.m4a()[:60],
        files.m4a(0),
        files.box(b"ftyp", b"M4A \0\0\0\0M4A "),
        files.m4a().replace(struct.pack(">II", 1000, 1000), bytes(8)),  # a second has no parts
        files.m4a().replace(struct.pack(">III", 1, 1000, 1), struct.pack(">III", 90, 1000, 1)),
        files.m4a(extra=b"\0\0\0\x07free"),
        files.m4a() + b"\0\0",
        files.m4a(extra=files.box(b"free", b"") * 3000),
        b"ID3\x04\x00\x00\x00\x00\x00\x7f" + bytes(50),
        files.mp3(0.03, told=False),
        files.mp3(told=False) + b"nonsense",
        b"\xff\xfb\x00\xc4" + bytes(500),  # free bit rate
        b"\xff\xfb\x5c\xc4" + bytes(500),  # reserved sample rate
        b"\xff\xeb\x50\xc4" + bytes(500),  # reserved version
    ],
)
def test_a_voice_message_that_does_not_hold_together_is_broken(upload: bytes) -> None:
    with pytest.raises(BrokenMediaError):
        voice_of(upload)


@pytest.mark.timeout(120)
def test_millions_of_tiny_frames_do_not_keep_us_busy() -> None:
    with pytest.raises(VoiceTooLongError):
        voice_of(b"#!AMR\n" + b"\x7c" * 10_000_000)
