"""`ecommerce import online-retail`: from files to orders, and a table that must agree."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from time import monotonic
from typing import Final

import click
from rich.console import Console

from ecommerce.cli.importers import document, placing, reader, reconcile, report
from ecommerce.cli.importers import online_retail as rules
from ecommerce.cli.importers.beforehand import Forbidden
from ecommerce.cli.importers.online_retail import Plan
from ecommerce.cli.importers.progress import Steps
from ecommerce.cli.importers.reconcile import Figures
from ecommerce.cli.importers.records import WrongFile
from ecommerce.cli.importers.report import Result
from ecommerce.cli.importers.rows import read
from ecommerce.cli.shop import Problem, Shop, Unreachable, connect
from ecommerce.sandbox import folder, stack

MOST_STOCK: Final = 1000
CATCH_UP: Final = 15.0
"""Seconds that the shop's report of sales may be behind its orders."""
WIDTH: Final = 130
"""Columns of what is written to a file, where no terminal says how many there are."""
INTERRUPTED: Final = 130


@click.group("import")
def imports() -> None:
    """Bring another shop's trade in."""


def _stock(_context: click.Context, _parameter: click.Parameter, text: str) -> Decimal:
    try:
        factor = Decimal(text)
    except InvalidOperation:
        factor = Decimal(-1)
    if not (factor.is_finite() and 0 <= factor <= MOST_STOCK):
        raise click.BadParameter(f"give a factor between 0 and {MOST_STOCK}, such as 0.8")
    return factor


def _url(_context: click.Context, _parameter: click.Parameter, text: str) -> str:
    if not text.startswith(("http://", "https://")):
        raise click.BadParameter("give a URL such as http://127.0.0.1:18000")
    return text.rstrip("/") + "/"


@imports.command("online-retail")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--stock",
    default="1.0",
    show_default=True,
    callback=_stock,
    help="Receive this many times what the files sell beforehand, and all that they write off.",
)
@click.option(
    "--gateway",
    default=lambda: stack.gateway_url(folder.load(folder.locate())),
    show_default="that of the shop on this machine",
    callback=_url,
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document for machines.")
def online_retail(files: tuple[Path, ...], stock: Decimal, gateway: str, *, as_json: bool) -> None:
    """Import UCI Online Retail files as orders, and hold the shop's figures against the files'.

    The files may be given in any order, and may overlap: what several of them say counts once.
    Importing a file again within 7 days does nothing twice: an interrupted import goes on so.
    """
    steps, began = Steps(Console(stderr=True)), monotonic()
    try:
        plan = rules.plan(read(files), stock)
        expected = reader.read(files)
        result = asyncio.run(_import(plan, expected, gateway, steps))
    except KeyboardInterrupt:
        click.echo(f"Interrupted. Done: {steps}. The same command again goes on.", err=True)
        sys.exit(INTERRUPTED)
    except (WrongFile, Forbidden) as error:
        raise click.ClickException(str(error)) from error
    except (Problem, Unreachable, placing.Stalled) as error:
        raise click.ClickException(_stopped(error, steps)) from error
    click.echo(report.pace(plan, monotonic() - began), err=True)
    _print(result, as_json=as_json)
    sys.exit(1 if result.differences else 0)


async def _import(
    plan: Plan, expected: Sequence[reader.Told], gateway: str, steps: Steps
) -> Result:
    async with connect(gateway, placing.CALLER) as shop:
        await shop.get("health/live", patience=2)
        with steps.shown():
            orders = await placing.carry_out(shop, plan, steps)
        told = reconcile.shop_figures(orders, plan.invoices)
        unlike = await _unlike_report(shop, told)
    counted = reader.figures(expected, {order.reference: order.outcome for order in orders})
    unlike = [*reconcile.differences(told, counted), *unlike]
    return Result(told, counted, unlike, plan.left_out)


async def _unlike_report(shop: Shop, told: Figures) -> list[str]:
    """Compare with the shop's own report, and give it the time to catch up with the orders."""
    give_up = monotonic() + CATCH_UP
    while unlike := reconcile.unlike_report(told, await reconcile.read_reports(shop, told)):
        if monotonic() > give_up:
            break
        await asyncio.sleep(0.5)
    return unlike


def _stopped(error: Exception, steps: Steps) -> str:
    hint = "The same command again goes on from here."
    if isinstance(error, Problem) and error.kind == "key-reused":
        hint = (
            "This was imported before, but with other content, with another --stock, or beside"
            " other files that overlap with these."
        )
    elif isinstance(error, Unreachable):
        hint = f"Is it running? `make up` starts it. {hint}"
    return f"{error}\nDone: {steps}. {hint}"


def _print(result: Result, *, as_json: bool) -> None:
    if as_json:
        click.echo(document.write(result))
        return
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    if result.left_out:
        console.print(report.left_out(result.left_out))
    console.print(report.days(result.shop, result.files))
    for difference in result.differences:
        console.print(difference, style="bold red", highlight=False, markup=False)
    console.print(report.verdict(result), highlight=False)
