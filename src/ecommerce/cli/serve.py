"""One process of the system: a context's service, the gateway, or what stands in for the world."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Final

import click

from ecommerce.contexts import CONTEXTS
from ecommerce.faults import UnknownFault, arm

OTHERS: Final = {
    "gateway": "ecommerce.gateway.main",
    "payment-provider": "ecommerce.sandbox.payment_provider",
    "mailbox": "ecommerce.sandbox.mailbox",
}


@click.command()
@click.argument("what", type=click.Choice([*CONTEXTS, *OTHERS]))
@click.option("--faults", default="", hidden=True, help="Die at these points; see faults.py.")
def serve(what: str, faults: str) -> None:
    """Run one service in the foreground.

    It is told by environment variables, which the README's table names.
    """
    try:
        arm(faults)
    except UnknownFault as error:
        raise click.UsageError(str(error)) from error
    _main(what)()


def _main(what: str) -> Callable[[], None]:
    if what in OTHERS:
        main: Callable[[], None] = import_module(OTHERS[what]).serve
        return main
    service = import_module("ecommerce.service")
    return lambda: service.serve(what)
