"""The sandbox mailbox on its own."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ecommerce.sandbox.mailbox import Maildir
from sandboxes import Mailbox, running


@pytest.fixture
def mailbox(tmp_path: Path) -> Iterator[Mailbox]:
    mailbox = Mailbox(tmp_path / "mail")
    with running(mailbox):
        yield mailbox


def mail(name: str, text: str = "hello") -> bytes:
    return f"Message-ID: <{name}>\r\nSubject: x\r\n\r\n{text}\r\n".encode()


def test_it_keeps_mails_through_a_restart_and_one_for_each_message_id(mailbox: Mailbox) -> None:
    host, port = mailbox.url.removeprefix("smtp://").split(":")
    for _ in range(2):
        with smtplib.SMTP(host, int(port)) as client:
            client.sendmail("a@b.invalid", "c@d.invalid", mail("one"))
            client.sendmail("a@b.invalid", "c@d.invalid", mail("two"))
            assert mailbox.stop() == 0
        mailbox.start()
    assert sorted(m["Message-ID"] for m in mailbox.mails()) == ["<one>", "<two>"]


@pytest.mark.parametrize(("address", "code"), [("bounce@x.invalid", 550), ("defer@x.invalid", 451)])
def test_two_recipients_are_there_to_be_refused(mailbox: Mailbox, address: str, code: int) -> None:
    host, port = mailbox.url.removeprefix("smtp://").split(":")
    with smtplib.SMTP(host, int(port)) as client:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            client.sendmail("a@b.invalid", address, mail("one"))
        assert refused.value.recipients[address][0] == code
    assert not mailbox.mails()


def test_the_first_mail_under_a_message_id_is_kept_even_when_it_was_read(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path)
    assert maildir.keep(mail("one"))
    (kept,) = (tmp_path / "new").iterdir()
    kept.rename(tmp_path / "cur" / f"{kept.name}:2,S")
    assert not maildir.keep(mail("one", "hello again"))


def test_a_message_id_in_the_text_names_nothing(tmp_path: Path) -> None:
    maildir = Maildir(tmp_path)
    for subject in ("a", "b"):
        assert maildir.keep(f"Subject: {subject}\r\n\r\nMessage-ID: <one>\r\n".encode())
