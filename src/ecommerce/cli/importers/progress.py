"""How far an import is, for people who watch: bars on a terminal, lines elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

EVERY = 5.0
"""Seconds between two lines about the same step where there is no terminal."""


class Step:
    """A step of an import: how many of its parts are done, and how many were done before."""

    def __init__(self, name: str, total: int, changed: Callable[[Step], None]) -> None:
        self.name, self.total, self.done, self.before = name, total, 0, 0
        self._changed = changed

    def __str__(self) -> str:
        note = f" ({self.before:,} of them before)" if self.before else ""
        return f"{self.done:,} of {self.total:,} {self.name}{note}"

    def advance(self, parts: int = 1, *, before: bool = False) -> None:
        """Count parts as done; `before`, where an earlier run had done them already."""
        self.done += parts
        self.before += parts if before else 0
        self._changed(self)


class Steps:
    """The steps that an import has begun. As a string, what it has done so far."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun: list[Step] = []
        self._printed = monotonic()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )

    def __str__(self) -> str:
        return ", ".join(map(str, self._begun)) or "nothing"

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the steps while this lasts."""
        with self._bars:
            yield

    def begin(self, name: str, total: int) -> Step:
        """Begin a step of so many parts."""
        bar = self._bars.add_task(f"{name:<18}", total=total)

        def changed(step: Step) -> None:
            self._bars.update(bar, completed=step.done)
            self._print(step)

        step = Step(name, total, changed)
        self._begun.append(step)
        return step

    def _print(self, step: Step) -> None:
        late = monotonic() - self._printed > EVERY
        if not self._console.is_terminal and (late or step.done == step.total):
            self._printed = monotonic()
            self._console.print(str(step), highlight=False)
