"""The messages of the document: each published event with its schema and an example."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from inspect import cleandoc

from ecommerce.bus.asyncapi.forms import Document, amqp, refer, topics
from ecommerce.bus.asyncapi.samples import sample
from ecommerce.bus.asyncapi.schemas import schemas
from ecommerce.bus.asyncapi.words import ENVELOPE, HEADERS
from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.store.envelope import CONTENT_TYPE, Envelope, members


def messages() -> Iterator[tuple[str, Document]]:
    """Yield the message of each topic; one that several contexts publish comes once."""
    for context in PUBLISHED:
        for name, aggregate, event in topics(context):
            tellers = [other for other in PUBLISHED if aggregate in PUBLISHED[other]]
            if tellers[0] == context:
                count = members(PUBLISHED[context][aggregate]).index(event) + 1
                example = sample(context, aggregate, event, count)
                yield name, _message(name, event, tellers, example)


def _message(name: str, event: type[Event], tellers: Sequence[str], example: Document) -> Document:
    summary, _, more = cleandoc(event.__doc__ or "").partition("\n\n")
    return {
        "name": name,
        "title": event.__name__,
        "summary": summary,
        **({"description": more} if more else {}),
        "contentType": CONTENT_TYPE,
        "correlationId": {"location": "$message.payload#/correlationid"},
        "headers": refer("components", "schemas", "Headers"),
        "payload": _payload(name, event, tellers),
        "bindings": amqp({"messageType": event.__name__}),
        "examples": [{"name": event.__name__, **example}],
    }


def _payload(name: str, event: type[Event], tellers: Sequence[str]) -> Document:
    fixed = {
        "source": {"enum": [*tellers]},
        "type": {"const": event.__name__},
        "dataschema": {"const": f"urn:ecommerce:{name}"},
        "data": refer("components", "schemas", event.__name__),
    }
    return {"allOf": [refer("components", "schemas", "Envelope"), {"properties": fixed}]}


def components() -> Document:
    """Make the schemas that the messages refer to."""
    events = dict.fromkeys(event for context in PUBLISHED for _, _, event in topics(context))
    made = schemas([*events, Envelope])
    return {
        **made,
        "Envelope": {**made["Envelope"], "properties": _attributes(made["Envelope"])},
        "Headers": {
            "type": "object",
            "properties": {
                name: {"type": "integer", "description": about} for name, about in HEADERS.items()
            },
            "required": [*HEADERS],
        },
    }


def _attributes(envelope: Document) -> Document:
    return {
        name: {**schema, "description": ENVELOPE[name]}
        for name, schema in envelope["properties"].items()
    }
