"""A deadline that passes while the provider is down: whatever it does later, nothing is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from signal import SIGKILL

import pytest

from sandboxes import PaymentProvider, running
from servers import Broker
from serving import PRICE, Services, services
from writing import until

SAGA = ["orders", "inventory", "payments"]


@pytest.fixture
def hasty(
    postgres: str, rabbitmq: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    """Give the services of an order, which wait for an answer for two seconds."""
    provider = PaymentProvider(tmp_path_factory.mktemp("provider") / "provider.sqlite")
    with running(provider), services(postgres, rabbitmq, provider, SAGA) as made:
        made.deadline = 2
        yield made


async def test_an_order_that_times_out_gives_its_stock_back_and_keeps_no_money(
    hasty: Services,
) -> None:
    await hasty.start(*SAGA)
    await hasty.stock(5)
    await hasty.sell()
    # One is charged though the answer never comes; the other finds nobody to ask.
    await hasty.provider.fail(when="after", path="payment_intents", delay=600)
    (unanswered,) = await hasty.order(1)
    await until(lambda: hasty.charged([unanswered]))
    hasty.provider.stop(SIGKILL)
    (unsent,) = await hasty.order(1)
    both = [unanswered, unsent]
    await until(lambda: hasty.has("orders", "OrderCompensated", both))
    for order_id in both:
        assert (await hasty.types("orders", order_id))[:3] == [
            "OrderCreated",
            "OrderCancelled",
            "CompensateInventory",
        ]
    assert await hasty.held() == 0
    await until(lambda: hasty.has("payments", "PaymentClosed", both))
    await asyncio.to_thread(hasty.provider.start)
    await until(lambda: hasty.has("payments", "PaymentRefunded", [unanswered]))
    late, never = await hasty.provider.ledger(unanswered), await hasty.provider.ledger(unsent)
    assert (late["captured"], late["refunded"]) == (PRICE.amount, PRICE.amount)
    assert (never["captured"], never["refunded"]) == (0, 0)
    assert await hasty.types("payments", unsent) == [
        "PaymentRequested",
        "PaymentStarted",
        "PaymentClosed",
    ]
