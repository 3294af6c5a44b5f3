"""An event of an old version beside one of today's: decisions and read models take both."""

from __future__ import annotations

import pytest
from msgspec import Struct

from ecommerce.aggregates import inventory
from ecommerce.aggregates.inventory import AdjustStock, NotEnoughStock, ReceiveStock
from ecommerce.events.inventory import UnitsReceived
from ecommerce.projections import stock
from ecommerce.projections.runner import Projector
from ecommerce.store.upcasters import UPCASTERS, Upcast
from readside import connected, no_history, running
from readside import rows as projected
from writing import looping, rows, unit, until

pytestmark = pytest.mark.servers


class UnitsReceivedV1(Struct, frozen=True):
    """Units came in dozens."""

    sku: str
    dozens: int


async def test_a_stored_v1_counts_beside_v2_in_aggregates_and_projections(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with looping(url, inventory) as loop:
        await loop.submit(unit(ReceiveStock("TEA", 2)))
    old = """update events set state = convert_to(
        replace(convert_from(state, 'UTF8'), '"quantity":2', '"dozens":2'), 'UTF8')"""
    await rows(url, old)
    upcast = Upcast(UnitsReceivedV1, lambda old: UnitsReceived(old.sku, 12 * old.dozens))
    monkeypatch.setattr(UnitsReceived, "version", 2)
    monkeypatch.setitem(UPCASTERS, ("UnitsReceived", 1), upcast)

    async with looping(url, inventory) as loop:
        await loop.submit(unit(ReceiveStock("TEA", 1)))
        await loop.submit(unit(AdjustStock("TEA", -20, "broken")))
        with pytest.raises(NotEnoughStock):
            await loop.submit(unit(AdjustStock("TEA", -6, "broken")))
    topics = [topic for (topic,) in await rows(url, "select topic from events order by 1")]
    assert topics == ["stock.UnitsAdjusted.v1", "stock.UnitsReceived.v1", "stock.UnitsReceived.v2"]

    async with connected(url) as opened:
        projector = Projector("inventory", [stock], opened, url, no_history)

        async def reached() -> bool:
            return {each.position for each in await projector.progress()} == {3}

        async with running(projector.run()):
            await until(reached)
        (row,) = await projected(opened, stock)
    assert (row.sku, row.on_hand) == ("TEA", 5)
