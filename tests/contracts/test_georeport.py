"""Every answer of the core, in both formats, held against the shapes of the contract."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from jsonschema_rs import Draft202012Validator

from tests.contracts import shapes
from tests.contracts.shapes import Shape, read_xml
from tests.sandbox.line import API_KEY, BASE, Line, parsed

CONTENT_TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
HARD_TEXT = "路灯坏了 <b>&amp; 100% \U0001f4a1 𠮷 “引号”\n第二行\x0b"


async def answers_alike(line: Line, shape: Shape, path: str, *, expected: int = 200, **query: str) -> Any:
    """Read an address in both formats; see that each fits and that both say the same."""
    said = []
    for fmt, content_type in CONTENT_TYPES.items():
        response, text = await line.raw("GET", f"{BASE}/{path}.{fmt}", params=query)
        assert (response.status, response.headers["Content-Type"]) == (expected, content_type), text
        said.append(read_xml(parsed(text), shape) if fmt == "xml" else json.loads(text))
    fits(shape, said[0])
    fits(shape, said[1])
    assert said[0] == said[1]
    return said[0]


def fits(shape: Shape, said: Any) -> None:
    faults = [f"{error.instance_path}: {error.message}" for error in Draft202012Validator(shape).iter_errors(said)]
    assert faults == []


async def told(line: Line, path: str, fmt: str, fields: dict[str, str]) -> tuple[int, str, str]:
    response, text = await line.raw("POST", f"{BASE}/{path}.{fmt}", data=fields)
    return response.status, response.headers["Content-Type"], text


def read(fmt: str, text: str, shape: Shape) -> Any:
    return read_xml(parsed(text), shape) if fmt == "xml" else json.loads(text)


async def test_the_list_of_services_begins_with_one_that_anybody_can_use(line: Line) -> None:
    services = await answers_alike(line, shapes.SERVICES, "services")

    codes = [service["service_code"] for service in services]
    assert (services[0]["type"], services[0]["metadata"]) == ("realtime", False)
    assert len(set(codes)) == len(codes)


async def test_every_service_has_a_definition_with_numbered_questions(line: Line) -> None:
    for service in await answers_alike(line, shapes.SERVICES, "services"):
        path = f"services/{quote(service['service_code'])}"
        definition = await answers_alike(line, shapes.DEFINITION, path)

        orders = [attribute["order"] for attribute in definition["attributes"]]
        assert orders == list(range(1, len(orders) + 1))
        assert service["metadata"] is bool(orders)
        assert all(bool(each["values"]) == each["datatype"].endswith("list") for each in definition["attributes"])


@pytest.mark.parametrize("fmt", ["xml", "json"])
@pytest.mark.parametrize(("code", "shape"), [("general", shapes.CREATED), ("batch-survey", shapes.PROMISED)])
async def test_a_filed_request_has_an_id_or_a_token_and_never_both(
    line: Line, fmt: str, code: str, shape: Shape
) -> None:
    fields = {"api_key": API_KEY, "service_code": code, "lat": "22.65", "long": "114.03", "description": HARD_TEXT}

    status, content_type, text = await told(line, "requests", fmt, fields)

    assert (status, content_type) == (200, CONTENT_TYPES[fmt])
    fits(shape, read(fmt, text, shape))


async def test_a_token_is_redeemed_for_the_id(line: Line) -> None:
    token = (await line.file("T-1", service_code="batch-survey"))[0]["token"]

    (redeemed,) = await answers_alike(line, shapes.REDEEMED, f"tokens/{token}")

    assert redeemed["token"] == token
    await answers_alike(line, shapes.REQUESTS, f"requests/{redeemed['service_request_id']}")


async def test_requests_are_shown_the_same_one_by_one_and_in_lists(line: Line) -> None:
    case = await line.filed(
        "R-1", lat="22.65", long="114.03", description=HARD_TEXT, media_url="https://linli/p?a=1&b=2"
    )
    await line.filed("R-2", service_code="井盖", address_id="007")
    await line.play(case, "assigned", deliver=False)

    both = await answers_alike(line, shapes.REQUESTS, "requests")
    (one,) = await answers_alike(line, shapes.REQUESTS, f"requests/{case}")

    assert one in both
    assert len(both) == 2
    assert one["description"] == HARD_TEXT.rstrip("\x0b")
    assert one["media_url"] == "https://linli/p?a=1&b=2"
    assert next(each for each in both if each != one)["address_id"] == "007"


async def test_extensions_come_only_when_asked_for(line: Line) -> None:
    case = await line.filed("E-1", **{"attribute[hours][]": "night", "media_url": "https://linli/p.jpg"})
    for event in ("assigned", "accepted", "answered"):
        await line.play(case, event, deliver=False)

    (extended,) = await answers_alike(line, shapes.EXTENDED_REQUESTS, f"requests/{case}", extensions="true")

    assert extended["external_id"] == "E-1"
    assert [note["type"] for note in extended["notes"]] == ["submitted", "assigned", "accepted", "answered"]
    assert [each["kind"] for each in extended["deadlines"]] == ["accept", "feedback", "result"]
    assert extended["status"] == "open"


async def test_updates_have_what_the_extension_requires(line: Line) -> None:
    case = await line.filed("U-1")
    for event in ("assigned", "returned", "answered"):
        await line.play(case, event, deliver=False, description=HARD_TEXT)

    updates = await answers_alike(line, shapes.UPDATES, "servicerequestupdates", service_request_id=case)

    assert [update["sequence"] for update in updates] == [1, 2, 3]


@pytest.mark.parametrize("fmt", ["xml", "json"])
async def test_an_update_of_ours_is_answered_with_its_id(line: Line, fmt: str) -> None:
    case = await line.filed("U-2")
    fields = {
        "api_key": API_KEY, "service_request_id": case, "update_id": "ours-1", "status": "UNCHANGED",
        "updated_datetime": "2026-11-20T21:06:00+08:00", "description": HARD_TEXT,
    }  # fmt: skip

    first = await told(line, "servicerequestupdates", fmt, fields)
    again = await told(line, "servicerequestupdates", fmt, fields)

    assert first == again
    assert first[:2] == (200, CONTENT_TYPES[fmt])
    fits(shapes.HEARD, read(fmt, first[2], shapes.HEARD))


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("requests/nobody", {}, 404),
        ("tokens/nobody", {}, 404),
        ("services/nobody", {}, 404),
        ("nothing", {}, 404),
        ("requests", {"status": "fixed"}, 400),
        ("requests", {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-06-01T00:00:00Z"}, 400),
        ("requests", {"start_date": "2026-01-01T00:00:00"}, 400),
        ("servicerequestupdates", {"start_date": "2026-01-01T00:00:00Z"}, 400),
    ],
)
async def test_every_refusal_of_a_question_is_an_error_list(
    line: Line, path: str, query: dict[str, str], status: int
) -> None:
    (error,) = await answers_alike(line, shapes.ERRORS, path, expected=status, **query)

    assert error["code"] == status


@pytest.mark.parametrize("fmt", ["xml", "json"])
@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("requests", {}, 403),
        ("requests", {"api_key": "other"}, 403),
        ("requests", {"api_key": API_KEY}, 400),
        ("requests", {"api_key": API_KEY, "service_code": "general"}, 400),
        ("requests", {"api_key": API_KEY, "service_code": "nobody", "address_string": "某处"}, 404),
        ("servicerequestupdates", {"api_key": "other"}, 403),
        ("servicerequestupdates", {"api_key": API_KEY}, 400),
    ],
)
async def test_every_refusal_of_an_order_is_an_error_list(
    line: Line, fmt: str, path: str, fields: dict[str, str], status: int
) -> None:
    answered, content_type, text = await told(line, path, fmt, fields)

    said = read(fmt, text, shapes.ERRORS)
    fits(shapes.ERRORS, said)
    assert (answered, content_type, said[0]["code"]) == (status, CONTENT_TYPES[fmt], status)


async def test_discovery_tells_where_and_how(line: Line) -> None:
    discovery = await answers_alike(line, shapes.DISCOVERY, "discovery")

    assert [endpoint["url"] for endpoint in discovery["endpoints"]] == [line.url + BASE]


@pytest.mark.parametrize("fmt", ["xml", "json"])
async def test_an_empty_parameter_is_an_absent_one(line: Line, fmt: str) -> None:
    empty = dict.fromkeys(("jurisdiction_id", "email", "media_url", "lat", "long", "address_id", "attribute[cars]"), "")
    fields = {"api_key": API_KEY, "service_code": "general", "address_string": "某处", **empty}

    status, _, text = await told(line, "requests", fmt, fields)

    assert (status, len(read(fmt, text, shapes.CREATED))) == (200, 1)
    assert len(await answers_alike(line, shapes.REQUESTS, "requests", status="", service_code="", start_date="")) == 1
