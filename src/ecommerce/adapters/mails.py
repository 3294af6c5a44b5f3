"""Writes the mails: text and HTML from the templates, under a name that each keeps for ever."""

from __future__ import annotations

from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from ecommerce.events.notifications import Mail

SHOP: Final = "The shop"

_templates: Final = Environment(
    loader=PackageLoader("ecommerce.adapters"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters["money"] = str


class BadAddress(Exception):
    """No mail can ever be sent to what the customer gave as an address."""


def write(mail: Mail, about: str, sender: str) -> EmailMessage:
    """Write the mail about an event. Raises `BadAddress`."""
    # A text template reads like the mail: the first line is the subject.
    subject, _, text = _render(mail, "txt").partition("\n")
    written = EmailMessage(SMTP)
    written["Message-ID"] = message_id(about, sender)
    written["Date"] = format_datetime(datetime.now(UTC))
    written["From"] = Address(SHOP, addr_spec=sender)
    written["To"] = _recipient(mail)
    written["Subject"] = subject.removeprefix("Subject: ")
    written["Auto-Submitted"] = "auto-generated"
    written.set_content(text.lstrip())
    written.add_alternative(_render(mail, "html"), subtype="html")
    return written


def message_id(about: str, sender: str) -> str:
    """Name the mail about an event, always alike: `<order-7%402@shop.invalid>`."""
    local = quote(about, safe="").replace(".", "%2E")
    return f"<{local}@{sender.rpartition('@')[2]}>"


def _recipient(mail: Mail) -> Address:
    try:
        address = Address(addr_spec=mail.to)
        domain = address.domain.encode("idna").decode()
        if address.username and domain:
            return Address(_one_line(mail.name or ""), address.username, domain)
    except (MessageError, ValueError, IndexError):
        pass  # the exception quotes the address, which is nobody else's business
    raise BadAddress


def _one_line(name: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


def _render(mail: Mail, kind: str) -> str:
    return _templates.get_template(f"{mail.template}.{kind}").render(mail=mail, shop=SHOP)
