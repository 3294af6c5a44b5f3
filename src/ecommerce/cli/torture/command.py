"""`ecommerce torture`: try to break a promise of the running shop, and say whether it held."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
from collections.abc import Coroutine, Sequence
from random import Random
from typing import Any, Final

import click
import msgspec
from rich.console import Console

from ecommerce.cli.importers.progress import Steps
from ecommerce.cli.shop import Problem, Unreachable
from ecommerce.cli.torture import report, rounds, shop_here, torturing
from ecommerce.cli.torture.report import Saw
from ecommerce.cli.torture.rounds import Round
from ecommerce.cli.torture.torturing import Outcome
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import stack
from ecommerce.sandbox.folder import Run

INTERRUPTED: Final = 130
MOST: Final = 10_000
WIDTH: Final = 110
"""Columns of what is written to a file, where no terminal says how many there are."""


@click.group()
def torture() -> None:
    """Try to break what the shop promises, and say whether it held."""


@torture.command()
@click.option(
    "--orders",
    type=click.IntRange(1, MOST),
    default=1000,
    show_default=True,
    help="Orders of one unit in the first round.",
)
@click.option(
    "--baskets",
    type=click.IntRange(0, MOST),
    show_default="as many as --orders",
    help="Orders in the second round; 0 leaves it out.",
)
@click.option(
    "--stock",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="Units that there are of what is scarce.",
)
@click.option("--seed", type=int, show_default="another each time", help="Draws the same baskets.")
@click.option(
    "--kill",
    type=click.Choice([*CONTEXTS]),
    help="Kill one process of this service when half of the orders are taken.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document for machines.")
def oversell(
    orders: int,
    baskets: int | None,
    stock: int,
    seed: int | None,
    kill: str | None,
    *,
    as_json: bool,
) -> None:
    """Order more than there is, all at once, and see what was sold.

    In the first round everybody wants one unit of the same SKU, in the second one to five SKUs of
    which some are scarce. The orders go through two gateways; the SKUs are new ones. Exits 1 where
    something was oversold, an order was lost or anybody was charged in vain.
    """
    run = shop_here.find()
    seed = secrets.randbelow(1_000_000) if seed is None else seed
    planned = _rounds(orders, orders if baskets is None else baskets, stock, seed)
    steps = Steps(Console(stderr=True))
    try:
        with steps.shown():
            saw = asyncio.run(_until_stopped(_torture(run, planned, seed, kill, steps)))
    except asyncio.CancelledError:
        click.echo(f"Interrupted. Done: {steps}. The orders go on without us.", err=True)
        sys.exit(INTERRUPTED)
    except (Problem, Unreachable) as error:
        raise click.ClickException(f"{error}. Done: {steps}.") from error
    _print(saw, as_json=as_json)
    if broken := report.broken(saw):
        raise click.ClickException(broken)


def _rounds(orders: int, baskets: int, stock: int, seed: int) -> list[Round]:
    name = secrets.token_hex(4).upper()
    planned = [rounds.one_sku(name, orders, stock)]
    return [*planned, rounds.baskets(name, baskets, stock, seed)] if baskets else planned


async def _until_stopped(work: Coroutine[Any, Any, Saw]) -> Saw:
    """Let whatever signal ends us stop the gateway that we started, too."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await task


async def _torture(
    run: Run, planned: Sequence[Round], seed: int, victim: str | None, steps: Steps
) -> Saw:
    ledger, draw = shop_here.ledger_url(run), Random(seed)  # noqa: S311 -- keeps no secret
    await shop_here.charges(ledger)
    instances = len(shop_here.running(run, "inventory"))
    outcomes: list[Outcome] = []
    killed: list[shop_here.Process] = []

    def half_way() -> None:
        if victim:
            killed.append(shop_here.kill(run, victim, draw))

    async with shop_here.second_gateway(run) as second:
        gateways = (stack.gateway_url(run), second)
        for planned_round in planned:
            outcomes.append(
                await torturing.carry_out(planned_round, gateways, ledger, half_way, steps)
            )
            if victim:
                await shop_here.back(run, killed[-1])
    names = tuple(f"{each.instance.name} (process {each.pid})" for each in killed)
    return Saw(seed, gateways, instances, names, outcomes)


def _print(saw: Saw, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(report.document(saw)))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH, highlight=False)
    for part in report.parts(saw):
        console.print(part)
