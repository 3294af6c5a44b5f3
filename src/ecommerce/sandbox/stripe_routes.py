"""The sandbox provider's routes: Stripe's under `/v1`, its own under `/_sandbox`."""

from __future__ import annotations

from functools import partial
from typing import Final

from litestar import Litestar, Response, Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, JSONBody

from ecommerce.sandbox import bank, listing, payment_intents, refunds
from ecommerce.sandbox.faults import Fault
from ecommerce.sandbox.provider import BANK, HttpRequest, Provider
from ecommerce.sandbox.stripe_objects import Thing

KINDS: Final = {"payment_intents": "payment_intent", "charges": "charge", "refunds": "refund"}


def app(provider: Provider) -> Litestar:
    """Make the provider's HTTP application."""
    stripe = [create_intent, confirm_intent, cancel_intent, create_refund, list_things, retrieve]
    sandbox = [show_ledger, arm_fault, clear_faults]
    return Litestar(
        [
            Router("/v1", route_handlers=stripe),
            Router("/_sandbox", route_handlers=sandbox),
            bank.router(BANK),
        ],
        dependencies={"provider": Provide(lambda: provider, sync_to_thread=False)},
        logging_config=None,
        openapi_config=None,
    )


@post("/payment_intents", status_code=200)
async def create_intent(
    request: HttpRequest, provider: NamedDependency[Provider]
) -> Response[Thing]:
    """Make a payment intent, and charge it at once where `confirm` says so."""
    return await provider.answer(request, partial(payment_intents.create, bank=provider.bank))


@post("/payment_intents/{name:str}/confirm", status_code=200)
async def confirm_intent(
    request: HttpRequest, provider: NamedDependency[Provider], name: FromPath[str]
) -> Response[Thing]:
    """Charge a payment intent."""
    confirm = partial(payment_intents.confirm, name=name, bank=provider.bank)
    return await provider.answer(request, confirm)


@post("/payment_intents/{name:str}/cancel", status_code=200)
async def cancel_intent(
    request: HttpRequest, provider: NamedDependency[Provider], name: FromPath[str]
) -> Response[Thing]:
    """Cancel a payment intent."""
    return await provider.answer(request, partial(payment_intents.cancel, name=name))


@post("/refunds", status_code=200)
async def create_refund(
    request: HttpRequest, provider: NamedDependency[Provider]
) -> Response[Thing]:
    """Give a charge back."""
    return await provider.answer(request, refunds.create)


@get([f"/{kinds}" for kinds in KINDS])
async def list_things(request: HttpRequest, provider: NamedDependency[Provider]) -> Response[Thing]:
    """List payment intents, charges or refunds."""
    return await provider.answer(request, partial(listing.listing, kind=_kind(request)))


@get([f"/{kinds}/{{name:str}}" for kinds in KINDS])
async def retrieve(
    request: HttpRequest, provider: NamedDependency[Provider], name: FromPath[str]
) -> Response[Thing]:
    """Show a payment intent, a charge or a refund."""
    return await provider.answer(request, partial(listing.retrieve, kind=_kind(request), name=name))


def _kind(request: HttpRequest) -> str:
    _, _, kinds, *_ = request.url.path.split("/")
    return KINDS[kinds]


@get("/ledger")
async def show_ledger(
    provider: NamedDependency[Provider], order_id: FromQuery[str | None] = None
) -> list[Thing]:
    """Show what each order, or this one, was charged and given back."""
    orders = listing.by_order(provider.ledger)
    return [order for order in orders if order_id in {None, order["order_id"]}]


@post("/faults", status_code=204)
async def arm_fault(provider: NamedDependency[Provider], data: JSONBody[Fault]) -> None:
    """Let the next requests fail."""
    provider.faults.arm(data)


@delete("/faults")
async def clear_faults(provider: NamedDependency[Provider]) -> None:
    """Let no request fail any more."""
    provider.faults.clear()
