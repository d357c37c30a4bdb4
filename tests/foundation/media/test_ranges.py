"""Which part of a file a `Range` header asks for."""

import pytest

from foundation.media.ranges import asked_part

SIZE = 100


@pytest.mark.parametrize(
    ("header", "told", "length"),
    [
        ("bytes=0-1", "bytes 0-1/100", 2),
        ("bytes=0-0", "bytes 0-0/100", 1),
        ("bytes=10-", "bytes 10-99/100", 90),
        ("bytes=-5", "bytes 95-99/100", 5),
        ("bytes=-500", "bytes 0-99/100", 100),
        ("bytes=90-5000", "bytes 90-99/100", 10),
        ("bytes=99-", "bytes 99-99/100", 1),
        (" Bytes=0-99 ", "bytes 0-99/100", 100),
    ],
)
def test_one_part_is_read(header: str, told: str, length: int) -> None:
    part = asked_part(header, SIZE)

    assert part is not None
    assert part.headers == {"Content-Range": told, "Content-Length": str(length)}
    assert len(part.bytes) == length


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=999999999999999999-"])
def test_behind_the_end_is_nothing(header: str) -> None:
    part = asked_part(header, SIZE)

    assert part is not None
    assert not part.bytes
    assert part.headers["Content-Range"] == "bytes */100"


@pytest.mark.parametrize(
    "header",
    [
        "", "bytes", "bytes=", "bytes=-", "bytes=5-2", "bytes=a-b", "bytes=1.5-2", "bytes=--5", "bytes=1-2-3", "bytes=+1-2",
        "bytes=0-1,5-9", "items=0-1", "bytes=\u0660-\u0661", "bytes=" + "9" * 5000 + "-",
    ],
)  # fmt: skip
def test_what_cannot_be_read_and_several_parts_stand_for_the_whole(header: str) -> None:
    assert asked_part(header, SIZE) is None
