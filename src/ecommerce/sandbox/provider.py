"""How the sandbox provider answers a request: with its key, in one transaction, at most once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Any, Final, TypeAlias

from litestar import Request, Response

from ecommerce.sandbox.faults import Faults
from ecommerce.sandbox.ledger import Ledger
from ecommerce.sandbox.params import Params, parse
from ecommerce.sandbox.stripe_objects import Answer, Refused, Thing, error, invalid

BANK: Final = "/_sandbox/authentications"
"""Where the bank's pages are."""

HttpRequest: TypeAlias = Request[Any, Any, Any]
Operation: TypeAlias = Callable[[Ledger, Params], Answer]

OTHER_REQUEST: Final = Answer(
    400,
    error(
        "idempotency_error",
        "Keys for idempotent requests can only be used with the same parameters they were first"
        " used with.",
    ),
)


class Provider:
    """Answers requests: each in one transaction, and once for each idempotency key."""

    def __init__(self, ledger: Ledger, key: str, url: str, wake: Callable[[], None]) -> None:
        """Answer whoever has the key; `url` is where customers find the provider's pages."""
        self.ledger = ledger
        self.bank = url + BANK
        self.faults = Faults()
        self._authorization = f"Bearer {key}"
        self._wake = wake

    async def answer(self, request: HttpRequest, operation: Operation) -> Response[Thing]:
        """Carry out an operation, unless the key is wrong or a fault strikes."""
        try:
            self._authenticate(request)
            answer = await self._carry_out(request, operation)
        except Refused as refused:
            answer = refused.answer
        headers = {"request-id": f"req_{secrets.token_hex(8)}"}
        if answer.replayed:
            headers["idempotent-replayed"] = "true"
        return Response(answer.body, status_code=answer.status, headers=headers)

    def by_hand(self, operation: Callable[[Ledger], Answer]) -> None:
        """Do what a person wants, on a page of the provider's own."""
        with self.ledger.transaction():
            operation(self.ledger)
        self._wake()

    def _authenticate(self, request: HttpRequest) -> None:
        given = request.headers.get("authorization", "")
        if not hmac.compare_digest(given.encode(), self._authorization.encode()):
            raise invalid("Invalid API Key provided.", status=401)

    async def _carry_out(self, request: HttpRequest, operation: Operation) -> Answer:
        path, body = request.url.path, await request.body()
        params = parse(body.decode() or request.url.query)
        if failed := await self.faults.strike("before", path):
            return failed
        key = request.headers.get("idempotency-key") if request.method == "POST" else None
        new = key is not None and self.ledger.recall(key) is None
        instead = await self.faults.strike("instead", path) if new else None
        asked = hashlib.sha256(path.encode() + b"?" + body).hexdigest()
        answer = self._once(key, asked, lambda: instead or operation(self.ledger, params))
        self._wake()
        return await self.faults.strike("after", path) or answer

    def _once(self, key: str | None, asked: str, operate: Callable[[], Answer]) -> Answer:
        with self.ledger.transaction():
            if key and (known := self.ledger.recall(key)):
                before, answer = known
                return answer if before == asked else OTHER_REQUEST
            answer = operate()
            if key:
                self.ledger.remember(key, asked, answer)
            return answer
