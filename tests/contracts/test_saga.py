"""What docs/saga.md and README.md draw is what the policies do, derived from their types."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path

import pytest

from ecommerce.config import Settings
from ecommerce.contexts import CONTEXTS
from ecommerce.events import PUBLISHED
from ecommerce.kernel import Event
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import Recorded, members
from stored import stored_documents

ROOT = Path(__file__).parents[2]
SAGA = (ROOT / "docs" / "saga.md").read_text()

Edge = tuple[str, str, str]
"""Who publishes, which event, who acts."""


def publisher_of(event: str) -> str:
    (owner,) = {context for context, names in published().items() if event in names}
    return owner


def published() -> dict[str, list[str]]:
    return {
        context: [event.__name__ for union in owned.values() for event in members(union)]
        for context, owned in PUBLISHED.items()
    }


def derived_edges() -> set[Edge]:
    return {
        (publisher_of(event.__name__), event.__name__, context.name)
        for context in CONTEXTS.values()
        for event in context.member.triggers
    }


def drawn_edges(page: str) -> set[Edge]:
    return {
        (source, event, target)
        for chart in re.findall(r"```mermaid\nflowchart.*?```", page, re.DOTALL)
        for source, events, target in re.findall(r"(\w+) *-->\|([^|]+)\| *(\w+)", chart)
        for event in events.split("<br>")
    }


def table_after(heading: str) -> list[list[str]]:
    """Read the first table whose header row starts with these words, without its header."""
    lines = SAGA.partition(heading)[2].splitlines()[2:]
    rows = takewhile(lambda line: line.startswith("|"), lines)
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]


def names_in(cell: str) -> list[str]:
    return re.findall(r"`(\w+)`", cell)


def commands_for(recorded: Recorded[object]) -> Iterator[tuple[str, str, str, str]]:
    event = type(recorded.event).__name__
    for context in CONTEXTS.values():
        if (react := context.member.react) and type(recorded.event) in context.member.triggers:
            for command in react(recorded.event, recorded.id):
                yield event, publisher_of(event), context.name, type(command).__name__


@pytest.mark.parametrize("page", ["docs/saga.md", "README.md"])
def test_the_picture_shows_who_reacts_to_what(page: str) -> None:
    assert drawn_edges((ROOT / page).read_text()) == derived_edges()


def test_the_table_of_edges_names_the_commands_that_policies_give() -> None:
    codec = Codec(event for c in CONTEXTS.values() for event in c.member.triggers)
    documents = (codec.decode(document, position=1) for document in stored_documents())
    derived = {edge for recorded in documents if recorded for edge in commands_for(recorded)}
    assert {edge[:3] for edge in derived} == {(e, of, by) for of, e, by in derived_edges()}
    told = table_after("| event | of | is met by | which |")
    assert {(e.strip("`"), of, by, command.strip("`")) for e, of, by, command in told} == derived


async def test_the_table_of_calls_and_timers_is_complete() -> None:
    settings = Settings(database_url="", amqp_url="", payment_key="sk_test_1")
    derived: set[type[Event]] = set()
    for context in CONTEXTS.values():
        async with context.calls(settings) as calls:
            derived |= {*calls, *context.timers}
    told = {row[0].strip("`") for row in table_after("| event | starts |")}
    assert told == {event.__name__ for event in derived}


def test_every_published_event_says_what_undoes_it_or_why_nothing_must() -> None:
    known = list(dict.fromkeys(event for events in published().values() for event in events))
    rows = table_after("| event | is undone by |")
    assert [row[0].strip("`") for row in rows] == known
    for event, undone_by, *why in rows:
        assert names_in(undone_by) or (undone_by == "nothing" and any(why)), event
        assert {*names_in(undone_by), *names_in(" ".join(why))} <= {*known}, event
