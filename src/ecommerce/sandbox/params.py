"""Reads the parameters of a request as Stripe does, and refuses those it cannot use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from ecommerce.sandbox.cards import CARDS
from ecommerce.sandbox.stripe_objects import invalid, missing

Params: TypeAlias = Mapping[str, Any]


def parse(form: str) -> Params:
    """Read a form or a query in which `a[b]=c` is `{"a": {"b": "c"}}`."""
    params: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        *path, last = re.findall(r"[^\[\]]+", name)
        inner = params
        for step in path:
            inner = inner.setdefault(step, {})
        inner[last] = value
    return params


def only(params: Params, *known: str) -> None:
    """Refuse a parameter that this sandbox knows nothing of, rather than pass over it."""
    for name in params.keys() - set(known):
        raise invalid(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)


def positive(params: Params, name: str) -> int:
    """Read a whole number above 0."""
    given = params.get(name)
    if given is None:
        raise invalid(f"Missing required param: {name}.", code="parameter_missing", param=name)
    if not re.fullmatch("[1-9][0-9]{0,11}", str(given)):
        code = "parameter_invalid_integer"
        raise invalid(f"Invalid positive integer: {name}", code=code, param=name)
    return int(given)


def currency(params: Params) -> str:
    """Read an ISO 4217 code, which Stripe writes in lower case."""
    given = str(params.get("currency", ""))
    if not re.fullmatch("[a-z]{3}", given):
        raise invalid("Invalid currency: it has three lower-case letters.", param="currency")
    return given


def payment_method(params: Params) -> str | None:
    """Read the name of a payment method; the sandbox knows the test cards alone."""
    given = params.get("payment_method")
    if given is not None and given not in CARDS:
        raise missing("PaymentMethod", given, "payment_method", status=400)
    return given
