"""`ecommerce parked`: messages that could not be handled, and what is to be done with them."""

from __future__ import annotations

import asyncio
from typing import Final

import click
import msgspec

from ecommerce.bus.given_up import UNREADABLE
from ecommerce.cli import parked_messages, redriving
from ecommerce.cli.parked_messages import Message
from ecommerce.cli.parked_words import as_listed, described, show_table
from ecommerce.cli.progress import say
from ecommerce.contexts import CONTEXTS

REACTING: Final = [name for name, context in CONTEXTS.items() if context.member.queues]
"""The contexts that react to others, and so can park what they say."""

_context = click.argument("context", type=click.Choice(REACTING))
_number = click.argument("number", metavar="ID")


@click.group()
def parked() -> None:
    """Messages that could not be handled: look at them, feed them again, give them up.

    A message that fails for good blocks its key, which is the order that it is about: later
    messages of the key stand behind it, those of other keys go on.
    """


@parked.command("list")
@click.argument("context", required=False, type=click.Choice(REACTING))
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def list_(context: str | None, *, as_json: bool) -> None:
    """List what is parked, in the order in which it came."""
    found = [
        as_listed(name, each)
        for name in ([context] if context else REACTING)
        for each in asyncio.run(parked_messages.listed(name))
    ]
    if as_json:
        click.echo(msgspec.json.encode(found))
    elif found:
        show_table(found)
    else:
        say("Nothing is parked.")


@parked.command()
@_context
@_number
@click.option("--body", is_flag=True, help="Show what it says too, which may be personal.")
def show(context: str, number: str, *, body: bool) -> None:
    """Show a message: why it is parked, and what stands behind it."""
    messages = asyncio.run(parked_messages.listed(context))
    found = parked_messages.find(messages, number)
    for name, value in described(context, found, messages):
        say(f"{name:<11} {value}")
    if body:
        say(f"\n{found.body.decode(errors='backslashreplace')}")
    if found.detail:
        say(f"\n{found.detail.rstrip()}")


@parked.command()
@_context
@click.argument("number", metavar="[ID]", required=False)
@click.option("--stream", help="What is parked of this stream's key, as order-7.")
@click.option("--all", "everything", is_flag=True, help="All that the context has parked.")
@click.option("--dry-run", is_flag=True, help="Only tell what would be fed.")
def retry(
    context: str, number: str | None, stream: str | None, *, everything: bool, dry_run: bool
) -> None:
    """Feed messages again: all that is parked of a key, in order, until one fails.

    A running instance of the context does it. Ctrl-C takes back what has not begun. Exits 1 where
    a message fails again.
    """
    if [bool(number), bool(stream), everything].count(True) != 1:
        raise click.UsageError("Say one of these: an ID, --stream, --all.")
    messages = _fit(asyncio.run(parked_messages.chosen(context, number, stream)), number)
    if not messages:
        say("There is nothing to feed.")
        return
    if dry_run:
        show_table([as_listed(context, each) for each in messages])
        return
    rows = asyncio.run(parked_messages.into_rows(context, messages))
    if not asyncio.run(redriving.retry(context, {row.key for row in rows})):
        raise SystemExit(1)


@parked.command()
@_context
@_number
@click.option("--reason", required=True, help="Why; it is recorded with the fact.")
def discard(context: str, number: str, reason: str) -> None:
    """Give a message up: what follows from it never happens in this context.

    The context records `MessageDiscarded`. What stood behind the message goes on by itself: where
    more is to be given up, begin with the last. Exits 1 where it was handled before.
    """
    if not reason.strip():
        raise click.UsageError("--reason must say why.")
    found = parked_messages.find(asyncio.run(parked_messages.listed(context)), number)
    (row,) = asyncio.run(parked_messages.into_rows(context, [found]))
    if not asyncio.run(redriving.discard(context, row, reason.strip())):
        raise SystemExit(1)


def _fit(messages: list[Message], number: str | None) -> list[Message]:
    """Leave out what cannot be fed, and say so. Raises `ClickException` where it is asked for."""
    if number and parked_messages.find(messages, number).reason == UNREADABLE:
        raise click.ClickException(f"{number} cannot be read: nothing follows from it. Discard it.")
    fit = [each for each in messages if each.reason != UNREADABLE]
    if left := len(messages) - len(fit):
        say(f"{left} cannot be read and are left: nothing follows from them. Discard them.")
    return fit
