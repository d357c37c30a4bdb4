"""Wrong values for every field of the API's description, each with the rule that must be named.

`faults_of` walks a schema of the OpenAPI document and gives bodies in which exactly one thing is wrong.
"""

import copy
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MARK = "13987654321"
"""A telephone number that is in every text sent, and may be in no answer and no line."""
RARE = "𠮷"
Schema = dict[str, Any]


@dataclass(frozen=True)
class Raw:
    """JSON text that Python would not write."""

    text: str


@dataclass(frozen=True)
class Fault:
    """One wrong value at a place, and the codes of which one must be named there."""

    pointer: str
    value: Any
    codes: frozenset[str]
    body: bytes


class Shapes:
    """The shapes of one description."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.components = document["components"]["schemas"]

    def opened(self, schema: Schema) -> tuple[Schema, bool]:
        """Give what a schema refers to, and whether null is also good."""
        nullable = False
        if "anyOf" in schema:
            nullable = {"type": "null"} in schema["anyOf"]
            (schema,) = [each for each in schema["anyOf"] if each != {"type": "null"}]
        if "$ref" in schema:
            schema = self.components[schema["$ref"].rsplit("/", 1)[1]]
        return schema, nullable

    def example(self, schema: Schema) -> Any:
        """Make a value that fits, with every field."""
        schema, _ = self.opened(schema)
        if "enum" in schema or "const" in schema:
            return schema.get("enum", [schema.get("const")])[0]
        match schema.get("type"):
            case "object":
                return {name: self.example(each) for name, each in schema.get("properties", {}).items()}
            case "array":
                return [] if schema.get("items", {}).get("format") == "uuid" else [self.example(schema["items"])]
            case "integer" | "number":
                return schema.get("minimum", 1)
            case "boolean":
                return False
        return self._text(schema)

    def _text(self, schema: Schema) -> str:
        if "examples" in schema:
            return str(schema["examples"][0])
        shapes = {
            "uuid": "018f0000-0000-7000-8000-000000000000",
            "date": "2030-01-01",
            "date-time": "2030-01-01T00:00:00Z",
        }
        return shapes.get(schema.get("format", ""), ("楼道灯坏了" * 3)[: schema.get("maxLength", 15)])

    def faults(self, schema: Schema) -> Iterator[Fault]:
        """Give every fault of a body."""
        whole = self.example(schema)
        for pointer, value, codes in self._wrong(schema, ""):
            yield Fault(pointer, value, frozenset(codes), written(whole, pointer, value))

    def _wrong(self, schema: Schema, at: str) -> Iterator[tuple[str, Any, set[str]]]:
        schema, nullable = self.opened(schema)
        if not nullable:
            yield at, None, TYPES
        if "enum" in schema or "const" in schema:
            yield from each_of(at, (f"no {MARK}", 5, []), CHOICES)
            return
        yield from WRONG[schema.get("type", "string")](self, schema, at)

    def _wrong_text(self, schema: Schema, at: str) -> Iterator[tuple[str, Any, set[str]]]:
        yield from each_of(at, (5, True, [MARK], {MARK: 1}, 1.5, Raw("NaN"), Raw("1e999")), TYPES)
        if "maxLength" in schema:
            yield at, (MARK + RARE * schema["maxLength"])[: schema["maxLength"] + 1], {"too_long", "bad_id"}
        if schema.get("minLength"):
            yield from (
                (at, text, {"too_short"}) for text in ("", "   ", "\u200b" * 9, RARE * (schema["minLength"] - 1))
            )
        for bad in ("\x00", "\x07", "\x1b", "\x7f", "\x85", "\ufffe", "\uffff"):
            yield at, f"楼道{bad}{MARK}", {"control_character"}
        yield at, Raw(f'"\\ud800{MARK}"'), {"control_character"}
        if "format" in schema or ("examples" in schema and "pattern" in schema):
            yield at, MARK + "x" * 20, {"bad_id", "bad_day", "bad_time", "too_long"}

    def _wrong_number(self, schema: Schema, at: str) -> Iterator[tuple[str, Any, set[str]]]:
        numbers = (Raw("NaN"), Raw("Infinity"), Raw("-Infinity"), Raw("1e999"))
        yield from each_of(at, ("1", True, [], {}, f"{MARK}", *numbers), TYPES | {"too_large"})
        if "maximum" in schema:
            yield from each_of(at, (schema["maximum"] + 1, 10**30, 10**300), {"too_large"})
        if "minimum" in schema:
            yield from each_of(at, (schema["minimum"] - 1, -(10**30)), {"too_small"})
        if schema["type"] == "integer":
            yield at, schema.get("minimum", 1) + 0.5, TYPES

    def _wrong_flag(self, _: Schema, at: str) -> Iterator[tuple[str, Any, set[str]]]:
        yield from each_of(at, ("yes", "true", 1, 0, [], {}), TYPES)

    def _wrong_list(self, schema: Schema, at: str) -> Iterator[tuple[str, Any, set[str]]]:
        yield from each_of(at, (MARK, {}, 5, True), TYPES)
        if "maxItems" in schema:
            many = [self.example(schema["items"])] * (schema["maxItems"] + 1)
            yield at, many, {"too_many"}
        for pointer, value, codes in self._wrong(schema["items"], ""):
            yield f"{at}/0{pointer}", value, codes

    def _wrong_object(self, schema: Schema, at: str) -> Iterator[tuple[str, Any, set[str]]]:
        yield from each_of(at, (MARK, [], 5, True), TYPES)
        if schema.get("additionalProperties") is False:
            yield f"{at}/unknown", MARK, {"unknown_field"}
        for name in schema.get("required", ()):
            yield f"{at}/{name}", ..., {"missing"}
        for name, each in schema.get("properties", {}).items():
            yield from self._wrong(each, f"{at}/{name}")


def each_of(at: str, values: Iterable[Any], codes: set[str]) -> Iterator[tuple[str, Any, set[str]]]:
    """Give one fault for each of some values."""
    for value in values:
        yield at, value, codes


TYPES = {"wrong_type", "bad_id", "bad_time", "bad_day", "not_allowed", "invalid"}
CHOICES = {"not_allowed", "wrong_type"}
WRONG: dict[str, Any] = {
    "string": Shapes._wrong_text,  # noqa: SLF001
    "integer": Shapes._wrong_number,  # noqa: SLF001
    "number": Shapes._wrong_number,  # noqa: SLF001
    "boolean": Shapes._wrong_flag,  # noqa: SLF001
    "array": Shapes._wrong_list,  # noqa: SLF001
    "object": Shapes._wrong_object,  # noqa: SLF001
}


def written(whole: Any, pointer: str, value: Any) -> bytes:
    """Write a body with one place replaced, or left out."""
    if pointer == "":
        return _json(value)
    body = copy.deepcopy(whole)
    *way, last = pointer[1:].split("/")
    here = body
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here[step]
    if isinstance(here, list):
        here[:] = [value]
    elif value is ...:
        here.pop(last, None)
    else:
        here[last] = value
    return _json(body)


def _json(value: Any) -> bytes:
    pieces: dict[str, str] = {}

    def stand_in(raw: Any) -> str:
        assert isinstance(raw, Raw), raw
        pieces[f"<<{len(pieces)}>>"] = raw.text
        return list(pieces)[-1]

    text = json.dumps(value, ensure_ascii=False, default=stand_in)
    for name, raw in pieces.items():
        text = text.replace(f'"{name}"', raw)
    return text.encode("utf-8", "surrogatepass")
