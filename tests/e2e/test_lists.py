"""Every list of the shop, walked page by page from its first item to its last."""

from __future__ import annotations

from typing import Any

import pytest

from running_shop import RunningShop
from shelf import Shelf, placed

STAFF = "staff; orders:read inventory:read notifications:read"


def walked(shop: RunningShop, path: str, size: int) -> list[dict[str, Any]]:
    """Follow the links from page to page."""
    found: list[dict[str, Any]] = []
    following: str | None = f"{path}{'&' if '?' in path else '?'}limit={size}"
    with shop.client(STAFF) as client:
        while following:
            answer = client.get(following)
            assert answer.status_code == 200, answer.text
            assert len(answer.json()["items"]) <= size
            found += answer.json()["items"]
            following = answer.links.get("next", {}).get("url")
            assert following == answer.json()["next"]
    return found


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("/catalog/products", "sku"),
        ("/orders", "order_id"),
        ("/orders?reference={reference}", "order_id"),
        ("/sagas?state=settled", "order_id"),
        ("/inventory/stock/{sku}/movements", "position"),
        ("/notifications?order_id={order_id}", "position"),
    ],
)
def test_a_list_is_the_same_however_many_items_a_page_has(
    shop: RunningShop, path: str, key: str
) -> None:
    shelf = Shelf(shop, units=5)
    order_id = placed(shelf.order(shop))
    shop.rest(order_id)
    path = path.format(sku=shelf.sku, order_id=order_id, reference="none")
    whole = walked(shop, path, 100)
    by_few = walked(shop, path, 7 if len(whole) > 50 else 1)
    keys = [item[key] for item in whole]
    assert len({*keys}) == len(keys)
    assert [item[key] for item in by_few] == keys
    assert keys or "reference" in path


@pytest.mark.parametrize(
    "path",
    [
        "/orders?after=nobody",
        "/sagas?after=nobody",
        "/catalog/products?after=~",
        "/inventory/stock/TEA-ASSAM-125/movements?after=0",
        "/notifications?order_id=nobody&after=9223372036854775807",
    ],
)
def test_nothing_comes_after_what_is_unknown_or_the_last(shop: RunningShop, path: str) -> None:
    with shop.client(STAFF) as client:
        answer = client.get(path)
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})
