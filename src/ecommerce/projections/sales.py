"""What was sold on each day."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Final, Literal, TypeAlias

from msgspec.structs import replace

from ecommerce.events.orders import OrderCancelled, OrderConfirmed, OrderCreated
from ecommerce.kernel import Money, Value
from ecommerce.projections.projection import found
from ecommerce.projections.rows import fetch
from ecommerce.store.connection import Connection
from ecommerce.store.envelope import Recorded

NAME: Final = "sales"
KEY: Final = ("order_id",)
DDL: Final = """
create table sales (
    order_id text primary key,
    day date not null,
    status text not null,
    units bigint not null,
    amount bigint not null,
    currency text not null,
    code text
);
create index on sales (day);
"""

LONGEST: Final = timedelta(days=366)


class BadPeriod(Exception):
    """A report covers between 1 and 366 days, and its first day is not after its last."""

    def __str__(self) -> str:
        return self.__doc__ or ""


class Sale(Value, frozen=True):
    """What an order counts for. `day` is the day in UTC on which it was placed."""

    order_id: str
    day: date
    status: Literal["open", "confirmed", "cancelled"]
    units: int
    amount: int
    currency: str
    code: str | None = None


class DayOfSales(Value, frozen=True):
    """One day in one currency: numbers of orders, and what the confirmed ones come to."""

    day: date
    currency: str
    placed: int
    confirmed: int
    open: int
    cancelled: dict[str, int]
    """Orders cancelled, by the code of the reason."""
    units: int
    amount: int

    @property
    def revenue(self) -> Money:
        """What the confirmed orders cost together, charges included."""
        return Money(self.amount, self.currency)


Row: TypeAlias = Sale
Source: TypeAlias = OrderCreated | OrderConfirmed | OrderCancelled


def key(recorded: Recorded[Source]) -> tuple[str]:
    """Say which order an event is about."""
    return (recorded.event.order_id,)


def evolve(row: Sale | None, recorded: Recorded[Source]) -> Sale:
    """Say what an event makes of what an order counts for."""
    match recorded.event:
        case OrderCreated(order_id, lines=lines, total=total, placed_at=placed_at):
            day = placed_at.astimezone(UTC).date()
            units = sum(line.quantity for line in lines)
            return Sale(order_id, day, "open", units, total.amount, total.currency)
        case OrderConfirmed():
            return replace(found(row, recorded), status="confirmed")
        case OrderCancelled(code=code):
            return replace(found(row, recorded), status="cancelled", code=code)


_BY_DAY: Final = """
with counted as (
    select day, currency, status, code, count(*) orders, sum(units) units, sum(amount) amount
    from sales where day between %(first)s and %(last)s group by day, currency, status, code
)
select day, currency,
    sum(orders) placed,
    coalesce(sum(orders) filter (where status = 'confirmed'), 0) confirmed,
    coalesce(sum(orders) filter (where status = 'open'), 0) open,
    coalesce(json_object_agg(code, orders) filter (where status = 'cancelled'), '{}') cancelled,
    coalesce(sum(units) filter (where status = 'confirmed'), 0) units,
    coalesce(sum(amount) filter (where status = 'confirmed'), 0) amount
from counted group by day, currency order by day, currency
"""


async def sales_by_day(db: Connection, first: date, last: date) -> list[DayOfSales]:
    """Report the days from `first` to `last`, both included. Raises `BadPeriod`.

    A day on which nothing was ordered is left out.
    """
    if not timedelta(0) <= last - first < LONGEST:
        raise BadPeriod
    return await fetch(db, DayOfSales, _BY_DAY, {"first": first, "last": last})
