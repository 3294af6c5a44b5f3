"""Some instances of the real command loop over one log, doing what a schedule says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from structlog.testing import capture_logs

from ecommerce.store.envelope import Cause
from ecommerce.store.unit import Answer, Unit, digest
from explorer.clockwork import Clockwork
from explorer.instance import Attempt, Instance, Parts
from explorer.memory_session import Server
from explorer.schedule import NAMES, Ask, Cut, Drop, Go, Kill, Leave, Step, Stop, Wait

ENDLESS: Final = 3_000
"""Steps after which whoever still has no answer will never get one."""

CAUSE: Final = Cause("correlation", "cause", "somebody")


class World:
    """All that there is; `trace` tells what happened, `reached` how often what worth it did."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.clock = Clockwork()
        self.server = Server()
        self.log = self.server.log
        self.trace: list[str] = []
        self.reached = Counter[str]()
        self.attempts: list[Attempt] = []
        self.started: list[Instance] = []
        self.instances = {name: self._start(name) for name in NAMES}
        self.clock.settle()

    def _start(self, name: str) -> Instance:
        self.started.append(Instance(name, self.parts, self.server, self.clock))
        return self.started[-1]

    def follow(self, schedule: Iterable[Step]) -> str | None:
        """Do what a schedule says, then let everybody finish. Says who cannot."""
        with capture_logs() as logged:
            for step in schedule:
                self.trace.append(str(step))
                self._do(step)
                self.clock.settle()
            self.trace.append("everybody gets on in turn")
            wrong = self._finish() or self._ask_again()
        if any(line["event"] == "store.log_went_back" for line in logged):
            return "something read under the lock had changed all the same"
        if any(instance.broken for instance in self.started):
            return "a loop has ended by itself"
        return wrong

    def _do(self, step: Step) -> None:
        match step:
            case Ask(of, key, command):
                asked = digest(repr(command).encode())
                self._ask(of, Unit(key, asked, CAUSE, command, self._due(key)))
            case Leave(key):
                for attempt in [a for a in self.attempts if a.unit.key == key and a.pending][:1]:
                    attempt.leave()
            case Go(who, steps):
                self._go(who, steps)
            case Wait(seconds):
                self.clock.advance(seconds)
            case _:
                self._fail(step)

    def _fail(self, step: Cut | Kill | Stop | Drop) -> None:
        """Let something go wrong, and note at which moment it did."""
        self._reach(type(step).__name__, step.who)
        match step:
            case Cut(who):
                if session := self.instances[who].writer.session:
                    session.leave()
            case Kill(who):
                self.instances[who].kill()
                self.instances[who] = self._start(who)
            case Stop(who):
                self.clock.create_task(self.instances[who].loop.stop())
            case Drop(who):
                for session in [s for s in self.server.sessions if s.client == who][:1]:
                    session.kill()

    def _reach(self, what: str, who: str) -> None:
        at = next((step.name for step in self.server.steps if step.session.client == who), "rest")
        self.reached[f"{what}: {at}"] += 1

    def _due(self, key: str) -> str | None:
        """Say which call or timer a unit ends: the oldest there is, if its key is of one."""
        kind = key.partition(":")[0]
        rows = {"call": [*self.log.calls], "timer": [*self.log.timers]}.get(kind, [])
        return next(iter(rows), None)

    def _ask(self, of: str, unit: Unit) -> None:
        if self.instances[of].running.done():
            self.instances[of] = self._start(of)
        attempt = Attempt(unit, self.log)
        self.attempts.append(attempt)
        self.instances[of].attempts.append(attempt)
        attempt.asking = self.clock.create_task(attempt.ask(self.instances[of].loop))

    def _go(self, who: str | None, steps: int) -> None:
        for _ in range(steps):
            mine = (s for s in self.server.steps if who in (None, s.session.client))
            if step := next(mine, None):
                self.trace.append(f"    {step.session.client}: {step.name}")
                step.taken.set_result(None)
                self.clock.settle()

    def _finish(self) -> str | None:
        """Let everybody get on in turn, as long as somebody waits."""
        for _ in range(ENDLESS):
            if self.server.steps:
                self._go(None, 1)
            elif any(attempt.pending for attempt in self.attempts):
                self.clock.advance((self.clock.next_timer() or 0) - self.clock.time())
            else:
                return None
        return f"{[a.unit.key for a in self.attempts if a.pending]} never get an answer"

    def _ask_again(self) -> str | None:
        """Ask again for what nobody knows to be done, as a client does."""
        known = {(a.unit.key, a.unit.digest) for a in self.attempts if not a.unknown}
        for attempt in list(self.attempts):
            if (attempt.unit.key, attempt.unit.digest) not in known:
                self.trace.append(f"one is asked {attempt.unit.key} again")
                self._ask("one", attempt.unit)
                self.clock.settle()
                if failed := self._finish():
                    return failed
                if self.attempts[-1].unknown:
                    return f"{attempt.unit.key} is not recorded with nothing in its way"
        return None

    def end(self) -> None:
        """Count what was reached, and leave nothing behind."""
        self.reached["race lost"] += self.log.races_lost
        for attempt in self.attempts:
            replayed = isinstance(attempt.outcome, Answer) and attempt.outcome.replayed
            heard = "nothing" if attempt.gone else type(attempt.outcome).__name__
            self.reached["replayed" if replayed else heard] += 1
        for instance in self.started:
            instance.kill()
        self.clock.end()
