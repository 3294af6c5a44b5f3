"""Published events only ever grow: held against event_schemas.json, the shapes of last time.

After an addition run this file as a program; it writes the new shapes, and refuses a break.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from ecommerce.contexts import CONTEXTS
from ecommerce.events import PUBLISHED
from ecommerce.store.envelope import members, published_topics

SNAPSHOT = Path(__file__).parent / "event_schemas.json"

WORDS = ("title", "description", "examples", "default")
"""What a schema says to people; it may change."""

Schemas = dict[str, Any]


def current() -> Schemas:
    """Describe all published events as JSON Schema, and name their topics."""
    events = [e for owned in PUBLISHED.values() for union in owned.values() for e in members(union)]
    _, schemas = msgspec.json.schema_components(events, ref_template="#/schemas/{name}")
    topics = {context: published_topics(context) for context in CONTEXTS}
    return {"topics": topics, "schemas": dict(sorted(schemas.items()))}


def breaks(then: Schemas, now: Schemas) -> Iterator[str]:
    """Say what a reader or writer of the old shapes could no longer rely on."""
    for context, topics in then["topics"].items():
        for gone in sorted(set(topics) - set(now["topics"].get(context, []))):
            yield f"{context} no longer publishes {gone}"
    for name, old in then["schemas"].items():
        if new := now["schemas"].get(name):
            yield from _broken_fields(name, old, new)
        else:
            yield f"{name} is gone"


def _broken_fields(name: str, old: Schemas, new: Schemas) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for field in before:
        if field not in after:
            yield f"{name}.{field} is gone"
        elif _bare(before[field]) != _bare(after[field]):
            yield f"{name}.{field} has another type"
    for field in sorted({*new.get("required", [])} - {*old.get("required", [])}):
        yield f"{name}.{field} is required now"


def _bare(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {word: _bare(part) for word, part in schema.items() if word not in WORDS}
    return [_bare(part) for part in schema] if isinstance(schema, list) else schema


def test_no_published_event_breaks_its_readers() -> None:
    assert [*breaks(json.loads(SNAPSHOT.read_text()), current())] == []


def test_the_checked_in_shapes_are_those_of_the_code() -> None:
    assert json.loads(SNAPSHOT.read_text()) == current(), f"run: python {Path(__file__).name}"


TEA: Schemas = {"properties": {"sku": {"type": "string"}}, "required": ["sku"]}


def shapes(tea: Schemas) -> Schemas:
    return {"topics": {"catalog": ["product.Tea.v1"]}, "schemas": {"Tea": tea}}


def test_an_optional_field_is_no_break() -> None:
    more = {**TEA, "properties": {**TEA["properties"], "grade": {"type": "integer"}}}
    assert [*breaks(shapes(TEA), shapes(more))] == []


def test_other_words_for_people_are_no_break() -> None:
    words = {**TEA, "properties": {"sku": {"type": "string", "description": "A stock code."}}}
    assert [*breaks(shapes(TEA), shapes(words))] == []


def test_a_removed_or_renamed_field_is_a_break() -> None:
    renamed = {"properties": {"code": {"type": "string"}}, "required": ["code"]}
    assert [*breaks(shapes(TEA), shapes(renamed))] == [
        "Tea.sku is gone",
        "Tea.code is required now",
    ]


def test_another_type_is_a_break() -> None:
    changed = {"properties": {"sku": {"type": "integer"}}, "required": ["sku"]}
    assert [*breaks(shapes(TEA), shapes(changed))] == ["Tea.sku has another type"]


def test_a_new_required_field_is_a_break() -> None:
    more = {"properties": {**TEA["properties"], "grade": {}}, "required": ["sku", "grade"]}
    assert [*breaks(shapes(TEA), shapes(more))] == ["Tea.grade is required now"]


def test_a_removed_event_is_a_break() -> None:
    assert [*breaks(shapes(TEA), {"topics": {"catalog": []}, "schemas": {}})] == [
        "catalog no longer publishes product.Tea.v1",
        "Tea is gone",
    ]


if __name__ == "__main__":
    if SNAPSHOT.exists() and (broken := [*breaks(json.loads(SNAPSHOT.read_text()), current())]):
        sys.exit("\n".join(broken))
    SNAPSHOT.write_text(json.dumps(current(), indent=2, ensure_ascii=False) + "\n")
