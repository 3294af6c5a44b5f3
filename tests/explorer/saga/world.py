"""The whole shop in memory: the real deciders and policies, and what a schedule does to them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from ecommerce.contexts import CONTEXTS, Context
from ecommerce.kernel import Command, Event, OrderId, Value
from explorer.saga import doing, invariants
from explorer.saga.bus import Bus, listeners
from explorer.saga.log import Due, Log, Reached, Told
from explorer.saga.outside import Outside, Wrong
from explorer.saga.steps import Call, Expire, Hear, Step, Tell

ENDLESS: Final = 5_000
"""Steps after which a shop that is not at rest will never be."""

CALLING: Final = ("payments", "notifications")
"""The contexts that have something to do outside."""


class Shop(Value, frozen=True):
    """The contexts, and who listens to which event."""

    contexts: Mapping[str, Context]
    listeners: Mapping[type[Event], tuple[str, ...]]


def shop(contexts: Mapping[str, Context]) -> Shop:
    """Set up the contexts that have a part in the saga; any may be one with a bug."""
    acting = {name: context for name, context in contexts.items() if context.member.react}
    return Shop(acting, listeners(acting))


REAL: Final = shop(CONTEXTS)


class World:
    """All that there is; `trace` tells what happened, `seen` how often each kind of mishap did.

    From `at_rest_from` on, nothing happened but what had to.

    `taken` are the deadlines that a ticker has in hand, `counted` the units that people have
    counted in, by SKU.
    """

    def __init__(self, shop: Shop = REAL) -> None:
        self.shop = shop
        self.reached = Reached()
        self.logs = {name: Log(context, self.reached) for name, context in shop.contexts.items()}
        self.bus = Bus(shop.listeners)
        self.outside = Outside()
        self.taken: dict[str, Told] = {}
        self.counted = Counter[str]()
        self.trace: list[tuple[Step, doing.Result]] = []
        self.at_rest_from = 0
        self.seen = Counter[str]()

    def do(self, step: Step) -> None:
        """Take a step, if it can be taken. Raises `Wrong`."""
        self.trace.append((step, "that must never be"))
        result = doing.do(self, step)
        del self.trace[-1]
        if result is not None:
            self.trace.append((step, result))

    def rest(self) -> None:
        """Let everything get on in turn, until nothing is left to do. Raises `Wrong`."""
        self.at_rest_from = len(self.trace)
        for _ in range(ENDLESS):
            if (step := self._next()) is None:
                return
            self.do(step)
        raise Wrong("the shop never comes to rest")

    def _next(self) -> Step | None:
        for lane, waiting in self.bus.lanes.items():
            return Hear(*lane, waiting[0][1].type)
        for call in self.calls():
            return Call(*call)
        for webhook in self.outside.webhooks:
            return Tell(*webhook)
        for stream in (*self.taken, *self.timers):
            return Expire(stream)
        return None

    @property
    def timers(self) -> dict[str, Told]:
        """Give the deadlines that are set, by the orders' streams."""
        return self.logs["orders"].timers

    def calls(self) -> Iterator[tuple[str, str]]:
        """List who has something to do outside, for which stream."""
        for context in CALLING:
            for stream in self.logs[context].calls:
                yield context, stream

    @property
    def idle(self) -> bool:
        """Say whether nothing is left to do but to wait."""
        return not (self.bus.lanes or self.outside.webhooks or any(self.calls()))

    def next_call(self, context: str, stream: str) -> Due:
        """Give the oldest call of a stream, which alone may be made."""
        return self.logs[context].calls[stream][0]

    def record(self, context: str, key: str | None, command: Command, came: str) -> list[Told]:
        """Record what follows from a command, once for each key, and publish it."""
        log = self.logs[context]
        told = log.record(key, command, came)
        for one in told:
            self.bus.publish(one)
        if told and context == "inventory":
            invariants.check_stock(log, told)
        return told

    def reactions(self, context: str, told: Told) -> Iterator[tuple[str, Command]]:
        """Give what a context's policy wants because of an event, each with its key."""
        react = self.shop.contexts[context].member.react
        assert react
        for number, command in enumerate(react(told.event, told.id), 1):
            yield f"msg:{told.context}:{told.id}/{number}", command

    def may(self, order: OrderId, does: str) -> bool:
        """Say whether this can be done at the bank: payments tells its address to the customer."""
        told = ("orders", f"payment-{order}", "PaymentAuthenticationRequired") in self.bus.sent
        return (told or does == "gives up") and self.outside.may(order, does)
