"""What is sent is read exactly, or refused with the field and the rule."""

import json
from io import BytesIO
from typing import Any

import pytest
from aiohttp import FormData

from foundation.web.uploads import LONGEST_FIELD, MOST_FIELDS
from tests.foundation.web.conftest import Api

GOOD = {"text": "楼道的灯坏了"}
ALL = {
    **GOOD,
    "title": "灯",
    "colour": "green",
    "spot": {"lng": 114.05, "lat": 22},
    "place_id": "42",
    "tags": ["灯"],
    "stars": 5,
    "from_at": "2026-03-05T09:00:00+08:00",
    "until_at": "2026-03-05T10:00:00.5Z",
    "on": "2026-03-05",
}


async def refused(notes: Api, headers: dict[str, str], body: Any) -> list[tuple[str, str, str]]:
    answer = await notes.post("/api/v1/notes", json=body, headers=headers)
    problem = await answer.json(content_type="application/problem+json")
    assert answer.status == 422, problem
    return [(error["pointer"], error["code"], error["message"]) for error in problem["errors"]]


async def test_a_good_body_arrives_and_ids_are_texts_and_times_have_an_offset(
    notes: Api, resident: dict[str, str]
) -> None:
    answer = await notes.post("/api/v1/notes", json=ALL, headers=resident)

    note = await answer.json()
    assert answer.status == 201
    assert note["text"] == "楼道的灯坏了"
    assert isinstance(note["id"], str)
    assert note["written_at"] == "2026-11-20T13:06:00Z"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("text", "  灯 \n", ("/text", "too_short", "至少 5 个字")),
        ("text", "\u200b" * 8, ("/text", "too_short", "至少 5 个字")),
        ("text", "灯" * 41, ("/text", "too_long", "最多 40 个字")),
        ("text", 5, ("/text", "wrong_type", "应当是文字")),
        ("text", None, ("/text", "wrong_type", "应当是文字")),
        ("text", "楼道的灯坏了\x00", ("/text", "control_character", "不能有控制字符")),
        ("text", "楼道的灯\x1b坏了", ("/text", "control_character", "不能有控制字符")),
        ("text", "楼道的灯\x85坏了", ("/text", "control_character", "不能有控制字符")),
        ("text", "楼道的灯坏了\ud83d", ("/text", "control_character", "不能有控制字符")),
        ("title", "两\n行", ("/title", "line_break", "只能写一行")),
        ("title", " ", ("/title", "too_short", "不能为空")),
        ("tags", ["一", "二\x07"], ("/tags/1", "control_character", "不能有控制字符")),
        ("tags", ["一"] * 4, ("/tags", "too_many", "最多 3 项")),
        ("tags", "一", ("/tags", "wrong_type", "应当是列表")),
        ("colour", "red", ("/colour", "not_allowed", "只能是 yellow / green")),
        ("spot", {"lng": 1.0}, ("/spot/lat", "missing", "必须填写")),
        ("spot", {"lng": "1.0", "lat": 2}, ("/spot/lng", "wrong_type", "应当是数字")),
        ("spot", {"lng": 1, "lat": 2, "alt~/": 3}, ("/spot/alt~0~1", "unknown_field", "没有这一项")),
        ("spot", "here", ("/spot", "wrong_type", "应当是一组字段")),
        ("stars", 0, ("/stars", "too_small", "不能小于 1")),
        ("stars", 6, ("/stars", "too_large", "不能大于 5")),
        ("stars", "3", ("/stars", "wrong_type", "应当是整数")),
        ("stars", True, ("/stars", "wrong_type", "应当是整数")),
        ("stars", 10**30, ("/stars", "too_large", "不能大于 5")),
        ("place_id", 42, ("/place_id", "bad_id", "编号不对")),
        ("place_id", "0042", ("/place_id", "bad_id", "编号不对")),
        ("place_id", "9" * 19, ("/place_id", "bad_id", "编号不对")),
        ("from_at", "2026-03-05T09:00:00", ("/from_at", "bad_time", None)),
        ("from_at", "1772672400", ("/from_at", "bad_time", None)),
        ("from_at", 1772672401, ("/from_at", "bad_time", None)),
        ("from_at", "2026-02-30T09:00:00Z", ("/from_at", "bad_time", None)),
        ("from_at", "0001-01-01T00:00:00+14:00", ("/from_at", "bad_time", None)),
        ("on", "2026-3-5", ("/on", "bad_day", "应当是日期，例如 2026-03-05")),
        ("on", "2026-02-30", ("/on", "bad_day", "应当是日期，例如 2026-03-05")),
        ("on", 20260305, ("/on", "bad_day", "应当是日期，例如 2026-03-05")),
        ("nonsense", 1, ("/nonsense", "unknown_field", "没有这一项")),
        ("no\x00nsense", 1, ("/no\x00nsense", "control_character", "不能有控制字符")),
        ("until_at", "2026-03-05T00:59:59Z", ("", "ends_too_early", "最多 0 项")),
    ],
)
async def test_a_wrong_field_is_named_with_its_rule(
    notes: Api, resident: dict[str, str], field: str, value: Any, expected: tuple[str, str, str | None]
) -> None:
    (error,) = await refused(notes, resident, {**ALL, field: value})

    assert error[:2] == expected[:2]
    assert expected[2] in {None, error[2]}


async def test_a_tab_and_a_line_break_are_fine_in_a_paragraph(notes: Api, resident: dict[str, str]) -> None:
    answer = await notes.post("/api/v1/notes", json={"text": "\n楼道\t的灯\n坏了👨‍👩‍👧 "}, headers=resident)

    assert (await answer.json())["text"] == "楼道\t的灯\n坏了👨‍👩‍👧"


async def test_all_faults_are_told_at_once(notes: Api, resident: dict[str, str]) -> None:
    errors = await refused(notes, resident, {"title": "", "stars": 9})

    assert [error[:2] for error in errors] == [
        ("/text", "missing"),
        ("/title", "too_short"),
        ("/stars", "too_large"),
    ]


@pytest.mark.parametrize("raw", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
async def test_what_is_no_finite_number_is_refused(notes: Api, resident: dict[str, str], raw: bytes) -> None:
    body = b'{"text":"12345","spot":{"lng":' + raw + b',"lat":1}}'

    answer = await notes.post("/api/v1/notes", data=body, headers={**resident, "Content-Type": "application/json"})

    assert answer.status == 422
    assert (await answer.json(content_type=None))["errors"][0]["pointer"] == "/spot/lng"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b'{"text":"\xff\xfe"}',
        b"\xef\xbb\xbf{}",
        b"[" * 20_000,
        b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
        b'{"stars":' + b"1" * 5_000 + b"}",
        b"{'text': 1}",
    ],
)
async def test_what_is_no_json_is_unreadable(notes: Api, resident: dict[str, str], raw: bytes) -> None:
    answer = await notes.post("/api/v1/notes", data=raw, headers={**resident, "Content-Type": "application/json"})

    assert answer.status == 400
    assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/unreadable-request"


@pytest.mark.parametrize("body", [[], "text", 3, False, [GOOD]])
async def test_json_that_is_no_object_is_refused(notes: Api, resident: dict[str, str], body: Any) -> None:
    assert await refused(notes, resident, body) == [("", "wrong_type", "应当是一组字段")]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=gbk"])
async def test_another_kind_of_content_is_not_taken(notes: Api, resident: dict[str, str], kind: str) -> None:
    answer = await notes.post(
        "/api/v1/notes", data=json.dumps(GOOD).encode(), headers={**resident, "Content-Type": kind}
    )

    assert answer.status == 415


async def test_a_body_of_more_than_a_megabyte_is_too_large(notes: Api, resident: dict[str, str]) -> None:
    large = BytesIO(json.dumps({"text": "x" * 1_100_000}).encode())

    answer = await notes.post("/api/v1/notes", data=large, headers={**resident, "Content-Type": "application/json"})

    assert answer.status == 413
    assert (await answer.json(content_type="application/problem+json"))["type"] == "/problems/too-large"


async def test_broken_compression_is_unreadable(notes: Api, resident: dict[str, str]) -> None:
    headers = {**resident, "Content-Type": "application/json", "Content-Encoding": "gzip"}

    answer = await notes.post("/api/v1/notes", data=b"no gzip at all", headers=headers)

    assert answer.status == 400


async def test_an_optional_body_may_be_left_out(notes: Api) -> None:
    without = await notes.post("/api/v1/visits")
    given = await notes.post("/api/v1/visits", json={"lng": 1.5, "lat": 2})

    assert (await without.json())["lng"] is None
    assert (await given.json())["lng"] == "1.5"


async def test_a_list_in_the_query_is_written_by_repeating(notes: Api, resident: dict[str, str]) -> None:
    answer = await notes.get("/api/v1/notes?colour=green&colour=yellow&limit=1&only_mine=true", headers=resident)

    page = await answer.json()
    assert [note["colour"] for note in page["items"]] == ["green"]
    following = await notes.get(f"/api/v1/notes?colour=green&cursor={page['next_cursor']}", headers=resident)
    assert (await following.json())["items"][0]["id"] == "2"


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("limit=0", "/limit", "too_small"),
        ("limit=101", "/limit", "too_large"),
        ("limit=many", "/limit", "wrong_type"),
        ("limit=1&limit=2", "/limit", "wrong_type"),
        ("limit=", "/limit", "wrong_type"),
        ("colour=red", "/colour/0", "not_allowed"),
        ("since=yesterday", "/since", "bad_time"),
        ("since=%00", "/since", "control_character"),
        ("%01=1", "/\x01", "control_character"),
        ("page=2", "/page", "unknown_field"),
        ("cursor=nonsense", "/cursor", "bad_cursor"),
        ("cursor=WyIxIl0", "/cursor", "bad_cursor"),
        ("cursor=%E7%81%AF", "/cursor", "bad_cursor"),
        ("cursor=WzFlMzBd", "/cursor", "bad_cursor"),
        ("cursor=WzEwMDAwMDAwMDAwMDAwMDAwMDAwMF0", "/cursor", "bad_cursor"),
    ],
)
async def test_a_wrong_query_is_named(
    notes: Api, resident: dict[str, str], query: str, pointer: str, code: str
) -> None:
    answer = await notes.get(f"/api/v1/notes?{query}", headers=resident)

    assert answer.status == 422
    (error,) = (await answer.json(content_type=None))["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


@pytest.mark.parametrize("note", ["0", "x", "01", "-1", "1.0", "9" * 30, "%00", "%ff", "%E7%81%AF", "1%0a", "٣"])
async def test_an_id_of_no_known_form_does_not_exist(notes: Api, resident: dict[str, str], note: str) -> None:
    answer = await notes.get(f"/api/v1/notes/{note}", headers=resident)
    never = await notes.get("/api/v1/notes/404", headers=resident)

    assert answer.status == never.status == 404
    assert await answer.json(content_type=None) == await never.json(content_type=None)


@pytest.mark.parametrize(
    ("given", "code"),
    [({}, "missing"), ({"X-Note-Version": "0"}, "too_small"), ({"X-Note-Version": "a"}, "wrong_type")],
)
async def test_a_wrong_header_is_named_as_the_wire_names_it(notes: Api, given: dict[str, str], code: str) -> None:
    headers = {"Authorization": "Bearer staff-1-zh-Hans", **given}

    answer = await notes.delete("/api/v1/notes/1", headers=headers)

    (error,) = (await answer.json(content_type=None))["errors"]
    assert (error["pointer"], error["code"]) == ("/X-Note-Version", code)


async def test_a_right_header_is_read_whatever_its_case(notes: Api) -> None:
    headers = {"Authorization": "Bearer staff-1-zh-Hans", "x-note-version": "3"}

    answer = await notes.delete("/api/v1/notes/1", headers=headers)

    assert answer.status == 204
    assert await answer.read() == b""


def form(content: bytes = b"picture", /, **fields: str) -> FormData:
    made = FormData()
    for name, value in fields.items():
        made.add_field(name, value)
    made.add_field("file", BytesIO(content), filename="灯.JPG", content_type="image/jpeg; x=1")
    return made


async def test_a_file_and_the_form_s_other_fields_arrive(notes: Api, resident: dict[str, str]) -> None:
    answer = await notes.post("/api/v1/notes/1/pictures", data=form(place=" 门口 ", stars="3"), headers=resident)

    assert answer.status == 201
    assert await answer.json() == {"size": "7", "kind": "image/jpeg", "place": "门口"}


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("stars", "9", "too_large"),
        ("place", "", "too_short"),
        ("colour", "red", "unknown_field"),
        ("place", "\x00", "control_character"),
    ],
)
async def test_a_wrong_field_of_a_form_is_named(
    notes: Api, resident: dict[str, str], field: str, value: str, code: str
) -> None:
    answer = await notes.post("/api/v1/notes/1/pictures", data=form(**{field: value}), headers=resident)

    (error,) = (await answer.json(content_type=None))["errors"]
    assert (answer.status, error["pointer"], error["code"]) == (422, f"/{field}", code)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"place": "x" * LONGEST_FIELD}, 422),
        ({"place": "x" * (LONGEST_FIELD + 1)}, 413),
        ({"place": "x" * 900_000}, 413),
        ({f"f{number}": "" for number in range(MOST_FIELDS)}, 400),
    ],
)
async def test_texts_beside_a_file_are_bounded(
    notes: Api, resident: dict[str, str], fields: dict[str, str], status: int
) -> None:
    answer = await notes.post("/api/v1/notes/1/pictures", data=form(**fields), headers=resident)

    assert answer.status == status


async def test_a_file_of_more_than_the_measure_is_too_large(notes: Api, resident: dict[str, str]) -> None:
    large = b"x" * (10 * 1024 * 1024 + 1)

    answer = await notes.post("/api/v1/notes/1/pictures", data=form(large), headers=resident)

    assert answer.status == 413
    assert (await answer.json(content_type=None))["type"] == "/problems/media-too-large"


async def test_a_file_of_the_full_measure_is_taken(notes: Api, resident: dict[str, str]) -> None:
    full = b"x" * (10 * 1024 * 1024)

    answer = await notes.post("/api/v1/notes/1/pictures", data=form(full), headers=resident)

    assert (await answer.json())["size"] == str(len(full))


B = "multipart/form-data; boundary=b"


@pytest.mark.parametrize(
    ("kind", "raw", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"", 400),
        (B, b"", 400),
        (B, b"nothing", 400),
        (B, b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbreaks off', 400),
        (B, b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n", 400),
        (B, b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nx\r\n--b--\r\n', 422),
        (B, b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\xff\r\n--b--\r\n', 400),
        (
            B,
            b'--b\r\nContent-Disposition: form-data; name="file"\r\nContent-Encoding: deflate\r\n\r\nx\r\n--b--\r\n',
            400,
        ),
        (
            B,
            (
                b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n'
                b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n--b--\r\n'
            ),
            400,
        ),
        (
            B,
            (
                b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nx\r\n'
                b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n\x00\r\n--b--\r\n'
            ),
            422,
        ),
        (B, b'--b\r\nContent-Disposition: form-data; name="te\x7fxt"\r\n\r\nx\r\n--b--\r\n', 400),
        (B, b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n--b--\r\n", 400),
    ],
)
async def test_a_form_that_is_none_is_refused(
    notes: Api, resident: dict[str, str], kind: str, raw: bytes, status: int
) -> None:
    answer = await notes.post("/api/v1/notes/1/pictures", data=raw, headers={**resident, "Content-Type": kind})

    assert answer.status == status
