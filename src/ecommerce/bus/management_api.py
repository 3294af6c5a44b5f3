"""Talks to the broker's management API, and tells people what it lacks."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from aiohttp import ClientError, ClientSession, ClientTimeout, encode_basic_auth


class ManagementError(Exception):
    """The broker's management API cannot be reached, or refused what was asked."""


async def ask(url: str, method: str, path: str, body: Any = None) -> Any:
    """Send a request, and give what a `GET` answers. Raises `ManagementError`.

    `url` is the API's, with user and password; what is not plain in `path` is quoted already.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"}:
        raise ManagementError(
            "The management API's URL must be as http://admin:PASSWORD@host:15672."
        )
    login = encode_basic_auth(unquote(parts.username or ""), unquote(parts.password or ""))
    bare = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", ""))
    try:
        async with (
            ClientSession(
                headers={"Authorization": login}, timeout=ClientTimeout(total=30)
            ) as session,
            session.request(method, f"{bare}/api/{path}", json=body) as response,
        ):
            if response.status >= 400:  # noqa: PLR2004 - where HTTP's refusals begin
                raise ManagementError(_refusal(bare, response.status, await response.text()))
            return await response.json() if method == "GET" else None
    except (ClientError, OSError, TimeoutError) as error:
        raise ManagementError(f"The broker does not answer at {bare}: {error}") from error


def _refusal(url: str, status: int, said: str) -> str:
    if status == 401:  # noqa: PLR2004 - Unauthorized
        needed = "It takes the password of an administrator with all rights in the vhost: `admin`."
        return f"The broker at {url} refused this user. {needed}"
    return f"The broker at {url} refused ({status}): {said}"
