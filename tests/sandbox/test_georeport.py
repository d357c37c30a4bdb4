"""Open311 GeoReport v2 as the standard has it."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest
from aiohttp import FormData
from yarl import URL

from sandbox.dispatch_core.core import Core
from tests.sandbox.line import API_KEY, BASE, Line, parsed

CONTENT_TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}


async def test_the_first_service_is_realtime_and_asks_nothing(core: Line) -> None:
    listed = await core.get(f"{BASE}/services.json")
    first = (await core.xml(f"{BASE}/services.xml"))[0]
    assert listed[0]["service_code"] == first.findtext("service_code") == "general"
    assert listed[0]["type"] == "realtime"
    assert listed[0]["metadata"] is False
    assert first.findtext("metadata") == "false"


@pytest.mark.parametrize(("fmt", "kind"), CONTENT_TYPES.items())
async def test_each_format_has_its_exact_content_type(core: Line, fmt: str, kind: str) -> None:
    for path in ("services", "services/streetlight", "requests", "discovery", "requests/none", "servicerequestupdates"):
        response, _ = await core.raw("GET", f"{BASE}/{path}.{fmt}")
        assert response.headers["Content-Type"] == kind


async def test_a_definition_lists_the_questions_in_both_formats(core: Line) -> None:
    definition = await core.get(f"{BASE}/services/streetlight.json")
    assert [(one["code"], one["required"], one["order"]) for one in definition["attributes"]] == [
        ("pole", False, 1),
        ("symptom", True, 2),
    ]
    assert definition["attributes"][1]["values"][0] == {"key": "dark", "name": "不亮"}
    tree = await core.xml(f"{BASE}/services/streetlight.xml")
    assert tree.tag == "service_definition"
    assert [value.findtext("key") for value in tree.iter("value")] == ["dark", "flicker", "day"]


async def test_a_chinese_service_code_travels_percent_encoded(core: Line) -> None:
    response, text = await core.raw("GET", f"{BASE}/services/{quote('井盖')}.xml")
    assert response.status == 200
    assert parsed(text).findtext("service_code") == "井盖"
    assert (await core.file("C1", service_code="井盖"))[0]["service_request_id"]


async def test_a_required_attribute_must_be_answered(core: Line) -> None:
    assert (await core.file(service_code="streetlight"))[0]["code"] == 400
    answer = await core.file(**{"service_code": "streetlight", "attribute[symptom]": "dark"})
    assert "service_request_id" in answer[0]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"api_key": ""}, 403),
        ({"api_key": "other"}, 403),
        ({"service_code": ""}, 400),
        ({"service_code": "nobody-knows"}, 404),
        ({"address_string": "  "}, 400),
        ({"lat": "22.6"}, 400),
        ({"lat": "north", "long": "114"}, 400),
        ({"description": "长" * 4001}, 400),
    ],
)
async def test_a_refusal_is_an_error_list_whose_code_is_the_status(
    core: Line, fields: dict[str, str], status: int
) -> None:
    form = {"api_key": API_KEY, "service_code": "general", "address_string": "某处", **fields}
    response, text = await core.raw("POST", f"{BASE}/requests.json", data=form)
    assert response.status == status
    assert json.loads(text)[0]["code"] == status
    response, text = await core.raw("POST", f"{BASE}/requests.xml", data=form)
    assert response.status == status
    assert parsed(text).findtext("error/code") == str(status)
    assert parsed(text).findtext("error/description")


async def test_unknown_addresses_and_methods_are_error_lists_too(core: Line) -> None:
    response, text = await core.raw("GET", f"{BASE}/nothing.xml")
    assert (response.status, parsed(text).tag) == (404, "errors")
    response, text = await core.raw("DELETE", f"{BASE}/requests.json")
    assert (response.status, json.loads(text)[0]["code"]) == (405, 405)


async def test_a_repeated_external_id_is_answered_with_the_first_result(core: Line) -> None:
    first = await core.filed("L-1", description="第一次")
    again = await core.filed("L-1", description="重发")
    found = await core.get(f"{BASE}/requests.json", external_id="L-1")
    assert first == again == found[0]["service_request_id"]
    assert len(found) == 1
    assert found[0]["description"] == "第一次"


async def test_a_batch_service_gives_a_token_first(core: Line) -> None:
    first = (await core.file("L-2", service_code="batch-survey"))[0]
    assert "service_request_id" not in first
    assert (await core.file("L-2", service_code="batch-survey"))[0]["token"] == first["token"]
    redeemed = await core.get(f"{BASE}/tokens/{first['token']}.json")
    tree = await core.xml(f"{BASE}/tokens/{first['token']}.xml")
    assert redeemed[0]["service_request_id"] == tree.findtext("request/service_request_id")
    assert (await core.get(f"{BASE}/requests/{redeemed[0]['service_request_id']}.json"))[0]["status"] == "open"


async def test_a_token_has_no_id_before_its_time(core: Line) -> None:
    await core.steer("/configure", {"token_seconds": 60})
    token = (await core.file("L-3", service_code="batch-survey"))[0]["token"]
    assert (await core.get(f"{BASE}/tokens/{token}.json")) == [{"service_request_id": None, "token": token}]


async def test_a_request_reads_the_same_in_xml_and_json(core: Line) -> None:
    case = await core.filed("L-4", lat="22.6501", long="114.0301", description="路灯坏了 <b>&\U0001f4a1\x0b𠮷")
    view = (await core.get(f"{BASE}/requests/{case}.json"))[0]
    tree = (await core.xml(f"{BASE}/requests/{case}.xml"))[0]
    assert view["description"] == tree.findtext("description") == "路灯坏了 <b>&\U0001f4a1𠮷"
    assert (view["lat"], view["long"]) == (22.6501, 114.0301)
    assert {child.tag for child in tree} == set(view)
    assert all(isinstance(view[name], str) for name in ("service_request_id", "service_code", "requested_datetime"))
    assert view["zipcode"] is None
    assert view["requested_datetime"].endswith("+08:00")


async def test_photos_may_come_in_the_same_call(core: Line) -> None:
    form = FormData({"api_key": API_KEY, "service_code": "general", "address_string": "某处"})
    form.add_field("attribute[external_id]", "L-5")
    form.add_field("photo1", b"\xff\xd8first", filename="1.jpg", content_type="image/jpeg")
    form.add_field("photo2", b"\xff\xd8second", filename="2.jpg", content_type="image/jpeg")
    response, text = await core.raw("POST", f"{BASE}/requests.json", data=form)
    assert response.status == 200, text
    view = (await core.get(f"{BASE}/requests.json", external_id="L-5", extensions="true"))[0]
    urls = [photo["media_url"] for photo in view["extended_attributes"]["photos"]]
    assert view["media_url"] == urls[0]
    async with core.session.get(urls[1]) as photo:
        assert (photo.content_type, await photo.read()) == ("image/jpeg", b"\xff\xd8second")


async def test_requests_are_filtered_and_paged(core: Line) -> None:
    ids = [
        await core.filed(f"F-{number}", service_code=code) for number, code in enumerate(("garbage", "lift", "井盖"))
    ]
    await core.play(ids[0], "closed", deliver=False)

    async def found(**filters: str) -> set[str]:
        return {one["service_request_id"] for one in await core.get(f"{BASE}/requests.json", **filters)}

    assert await found() == set(ids)
    assert await found(status="closed") == {ids[0]}
    assert await found(status="open", service_code="lift,garbage") == {ids[1]}
    assert await found(service_request_id=f"{ids[0]},{ids[2]}", status="open") == {ids[0], ids[2]}
    assert await found(start_date="", status="") == set(ids)
    assert await found(start_date="2020-01-01T00:00:00Z", end_date="2020-02-01T00:00:00Z") == set()
    assert len(await found(page="2", page_size="2")) == 1


async def test_what_was_updated_since_is_found_oldest_change_first(core: Line) -> None:
    ids = [await core.filed(f"U-{number}") for number in range(3)]
    await core.steer("/clock", {"advance_seconds": 100 * 86400})
    since = (await core.get("/control/clock"))["now"]
    await core.play(ids[2], "assigned", deliver=False)
    await core.play(ids[0], "assigned", deliver=False)
    changed = await core.get(f"{BASE}/requests.json", updated_after=since)
    assert [one["service_request_id"] for one in changed] == [ids[2], ids[0]]


@pytest.mark.parametrize(
    "window",
    [
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"},
        {"start_date": "2026-01-01T00:00:00"},
        {"start_date": "yesterday"},
        {"start_date": "0001-01-01T00:00:00+14:00"},
        {"start_date": "9999-12-31T00:00:00Z"},
        {"end_date": "0001-01-02T00:00:00Z"},
        {"updated_after": "9999-12-31T23:59:59-10:00"},
        {"status": "fixed"},
        {"page": "0"},
        {"page": "100000000000000000"},
    ],
)
async def test_a_window_that_makes_no_sense_is_refused(core: Line, window: dict[str, str]) -> None:
    assert (await core.get(f"{BASE}/requests.json", **window))[0]["code"] == 400


async def test_discovery_lists_both_formats_at_its_own_address(core: Line) -> None:
    endpoint = (await core.get(f"{BASE}/discovery.json"))["endpoints"][0]
    assert endpoint["url"] == core.url + BASE
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert [one.text for one in (await core.xml(f"{BASE}/discovery.xml")).iter("format")] == endpoint["formats"]


async def test_only_the_configured_jurisdiction_is_known(core: Line) -> None:
    await core.steer("/configure", {"jurisdiction": "longhua"})
    assert (await core.get(f"{BASE}/services.json", jurisdiction_id="elsewhere"))[0]["code"] == 404
    assert len(await core.get(f"{BASE}/services.json", jurisdiction_id="longhua")) > 10


async def test_the_list_of_services_can_be_replaced_and_general_stays_first(core: Line) -> None:
    await core.steer("/services", [{"service_code": "004", "service_name": "园林绿化", "group": "城乡建设"}])
    codes = [one["service_code"] for one in await core.get(f"{BASE}/services.json")]
    assert codes == ["general", "004"]
    assert (await core.file("S-1", service_code="lift"))[0]["code"] == 404


@pytest.mark.parametrize(("attribute", "service"), [("cars", "parking"), ("since", "noise-construction")])
async def test_a_number_and_an_instant_must_be_such(core: Line, attribute: str, service: str) -> None:
    refused = (await core.file(**{"service_code": service, f"attribute[{attribute}]": "many"}))[0]
    assert refused["code"] == 400
    assert f"attribute[{attribute}]" in refused["description"]


@pytest.mark.parametrize(
    ("attribute", "service", "value"),
    [
        ("cars", "parking", "3"),
        ("cars", "parking", "-2.5"),
        ("since", "noise-construction", "2026-11-20T22:00:00+08:00"),
    ],
)
async def test_a_number_and_an_instant_are_taken(core: Line, attribute: str, service: str, value: str) -> None:
    answer = await core.file(**{"service_code": service, f"attribute[{attribute}]": value})
    assert "service_request_id" in answer[0]


FORM = "application/x-www-form-urlencoded"
PART = b'--b\r\nContent-Disposition: form-data; name="api_key"\r\n\r\nk\r\n--b--\r\n'
LONG_PART = PART.replace(b"\r\n\r\nk", b"\r\nX: " + b"x" * 20_000 + b"\r\n\r\nk")


@pytest.mark.parametrize("fmt", ["xml", "json"])
@pytest.mark.parametrize("door", ["requests", "servicerequestupdates"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, b"description=\xff\xfe"),
        (f"{FORM}; charset=foo", b"description=a"),
        (f"{FORM}; charset=undefined", b"description=a"),
        ("multipart/form-data", PART),
        ("multipart/form-data; boundary=other", PART),
        ("multipart/form-data; boundary=b", PART.replace(b"api_key", b"\xff").replace(b"k", b"\xff")),
        ("multipart/form-data; boundary=b", LONG_PART),
    ],
    ids=["not-utf8", "no-such-charset", "undefined", "no-boundary", "other-boundary", "part-not-utf8", "long-header"],
)
async def test_a_form_that_cannot_be_read_is_an_error_list(
    core: Line, fmt: str, door: str, kind: str, body: bytes
) -> None:
    response, text = await core.raw("POST", f"{BASE}/{door}.{fmt}", data=body, headers={"Content-Type": kind})
    assert (response.status, response.headers["Content-Type"]) == (400, CONTENT_TYPES[fmt])
    code = json.loads(text)[0]["code"] if fmt == "json" else parsed(text).findtext("error/code")
    assert str(code) == "400"


async def test_a_body_that_is_not_packed_as_it_says_is_an_error_list(core: Line) -> None:
    headers = {"Content-Type": FORM, "Content-Encoding": "gzip"}
    response, text = await core.raw("POST", f"{BASE}/requests.json", data=b"api_key=k" * 9, headers=headers)
    assert (response.status, json.loads(text)[0]["code"]) == (400, 400)


async def test_a_header_that_is_no_text_does_not_break_the_journal(core: Line) -> None:
    address = URL(core.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    asked = f"GET {BASE}/services.json HTTP/1.1\r\nHost: core\r\nConnection: close\r\nAccept: ".encode()
    writer.write(asked + b"\xff\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
    writer.close()
    assert (await core.steer("/journal", method="GET"))["items"][-1]["status"] == 200


@contextmanager
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the core fail at whatever it looks up."""

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(Core, "cases", fail)
        yield


async def test_what_nobody_foresaw_is_an_error_list_and_is_logged(
    core: Line, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with broken(monkeypatch):
        response, text = await core.raw("GET", f"{BASE}/requests.xml")
    assert (response.status, response.headers["Content-Type"]) == (500, CONTENT_TYPES["xml"])
    assert parsed(text).findtext("error/code") == "500"
    assert "GET /open311/v2/requests.xml failed" in caplog.text
