"""`ecommerce up`: the whole shop on this machine, until Ctrl-C."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import click

from ecommerce.cli import addresses, demo, following, starting, stopping
from ecommerce.cli.progress import console, say
from ecommerce.cli.shop import Problem, Unreachable
from ecommerce.contexts import CONTEXTS
from ecommerce.sandbox import folder, ports, stack
from ecommerce.sandbox.folder import Run

INTERRUPTED: Final = 130
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _read_scale(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, int]:
    scale = {}
    for pair in given:
        context, _, number = pair.partition("=")
        if context not in CONTEXTS or not number.isdecimal():
            raise click.BadParameter(f"say CONTEXT=N, with one of {', '.join(CONTEXTS)}")
        if not 1 <= int(number) <= ports.INSTANCES:
            raise click.BadParameter(f"{context} can have 1 to {ports.INSTANCES} instances")
        scale[context] = int(number)
    return scale


@click.command()
@click.option("--detach", is_flag=True, help="Come back when all is ready; `down` stops it.")
@click.option(
    "--scale",
    multiple=True,
    metavar="CONTEXT=N",
    callback=_read_scale,
    help="How many instances share its work.",
)
@click.option(
    "--port-base",
    type=click.IntRange(ports.BASES[0], ports.BASES[-1]),
    help="The first of the ports, the gateway's: that of the last start, or 18000.",
)
def up(*, detach: bool, scale: dict[str, int], port_base: int | None) -> None:
    """Start everything, and follow until Ctrl-C.

    PostgreSQL and RabbitMQ are private ones, unless DATABASE_URL, or AMQP_URL together with
    RABBITMQ_MANAGEMENT_URL, name servers of your own; each address needs a user who may make
    databases, or users and queues.
    """
    place = folder.locate()
    folder.make(place)
    if stopping.is_running(place):
        say("It is running already.")
        addresses.show(folder.load(place))
        return
    _on_signals(_interrupt)
    try:
        with ExitStack() as ends:
            run = _start(place, scale, port_base, ends)
            if detach:
                ends.pop_all()
                say("It runs in the background: `ecommerce down` stops it, `status` tells of it.")
            else:
                _follow(run)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _start(place: Path, scale: dict[str, int], base: int | None, ends: ExitStack) -> Run:
    with folder.locked(place):
        stopping.clear(place)
        run = starting.plan(folder.load(place), scale, base)
        # From here on the run is ours to stop; before, somebody else may be starting it.
        ends.callback(_stop, place)
        starting.start(run)
    addresses.show(run)
    if _interrupted(_show_around(stack.gateway_url(run))):
        raise KeyboardInterrupt
    return run


async def _show_around(gateway: str) -> None:
    try:
        if await demo.is_empty(gateway):
            await demo.run(gateway, console.print)
    except (Problem, Unreachable) as error:
        say(f"The demonstration could not be given: {error}")


def _follow(run: Run) -> None:
    say("\nFollowing what happens; Ctrl-C stops everything.\n")
    _interrupted(following.follow(run))


def _interrupted(work: Coroutine[Any, Any, None]) -> bool:
    """Run until it ends or a signal ends it, and tell whether one did."""

    async def watch() -> bool:
        task = asyncio.ensure_future(work)
        for number in SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
        await asyncio.wait([task])
        return task.cancelled() or bool(task.result())

    try:
        return asyncio.run(watch())
    finally:
        _on_signals(_interrupt)


def _stop(place: Path) -> None:
    _on_signals(signal.SIG_IGN)
    say("Stopping everything ...")
    stopping.stop(place)
    say("Stopped. The data stays: the next `up` goes on with it.")


def _interrupt(*_: Any) -> None:
    # One is enough: a second must not interrupt the stopping.
    _on_signals(signal.SIG_IGN)
    raise KeyboardInterrupt


def _on_signals(what: Any) -> None:
    for number in SIGNALS:
        signal.signal(number, what)
