"""Gives the broker's users their passwords, as hashes in what it imports."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256

from ecommerce.bus.topology import Definitions


def render(wanted: Definitions, passwords: Mapping[str, str]) -> Definitions:
    """Copy the definitions with hashes of these passwords (by user), for the broker to import."""
    users = [
        {**user, "password_hash": _hash(passwords[user["name"]])}
        if user["name"] in passwords
        else user
        for user in wanted["users"]
    ]
    return {**wanted, "users": users}


def _hash(password: str) -> str:
    # The salt follows from the password, which is long and random, so that the same passwords make
    # the same file: the broker imports a file only when it has changed.
    salt = sha256(password.encode()).digest()[:4]
    return base64.b64encode(salt + sha256(salt + password.encode()).digest()).decode()
