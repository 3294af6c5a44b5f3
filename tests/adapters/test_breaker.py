"""What the breaker must get right, each where aiobreaker 1.2.0 does not."""

import abc
import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

import pytest
from aiobreaker import CircuitBreakerError, CircuitBreakerListener
from aiobreaker.state import CircuitBreakerState as State

from ecommerce.adapters.breaker import Breaker

WINDOW = timedelta(seconds=30)


class Declined(Exception):
    pass


class AbstractRefusal(Exception, metaclass=abc.ABCMeta):
    pass


def breaker(**options: object) -> Breaker:
    return Breaker(fail_max=2, timeout_duration=WINDOW, **options)


async def fail() -> None:
    raise ConnectionError("down")


async def decline() -> None:
    raise Declined


async def answer() -> str:
    return "up"


async def trip(circuit: Breaker) -> None:
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await circuit.call_async(fail)


def let_the_window_pass(circuit: Breaker) -> None:
    circuit._opened -= WINDOW.total_seconds()


class Gate:
    """A call that answers, or fails, only once it is let."""

    def __init__(self) -> None:
        self.begun = 0
        self.entered = asyncio.Event()
        self.outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def __call__(self) -> str:
        self.begun += 1
        self.entered.set()
        return await asyncio.shield(self.outcome)


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    gate = Gate()
    yield gate
    gate.outcome.cancel()
    await asyncio.sleep(0)


async def started(gate: Gate, *calls: Coroutine[Any, Any, str]) -> list[asyncio.Task[str]]:
    tasks = [asyncio.create_task(call) for call in calls]
    await gate.entered.wait()
    return tasks


async def test_failures_in_a_row_open_it_and_the_caller_hears_of_its_own_failure() -> None:
    circuit = breaker()
    await trip(circuit)
    with pytest.raises(CircuitBreakerError):
        await circuit.call_async(answer)


async def test_an_answer_in_between_begins_the_count_anew() -> None:
    circuit = breaker()
    for call in (fail, answer, fail):
        await asyncio.gather(circuit.call_async(call), return_exceptions=True)
    assert circuit.current_state is State.CLOSED


async def test_one_trial_at_a_time_closes_it(gate: Gate) -> None:
    changes: list[State] = []

    class Listener(CircuitBreakerListener):  # type: ignore[misc] # the package ships no types
        def state_change(self, _breaker: object, _old: object, new: object) -> None:
            changes.append(new.state)  # type: ignore[attr-defined] # the same

    circuit = breaker(listeners=[Listener()])
    await trip(circuit)
    let_the_window_pass(circuit)
    calls = await started(gate, *(circuit.call_async(gate) for _ in range(20)))
    gate.outcome.set_result("up")
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert gate.begun == 1
    assert [r for r in results if r == "up"] == ["up"]
    assert sum(isinstance(r, CircuitBreakerError) for r in results) == 19
    assert changes == [State.OPEN, State.HALF_OPEN, State.CLOSED]


async def test_a_failed_trial_opens_it_again() -> None:
    circuit = breaker()
    await trip(circuit)
    let_the_window_pass(circuit)
    with pytest.raises(ConnectionError):
        await circuit.call_async(fail)
    with pytest.raises(CircuitBreakerError):
        await circuit.call_async(answer)


async def test_a_cancelled_trial_leaves_room_for_the_next(gate: Gate) -> None:
    circuit = breaker()
    await trip(circuit)
    let_the_window_pass(circuit)
    (trial,) = await started(gate, circuit.call_async(gate))
    trial.cancel()
    await asyncio.gather(trial, return_exceptions=True)
    assert await circuit.call_async(answer) == "up"


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
async def test_the_time_of_the_next_trial_is_right_in_every_zone(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        circuit = breaker()
        await trip(circuit)
        with pytest.raises(CircuitBreakerError) as refusal:
            await circuit.call_async(answer)
        assert timedelta(0) < refusal.value.time_remaining <= WINDOW
        assert circuit.opens_at is not None
        assert circuit.opens_at - datetime.now() <= WINDOW  # noqa: DTZ005 # as the package has it
    time.tzset()


async def test_a_call_begun_before_it_opened_does_not_extend_the_window(gate: Gate) -> None:
    circuit = breaker()
    (late,) = await started(gate, circuit.call_async(gate))
    await trip(circuit)
    opened = circuit._opened
    gate.outcome.set_exception(ConnectionError())
    await asyncio.gather(late, return_exceptions=True)
    assert circuit._opened == opened


async def test_a_call_begun_before_it_opened_does_not_end_a_trial(gate: Gate) -> None:
    circuit = breaker()
    (late,) = await started(gate, circuit.call_async(gate))
    await trip(circuit)
    circuit.half_open()
    gate.outcome.set_exception(ConnectionError())
    await asyncio.gather(late, return_exceptions=True)
    assert circuit.current_state is State.HALF_OPEN


@pytest.mark.parametrize("exclude", [Declined, lambda error: isinstance(error, Declined)])
async def test_an_excluded_exception_neither_counts_nor_hides_failures(
    exclude: Callable[[Exception], bool],
) -> None:
    circuit = breaker(exclude=[exclude])
    for call in (decline, decline, decline, fail, decline):
        await asyncio.gather(circuit.call_async(call), return_exceptions=True)
    assert circuit.current_state is State.CLOSED
    await asyncio.gather(circuit.call_async(fail), return_exceptions=True)
    assert circuit.current_state is State.OPEN


async def test_an_excluded_exception_leaves_a_trial_undecided() -> None:
    circuit = breaker(exclude=[Declined])
    await trip(circuit)
    let_the_window_pass(circuit)
    with pytest.raises(Declined):
        await circuit.call_async(decline)
    assert circuit.current_state is State.HALF_OPEN
    assert await circuit.call_async(answer) == "up"
    assert circuit.current_state is State.CLOSED


async def test_an_excluded_class_with_a_metaclass_excludes_only_itself() -> None:
    circuit = breaker(exclude=[AbstractRefusal])
    await trip(circuit)
    assert circuit.current_state is State.OPEN
