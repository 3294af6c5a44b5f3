"""The contexts whose loops are explored."""

from __future__ import annotations

from typing import Final

from ecommerce.aggregates import inventory
from explorer import bank, warehouse
from explorer.instance import Parts

BANK: Final = Parts(
    decider=bank,
    commands=bank.commands,
    calls=bank.CALLS,
    withdraws=bank.WITHDRAWS,
    timers=bank.TIMERS,
    ends=bank.ENDS,
)
INVENTORY: Final = Parts(decider=inventory, commands=warehouse.commands)
