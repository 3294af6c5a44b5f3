"""(h) Reads, through the gateway and straight: `.venv/bin/python -m benchmarks.reads`.

One order, and a page of the product list, from a running shop. What counts is the processor time
that the gateway adds to a request; how much slower it makes a reader is told beside it.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

import aiohttp

from benchmarks.alone import alone
from benchmarks.figures import Figure, figure
from benchmarks.processors import Meters, server, this_process
from benchmarks.rounds import Turn, clocked, costs, interleave
from benchmarks.running import BUYER, Left, Opened, opened, order
from ecommerce.kernel import Value
from ecommerce.sandbox import stack

READERS: Final = 16
SURE, QUICK = (1_000, 9), (400, 3)
"""Requests in a turn, and rounds."""


class Reading(Value, frozen=True):
    """What is read, and from which context."""

    what: str
    context: str
    path: str


async def measure(quick: bool) -> list[Figure]:  # noqa: FBT001 - the shape of every bench
    """Measure both reads, each way."""
    async with opened() as place:
        return await measure_in(place, *(QUICK if quick else SURE))


async def measure_in(place: Opened, requests: int, rounds: int) -> list[Figure]:
    """Measure it by so many requests in a turn, in a shop that runs already."""
    left = Left(place.shop)
    await order(place.http, place.skus[:1])
    await left.wait(1, 2)
    readings = [
        Reading("an order", "orders", f"/orders/{await _placed(place.http)}"),
        Reading("a page of 50 products", "catalog", "/catalog/products?limit=50"),
    ]
    found = [await _compare(place, each, requests, rounds) for each in readings]
    return [each for figures in found for each in figures]


async def _placed(http: aiohttp.ClientSession) -> str:
    async with http.get("/orders", headers=BUYER) as answer:
        name: str = (await answer.json())["items"][0]["order_id"]
        return name


async def _compare(place: Opened, reading: Reading, requests: int, rounds: int) -> list[Figure]:
    shop = place.shop
    service = next(
        each.url for each in stack.instances(shop.run) if each.service == reading.context
    )
    meters = {
        "gateway": server(shop.gateway),
        reading.context: server(service),
        "readers": this_process,
    }
    ways = {"gateway": shop.gateway, "service": service}
    works = {
        name: partial(_read, place.http, f"{url}{reading.path}", requests, meters)
        for name, url in ways.items()
    }
    turns = await interleave(rounds, works)
    return _figures(reading.what, turns["gateway"], turns["service"])


def _figures(what: str, through: list[Turn], straight: list[Turn]) -> list[Figure]:
    added = [turn.cost["gateway"] for turn in through]
    cpu = costs(through)
    return [
        figure(
            "h",
            f"CPU of the gateway for {what}",
            added,
            "µs",
            must=350,
            aim=250,
            ceiling=True,
            cpu=cpu,
        ),
        figure("h", f"{what} through the gateway", [turn.rate for turn in through], "/s"),
        figure(
            "h", f"{what} straight", [turn.rate for turn in straight], "/s", cpu=costs(straight)
        ),
    ]


async def _read(http: aiohttp.ClientSession, url: str, requests: int, meters: Meters) -> Turn:
    """Have the readers ask for the same thing, over and over."""

    async def reader() -> None:
        for _ in range(requests // READERS):
            async with http.get(url, headers=BUYER) as answer:
                answer.raise_for_status()
                await answer.read()

    return await clocked(requests, asyncio.gather(*(reader() for _ in range(READERS))), meters)


if __name__ == "__main__":
    alone(measure)
