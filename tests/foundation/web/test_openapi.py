"""The description of the API is valid, complete, and says what the doors do."""

from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from foundation.web.openapi import describe
from tests.foundation.web.conftest import Api
from tests.foundation.web.sample import ENDPOINTS

Document = dict[str, Any]


@pytest.fixture
def described() -> Document:
    return describe(ENDPOINTS)


def operation(described: Document, name: str) -> Document:
    (found,) = [
        about for methods in described["paths"].values() for about in methods.values() if about["operationId"] == name
    ]
    return dict(found)


def test_the_document_is_valid_openapi_31(described: Document) -> None:
    OPENAPI_31_VALIDATOR.validate(described)


def test_every_shape_is_valid_json_schema(described: Document) -> None:
    shapes = {"$defs": described["components"]["schemas"]}

    for name in shapes["$defs"]:
        Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": {"schemas": shapes["$defs"]}})


def test_the_names_of_shapes_are_the_public_ones(described: Document) -> None:
    assert sorted(described["components"]["schemas"]) == [
        "Colour",
        "NoteBody",
        "NoteView",
        "PageView_NoteView_",
        "Problem",
        "Spot",
    ]


def test_every_reference_leads_somewhere(described: Document) -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if "$ref" in value else []
            return own + [one for inner in value.values() for one in references(inner)]
        return [one for inner in value for one in references(inner)] if isinstance(value, list) else []

    for reference in references(described):
        here = described
        for part in reference.removeprefix("#/").split("/"):
            here = here[part]


@pytest.mark.parametrize(
    ("name", "statuses"),
    [
        ("post_note", {"201", "400", "401", "404", "408", "409", "413", "415", "422", "429", "500", "503"}),
        ("list_notes", {"200", "400", "401", "404", "422", "429", "500", "503"}),
        ("get_note", {"200", "400", "401", "404", "429", "500", "503"}),
        ("get_calendar", {"200", "400", "500", "503"}),
        ("post_callback", {"200", "202", "400", "401", "404", "408", "413", "415", "422", "500", "503"}),
    ],
)
def test_every_possible_answer_is_described(described: Document, name: str, statuses: set[str]) -> None:
    assert set(operation(described, name)["responses"]) == statuses


def test_parameters_have_their_names_on_the_wire(described: Document) -> None:
    parameters = operation(described, "delete_note")["parameters"]

    assert [(one["name"], one["in"], one["required"]) for one in parameters] == [
        ("id", "path", True),
        ("X-Note-Version", "header", True),
    ]
    assert operation(described, "post_note")["parameters"][0]["name"] == "Idempotency-Key"


def test_security_is_declared_by_access(described: Document) -> None:
    assert operation(described, "post_note")["security"] == [{"bearer": []}, {"cookie": []}]
    assert operation(described, "post_callback")["security"] == [{"signature": []}]
    assert operation(described, "post_visit")["security"] == []


def test_a_file_is_described_as_a_form(described: Document) -> None:
    content = operation(described, "post_picture")["requestBody"]["content"]
    form = content["multipart/form-data"]["schema"]

    assert list(content) == ["multipart/form-data"]
    assert form["required"] == ["file"]
    assert list(form["properties"]) == ["file", "place", "stars"]


def test_an_optional_body_is_described_as_one(described: Document) -> None:
    body = operation(described, "post_visit")["requestBody"]

    assert body["required"] is False
    assert body["content"]["application/json"]["schema"]["anyOf"][0] == {"$ref": "#/components/schemas/Spot"}


def test_a_refusal_has_an_example_of_each_rule(described: Document) -> None:
    reference = operation(described, "post_note")["responses"]["409"]["$ref"].rpartition("/")[2]
    examples = described["components"]["responses"][reference]["content"]["application/problem+json"]["examples"]

    assert examples["full_board"]["value"]["type"] == "/problems/full-board"
    assert "idempotency_key_used" in examples


@pytest.mark.parametrize(
    ("text", "fits"), [("楼道的灯坏了", True), ("     ", False), ("楼道\x0e的灯坏", False), ("短", False)]
)
def test_the_shape_of_a_text_says_what_is_refused(described: Document, text: str, fits: bool) -> None:
    shape = described["components"]["schemas"]["NoteBody"]["properties"]["text"]

    assert Draft202012Validator(shape).is_valid(text) is fits


async def test_the_description_and_its_page_come_from_here_only(notes: Api) -> None:
    description = await notes.get("/api/v1/openapi.json")
    page = await notes.get("/api/v1/docs")
    script = await notes.get("/api/v1/docs.js")

    assert (await description.json())["openapi"] == "3.1.0"
    assert "http" not in await page.text()
    assert "<script>" not in await page.text()
    assert script.content_type == "text/javascript"
