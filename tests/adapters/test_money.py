import pytest

from ecommerce.adapters.money import in_words
from ecommerce.kernel import Money


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
    assert in_words(money) == words
