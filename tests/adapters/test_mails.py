"""What stands in a mail."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from msgspec.structs import replace

from ecommerce.adapters import mails
from ecommerce.events.notifications import Mail
from ecommerce.kernel import Money

SENDER = "shop@shop.invalid"
ABOUT = "order-7@2"
MAIL = Mail("order_confirmed", "ada@example.org", "Ada", "7", Money(123450, "GBP"))


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def sent(mail: Mail) -> EmailMessage:
    """Write a mail and read it as its recipient does."""
    return message_from_bytes(mails.write(mail, ABOUT, SENDER).document, policy=default)


def test_a_mail_says_who_writes_to_whom_about_what() -> None:
    mail = sent(MAIL)
    assert mail["From"] == "The shop <shop@shop.invalid>"
    assert mail["To"] == "Ada <ada@example.org>"
    assert mail["Subject"] == "Your order is confirmed"
    assert mail["Date"].datetime.tzinfo
    assert mail.get_content_type() == "multipart/alternative"


@pytest.mark.parametrize(
    "template",
    [
        "order_received",
        "authentication_requested",
        "order_confirmed",
        "order_shipped",
        "order_cancelled",
        "order_refunded",
    ],
)
@pytest.mark.parametrize("kind", ["plain", "html"])
def test_every_template_renders_with_all_there_is_and_with_the_least(
    template: str, kind: str
) -> None:
    full = replace(MAIL, template=template, reason="out of stock: TEA (1 of 3 left)")
    least = Mail(template, "ada@example.org", None, "7")
    assert "Dear Ada," in body(sent(full), kind)
    assert "Dear customer," in body(sent(least), kind)
    assert "None" not in body(sent(least), kind)


def test_every_template_comes_as_text_and_as_html_and_loads_nothing() -> None:
    folder = Path(mails.__file__).parent / "templates"
    assert {file.stem for file in folder.glob("*.txt")} | {"layout"} == {
        file.stem for file in folder.glob("*.html")
    }
    for file in folder.iterdir():
        assert not re.search(r"https?:|src=|url\(|<link|<script", file.read_text())


def test_the_total_and_the_reason_are_told_in_words() -> None:
    assert "Paid: £1,234.50" in body(sent(MAIL), "plain")
    cancelled = replace(MAIL, template="order_cancelled", reason="the card was declined")
    assert "The reason: the card was declined" in body(sent(cancelled), "plain")


def test_what_a_customer_wrote_is_text_in_html() -> None:
    mail = sent(replace(MAIL, name="<b>Ada</b>"))
    assert "&lt;b&gt;Ada&lt;/b&gt;" in body(mail, "html")
    assert "<b>Ada</b>" in body(mail, "plain")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada\r\nBcc: eve@example.org", '"Ada Bcc: eve@example.org" <ada@example.org>'),
        ("Ada Löve", "Ada Löve <ada@example.org>"),
        ("Ada\x00", "Ada <ada@example.org>"),
        (None, "ada@example.org"),
        ('Ada "the \\ Countess"', '"Ada \\"the \\\\ Countess\\"" <ada@example.org>'),
        ("=?utf-8?q?Eve?=", "=?utf-8?q?Eve?= <ada@example.org>"),
    ],
)
def test_a_name_is_only_a_name(name: str | None, shown: str) -> None:
    mail = sent(replace(MAIL, name=name))
    assert mail["To"] == shown
    assert mail["Bcc"] is None


def test_an_international_domain_is_written_as_mail_servers_know_it() -> None:
    assert sent(replace(MAIL, to="ada@exämple.org"))["To"] == "Ada <ada@xn--exmple-cua.org>"


@pytest.mark.parametrize(
    "address", ["", "ada", "ada@", "@b.org", "a b@c.org", "a@b.org, c@d.org", "a@b.org\nBcc: c@d"]
)
def test_an_address_that_is_none_is_refused_without_being_told(address: str) -> None:
    with pytest.raises(mails.BadAddress) as refused:
        mails.write(replace(MAIL, to=address), ABOUT, SENDER)
    assert not str(refused.value)


def test_a_message_id_is_always_alike_unlike_others_and_valid() -> None:
    ids = [mails.message_id(about, SENDER) for about in (ABOUT, ABOUT, "order-7@3", "stock-a.b@1")]
    assert ids[0] == ids[1] == "<order-7%402@shop.invalid>"
    assert len(set(ids)) == 3
    assert all(re.fullmatch(r"<[A-Za-z0-9%_~-]+@shop\.invalid>", name) for name in ids)


def test_a_long_message_id_is_not_folded() -> None:
    about = f"order-{'x' * 64}@12"
    document = mails.write(MAIL, about, SENDER).document
    assert f"Message-ID: {mails.message_id(about, SENDER)}\r\n".encode() in document


@pytest.mark.parametrize("name", ["Ada " * 50, "Łöve " * 40, "\N{PILE OF POO}" * 200, "A" * 200])
def test_a_long_name_is_written_on_as_many_lines_as_it_needs(name: str) -> None:
    document = mails.write(replace(MAIL, name=name), ABOUT, SENDER).document
    assert max(map(len, document.split(b"\r\n"))) <= 78
    assert document.isascii()
    recipient = message_from_bytes(document)["To"]
    assert str(make_header(decode_header(recipient))) == f"{name.strip()} <ada@example.org>"


def test_a_mail_is_well_formed_whatever_a_customer_wrote() -> None:
    name = "--=_\n--=_--\nFrom .\n.\n=3D {sender} {0} Ł"
    mail = sent(replace(MAIL, name=name))
    parts = [mail, *mail.iter_parts()]
    assert [part.get_content_type() for part in parts[1:]] == ["text/plain", "text/html"]
    assert not any(part.defects for part in parts)
    assert not any(value.defects for value in mail.values())
    for kind in ("plain", "html"):
        assert f"Dear {name}," in body(mail, kind).replace("\r\n", "\n")


@pytest.mark.parametrize("name", ["Ada", "Ada\r.\rA \rFrom x", "A\r\r\nB", "r" * 62 + " \nx"])
def test_lines_end_as_mail_servers_want_it(name: str) -> None:
    lines = mails.write(replace(MAIL, name=name), ABOUT, SENDER).document.split(b"\r\n")
    assert not any(b"\n" in line or b"\r" in line for line in lines)
    assert not any(line.endswith((b" ", b"\t")) or line == b"." for line in lines)
    assert max(map(len, lines)) <= 76


def test_a_header_that_would_begin_another_one_is_refused() -> None:
    with pytest.raises(HeaderParseError):
        mails.write(MAIL, ABOUT, "shop@shop.invalid\rBcc: a@b.c")


def test_the_envelope_names_the_same_addresses_as_the_mail() -> None:
    letter = mails.write(replace(MAIL, to="ada@exämple.org"), ABOUT, SENDER)
    assert (letter.sender, letter.recipient) == (SENDER, "ada@xn--exmple-cua.org")
