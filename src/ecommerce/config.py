"""Settings of one process, read from the environment once and passed down as values."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from ecommerce.kernel import Value


class ConfigError(Exception):
    """A setting is missing or cannot be read."""


class Settings(Value, frozen=True):
    """What a service can be told; each field is the variable of that name in upper case."""

    database_url: str
    """This context's own database, as `postgresql://user:password@host:port/name`."""
    amqp_url: str
    """The broker, as `amqp://user:password@host:port/vhost`."""
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """Where the service answers HTTP; 0 takes any free port."""
    order_deadline_seconds: Annotated[int, Meta(ge=1)] = 900
    """How long an order may stay unanswered before it is cancelled."""
    payment_url: str = "http://127.0.0.1:18011"
    """The payment provider's API (payments only)."""
    payment_key: str = ""
    """The provider's secret key (payments only)."""
    payment_return_url: str = "http://127.0.0.1:18000/"
    """Where customers come back to from the page of their bank (payments only)."""
    payment_webhook_secret: str = ""
    """What the provider signs its webhooks with (payments only)."""
    smtp_url: str = "smtp://127.0.0.1:18010"
    """The mail server (notifications only)."""
    mail_from: str = "shop@shop.invalid"
    """The sender of all mail (notifications only)."""
    log_level: str = "info"


class GatewaySettings(Value, frozen=True):
    """What the gateway can be told; the URLs of several instances are parted by commas."""

    catalog_url: str
    orders_url: str
    inventory_url: str
    payments_url: str
    notifications_url: str
    audit_url: str
    http_host: str = "127.0.0.1"
    http_port: Annotated[int, Meta(ge=0, le=65535)] = 18000
    log_level: str = "info"


T = TypeVar("T", bound=Value)


def read(kind: type[T], environment: Mapping[str, str] = os.environ) -> T:
    """Read the settings. Raises `ConfigError`, which names the variable."""
    names = {field: field.upper() for field in kind.__struct_fields__}
    given = {field: environment[name] for field, name in names.items() if name in environment}
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(_in_words(str(error), names)) from error


def _in_words(error: str, names: Mapping[str, str]) -> str:
    for field, name in names.items():
        error = error.replace(f"`$.{field}`", name).replace(f"`{field}`", name)
    return f"{error}. The README's table says what each variable is for."
