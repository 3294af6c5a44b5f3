"""What every operation may answer beside its own: the gateway's answers, and where to go next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec

from ecommerce.api.described import RETRY
from ecommerce.api.problem_types import TYPES
from ecommerce.api.problems import MEDIA_TYPE, Problem, problem

Document = dict[str, Any]

OWN: Final[dict[int, tuple[str, ...]]] = {
    413: (),
    500: (),
    502: ("NoAnswer",),
    503: ("NoInstance", "GatewayFull"),
    504: ("AnswerTooLate",),
}
"""The kinds of problems that no service describes, by status."""

PROBLEM: Final = "#/components/schemas/Problem"

_PLAIN: Final = {
    413: "A request's body is at most a mebibyte.",
    500: "The service failed at this request, and its log says why.",
}
_TOKEN: Final = {"header.Consistency-Token": "$response.header.Consistency-Token"}
_ORDER: Final = {"order_id": "$response.body#/order_id"}
_SKU: Final = {"sku": "$response.body#/sku"}

LINKS: Final = {
    "orders_place_order": {
        "orders_show_order": _ORDER | _TOKEN,
        "orders_cancel_order": _ORDER,
        "orders_ship_order": _ORDER,
        "audit_show_timeline": _ORDER | _TOKEN,
        "audit_follow_order": _ORDER,
        "payments_show_payment": _ORDER | _TOKEN,
        "notifications_list_notifications": _ORDER | _TOKEN,
    },
    "orders_cancel_order": {"orders_show_order": _ORDER | _TOKEN},
    "orders_ship_order": {"orders_deliver_order": _ORDER, "orders_show_order": _ORDER | _TOKEN},
    "orders_deliver_order": {"orders_show_order": _ORDER | _TOKEN},
    "catalog_add_product": {
        "catalog_show_product": _SKU | _TOKEN,
        "catalog_change_price": _SKU | {"header.If-Match": "$response.header.ETag"},
        "catalog_delist_product": _SKU,
        "inventory_receive": _SKU,
    },
    "inventory_receive": {
        "inventory_show_stock": _SKU | _TOKEN,
        "inventory_show_movements": _SKU | _TOKEN,
        "inventory_adjust": _SKU,
    },
}
"""What may be asked next, with what was answered: the operations by those that lead to them."""


def answers() -> dict[str, Document]:
    """Describe the gateway's own answers, by status."""
    return {str(status): _answer(status, kinds) for status, kinds in OWN.items()}


def _answer(status: int, kinds: tuple[str, ...]) -> Document:
    problems = [problem(status, TYPES[kind].remedy, kind) for kind in kinds]
    problems = problems or [problem(status, _PLAIN[status])]
    content = {"schema": {"$ref": PROBLEM}, "examples": dict(map(_example, problems))}
    told: Document = {"description": HTTPStatus(status).phrase, "content": {MEDIA_TYPE: content}}
    return told | ({"headers": RETRY} if status == HTTPStatus.SERVICE_UNAVAILABLE else {})


def _example(told: Problem) -> tuple[str, Document]:
    name = told.type.removeprefix("/problems/").removeprefix("about:")
    return name, {"summary": told.title, "value": msgspec.to_builtins(told)}


def add(responses: Document) -> Document:
    """Add the gateway's answers to an operation's; examples of one status stand side by side."""
    added: Document = {status: {"$ref": f"#/components/responses/{status}"} for status in answers()}
    added |= responses
    for status in responses.keys() & answers().keys():
        told = responses[status]["content"][MEDIA_TYPE]
        own = answers()[status]["content"][MEDIA_TYPE]["examples"]
        content = {MEDIA_TYPE: {**told, "examples": {**told.get("examples", {}), **own}}}
        added[status] = {**responses[status], "content": content}
    return dict(sorted(added.items()))


def share_examples(responses: Mapping[str, Document], shared: Document) -> None:
    """Move the examples of problems to where all operations share them."""
    for status, answer in responses.items():
        told = answer.get("content", {}).get(MEDIA_TYPE, {})
        for name, example in told.get("examples", {}).items():
            shared[f"{name}-{status}"] = example
            told["examples"][name] = {"$ref": f"#/components/examples/{name}-{status}"}


def link(operations: Mapping[str, Document]) -> None:
    """Tell where each operation leads to, of those that there are, by their ids."""
    for name, operation in operations.items():
        links = dict(_links(name, operations))
        for status, answer in operation["responses"].items():
            if links and status.startswith("2"):
                answer["links"] = links


def _links(name: str, operations: Mapping[str, Document]) -> Iterator[tuple[str, Document]]:
    for other, parameters in LINKS.get(name, {}).items():
        if other in operations:
            yield other, {"operationId": other, "parameters": parameters}
