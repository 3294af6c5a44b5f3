"""What all parts of one running service are made from."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeAlias

from ecommerce.config import Settings
from ecommerce.contexts import Context
from ecommerce.kernel import Value
from ecommerce.store.connection import Pool

Part: TypeAlias = Coroutine[Any, Any, None]
"""What runs in the background for as long as the service does."""


class Place(Value, frozen=True):
    """Whose process this is, what it was told, and its name among the running instances."""

    context: Context
    settings: Settings
    database: Pool
    instance: str
