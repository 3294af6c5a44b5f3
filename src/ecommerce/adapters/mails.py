"""Writes the mails: text and HTML from the templates, under a name that each keeps for ever."""

from __future__ import annotations

import re
from binascii import b2a_qp
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import Compat32
from email.utils import format_datetime, formataddr
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


class _Plainly(Compat32):
    """The older policy takes a fifth of the time of today's, and without its folding half of that.

    A folded Message-ID is none: no line is folded for its length.
    """

    def fold(self, name: str, value: str) -> str:
        """Write a header as it is where nothing in it needs encoding."""
        if isinstance(value, str) and value.isascii() and value.isprintable():
            return f"{name}: {value}{self.linesep}"
        return super().fold(name, value)


_POLICY: Final = _Plainly(linesep="\r\n", max_line_length=None)

_BOUNDARY: Final = "=_"
"""Never stands in a body: quoted-printable writes no such thing (RFC 2045, 6.7)."""

_BREAK: Final = re.compile(r"\r\n?|\n")

_LONGEST: Final = 60
"""Characters of a name that fit on a line with its address."""


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
    document = MIMEMultipart("alternative", _BOUNDARY, policy=_POLICY)
    document["Message-ID"] = message_id(about, sender)
    document["Date"] = format_datetime(datetime.now(UTC))
    document["From"] = formataddr((SHOP, sender))
    document["To"] = _named(_one_line(mail.name or ""), recipient)
    document["Subject"] = subject.removeprefix("Subject: ")
    document["Auto-Submitted"] = "auto-generated"
    document.attach(_part(text.lstrip(), "plain"))
    document.attach(_part(_render(mail, "html"), "html"))
    return Letter(sender, recipient, document.as_string().encode("ascii"))


def _part(text: str, kind: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", kind, charset="utf-8", policy=_POLICY)
    part["Content-Transfer-Encoding"] = "quoted-printable"
    # MIMEText would do the same in Python, and take four times as long for it.
    # It leaves a lone CR alone, and makes lines that end in blanks longer than 76 characters.
    lines = "\n".join(line.rstrip(" \t") for line in _BREAK.split(text))
    part.set_payload(b2a_qp(lines.encode(), istext=True).decode("ascii"))
    return part


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
    """Write an address with a name before it, on as many lines as a long name needs."""
    if len(name) <= _LONGEST and "=?" not in name:
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=_LONGEST).encode()}\n <{address}>"


def _one_line(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _render(mail: Mail, kind: str) -> str:
    return _templates.get_template(f"{mail.template}.{kind}").render(mail=mail, shop=SHOP)
