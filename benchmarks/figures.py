"""What a bench comes to: one figure for each row of the table, held against what it must reach."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median, quantiles

from rich.console import Console
from rich.table import Table

from ecommerce.kernel import Value

MICROSECONDS = 1e6
_WIDTH = 140
_WHOLE_FROM = 100
"""From here on a number is written without decimals."""


class Figure(Value, frozen=True):
    """What was reached, as the median of all rounds.

    `must` and `aim` are floors, or ceilings where `ceiling` is set; a figure without them is told
    for its own sake. The middle half of the rounds lies in `spread`. `cpu` is what an item costs
    each process, in microseconds of processor time: the steadier figure.
    """

    bench: str
    """The row of the table: `a` to `j`."""
    what: str
    value: float
    unit: str
    must: float | None = None
    aim: float | None = None
    ceiling: bool = False
    spread: tuple[float, float] | None = None
    cpu: Mapping[str, float] = {}

    @property
    def reached(self) -> bool:
        """Say whether it is what it must be."""
        if self.must is None:
            return True
        return self.value <= self.must if self.ceiling else self.value >= self.must


def middle_half(values: Sequence[float]) -> tuple[float, float]:
    """Say between which two the middle half of the values lies."""
    if len(values) == 1:
        return values[0], values[0]
    first, _, third = quantiles(values, n=4, method="inclusive")
    return first, third


def figure(  # noqa: PLR0913 - all that makes a row of the table, by name
    bench: str,
    what: str,
    rounds: Iterable[float],
    unit: str,
    *,
    must: float | None = None,
    aim: float | None = None,
    ceiling: bool = False,
    cpu: Mapping[str, float] | None = None,
) -> Figure:
    """Make a figure of what each round came to."""
    values = list(rounds)
    return Figure(
        bench, what, median(values), unit, must, aim, ceiling, middle_half(values), cpu or {}
    )


def show(figures: Iterable[Figure]) -> None:
    """Print figures as the table."""
    table = Table()
    for column in ("", "what", "reached", "must", "aim", "middle half", "CPU µs an item"):
        right = column not in {"", "what", "CPU µs an item"}
        table.add_column(column, justify="right" if right else "left")
    for each in figures:
        table.add_row(*_row(each), style=None if each.reached else "red")
    Console(width=_WIDTH).print(table)


def _row(each: Figure) -> tuple[str, ...]:
    sign = "≤" if each.ceiling else "≥"
    return (
        each.bench,
        each.what,
        f"{_number(each.value)} {each.unit}",
        "" if each.must is None else f"{sign} {_number(each.must)}",
        "" if each.aim is None else _number(each.aim),
        " to ".join(map(_number, each.spread)) if each.spread else "",
        ", ".join(f"{name} {cost:,.0f}" for name, cost in each.cpu.items() if cost),
    )


def _number(value: float) -> str:
    """Write as many digits as anyone can believe."""
    return f"{value:,.0f}" if abs(value) >= _WHOLE_FROM else f"{value:.3g}"
