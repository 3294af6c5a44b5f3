"""Of every kind of stream: a state that was kept, and what follows it, are the whole stream."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import msgspec
import pytest

from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Event, Fold
from ecommerce.store.codec import Codec
from ecommerce.store.envelope import members
from ecommerce.store.folds import Folds, Versioned
from stored import stored_documents

KINDS = {
    kind: (Folds(context.decider), fold)
    for context in CONTEXTS.values()
    if context.decider
    for kind, fold in context.decider.folds.items()
}


def examples(fold: Fold) -> list[Event]:
    """Read the stored examples of the fold's events."""
    types = members(fold.events)
    codec, names = Codec(types), {event.__name__ for event in types}
    found = [codec.decode(document, 1) for document in stored_documents()]
    events = [recorded.event for recorded in found if recorded]
    assert {type(event).__name__ for event in events} == names
    return events


def histories(fold: Fold) -> Iterator[list[Event]]:
    random, events = Random(7), examples(fold)
    for _ in range(50):
        yield random.choices(events, k=random.randint(1, 12))


@pytest.mark.parametrize("kind", KINDS)
def test_a_kept_state_and_what_follows_are_the_whole_stream(kind: str) -> None:
    folds, fold = KINDS[kind]
    stream = f"{kind}-7"
    for history in histories(fold):
        whole = folds.evolve(stream, folds.initial(stream), history)
        for cut in range(1, len(history) + 1):
            before = folds.evolve(stream, folds.initial(stream), history[:cut])
            kept = folds.restore(stream, cut, msgspec.json.encode(before.state))
            assert kept == Versioned(cut, before.state, kept=cut)
            after = folds.evolve(stream, kept, history[cut:])
            assert (after.version, after.state) == (whole.version, whole.state)


def test_the_shape_of_each_kind_is_its_own_and_the_same_at_every_start() -> None:
    shapes = {kind: folds.shape(f"{kind}-7") for kind, (folds, _) in KINDS.items()}
    assert len(set(shapes.values())) == len(shapes)
    again = {kind: folds.shape(f"{kind}-8") for kind, (folds, _) in KINDS.items()}
    assert shapes == again
