"""How the page shows the document: operations by subject, and the objects that stand in their bodies and answers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

_LEAST_PROBLEM: Final = 400
Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object: its type in words, whether it is always there, what it means, and the object it holds or lists."""

    name: str
    type: str
    needed: bool
    words: str
    holds: str | None


@dataclass(frozen=True, slots=True)
class Content:
    """A body or an answer: its type of content or its status, in words, and its fields."""

    name: str
    words: str
    fields: Sequence[Field]


@dataclass(frozen=True, slots=True)
class Shown:
    """One operation; a parameter is its name, its place, whether it is required, and what it means."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: Sequence[tuple[str, str, bool, str]]
    bodies: Sequence[Content]
    answers: Sequence[Content]


def sections_of(document: Schema) -> list[tuple[str, list[Shown]]]:
    """Return the operations by subject."""
    by_tag: dict[str, list[Shown]] = {tag["name"]: [] for tag in document["tags"]}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            by_tag[operation["tags"][0]].append(_shown(path, method, operation, document["components"]["schemas"]))
    return [(tag, operations) for tag, operations in by_tag.items() if operations]


def objects_of(document: Schema, sections: Iterable[tuple[str, Sequence[Shown]]]) -> list[Content]:
    """Return the objects that fields of the operations hold, and those that these hold, by name."""
    schemas: Schemas = document["components"]["schemas"]
    contents = [each for _, operations in sections for one in operations for each in (*one.bodies, *one.answers)]
    found: dict[str, Content] = {}
    while contents:
        held = {field.holds for each in contents for field in each.fields if field.holds is not None} - set(found)
        contents = [Content(name, schemas[name].get("description", ""), _fields(schemas[name], schemas)) for name in held]
        found |= {each.name: each for each in contents}
    return [found[name] for name in sorted(found)]


def _shown(path: str, method: str, operation: Schema, schemas: Schemas) -> Shown:
    body = operation.get("requestBody", {}).get("content", {})
    return Shown(
        operation["operationId"],
        method.upper(),
        path,
        operation["summary"],
        operation["description"],
        [(each["name"], each["in"], each["required"], _meaning(each, schemas)) for each in operation["parameters"]],
        [Content(kind, content["schema"].get("description", ""), _fields(content["schema"], schemas)) for kind, content in body.items()],
        [
            Content(status, answer["description"], _answered(int(status), answer, schemas))
            for status, answer in operation["responses"].items()
        ],
    )


def _meaning(parameter: Schema, schemas: Schemas) -> str:
    schema = parameter["schema"]
    return str(parameter.get("description") or schema.get("description") or _type(schema, schemas))


def _answered(status: int, answer: Schema, schemas: Schemas) -> list[Field]:
    """Return the fields of an answer; those of a problem are the same everywhere."""
    contents = answer.get("content", {}).values() if status < _LEAST_PROBLEM else ()
    return [field for content in contents for field in _fields(content["schema"], schemas)]


def _fields(schema: Schema, schemas: Schemas) -> list[Field]:
    found = _resolved(schema, schemas)
    if found.get("type") == "array":
        found = _resolved(found["items"], schemas)
    needed = set(found.get("required", ()))
    return [
        Field(name, _type(each, schemas), name in needed, _words(each, schemas), _held(each, schemas))
        for name, each in found.get("properties", {}).items()
    ]


def _words(schema: Schema, schemas: Schemas) -> str:
    """Return what a field means; an object says so itself, in its own place."""
    if "description" in schema:
        return str(schema["description"])
    return next((words for each in schema.get("anyOf", ()) if "$ref" not in each and (words := _words(each, schemas))), "")


def _held(schema: Schema, schemas: Schemas) -> str | None:
    """Return the name of the object that a field holds or lists."""
    if "$ref" in schema:
        held = _name(schema)
        return held if "properties" in schemas[held] else None
    parts = [*schema.get("anyOf", ()), *([schema["items"]] if schema.get("type") == "array" and "items" in schema else [])]
    return next((name for part in parts if (name := _held(part, schemas)) is not None), None)


def _type(schema: Schema, schemas: Schemas) -> str:
    if "$ref" in schema:
        name = _name(schema)
        return name if "properties" in schemas[name] else _type(schemas[name], schemas)
    if "anyOf" in schema:
        return " or ".join(_type(each, schemas) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return json.dumps(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}), schemas)}"
    return "time" if schema.get("format") == "date-time" else str(schema.get("type", "anything"))


def _resolved(schema: Schema, schemas: Schemas) -> Schema:
    return schemas[_name(schema)] if "$ref" in schema else schema


def _name(schema: Schema) -> str:
    return str(schema["$ref"]).rpartition("/")[2]
