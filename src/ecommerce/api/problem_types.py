"""The kinds of problems that a request can meet: what each means, and what to do about it."""

from __future__ import annotations

import re
from typing import Final

from ecommerce.kernel import Value


class ProblemType(Value, frozen=True):
    """A kind of problem (RFC 9457). `type` is its address, which tells what stands here."""

    type: str
    title: str
    status: int
    meaning: str
    remedy: str


def title_of(kind: str) -> str:
    """Write a kind in words: `PriceChanged` is `Price changed`."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower().capitalize()
    return re.sub(r"\b(json|sku)\b", lambda short: short[0].upper(), words)


def type_of(kind: str) -> str:
    """Give the address of a kind: `PriceChanged` is `/problems/price-changed`."""
    return f"/problems/{title_of(kind).lower().replace(' ', '-')}"


_AGAIN: Final = "Send the same request again, under the same Idempotency-Key, after `Retry-After`."
_ROWS: Final = {
    "InvalidRequest": (
        422,
        "Fields of the body, parameters or headers (400) are at fault; `errors` names each.",
        "Put them right.",
    ),
    "NotJson": (400, "The body cannot be read as JSON.", "Send valid JSON, as UTF-8."),
    "UnsupportedMediaType": (
        415,
        "The body does not say that it is JSON.",
        "Send it with `Content-Type: application/json`.",
    ),
    "BadToken": (
        400,
        "The Consistency-Token is not one that this system gave.",
        "Send what a write answered, unchanged; several are parted by commas.",
    ),
    "ScopeMissing": (
        403,
        "The request holds fields that only callers with a certain scope may send.",
        "Leave them out, or ask for the scope that `errors` names.",
    ),
    "KeyReused": (
        422,
        "The Idempotency-Key was used for another request before.",
        "Use a new key for each request; the old one only to repeat it unchanged.",
    ),
    "UnknownSku": (
        422,
        "The order names products that are not sold: unknown, delisted, or added just now.",
        "Leave them out; or send the Consistency-Token of what added them.",
    ),
    "PriceChanged": (
        409,
        "A line names a price that is not the current one; `errors` tells it.",
        "Show the customer the new price, then order at that.",
    ),
    "ProductAlreadyExists": (
        409,
        "There is a product with this SKU.",
        "Change its price, or choose another SKU.",
    ),
    "ProductHasChanged": (
        412,
        "Somebody else has changed the product since it was read.",
        "Read it again, and send its new ETag as `If-Match`.",
    ),
    "PriceIsNegative": (409, "A price cannot be less than nothing.", "Choose another price."),
    "NotEnoughStock": (
        409,
        "The count would fall below what is held for orders.",
        "Adjust by less, or cancel orders that hold it.",
    ),
    "OrderIsEmpty": (409, "An order needs a line or a charge.", "Order something."),
    "TotalOutOfRange": (
        409,
        "The order comes to less than nothing, or to more than can be charged.",
        "Order less in one order, or take less off.",
    ),
    "MixedCurrencies": (409, "An order has one currency.", "Place an order in each currency."),
    "OrderAlreadyShipped": (
        409,
        "The order has left the house: it can neither be cancelled nor shipped again.",
        "Nothing here: the shop takes no returns yet.",
    ),
    "OrderAlreadyDelivered": (409, "The order is delivered.", "Nothing: it is done."),
    "OrderIsCancelled": (409, "The order is cancelled, for good.", "Place a new one."),
    "OrderNotConfirmed": (
        409,
        "The order is not paid yet, so it cannot be shipped.",
        "Wait until it is confirmed; its timeline tells what it waits for.",
    ),
    "OrderNotShipped": (
        409,
        "The order is not shipped, so it cannot be delivered.",
        "Ship it first.",
    ),
    "BadSignature": (
        400,
        "The webhook is not signed with the secret of this shop, or too old.",
        "Only the payment provider sends webhooks.",
    ),
    "NotYet": (
        503,
        "What the Consistency-Token names cannot be seen yet.",
        "Read again after `Retry-After`.",
    ),
    "LoopFull": (503, "The service has more to do than it can take on.", _AGAIN),
    "LoopStopped": (503, "This instance of the service is stopping.", _AGAIN),
    "Stopped": (503, "This instance of the service stopped before it could answer.", _AGAIN),
    "StoreUnavailable": (503, "The service's database cannot be reached.", _AGAIN),
    "TooManyFollowers": (
        503,
        "The instance follows as many orders as it can.",
        "Connect again after `Retry-After`.",
    ),
    "NoInstance": (
        503,
        "No instance of the service can be reached, or has room.",
        _AGAIN,
    ),
    "GatewayFull": (503, "The gateway has more requests at once than it can hold.", _AGAIN),
    "NoAnswer": (
        502,
        "The service broke off without an answer. It may have done what was asked.",
        "Look, or send the same request again under the same Idempotency-Key.",
    ),
    "AnswerTooLate": (
        504,
        "The service did not answer in time. It may yet do what was asked.",
        "Look, or send the same request again under the same Idempotency-Key.",
    ),
}

TYPES: Final = {
    kind: ProblemType(type_of(kind), title_of(kind), status, meaning, remedy)
    for kind, (status, meaning, remedy) in _ROWS.items()
}
"""By kind."""

ANYWHERE: Final = {
    400: ("InvalidRequest", "NotJson", "BadToken"),
    415: ("UnsupportedMediaType",),
    422: ("InvalidRequest", "KeyReused"),
    503: ("NotYet", "LoopFull", "LoopStopped", "Stopped", "StoreUnavailable"),
}
"""The kinds that any route with one of these statuses may answer with."""
