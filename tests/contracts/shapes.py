"""What GeoReport v2 answers look like, written from the contract, and XML read by the same shapes.

A shape is a JSON schema; a list also says how its items are called in XML (`item`).
"""

from typing import Any
from xml.etree import ElementTree as ET

Shape = dict[str, Any]

TEXT: Shape = {"type": "string", "minLength": 1}
PERHAPS_TEXT: Shape = {"type": ["string", "null"], "minLength": 1}
FLAG: Shape = {"type": "boolean"}
NUMBER: Shape = {"type": "integer"}
PERHAPS_NUMBER: Shape = {"type": ["integer", "null"]}
PERHAPS_DEGREES: Shape = {"type": ["number", "null"], "minimum": -180, "maximum": 180}
WHEN: Shape = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
PERHAPS_WHEN: Shape = {**WHEN, "type": ["string", "null"]}


def one_of(*words: str) -> Shape:
    """Give the shape of a word from a list."""
    return {"type": "string", "enum": list(words)}


def thing(**fields: Shape) -> Shape:
    """Give the shape of an object with exactly these fields: a client that checks its schema meets nothing else."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def listed(item: str, shape: Shape, **limits: int) -> Shape:
    """Give the shape of a list."""
    return {"type": "array", "item": item, "items": shape, **limits}


SERVICES = listed("service", thing(
    service_code=TEXT, service_name=TEXT, description=PERHAPS_TEXT, metadata=FLAG,
    type=one_of("realtime", "batch", "blackbox"), keywords=PERHAPS_TEXT, group=PERHAPS_TEXT,
), minItems=1)  # fmt: skip
DEFINITION = thing(service_code=TEXT, attributes=listed("attribute", thing(
    variable=FLAG, code=TEXT, required=FLAG, datatype_description=PERHAPS_TEXT,
    datatype=one_of("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist"),
    order={"type": "integer", "minimum": 1}, description=TEXT, values=listed("value", thing(key=TEXT, name=TEXT)),
)))  # fmt: skip
CREATED = listed("request", thing(
    service_request_id=TEXT, service_notice=PERHAPS_TEXT, account_id=PERHAPS_TEXT,
), minItems=1, maxItems=1)  # fmt: skip
PROMISED = listed("request", thing(
    token=TEXT, service_notice=PERHAPS_TEXT, account_id=PERHAPS_TEXT,
), minItems=1, maxItems=1)  # fmt: skip
REDEEMED = listed("request", thing(service_request_id=PERHAPS_TEXT, token=TEXT), minItems=1, maxItems=1)

_REQUEST: dict[str, Shape] = {
    "service_request_id": TEXT, "status": one_of("open", "closed"), "status_notes": PERHAPS_TEXT,
    "service_name": PERHAPS_TEXT, "service_code": TEXT, "description": PERHAPS_TEXT,
    "agency_responsible": PERHAPS_TEXT, "service_notice": PERHAPS_TEXT, "requested_datetime": WHEN,
    "updated_datetime": WHEN, "expected_datetime": PERHAPS_WHEN, "address": PERHAPS_TEXT, "address_id": PERHAPS_TEXT,
    "zipcode": PERHAPS_TEXT, "lat": PERHAPS_DEGREES, "long": PERHAPS_DEGREES, "media_url": PERHAPS_TEXT,
}  # fmt: skip
REQUESTS = listed("request", thing(**_REQUEST))
EXTENDED_REQUESTS = listed("request", thing(
    **_REQUEST, external_id=PERHAPS_TEXT,
    extended_attributes=thing(
        channel=TEXT, step=TEXT, round=NUMBER, photos=listed("photo", thing(media_url=TEXT)),
    ),
    responsible={**thing(unit=TEXT, duty_phone=PERHAPS_TEXT), "type": ["object", "null"]},
    deadlines=listed("deadline", thing(kind=TEXT, due_datetime=WHEN, met_datetime=PERHAPS_WHEN)),
    attributes=listed("attribute", thing(code=TEXT, label=TEXT, name=TEXT, value=TEXT)),
    notes=listed("note", thing(datetime=WHEN, description=TEXT, type=TEXT, label=TEXT)),
))  # fmt: skip
UPDATES = listed("request_update", thing(
    service_request_id=TEXT, update_id=TEXT, status=TEXT, updated_datetime=WHEN, description=PERHAPS_TEXT,
    media_url=PERHAPS_TEXT, external_status_code=PERHAPS_TEXT, external_id=PERHAPS_TEXT, sequence=PERHAPS_NUMBER,
    event=PERHAPS_TEXT, agency_responsible=PERHAPS_TEXT, agency_phone=PERHAPS_TEXT, due_datetime=PERHAPS_WHEN,
    round=PERHAPS_NUMBER, public_text=PERHAPS_TEXT,
))  # fmt: skip
HEARD = listed("request_update", thing(update_id=TEXT), minItems=1, maxItems=1)
ERRORS = listed("error", thing(code={"type": "integer", "minimum": 400}, description=TEXT), minItems=1)
DISCOVERY = thing(
    changeset=WHEN, contact=TEXT, key_service=TEXT,
    endpoints=listed("endpoint", thing(
        specification=TEXT, url=TEXT, changeset=WHEN, type=one_of("production", "test"),
        formats=listed("format", one_of("text/xml", "application/json")),
    ), minItems=1),
)  # fmt: skip


def read_xml(element: ET.Element, shape: Shape) -> Any:
    """Read an element as the JSON it stands for; whatever the shape does not know stays in it to be refused."""
    kinds = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    if "array" in kinds:
        assert {child.tag for child in element} <= {shape["item"]}, element.tag
        return [read_xml(child, shape["items"]) for child in element]
    if "object" in kinds and (len(element) or "null" not in kinds):
        fields = shape["properties"]
        assert len({child.tag for child in element}) == len(element), f"{element.tag} has a field twice"
        return {child.tag: read_xml(child, fields.get(child.tag, TEXT)) for child in element}
    return _value(element.text or "", kinds)


def _value(text: str, kinds: list[str]) -> Any:
    if not text and "null" in kinds:
        return None
    if "boolean" in kinds:
        return {"true": True, "false": False}.get(text, text)
    if "integer" in kinds:
        return int(text)
    return float(text) if "number" in kinds else text
