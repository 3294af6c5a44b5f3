"""Writes the mails: text and HTML from the templates, under a name that each keeps for ever.

Each is put together from its parts: Python's email package takes 15 times as long for the same.
"""

from __future__ import annotations

from binascii import b2a_qp
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.utils import format_datetime
from email.utils import quote as escaped
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ecommerce.events.notifications import Mail
from ecommerce.kernel import Value

SHOP: Final = "The shop"

_templates: Final = Environment(
    loader=PackageLoader("ecommerce.adapters"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.filters["money"] = str

# What parts the two bodies never stands in them: quoted-printable writes no `=_` (RFC 2045, 6.7).
_DOCUMENT: Final = """\
Message-ID: {message_id}
Date: {date}
From: {sender}
To: {recipient}
Subject: {subject}
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="=_"

--=_
Content-Type: text/plain; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

{text}
--=_
Content-Type: text/html; charset="utf-8"
Content-Transfer-Encoding: quoted-printable

{html}
--=_--
"""

_LONGEST: Final = 60
"""Characters that fit on a line of a header with its name and its address."""


class BadAddress(Exception):
    """No mail can ever be sent to what the customer gave as an address."""


class Letter(Value, frozen=True):
    """A mail as it is sent (RFC 5322), and the addresses on its envelope."""

    sender: str
    recipient: str
    document: bytes


def write(mail: Mail, about: str, sender: str) -> Letter:
    """Write the mail about an event. Raises `BadAddress`."""
    # A text template reads like the mail: the first line is the subject.
    subject, _, text = _render(mail, "txt").partition("\n")
    recipient = _recipient(mail.to)
    document = _DOCUMENT.format(
        message_id=message_id(about, sender),
        date=format_datetime(datetime.now(UTC)),
        sender=_named(SHOP, sender),
        recipient=_named(_one_line(mail.name or ""), recipient),
        subject=_in_ascii(subject.removeprefix("Subject: ")),
        text=_quoted(text.lstrip()),
        html=_quoted(_render(mail, "html")),
    )
    return Letter(sender, recipient, document.replace("\n", "\r\n").encode("ascii"))


def message_id(about: str, sender: str) -> str:
    """Name the mail about an event, always alike: `<order-7%402@shop.invalid>`."""
    local = quote(about, safe="").replace(".", "%2E")
    return f"<{local}@{sender.rpartition('@')[2]}>"


def _recipient(to: str) -> str:
    try:
        address = Address(addr_spec=to)
        domain = address.domain.encode("idna").decode()
        if address.username and domain:
            return Address(username=address.username, domain=domain).addr_spec
    except (MessageError, ValueError, IndexError):
        pass  # the exception quotes the address, which is nobody else's business
    raise BadAddress


def _named(name: str, address: str) -> str:
    if not name:
        return address
    words = f'"{escaped(name)}"' if _fits(name) else f"{_in_ascii(name)}\n"
    return f"{words} <{address}>"


def _in_ascii(words: str) -> str:
    """Write what a header says in words of ASCII (RFC 2047), on as many lines as it needs."""
    return words if _fits(words) else Header(words, "utf-8", maxlinelen=_LONGEST).encode()


def _fits(words: str) -> bool:
    return words.isascii() and len(words) <= _LONGEST and "=?" not in words


def _one_line(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _quoted(text: str) -> str:
    return b2a_qp(text.encode()).decode()


def _render(mail: Mail, kind: str) -> str:
    return _templates.get_template(f"{mail.template}.{kind}").render(mail=mail, shop=SHOP)
