from __future__ import annotations

import re

import pytest

from ecommerce.projections import (
    movements,
    order_page,
    order_timeline,
    payment_page,
    price_list,
    products,
    sales,
    stock,
)
from ecommerce.projections.projection import Projection, sources
from ecommerce.projections.reader import BadToken, parse

ALL: tuple[Projection, ...] = (
    movements,
    order_page,
    order_timeline,
    payment_page,
    price_list,
    products,
    sales,
    stock,
)


@pytest.mark.parametrize("projection", ALL, ids=lambda projection: str(projection.NAME))
def test_a_table_has_a_column_for_each_field_of_its_rows(projection: Projection) -> None:
    table = re.search(rf"create table {projection.NAME} \((.*?)\n\)", projection.DDL, re.DOTALL)
    assert table
    columns = re.findall(r"^ {4}(?!primary key)(\w+) ", table[1], re.MULTILINE)
    assert sorted(columns) == sorted(projection.Row.__struct_fields__)
    assert set(projection.KEY) <= set(columns)


def test_a_projection_reads_the_contexts_that_publish_its_events() -> None:
    assert sources(products) == ["catalog", "inventory"]
    assert sources(price_list) == ["catalog"]
    assert sources(order_timeline) == ["orders", "inventory", "payments", "notifications"]


def test_a_token_names_positions_by_source() -> None:
    assert parse(None) == parse("") == {}
    assert parse("orders@1234") == {"orders": 1234}
    assert parse("orders@5, catalog@7,orders@3") == {"orders": 5, "catalog": 7}


@pytest.mark.parametrize("token", ["orders", "orders@", "@1", "orders@1,", "orders@-1", "o@1e9"])
def test_a_token_that_nobody_gave_is_refused(token: str) -> None:
    with pytest.raises(BadToken, match="orders@1234"):
        parse(token)
