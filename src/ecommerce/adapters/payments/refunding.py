"""Gives the money of a charge back."""

from __future__ import annotations

from functools import partial

from stripe.params import RefundCreateParams, RefundListParams

from ecommerce.adapters.provider import Provider, Unsettled
from ecommerce.aggregates.payments import CompleteRefund
from ecommerce.events.payments import RefundStarted
from ecommerce.store.calls import Call
from ecommerce.store.envelope import Recorded


def refund(provider: Provider) -> Call:
    """Make the handler of `RefundStarted`. It raises until the customer has the money back."""

    async def handle(recorded: Recorded[RefundStarted], key: str) -> CompleteRefund:
        act = partial(_refund, provider, recorded.event, key)
        return await provider.once(recorded.time, act, partial(_refunded, provider, recorded.event))

    return handle


async def _refund(provider: Provider, due: RefundStarted, key: str) -> CompleteRefund:
    metadata = {"order_id": due.order_id}
    params: RefundCreateParams = {"amount": due.amount.amount, "metadata": metadata}
    if _is_intent(due.charge):
        params["payment_intent"] = due.charge
    else:
        params["charge"] = due.charge
    made = await provider.api.refunds.create_async(params, {"idempotency_key": key})
    if made.status != "succeeded":
        made = await provider.api.refunds.retrieve_async(made.id)
    if made.status != "succeeded":
        raise Unsettled(f"The refund is {made.status} at the provider.")
    return CompleteRefund(due.order_id, made.id)


async def _refunded(provider: Provider, due: RefundStarted) -> CompleteRefund | None:
    """Find out from the provider's list whether all is given back, by us or by hand."""
    of: RefundListParams = (
        {"payment_intent": due.charge} if _is_intent(due.charge) else {"charge": due.charge}
    )
    page = await provider.api.refunds.list_async({**of, "limit": 100})
    made = [refund async for refund in page.auto_paging_iter() if refund.status == "succeeded"]
    if sum(refund.amount for refund in made) < due.amount.amount:
        return None
    return CompleteRefund(due.order_id, made[0].id)


def _is_intent(charge: str) -> bool:
    return charge.startswith("pi_")
