"""The page on which the sandbox provider's bank asks its customer, as a browser sees it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import stripe

from ecommerce.sandbox.cards import CARDS
from paying import pay, sdk
from sandboxes import PaymentProvider

ASKING = [name for name, card in CARDS.items() if card.asks]
BACK = "https://shop.invalid/thanks"


@pytest.fixture
async def client(provider: PaymentProvider) -> AsyncIterator[stripe.StripeClient]:
    async with sdk(provider.url, max_network_retries=0) as client:
        yield client


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as browser:
        yield browser


@pytest.fixture
def name() -> str:
    return f"o-{uuid4()}"


async def asked(
    client: stripe.StripeClient, name: str, method: str = ASKING[0], back: str = BACK
) -> tuple[stripe.PaymentIntent, str]:
    """Have a card charged whose bank asks, and give the address of its page."""
    intent = await pay(client, name, payment_method=method, return_url=back)
    assert intent.status == "requires_action"
    assert intent.next_action
    assert intent.next_action.redirect_to_url
    return intent, str(intent.next_action.redirect_to_url.url)


async def now(client: stripe.StripeClient, intent: stripe.PaymentIntent) -> stripe.PaymentIntent:
    return await client.v1.payment_intents.retrieve_async(intent.id)


async def test_the_page_says_who_asks_for_how_much(
    client: stripe.StripeClient, browser: httpx.AsyncClient
) -> None:
    _, url = await asked(client, "<7>")
    page = (await browser.get(url)).raise_for_status()
    assert page.headers["content-type"].startswith("text/html")
    assert "£19.99" in page.text
    assert "order &lt;7&gt;" in page.text
    assert page.text.count("<form") == 2


@pytest.mark.parametrize("method", ASKING)
async def test_a_charge_is_tried_once_its_customer_approves(
    client: stripe.StripeClient,
    provider: PaymentProvider,
    browser: httpx.AsyncClient,
    name: str,
    method: str,
) -> None:
    intent, url = await asked(client, name, method)
    assert (await provider.ledger(name))["charges"] == []
    answer = await browser.post(f"{url}/approval")
    outcome = "failed" if CARDS[method].declined else "succeeded"
    told = f"payment_intent={intent.id}&redirect_status={outcome}"
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BACK}?{told}")
    ledger = await provider.ledger(name)
    assert (len(ledger["charges"]), ledger["captured"]) == (1, 1999 * (outcome == "succeeded"))
    assert (await now(client, intent)).next_action is None


async def test_nothing_is_charged_where_the_customer_refuses(
    client: stripe.StripeClient, provider: PaymentProvider, browser: httpx.AsyncClient, name: str
) -> None:
    intent, url = await asked(client, name, back=f"{BACK}?order=7")
    answer = await browser.post(f"{url}/refusal")
    told = f"payment_intent={intent.id}&redirect_status=failed"
    assert answer.headers["location"] == f"{BACK}?order=7&{told}"
    refused = await now(client, intent)
    assert refused.status == "requires_payment_method"
    assert refused.last_payment_error
    assert refused.last_payment_error.code == "payment_intent_authentication_failure"
    assert (await provider.ledger(name))["charges"] == []


@pytest.mark.parametrize("word", ["approval", "refusal"])
async def test_a_bank_is_answered_once(
    client: stripe.StripeClient, browser: httpx.AsyncClient, name: str, word: str
) -> None:
    intent, url = await asked(client, name)
    await browser.post(f"{url}/{word}")
    before = await now(client, intent)
    for other in ("approval", "refusal"):
        assert (await browser.post(f"{url}/{other}")).status_code == httpx.codes.CONFLICT
    assert await now(client, intent) == before
    assert "<form" not in (await browser.get(url)).text


async def test_what_is_cancelled_meanwhile_cannot_be_approved(
    client: stripe.StripeClient, provider: PaymentProvider, browser: httpx.AsyncClient, name: str
) -> None:
    intent, url = await asked(client, name)
    cancel: Any = {"cancellation_reason": "abandoned"}
    assert (await client.v1.payment_intents.cancel_async(intent.id, cancel)).status == "canceled"
    assert (await browser.post(f"{url}/approval")).status_code == httpx.codes.CONFLICT
    assert (await provider.ledger(name))["charges"] == []
    with pytest.raises(stripe.InvalidRequestError, match="status is canceled"):
        await client.v1.payment_intents.confirm_async(intent.id)


async def test_without_a_way_back_there_is_no_address(
    client: stripe.StripeClient, provider: PaymentProvider, browser: httpx.AsyncClient, name: str
) -> None:
    intent = await pay(client, name, payment_method=ASKING[0])
    assert intent.next_action
    assert intent.next_action.type == "use_stripe_sdk"
    page = f"{provider.url}/_sandbox/authentications/{intent.id}"
    assert "This payment is made." in (await browser.post(f"{page}/approval")).text


async def test_whoever_allows_redirects_must_say_where_to_come_back_to(
    client: stripe.StripeClient, name: str
) -> None:
    automatic: Any = {"enabled": True}
    with pytest.raises(stripe.InvalidRequestError, match="return_url") as refused:
        await pay(client, name, automatic_payment_methods=automatic)
    assert refused.value.param == "return_url"
    automatic["allow_redirects"] = "never"
    assert (await pay(client, name, automatic_payment_methods=automatic)).status == "succeeded"


async def test_an_intent_that_is_not_there_has_no_page(
    provider: PaymentProvider, browser: httpx.AsyncClient
) -> None:
    page = f"{provider.url}/_sandbox/authentications/pi_0"
    assert (await browser.get(page)).status_code == httpx.codes.NOT_FOUND
    assert (await browser.post(f"{page}/approval")).status_code == httpx.codes.NOT_FOUND
