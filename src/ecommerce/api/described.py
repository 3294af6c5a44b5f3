"""Routes as the API's description tells of them: true to what they take, with examples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from litestar.openapi.spec import Operation

from ecommerce.api.example_answers import ANSWERS, HEADERS
from ecommerce.api.examples import BODIES, PARAMETERS, PARAMETERS_OF
from ecommerce.api.validation import NO_CONTROL

Told = dict[str, Any]
"""A part of a description, as JSON."""

JSON: Final = "application/json"
RETRY: Final = {
    "Retry-After": {
        "description": "Seconds after which to send the request again.",
        "schema": {"type": "integer"},
        "example": HEADERS["Retry-After"],
    }
}


@dataclass
class Described(Operation):
    """A route, and what it asks of its caller: the scope, and whose own things need none."""

    scope: str = field(default="none", metadata={"alias": "x-scope"})
    owner: str = field(default="none", metadata={"alias": "x-owner"})

    def to_schema(self) -> Told:
        """Put right what Litestar cannot know of the route, and add examples."""
        told = super().to_schema()
        name = told["operationId"]
        examples = PARAMETERS | {"X-Caller": _caller(self.scope)} | PARAMETERS_OF.get(name, {})
        told["parameters"] = [_parameter(each, examples) for each in told.get("parameters", ())]
        if name in BODIES:
            told["requestBody"] = _body(told.get("requestBody"), BODIES[name])
        told["responses"].get("204", {}).pop("content", None)
        _tell_headers_of_both(told["responses"])
        for status, answer in told["responses"].items():
            _show(answer.get("content", {}), ANSWERS.get(name, {}).get(int(status)))
            _tell_headers(status, answer)
        return {key: value for key, value in told.items() if value is not False}


def _caller(scope: str) -> str:
    return "ann" if scope == "none" else f"ann; {scope}"


def _parameter(told: Told, examples: Told) -> Told:
    """Take the null off: what is not sent is missing, and nothing else says that."""
    kept = {key: value for key, value in told.items() if value is not False or key == "required"}
    schema = _without_null(told["schema"])
    schema.pop("description", None)
    if told["in"] == "query":
        _bar_controls(schema.get("items", schema))
    shown = {"example": examples[told["name"]]} if told["name"] in examples else {}
    return {**kept, "schema": schema, **shown}


def _without_null(schema: Told) -> Told:
    match schema:
        case {"oneOf": [dict(kind), {"type": "null"}], **rest}:
            return {**kind, **rest}
        case {"enum": [*values], **rest} if None in values:
            return {**rest, "type": "string", "enum": [one for one in values if one is not None]}
        case _:
            return dict(schema)


def _bar_controls(schema: Told) -> None:
    if schema.get("type") == "string" and schema.keys().isdisjoint({"pattern", "format", "enum"}):
        schema["pattern"] = NO_CONTROL


def _body(told: Told | None, example: Any) -> Told:
    """Say that a body may be left out where it may be null."""
    content = (told or {}).get("content", {JSON: {"schema": {"type": "object"}}})
    _show(content, example)
    return {"required": "oneOf" not in content[JSON]["schema"], "content": content}


def _show(content: Mapping[str, Told], example: Any) -> None:
    """Show an example; those of problems are called after the kinds of problems."""
    for told in content.values():
        if example is not None:
            told["example"] = example
        if "examples" in told:
            values = told["examples"].values()
            told["examples"] = {one["value"]["type"].rpartition("/")[2]: one for one in values}


def _tell_headers_of_both(answers: Told) -> None:
    """Say that what is done at once (201) is answered under the same headers as what is not yet."""
    if {"201", "202"} <= answers.keys():
        answers["201"]["headers"] = dict(answers["202"]["headers"])


def _tell_headers(status: str, answer: Told) -> None:
    for name, header in answer.get("headers", {}).items():
        kept = {key: value for key, value in header.items() if value is not False}
        answer["headers"][name] = {**kept, "example": HEADERS[name]}
    if status == "503":
        answer["headers"] = RETRY
