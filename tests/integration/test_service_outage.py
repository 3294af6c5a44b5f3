"""An outage of everything is nobody's fault: no order is timed out for it, in whatever stage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandboxes import PaymentProvider, running
from servers import Broker
from serving import PRICE, Services, services
from writing import until

pytestmark = pytest.mark.servers

SAGA = ["orders", "inventory", "payments"]


@pytest.fixture
def shop(
    postgres: str, rabbitmq: Broker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Services]:
    provider = PaymentProvider(tmp_path_factory.mktemp("provider") / "provider.sqlite")
    with running(provider), services(postgres, rabbitmq, provider, SAGA) as made:
        made.deadline = 300
        yield made


async def test_50_orders_in_every_stage_outlive_an_outage_longer_than_their_deadline(
    shop: Services,
) -> None:
    await shop.start(*SAGA)
    await shop.stock(100)
    await shop.sell()
    # Charged, and nobody has heard the answer.
    await shop.provider.fail(when="after", path="payment_intents", delay=600, times=10)
    charged = await shop.order(10)
    await until(lambda: shop.charged(charged))
    # Asked for, and not charged yet; four of them are not even asked for.
    await shop.provider.fail(when="before", path="payment_intents", delay=600, times=100)
    asked = await shop.order(10)
    await until(lambda: shop.has("payments", "PaymentStarted", asked))
    shop.kill("payments")
    held = await shop.order(10)
    await until(lambda: shop.has("inventory", "StockReserved", held))
    shop.kill("inventory")
    told = await shop.order(10)
    await until(lambda: shop.all_published("orders"))
    async with shop.relay_held("orders"):
        placed = await shop.order(10)
        shop.kill("orders")

    # An hour goes by.
    await shop.rows("orders", "update clock set advanced_at = advanced_at - interval '1 h'")
    await shop.rows("payments", "update calls set due_at = due_at - interval '1 h'")
    await shop.provider.mend()
    await shop.start(*SAGA)
    orders = [*charged, *asked, *held, *told, *placed]
    await until(lambda: shop.has("orders", "OrderConfirmed", orders))
    for order_id in orders:
        ledger = await shop.provider.ledger(order_id)
        assert [charge["amount_captured"] for charge in ledger["charges"]] == [PRICE.amount]
    assert not await shop.rows("orders", "select 1 from events where topic like '%%Cancelled%%'")
    assert not await shop.rows("orders", "select 1 from timers")
