"""Reports on orders over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter, SkipValidation

from ecommerce.api.caller import needs
from ecommerce.api.problems import Fault, documented, invalid
from ecommerce.api.reading import Read, Token
from ecommerce.kernel import Money, Value
from ecommerce.projections import sales
from ecommerce.projections.sales import BadPeriod


class Day(Value, frozen=True):
    """One day (UTC) in one currency: numbers of orders, and what the confirmed ones come to."""

    day: date
    currency: str
    placed: int
    confirmed: int
    open: int
    cancelled: dict[str, int]
    """Orders cancelled, by the code of the reason."""
    units: int
    revenue: Money


class Sales(Value, frozen=True):
    """A report, by day; a day without orders is left out."""

    items: Sequence[Day]


@get("/reports/sales", **needs("reports:read"), responses=documented(400, 503))
async def show_sales(
    read: NamedDependency[SkipValidation[Read]],
    from_: Annotated[date, QueryParameter(name="from", description="The first day.")],
    to: Annotated[date, QueryParameter(description="The last day.")],
    token: Token = None,
) -> Sales:
    """Report what was sold on each day, for at most 366 days."""
    async with read(sales.NAME, token) as db:
        try:
            days = await sales.sales_by_day(db, from_, to)
        except BadPeriod as error:
            raise invalid([Fault("from", str(error)), Fault("to", str(error))], 400) from None
    return Sales([_day(day) for day in days])


def _day(day: sales.DayOfSales) -> Day:
    return Day(
        day=day.day,
        currency=day.currency,
        placed=day.placed,
        confirmed=day.confirmed,
        open=day.open,
        cancelled=day.cancelled,
        units=day.units,
        revenue=day.revenue,
    )
