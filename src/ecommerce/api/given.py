"""Hands values to routes."""

from __future__ import annotations

from typing import Any

from litestar.di import Provide


def given(**values: Any) -> dict[str, Provide]:
    """Make the dependencies by which routes take these values, each under its name."""
    return {name: _given(value) for name, value in values.items()}


def _given(value: Any) -> Provide:
    return Provide(lambda: value, sync_to_thread=False)
