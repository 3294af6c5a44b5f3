"""Callers of a command loop, each of whom has its next unit recorded once its last one is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from ecommerce.store.unit import Submit, Unit


async def submit_all(units: Iterable[Unit], callers: int, submit: Submit) -> None:
    """Have so many callers submit all units between them."""
    left = iter(units)

    async def call() -> None:
        for unit in left:
            await submit(unit)

    await asyncio.gather(*(call() for _ in range(callers)))
