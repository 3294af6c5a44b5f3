"""An example of each event, put together from what its fields are called."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import inspect

from ecommerce.kernel import Event, Money
from ecommerce.store.envelope import Cause, Recorded, encode

ORDER: Final = "01a20c1c-75ea-778d-904f-48bce1c9dbee"
REQUEST: Final = "01a20c1c-75e7-7373-b19c-46dfbbf98678"
TIME: Final = datetime(2026, 1, 5, 12, 0, 4, 250_000, UTC)

FIELDS: Final[dict[str, Any]] = {
    "about": f"order-{ORDER}@1",
    "amount": Money(1930, "GBP"),
    "available": 1,
    "carrier": "Royal Mail",
    "charge": "ch_3PqWd2eZvKYlo2C1",
    "city": "Leeds",
    "code": "card_declined",
    "country": "GB",
    "email": "ann@example.invalid",
    "intent": "pi_3PqWd2eZvKYlo2C1",
    "message_id": f"order-{ORDER}@1",
    "message_type": "OrderCreated",
    "name": "Ann Example",
    "number": 1,
    "order_id": ORDER,
    "owner": "ann",
    "payment_method": "pm_card_visa",
    "placed_at": TIME,
    "postcode": "LS1 4AP",
    "price": Money(840, "GBP"),
    "quantity": 2,
    "reason": "the card was declined",
    "reference": "536365",
    "refund": "re_3PqWd2eZvKYlo2C1",
    "requested": 2,
    "sku": "TEA-ASSAM-125",
    "skus": ["TEA-ASSAM-125"],
    "street": "12 Example Street",
    "template": "order_confirmed",
    "to": "ann@example.invalid",
    "total": Money(1930, "GBP"),
    "tracking": "QE012345678GB",
    "trouble": "the database refused it",
    "unit_price": Money(840, "GBP"),
    "url": "https://bank.example.invalid/authenticate/pi_3PqWd2eZvKYlo2C1",
    "Charge.amount": Money(250, "GBP"),
    "Charge.code": "POST",
    "Mail.carrier": None,
    "Mail.reason": None,
    "Mail.tracking": None,
    "Mail.url": None,
    "MessageDiscarded.reason": "the order was placed again by telephone",
    "NotificationFailed.reason": "550 no such mailbox",
    "OrderCancelled.code": "payment_failed",
    "ProductAdded.name": "Assam second flush, loose leaf, 125 g",
    "UnitsAdjusted.quantity": -1,
    "UnitsAdjusted.reason": "one was found broken",
}
"""What a field of this name holds, or that of one struct only, where it differs there."""

_KEYS: Final = {"product": "sku", "stock": "sku", "notification": "about", "parked": "message_id"}
"""What the streams of an aggregate are named after, where that is not the order."""

_OF_ORDER: Final = {"order_id", "about", "message_id"}
"""The fields that name an order, or an event of one."""

_ASKED_FOR: Final = {"OrderCreated", "OrderShipped", "OrderDelivered", "MessageDiscarded"}
"""The events about an order that a person's request leads to."""

_HEADERS: Final = {"position": 1042, "previous": 1041}


def sample(context: str, aggregate: str, event: type[Event], version: int) -> dict[str, Any]:
    """Make an example of a message: its headers, and its payload as the code writes it.

    `version` counts the events of its stream. Raises `LookupError` where a field has no example.
    """
    data = _of(inspect.type_info(event), event.__name__)
    key = data[_KEYS.get(aggregate, "order_id")]
    recorded = Recorded(
        event=msgspec.convert(data, event),
        source=context,
        stream=f"{aggregate}-{key}",
        version=version,
        position=_HEADERS["position"],
        time=TIME,
        cause=_cause(context, event, data),
    )
    return {"headers": _HEADERS, "payload": msgspec.json.decode(encode(recorded))}


def _cause(context: str, event: type[Event], data: dict[str, Any]) -> Cause:
    """Say what led to an event: events about an order belong to that, others to their request."""
    belongs_to = REQUEST if data.keys().isdisjoint(_OF_ORDER) else ORDER
    if event.__name__ in _ASKED_FOR or belongs_to == REQUEST:
        return Cause(belongs_to, REQUEST, "ann")
    return Cause(belongs_to, f"order-{ORDER}@1", context)


def _of(kind: inspect.Type, path: str) -> Any:
    for name in (path, path.rpartition(".")[2]):
        if name in FIELDS:
            return msgspec.to_builtins(FIELDS[name])
    match kind:
        case inspect.Metadata():
            return _of(kind.type, path)
        case inspect.StructType():
            return _of_fields(kind.cls.__name__, kind.fields)
        case inspect.VarTupleType():
            return [_of(kind.item_type, path)]
        case _:
            raise LookupError(f"{path} has no example: say one in `FIELDS` of {__name__}")


def _of_fields(struct: str, fields: Iterable[inspect.Field]) -> dict[str, Any]:
    return {field.encode_name: _of(field.type, f"{struct}.{field.name}") for field in fields}
