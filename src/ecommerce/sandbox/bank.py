"""The sandbox provider's page on which a bank asks its customer whether it is they who pay."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from ecommerce.kernel import Money
from ecommerce.sandbox import payment_intents
from ecommerce.sandbox.listing import find
from ecommerce.sandbox.provider import HttpRequest, Provider
from ecommerce.sandbox.stripe_objects import Refused, Thing

_WAITS: Final = "requires_action"
_NO_LONGER: Final = {
    "succeeded": "This payment is made.",
    "canceled": "The shop does not wait for this payment any more. Nothing was taken.",
    "requires_payment_method": "This payment was refused. Nothing was taken.",
    "requires_confirmation": "Nobody has asked for this payment yet.",
}
"""What there is to say about an intent that does not wait for its customer."""

_page: Final = Environment(
    loader=PackageLoader("ecommerce.sandbox"), autoescape=True, undefined=StrictUndefined
).get_template("bank.html")


@get("/{name:str}")
async def ask(provider: NamedDependency[Provider], name: FromPath[str]) -> Response[str]:
    """Ask the customer, if the payment still waits for it."""
    return _show(find(provider.ledger, "payment_intent", name), 200)


@post(["/{name:str}/approval", "/{name:str}/refusal"])
async def take_answer(
    request: HttpRequest, provider: NamedDependency[Provider], name: FromPath[str]
) -> Response[str]:
    """Let the customer approve the payment or refuse it, and send it back to the shop."""
    asked = find(provider.ledger, "payment_intent", name)
    if asked["status"] != _WAITS:
        return _show(asked, 409)
    approves = request.url.path.endswith("/approval")
    say = payment_intents.approve if approves else payment_intents.refuse
    provider.by_hand(lambda ledger: say(ledger, name))
    now = find(provider.ledger, "payment_intent", name)
    way = asked["next_action"].get("redirect_to_url")
    return _send_back(way["return_url"], now) if way else _show(now, 200)


def _send_back(url: str, intent: Thing) -> Response[str]:
    outcome = "succeeded" if intent["status"] == "succeeded" else "failed"
    told = urlencode({"payment_intent": intent["id"], "redirect_status": outcome})
    location = f"{url}{'&' if '?' in url else '?'}{told}"
    return Response("", status_code=303, headers={"Location": location})


def _show(intent: Thing, status: int) -> Response[str]:
    shown = _page.render(
        name=intent["id"],
        amount=Money(intent["amount"], intent["currency"].upper()),
        order_id=intent["metadata"].get("order_id"),
        answer=_NO_LONGER.get(intent["status"]),
    )
    return Response(shown, status_code=status, media_type=MediaType.HTML)


def _refuse(_: HttpRequest, refused: Refused) -> Response[Thing]:
    return Response(refused.answer.body, status_code=refused.answer.status)


def router(path: str) -> Router:
    """Make the routes of the bank's page, under a path."""
    return Router(path, route_handlers=[ask, take_answer], exception_handlers={Refused: _refuse})
