"""The shop that runs on this machine: its processes, its bank, and a second gateway for it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from random import Random
from time import monotonic
from typing import Final

import aiohttp
import click
import msgspec

from ecommerce.cli import readiness
from ecommerce.cli.torture.seen import Charged
from ecommerce.kernel import Value
from ecommerce.sandbox import folder, ports, program, stack, supervisor
from ecommerce.sandbox.folder import Run
from ecommerce.sandbox.processes import MARK
from ecommerce.sandbox.stack import Instance
from ecommerce.sandbox.supervisor import NotSupervised

READY: Final = 60.0
"""Seconds in which a process that was started has to be ready."""
STOP: Final = 10.0
POLL: Final = 0.1
TIMEOUT: Final = aiohttp.ClientTimeout(total=30)


class Process(Value, frozen=True):
    """An instance of a service, and its process."""

    instance: Instance
    pid: int


def find() -> Run:
    """Find the shop. Raises `NoFolder`, and `ClickException` where it does not run."""
    run = folder.load_made(folder.locate())
    try:
        supervisor.states(run.folder)
    except NotSupervised as error:
        raise click.ClickException("Nothing is running: `ecommerce up` starts it.") from error
    return run


def running(run: Run, service: str) -> list[Process]:
    """List the processes of a service that run now."""
    states = {state.name: state for state in supervisor.states(run.folder)}
    return [
        Process(instance, states[instance.name].pid)
        for instance in stack.instances(run)
        if instance.service == service and states[instance.name].state == supervisor.RUNNING
    ]


def kill(run: Run, service: str, draw: Random) -> Process:
    """Kill one process of a service. Raises `ClickException` where none runs."""
    if not (there := running(run, service)):
        raise click.ClickException(f"No process of {service} runs that could be killed.")
    victim = draw.choice(there)
    os.kill(victim.pid, signal.SIGKILL)
    return victim


async def back(run: Run, killed: Process) -> None:
    """Wait until an instance is ready again. Raises `ClickException`."""

    def is_back() -> bool:
        there = {each.instance.name: each.pid for each in running(run, killed.instance.service)}
        is_new = there.get(killed.instance.name, killed.pid) != killed.pid
        return is_new and not readiness.lacking(killed.instance)

    give_up = monotonic() + READY
    while not await asyncio.to_thread(is_back):
        if monotonic() > give_up:
            raise click.ClickException(
                f"{killed.instance.name} was killed, and is not ready again after {READY:.0f} s."
                f" Why stands in {run.logs / killed.instance.name}.log."
            )
        await asyncio.sleep(POLL)


@asynccontextmanager
async def second_gateway(run: Run) -> AsyncIterator[str]:
    """Run another gateway of the shop meanwhile, and give its URL. Raises `ClickException`."""
    (port,) = ports.pick(1)
    log = run.logs / "second-gateway.log"
    # The mark lets `ecommerce down` find it, should this process be killed.
    process = program.start(stack.another_gateway(run, port), log, {MARK: str(run.folder)})
    try:
        await _answers(f"http://127.0.0.1:{port}", process, f"Why stands in {log}.")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP)
        except subprocess.TimeoutExpired:
            process.kill()


async def _answers(url: str, process: subprocess.Popen[bytes], advice: str) -> None:
    give_up = monotonic() + READY
    async with aiohttp.ClientSession(url, timeout=TIMEOUT) as session:
        while process.poll() is None and monotonic() < give_up:
            try:
                async with session.get("/health/live"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(POLL)
    raise click.ClickException(f"A second gateway does not start. {advice}")


def ledger_url(run: Run) -> str:
    """Return where the sandbox provider tells what it charged."""
    return f"http://127.0.0.1:{run.port(ports.PAYMENT_PROVIDER)}/_sandbox/ledger"


async def charges(ledger: str) -> dict[str, Charged]:
    """Ask the sandbox provider what it charged for each order.

    Raises `ClickException` where none answers: nobody else's provider is to be charged.
    """
    try:
        async with aiohttp.request("GET", ledger, timeout=TIMEOUT) as answer:
            if answer.status == HTTPStatus.OK:
                told = msgspec.json.decode(await answer.read(), type=list[Charged])
                return {each.order_id: each for each in told if each.order_id}
            why = f"it answers with status {answer.status}"
    except (aiohttp.ClientError, TimeoutError, msgspec.DecodeError) as error:
        why = str(error) or "it does not answer"
    raise click.ClickException(
        f"There is no sandbox payment provider at {ledger}: {why}. The torture charges cards by"
        " the hundred, so it runs only against a shop that has one: `ecommerce up` starts it."
    )
