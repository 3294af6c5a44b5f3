"""compose.yaml as a container engine reads it, and which settings each of its processes reads."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from ecommerce.config import GatewaySettings, Settings
from ecommerce.contexts import CONTEXTS
from ecommerce.kernel import Value
from ecommerce.sandbox.mailbox import MailboxSettings
from ecommerce.sandbox.payment_provider import ProviderSettings

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "compose.yaml").read_text()
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")

SETTINGS: dict[str, type[Value]] = {
    **dict.fromkeys(CONTEXTS, Settings),
    "gateway": GatewaySettings,
    "payment-provider": ProviderSettings,
    "mailbox": MailboxSettings,
}
"""The processes of the shop, by the name of their service."""


def interpolated(text: str) -> str:
    """Put in what compose would: the default, or else the variable's name as its value."""
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else found[1].lower(), text)


COMPOSE: dict[str, Any] = yaml.safe_load(interpolated(TEXT))
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "ecommerce"}


def environment(service: str) -> dict[str, str]:
    """Return the variables that a service is given."""
    return {name: str(value) for name, value in SERVICES[service]["environment"].items()}
