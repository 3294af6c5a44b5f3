"""What each step does to the shop: it comes to events, or to a word, or cannot be taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ecommerce.aggregates.inventory import AdjustStock, ReceiveStock
from ecommerce.kernel import Rejected
from explorer.saga import invariants
from explorer.saga.log import Due, Log, Told
from explorer.saga.outside import Wrong
from explorer.saga.steps import (
    Ask,
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

if TYPE_CHECKING:
    from explorer.saga.world import World

Result: TypeAlias = list[Told] | str
"""What a step comes to."""


def do(world: World, step: Step) -> Result | None:
    """Take a step; none is the result of one that cannot be taken. Raises `Wrong`."""
    return _DO[type(step)](world, step)


def _ask(world: World, step: Ask) -> Result:
    context = type(step.command).__module__.removeprefix("ecommerce.aggregates.").partition(".")[0]
    name = type(step.command).__name__
    world.seen["cancel"] += name == "WithdrawOrder"
    if step.key in world.logs[context].keys:
        return "answered as before"
    expected = invariants.expects_refusal(world, step.command)
    try:
        told = world.record(context, step.key, step.command, name)
    except Rejected as refusal:
        if not expected:
            raise Wrong(f"a person is refused for no reason: {refusal}") from None
        return f"refused: {refusal}"
    if expected:
        raise Wrong("a person is not refused")
    if isinstance(step.command, ReceiveStock | AdjustStock):
        world.counted[step.command.sku] += step.command.quantity
    invariants.check_wish(world, step.command)
    return told


def _hear(world: World, step: Hear) -> Result | None:
    lane = step.context, step.stream
    told = world.bus.find(lane, step.event, early=step.early)
    if told is None:
        return None
    result: list[Told] = []
    for key, command in world.reactions(step.context, told):
        result += world.record(step.context, key, command, told.type)
    if step.dies:
        world.seen["crash"] += 1
    else:
        world.seen["swap"] += world.bus.acknowledge(lane, told)
    return result


def _repeat(world: World, step: Repeat) -> Result | None:
    told = world.bus.sent.get((step.context, step.stream, step.event))
    if told is None:
        return None
    world.seen["duplicate"] += 1
    result: list[Told] = []
    for _, command in world.reactions(step.context, told):
        result += world.record(step.context, None, command, told.type)
    return result


def _call(world: World, step: Call) -> Result | None:
    log = world.logs[step.context]
    if step.stream not in log.calls:
        return None
    due = world.next_call(step.context, step.stream)
    if step.to == "lost":
        return _be_lost(world, due)
    if due.answer is not None and step.to != "settled":
        return None  # it is further than that
    if not (due.under_way or _begin(log, due)):
        return "it is withdrawn"
    if step.to == "refused" and due.stage == "begun":
        due.put_back()
    return "" if step.to in {"begun", "refused"} else _get_on(world, log, due, step.to)


def _be_lost(world: World, due: Due) -> Result | None:
    if not due.under_way:
        return None
    world.seen["crash"] += 1
    due.lose()
    return ""


def _begin(log: Log, due: Due) -> bool:
    if due.attempts == 0:
        if log.withdrawn(due):
            log.drop(due)
            return False
        invariants.check_call(log, due.told)
    due.attempts += 1
    due.stage = "begun"
    return True


def _get_on(world: World, log: Log, due: Due, to: str) -> Result:
    if due.answer is None:
        due.stage, due.answer = "made", world.outside.do(due.told.event, due.told.id)
    name = type(due.answer).__name__
    if to == "made":
        return f"{due.told.type} is answered by {name}"
    log.drop(due)
    return world.record(log.name, f"call:{due.told.id}", due.answer, name)


def _take(world: World, step: Take) -> Result | None:
    if step.stream not in world.timers:
        return None
    world.taken[step.stream] = world.timers[step.stream]
    return ""


def _expire(world: World, step: Expire) -> Result | None:
    told = world.taken.pop(step.stream, None) or world.timers.get(step.stream)
    if told is None:
        return None
    world.seen["deadline"] += 1
    invariants.check_patience(world, step.stream)
    world.timers.pop(step.stream, None)
    command = world.shop.contexts["orders"].timers[type(told.event)](told.event)
    return world.record("orders", f"timer:{told.id}", command, "deadline")


def _customer(world: World, step: Customer) -> Result | None:
    if not world.may(step.order, step.does):
        return None
    world.outside.settle(step.order, step.does)
    return ""


def _tell(world: World, step: Tell) -> Result | None:
    webhook = step.order, step.kind
    if webhook not in world.outside.webhooks:
        return None
    number, command = world.outside.webhooks[webhook]
    if not step.first:
        del world.outside.webhooks[webhook]
    # Where it comes again, the first time does without its key: it is the decider that must cope.
    key = None if step.first else f"http:provider:{number}"
    return world.record("payments", key, command, type(command).__name__)


def _lose(world: World, step: Lose) -> Result | None:
    if not world.outside.webhooks.pop((step.order, step.kind), None):
        return None
    world.outside.unheard.add(step.order)
    return ""


def _crash(world: World, step: Crash) -> Result:
    world.seen["crash"] += 1
    for calls in world.logs[step.context].calls.values():
        calls[0].lose()
    return ""


_DO: Final[dict[type[Step], Callable[[World, Any], Result | None]]] = {
    Ask: _ask,
    Hear: _hear,
    Repeat: _repeat,
    Call: _call,
    Take: _take,
    Expire: _expire,
    Customer: _customer,
    Tell: _tell,
    Lose: _lose,
    Crash: _crash,
}
