"""Lets go of a charge that still waits for the customer."""

from __future__ import annotations

from functools import partial
from typing import TypeAlias

from ecommerce.adapters.payments.charging import cancel, succeeded
from ecommerce.adapters.provider import Provider, Unsettled
from ecommerce.aggregates.payments import CompleteVoid, SucceedPayment
from ecommerce.events.payments import VoidStarted
from ecommerce.store.calls import Call
from ecommerce.store.envelope import Recorded

Outcome: TypeAlias = CompleteVoid | SucceedPayment


def void(provider: Provider) -> Call:
    """Make the handler of `VoidStarted`.

    Where the customer was quicker, the answer is that it is paid. It raises until it is known.
    """

    async def handle(recorded: Recorded[VoidStarted], key: str) -> Outcome:
        act = partial(_void, provider, recorded.event, key)
        return await provider.once(recorded.time, act, partial(_voided, provider, recorded.event))

    return handle


async def _void(provider: Provider, due: VoidStarted, key: str) -> Outcome:
    canceled = await cancel(provider, due.intent, key)
    if canceled.status != "canceled":
        raise Unsettled(f"The payment is {canceled.status} at the provider.")
    return CompleteVoid(due.order_id)


async def _voided(provider: Provider, due: VoidStarted) -> Outcome | None:
    """Find out from the provider whether the charge is settled, one way or the other."""
    intent = await provider.api.payment_intents.retrieve_async(due.intent)
    match intent.status:
        case "succeeded":
            return succeeded(due.order_id, intent)
        case "canceled":
            return CompleteVoid(due.order_id)
        case _:
            return None
