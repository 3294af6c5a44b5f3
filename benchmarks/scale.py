"""What an order costs as instances are added: `.venv/bin/python -m benchmarks.scale`.

Each shop has one, two or three instances of inventory, and takes its turn in each round. On a
machine without processors to spare, more instances cannot be faster; what counts is that an order
costs no more, so that on a larger one they are.
"""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Final

from benchmarks.alone import alone
from benchmarks.figures import MICROSECONDS, Figure, figure
from benchmarks.rounds import interleave
from benchmarks.running import opened
from benchmarks.whole import WARM_UP, Done, buy, cost, one_line

INSTANCES: Final = (1, 2, 3)
SCALED: Final = "inventory"
ORDERS, QUICK_ORDERS = 1_500, 400
ROUNDS, QUICK_ROUNDS = 2, 1


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure what an order costs with more instances, against one."""
    orders, rounds = (QUICK_ORDERS, QUICK_ROUNDS) if quick else (ORDERS, ROUNDS)
    works = {str(number): partial(_order, number, orders) for number in INSTANCES}
    (_, one), *more = (await interleave(rounds, works, warm_up=0)).items()
    return [_against(one, one, "1"), *(_against(found, one, name) for name, found in more)]


async def _order(instances: int, orders: int) -> Done:
    async with opened("--scale", f"{SCALED}={instances}") as place:
        await buy(place, islice(one_line(place.skus), WARM_UP))
        return await buy(place, islice(one_line(place.skus), orders))


def _against(found: list[Done], one: list[Done], instances: str) -> Figure:
    ratios = [cost(many) / cost(few) for many, few in zip(found, one, strict=True)]
    cpu = {"all": cost(found[-1]), SCALED: MICROSECONDS * found[-1].cost[SCALED]}
    what = f"CPU of an order with {instances} of {SCALED}, against 1"
    return figure("scale", what, ratios, "x", must=1.3, aim=1, ceiling=True, cpu=cpu)


if __name__ == "__main__":
    alone(measure)
