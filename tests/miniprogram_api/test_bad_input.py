"""Whatever is wrong with what is sent, a problem document names it, nothing is stored, and no line tells of it."""

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import FormData
from structlog.testing import capture_logs

from community.people.models import RoleName
from foundation.clock import FrozenClock
from foundation.database import query
from foundation.parts import load_parts
from foundation.settings import LimitSettings, Settings
from foundation.web.openapi import describe
from tests.conftest import Client
from tests.foundation.media.files import jpeg, png, png_bomb, quarters, svg
from tests.miniprogram_api.bad_values import MARK, RARE, Shapes
from tests.miniprogram_api.test_audit import staff_with
from tests.phone import API, Phone
from tests.town import Town

DOCUMENT = describe([endpoint for part in load_parts() for endpoint in part.endpoints])
SHAPES = Shapes(DOCUMENT)
OPERATIONS = {
    (method.upper(), path): operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
BODIES = [
    key
    for key, operation in OPERATIONS.items()
    if "application/json" in operation.get("requestBody", {}).get("content", {})
    and {"signature": []} not in operation["security"]  # who cannot sign is told nothing of fields: test_callbacks.py
]
QUERIES = [
    key for key, operation in OPERATIONS.items()
    if any(each["in"] == "query" for each in operation["parameters"])
]  # fmt: skip
JSON = {"Content-Type": "application/json"}
UNREADABLE = [
    b"", b"{", b"]", b"\xff\xfe{}", b"\xef\xbb\xbf{}", b"{'a': 1}", b'{"a":1}{"b":2}', b'{"a":}', b'"\x00"', b'{"text": "\x01"}',
    b"[" * 50_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b'{"a":' + b"9" * 5_000 + b"}", b'{"a":1,"a":2}',
    '{"text":"灯"}'.encode("gbk"), "{}".encode("utf-16"),
]  # fmt: skip


@pytest.fixture(scope="session")
def settings(settings: Settings) -> Settings:
    """Ask as often as wanted."""
    unlimited = LimitSettings(sessions="", filing="", media="", writing="", reading="")
    return settings.model_copy(update={"limits": unlimited})


async def rows() -> dict[str, int]:
    """Count the rows of every table, but for the sign-ins that every request may touch."""
    names = await query(
        "SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind = 'r'"
    )
    one = "SELECT '{0}' AS name, count(*) AS n FROM \"{0}\""
    counts = " UNION ALL ".join(one.format(row["name"]) for row in names)
    return {row["name"]: row["n"] for row in await query(counts)}


async def own_path(phone: Phone, path: str) -> str:
    """Give the address below the API with ids of things that are there."""
    complaint = (await phone.file())["id"] if "complaints/{id}" in path else ""
    return path.removeprefix(API).replace("{id}", str(complaint or 1)).replace("{resident_id}", str(phone.resident_id))


def problem(answer: Any) -> dict[str, Any]:
    """Give the problem document, after seeing that it is one."""
    assert answer.headers["Content-Type"].startswith("application/problem+json"), answer
    told: dict[str, Any] = answer.body
    assert set(told) <= {"type", "title", "status", "detail", "errors"}
    assert told["status"] == answer.status
    assert told["title"]
    return told


@pytest.mark.parametrize(("method", "path"), BODIES, ids=str)
async def test_every_limit_of_every_field_names_the_field_and_its_rule(phone: Phone, method: str, path: str) -> None:
    where = await own_path(phone, path)
    schema = OPERATIONS[method, path]["requestBody"]["content"]["application/json"]["schema"]
    before = await rows()

    with capture_logs() as logs:
        for number, fault in enumerate(SHAPES.faults(schema)):
            answer = await phone.call(
                method, where, data=fault.body, headers=JSON | {"Idempotency-Key": f"bad-{number}"}
            )

            told = problem(answer)
            assert (answer.status, told["type"]) == (422, "/problems/invalid-fields"), (fault, told)
            found = {(each["pointer"], each["code"]) for each in told["errors"]}
            assert found & {(fault.pointer, code) for code in fault.codes}, (fault, told)
            assert MARK not in json.dumps(told)

    assert await rows() == before
    assert MARK not in str(logs)


@pytest.mark.parametrize(("method", "path"), BODIES, ids=str)
async def test_what_cannot_be_read_is_unreadable_everywhere(phone: Phone, method: str, path: str) -> None:
    where = await own_path(phone, path)
    optional = not OPERATIONS[method, path]["requestBody"].get("required", True)
    before = await rows()

    for raw in UNREADABLE:
        if raw or not optional:
            answer = await phone.call(method, where, data=raw, headers=JSON)
            told = problem(answer)
            assert (answer.status, told["type"]) in {
                (400, "/problems/unreadable-request"), *([(415, "/problems/unsupported-content-type")] if not raw else ())
            }, (raw[:30], told)  # fmt: skip

    assert await rows() == before


def wrong_for(schema: dict[str, Any]) -> list[str]:
    """Give texts that cannot be a parameter."""
    schema, _ = SHAPES.opened(schema)
    schema = schema.get("items", schema)
    wrong = ["\x07", "\ufffe"]
    if schema.get("type") in ("integer", "number"):
        wrong += ["x", "", "1e999", "NaN", "9" * 400]
        wrong += [str(schema["maximum"] + 1)] if "maximum" in schema else []
        wrong += [str(schema["minimum"] - 1)] if "minimum" in schema else []
    if "enum" in schema:
        wrong += ["x", ""]
    if "maxLength" in schema:
        wrong += [RARE * (schema["maxLength"] + 1)]
    return wrong


@pytest.mark.parametrize(("method", "path"), QUERIES, ids=str)
async def test_every_parameter_names_itself(phone: Phone, clock: FrozenClock, method: str, path: str) -> None:
    where = await own_path(phone, path)
    who = phone if "/staff/" not in path else await staff_with(phone.api, clock, RoleName.AUDITOR, None)
    asked = [each for each in OPERATIONS[method, path]["parameters"] if each["in"] == "query"]
    right = "&".join(
        f"{each['name']}={quote(str(SHAPES.example(each['schema'])))}" for each in asked if each.get("required")
    )

    for name, value in [(each["name"], value) for each in asked for value in wrong_for(each["schema"])] + [
        ("colour", "x")
    ]:
        answer = await who.call(method, f"{where}?{right}&{name}={quote(value)}")

        told = problem(answer)
        assert answer.status == 422, (name, value, told)
        assert any(each["pointer"].startswith(f"/{name}") for each in told["errors"]), (name, value, told)


async def test_an_address_of_seventeen_kilobytes_is_refused_and_one_of_eight_is_read(phone: Phone, api: Client) -> None:
    good = await phone.get(f"/complaints/similar?text={quote('灯' * 800)}")
    async with api.get(f"{API}/complaints/similar?text={'x' * 17 * 1024}") as answer:
        assert answer.status == 400
    assert good.status == 200


async def test_characters_are_counted_and_not_bytes_or_halves(phone: Phone) -> None:
    for text in (RARE * 4000, "👍" * 4000, "a" * 4000):
        assert (await phone.file(text))["text"] == text
    for text in (RARE * 4001, "👍" * 4001, "a" * 4001):
        answer = await phone.post("/complaints", {"text": text})
        (error,) = problem(answer)["errors"]
        assert (error["pointer"], error["code"]) == ("/text", "too_long")
        assert "4000" in error["message"]
    family = "👨‍👩‍👧" * 5
    assert (await phone.file(f"{family}路灯坏了"))["text"] == f"{family}路灯坏了"


def zip_behind(picture: bytes) -> bytes:
    """Give a file that is a picture from the front and an archive from behind."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("evil.html", f"<script>{MARK}</script>")
    return picture + archive.getvalue()


FILES: list[tuple[str, bytes, int, str]] = [
    ("photo.jpg", b"\xff\xd8\xff" + b"\0" * 20 * 1024 * 1024, 413, "/problems/media-too-large"),
    ("bomb.png", png_bomb(), 422, ""),
    ("drawing.svg", svg(), 415, ""),
    ("drawing.jpg", svg(), 415, ""),
    ("page.jpg", b"<html><body>" + MARK.encode(), 415, ""),
    ("program.jpg", b"MZ\x90\x00" + b"\0" * 500, 415, ""),
    ("paper.jpg", b"%PDF-1.7\n" + b"\0" * 500, 415, ""),
    ("empty.jpg", b"", 422, ""),
    ("cut.jpg", b"\xff\xd8\xff\xe0" + b"\0" * 200, 422, ""),
]


async def sent(phone: Phone, name: str, content: bytes, kind: str = "image/jpeg") -> Any:
    form = FormData()
    form.add_field("file", io.BytesIO(content), filename=name, content_type=kind)
    return await phone.call("POST", "/media", data=form)


def files(settings: Settings, temporary: Path) -> list[str]:
    """List what lies in the store of media and among the temporary files, those without a name too."""
    named = [str(path) for folder in (settings.var, temporary) for path in folder.rglob("*") if path.is_file()]
    opened = [os.path.realpath(link) for link in Path("/proc/self/fd").iterdir()]
    return sorted([*named, *(path for path in opened if path.startswith(str(temporary)))])


async def test_what_is_no_photo_is_refused_and_leaves_nothing(
    phone: Phone, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert (await sent(phone, "photo.jpg", jpeg(quarters()))).status == 201
    before, lay = await rows(), files(settings, tmp_path)
    assert len(lay) >= 2  # the photo and its small picture: this is where they are

    with capture_logs() as logs:
        for name, content, status, kind in FILES:
            answer = await sent(phone, name, content)
            told = problem(answer)
            assert answer.status == status, (name, told)
            assert told["type"] == kind or not kind, (name, told)
            assert MARK not in json.dumps(told)

    assert await rows() == before
    assert files(settings, tmp_path) == lay
    assert MARK not in str(logs)


async def test_a_picture_that_is_also_an_archive_loses_the_archive(phone: Phone, api: Client) -> None:
    answer = await sent(phone, f"{MARK}.jpg.html", zip_behind(jpeg(quarters())), "text/html")

    assert answer.status == 201
    async with api.get(answer.body["url"]) as shown:
        kept = await shown.read()
        assert shown.content_type == "image/jpeg"
    assert b"PK\x03\x04" not in kept
    assert MARK.encode() not in kept


@pytest.mark.parametrize("name", ["a.png", "a.exe", "../../etc/passwd", "", "照片.jpg", "x" * 5000])
async def test_the_name_of_a_file_and_what_it_says_it_is_do_not_count(phone: Phone, name: str) -> None:
    answer = await sent(phone, name, png(quarters()), "application/x-msdownload")

    assert (answer.status, answer.body.get("kind")) == (201, "image")


PLACES: list[tuple[dict[str, Any], str, str]] = [
    ({"place_id": "999999999"}, "/place_id", "unknown_place"),
    ({"place_id": "0"}, "/place_id", "bad_id"),
    ({"place_id": "-1"}, "/place_id", "bad_id"),
    ({"location": {"lng": 22.65, "lat": 114.03, "datum": "wgs84"}}, "/location/lat", "too_large"),
    ({"location": {"lng": 0, "lat": 0, "datum": "wgs84"}}, "/location", "location_outside_district"),
    ({"location": {"lng": 116.4, "lat": 39.9, "datum": "gcj02"}}, "/location", "location_outside_district"),
]


@pytest.mark.parametrize(("where", "pointer", "code"), PLACES, ids=str)
async def test_a_place_that_is_none_of_ours_names_itself(
    phone: Phone, where: dict[str, Any], pointer: str, code: str
) -> None:
    before = await rows()

    answer = await phone.post("/complaints", {"text": f"路灯坏了，打{MARK}", **where}, key="once")

    assert answer.status == 422
    assert [(each["pointer"], each["code"]) for each in problem(answer)["errors"]] == [(pointer, code)]
    assert await rows() == before


async def test_one_pin_in_two_datums_is_two_places_and_each_is_kept_as_it_was_meant(phone: Phone, town: Town) -> None:
    pin = {"lng": 114.03, "lat": 22.65}
    wgs, gcj = [await phone.file(location=pin | {"datum": datum}) for datum in ("wgs84", "gcj02")]

    kept = await query("SELECT id, lng, lat, datum FROM complaint ORDER BY filed_at, id")

    assert {(str(row["id"]), row["datum"]) for row in kept} == {(wgs["id"], "wgs84"), (gcj["id"], "gcj02")}
    assert {(row["lng"], row["lat"]) for row in kept} == {(114.03, 22.65)}
