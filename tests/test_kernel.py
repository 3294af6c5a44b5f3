from __future__ import annotations

import msgspec
import pytest

from ecommerce.kernel import MixedCurrencies, Money, OrderId, Quantity, Rejected, Sku


def test_money_of_one_currency_adds_up() -> None:
    assert Money(1999, "GBP") + Money(1, "GBP") == Money(2000, "GBP")


def test_money_is_multiplied_by_a_quantity() -> None:
    assert Money(255, "GBP") * 6 == Money(1530, "GBP")


def test_money_of_two_currencies_does_not_add_up() -> None:
    with pytest.raises(MixedCurrencies):
        Money(1, "GBP") + Money(1, "EUR")


@pytest.mark.parametrize(
    ("money", "words"),
    [
        (Money(1999, "GBP"), "£19.99"),
        (Money(123450, "EUR"), "€1,234.50"),
        (Money(5, "USD"), "$0.05"),
        (Money(0, "GBP"), "£0.00"),
        (Money(-500, "GBP"), "-£5.00"),
        (Money(123456789, "CHF"), "CHF 1,234,567.89"),
        (Money(1500, "JPY"), "JPY 1,500"),
        (Money(1500, "KWD"), "KWD 1.500"),
    ],
)
def test_money_is_written_as_people_read_it(money: Money, words: str) -> None:
    assert str(money) == words


def test_nothing_due_is_still_money() -> None:
    assert Money(0, "GBP")


def test_a_refusal_reads_as_the_broken_rule() -> None:
    assert str(MixedCurrencies()) == "All amounts of one order must be in one currency."


def test_a_refusal_can_say_more_than_its_rule() -> None:
    assert str(MixedCurrencies("Line 2 is in EUR.")) == "Line 2 is in EUR."


def test_a_refusal_without_a_rule_says_nothing() -> None:
    class Undocumented(Rejected):
        __doc__ = None

    assert not str(Undocumented())


@pytest.mark.parametrize("sku", ["85123A", "a", "DCGS 0003", "gift_0001.20", "A" * 64])
def test_a_stock_code_may_have_blanks_dots_and_hyphens_inside(sku: str) -> None:
    assert msgspec.convert(sku, Sku) == sku


@pytest.mark.parametrize("sku", ["", " 85123A", "-1", "TEA/2", "TEA#", "A" * 65])
def test_a_stock_code_can_stand_in_an_address_and_a_stream_name(sku: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sku, Sku)


@pytest.mark.parametrize("order_id", ["", "7@3", "order 7", "7.1", "a" * 65])
def test_an_order_id_can_stand_in_an_address_and_a_stream_name(order_id: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(order_id, OrderId)


@pytest.mark.parametrize("quantity", [0, -1, 100_001])
def test_a_quantity_is_at_least_one_and_bounded(quantity: int) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(quantity, Quantity)


@pytest.mark.parametrize("currency", ["gbp", "GB", "POUND", ""])
def test_a_currency_is_three_capital_letters(currency: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"amount": 1, "currency": currency}, Money)
