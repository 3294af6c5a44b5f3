from __future__ import annotations

import asyncio

from ecommerce.bus.lanes import Lanes


async def test_a_key_runs_in_the_order_of_arrival_beside_others() -> None:
    lanes, order, held = Lanes(), list[str](), asyncio.Event()

    async def run(key: str, name: str) -> None:
        async with lanes.of(key):
            if name == "first":
                await held.wait()
            order.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("first", "second", "third"):
            group.create_task(run("7", name))
        other = group.create_task(run("8", "other"))
        await other
        assert order == ["other"]
        held.set()
    assert order == ["other", "first", "second", "third"]


async def test_one_that_is_cancelled_while_it_waits_lets_nobody_past() -> None:
    lanes = Lanes()
    async with lanes.of("7"):
        waiting = asyncio.ensure_future(lanes.of("7").acquire())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        assert lanes.of("7").locked()


async def test_a_lane_that_nobody_uses_is_gone() -> None:
    lanes = Lanes()
    async with lanes.of("7"):
        assert len(lanes._locks) == 1
    assert len(lanes._locks) == 0
