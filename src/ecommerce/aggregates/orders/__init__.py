"""An order is placed, confirmed, shipped and delivered, or cancelled on its way, for good."""

from __future__ import annotations

from ecommerce.aggregates.orders.commands import (
    AskForAuthentication,
    CancelOrder,
    CompleteCompensation,
    CompleteRefund,
    ConfirmOrder,
    DeliverOrder,
    NoSuchOrder,
    OrderAlreadyDelivered,
    OrderAlreadyShipped,
    OrderCommand,
    OrderIsCancelled,
    OrderIsEmpty,
    OrderNotConfirmed,
    OrderNotShipped,
    PlaceOrder,
    ShipOrder,
    TotalOutOfRange,
    WithdrawOrder,
)
from ecommerce.aggregates.orders.decider import decide, stream, streams
from ecommerce.aggregates.orders.state import Order, Status, evolve, folds

__all__ = [
    "AskForAuthentication",
    "CancelOrder",
    "CompleteCompensation",
    "CompleteRefund",
    "ConfirmOrder",
    "DeliverOrder",
    "NoSuchOrder",
    "Order",
    "OrderAlreadyDelivered",
    "OrderAlreadyShipped",
    "OrderCommand",
    "OrderIsCancelled",
    "OrderIsEmpty",
    "OrderNotConfirmed",
    "OrderNotShipped",
    "PlaceOrder",
    "ShipOrder",
    "Status",
    "TotalOutOfRange",
    "WithdrawOrder",
    "decide",
    "evolve",
    "folds",
    "stream",
    "streams",
]
