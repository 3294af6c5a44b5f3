"""What can be drawn next: each move gives a step that can be taken now, or none."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final, TypeAlias

from explorer.saga.bus import Lane
from explorer.saga.people import People
from explorer.saga.steps import (
    Call,
    Crash,
    Customer,
    Expire,
    Hear,
    Lose,
    Repeat,
    Step,
    Take,
    Tell,
)
from explorer.saga.world import CALLING, World


class Dice:
    """What moves are drawn with; the context that is `slow` seldom hears anything."""

    def __init__(self, random: Random, world: World) -> None:
        self.random = random
        self.world = world
        self.people = People(random, world.logs["orders"])
        self.slow = random.choice((None, "orders", *world.logs))


Move: TypeAlias = Callable[[Dice], Step | None]

_ANSWERS: Final = ("approves", "approves", "approves", "refuses", "refuses", "gives up")
"""What becomes of a payment that waits for its customer."""

_STAGES: Final = {
    "payments": ("settled", "settled", "begun", "made", "made", "refused"),
    "notifications": ("settled", "settled", "settled", "made"),
}
"""How far a call gets."""


def person(dice: Dice) -> Step | None:
    """Let somebody want something."""
    return dice.people.want()


def dispatch(dice: Dice) -> Step | None:
    """Let staff ship or deliver what waits for it."""
    return dice.people.dispatch()


def cancel(dice: Dice) -> Step | None:
    """Let somebody cancel an order."""
    return dice.people.cancel()


def hear(dice: Dice) -> Step | None:
    """Let somebody hear the next message of a stream; who is slow seldom does."""
    step = hear_all(dice)
    hurried = step and (step.context != dice.slow or dice.random.random() < 0.2)
    return step if hurried else None


def hear_all(dice: Dice) -> Hear | None:
    """Let anybody hear the next message of a stream."""
    lanes = [*dice.world.bus.lanes]
    return _next(dice, dice.random.choice(lanes)) if lanes else None


def _next(dice: Dice, lane: Lane, *, dies: bool = False) -> Hear:
    return Hear(*lane, dice.world.bus.lanes[lane][0][1].type, dies=dies)


def die(dice: Dice) -> Step | None:
    """Let somebody hear a message and die."""
    lanes = [*dice.world.bus.lanes]
    return _next(dice, dice.random.choice(lanes), dies=True) if lanes else None


def swap(dice: Dice) -> Step | None:
    """Let somebody hear a message before one that was sent earlier, of another stream."""
    lanes = dice.world.bus.lanes
    for context, stream in lanes:
        for other, later in lanes:
            if other == context and lanes[other, later][0] > lanes[context, stream][0]:
                return _next(dice, (other, later))
    return None


def overtake(dice: Dice) -> Step | None:
    """Let somebody hear a message, or a copy of it, before one of the same stream."""
    lanes = dice.world.bus.lanes.items()
    early = [(lane, waiting[-1][1].type) for lane, waiting in lanes if len(waiting) > 1]
    if not early:
        return None
    lane, event = dice.random.choice(early)
    if dice.random.random() < 0.5:
        return Repeat(*lane, event)
    return Hear(*lane, event, early=True)


def repeat(dice: Dice) -> Step | None:
    """Let somebody hear a copy of what was sent."""
    sent = [*dice.world.bus.sent]
    return Repeat(*dice.random.choice(sent)) if sent else None


def call(dice: Dice) -> Step | None:
    """Let somebody get on with a call."""
    calls = [*dice.world.calls()]
    if not calls:
        return None
    context, stream = dice.random.choice(calls)
    return Call(context, stream, dice.random.choice(_STAGES[context]))


def lose(dice: Dice) -> Step | None:
    """Let a call be lost, or its answer."""
    begun = [call for call in dice.world.calls() if dice.world.next_call(*call).under_way]
    return Call(*dice.random.choice(begun), to="lost") if begun else None


def tell(dice: Dice) -> Step | None:
    """Let a webhook come, or not."""
    waiting = [*dice.world.outside.webhooks]
    if not waiting:
        return None
    webhook, fate = dice.random.choice(waiting), dice.random.random()
    return Lose(*webhook) if fate < 0.2 else Tell(*webhook, first=fate < 0.45)


def customer(dice: Dice) -> Step | None:
    """Let a customer answer the bank."""
    does = dice.random.choice(_ANSWERS)
    able = [number for number in dice.people.placed if dice.world.may(number, does)]
    return Customer(dice.random.choice(able), does) if able else None


def crash(dice: Dice) -> Step:
    """Let a context die, with all that it was about."""
    return Crash(dice.random.choice(CALLING))


def take(dice: Dice) -> Step | None:
    """Let a deadline be found due."""
    timers = [*dice.world.timers]
    return Take(dice.random.choice(timers)) if timers else None


def expire(dice: Dice) -> Step | None:
    """Let a deadline be told."""
    timers = [*dice.world.taken, *dice.world.timers]
    return Expire(dice.random.choice(timers)) if timers else None
