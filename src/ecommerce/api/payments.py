"""Payments over HTTP: shown to who ordered, and told of by the payment provider."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import HeaderParameter, SkipValidation

from ecommerce.adapters.payments.charging import Outcome
from ecommerce.adapters.payments.webhooks import BadSignature, WebhookEvent
from ecommerce.api.caller import caller, needs
from ecommerce.api.given import given
from ecommerce.api.problem_types import TYPES
from ecommerce.api.problems import documented, refused
from ecommerce.api.reading import OrderIdInPath, Read, Token
from ecommerce.kernel import Money, Value
from ecommerce.projections import payment_page
from ecommerce.store.envelope import Cause
from ecommerce.store.unit import Submit, Unit, digest

CONTEXT: Final = "payments"
WEBHOOKS: Final = "/payments/webhooks"

Verify: TypeAlias = Callable[[bytes, str], WebhookEvent]
"""Reads a webhook's body and signature. Raises `BadSignature`."""


class PaymentView(Value, frozen=True):
    """The payment of an order. `closed`: the order is dead, nothing is charged any more."""

    order_id: str
    status: Literal[
        "not_requested",
        "requested",
        "started",
        "authenticating",
        "succeeded",
        "failed",
        "voided",
        "refunding",
        "refunded",
    ]
    amount: Money | None
    payment_method: str | None
    charge: str | None
    refund: str | None
    failure_code: str | None
    failure_reason: str | None
    authentication_url: str | None
    """Where the customer tells the bank that it is they who pay, as long as the payment waits."""
    closed: bool
    created_at: datetime
    updated_at: datetime


@get(
    "/payments/{order_id:str}",
    **needs("payments:read", owner="placer"),
    responses=documented(400, 404, 503),
)
async def show_payment(
    order_id: OrderIdInPath,
    read: NamedDependency[SkipValidation[Read]],
    token: Token = None,
) -> PaymentView:
    """Show the payment of an order."""
    async with read(payment_page.NAME, token) as db:
        row = await payment_page.find(db, order_id)
    if row is None:
        raise NotFoundException(f"There is no payment of an order {order_id}.")
    return PaymentView(amount=row.due, **{name: getattr(row, name) for name in _SHARED})


@post(
    WEBHOOKS,
    status_code=204,
    **needs(None, owner="provider"),
    responses=documented(400, "BadSignature", 503),
)
async def take_webhook(
    request: Request[Any, Any, Any],
    submit: NamedDependency[SkipValidation[Submit]],
    verify: NamedDependency[SkipValidation[Verify]],
    signature: Annotated[
        str, HeaderParameter(name="Stripe-Signature", description="Proves who sent it.")
    ] = "",
) -> Response[None]:
    """Take what the payment provider tells by itself.

    What changes nothing is taken and forgotten. The same event counts once, however often it comes.
    """
    try:
        event = verify(request.state.body, signature)
    except BadSignature:
        raise refused(400, TYPES["BadSignature"].meaning, "BadSignature") from None
    if event.command is not None:
        await submit(_unit(event.id, event.command))
    return Response(None, status_code=204)


def _unit(event_id: str, command: Outcome) -> Unit:
    """Make a unit of what the provider told.

    Its digest is the command's, not the body's: that counts the deliveries, and so differs.
    """
    return Unit(
        key=f"http:provider:POST {WEBHOOKS}:{event_id}",
        digest=digest(command),
        cause=Cause(command.order_id, event_id, "payment-provider"),
        command=command,
    )


_SHARED = [name for name in PaymentView.__struct_fields__ if name != "amount"]


def router(submit: Submit, read: Read, verify: Verify) -> Router:
    """Make payments' routes."""
    return Router(
        "/",
        route_handlers=[show_payment, take_webhook],
        tags=[CONTEXT],
        dependencies={
            "caller": caller,
            **given(submit=submit, read=read, verify=verify),
        },
    )
