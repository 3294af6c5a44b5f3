"""A mail server for development: it keeps every mail in a Maildir, and delivers none.

Mail to `bounce@…` is refused for good, mail to `defer@…` for now.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from pathlib import Path
from typing import Annotated, Any, Final

import structlog
from aiosmtpd.smtp import SMTP
from msgspec import Meta

from ecommerce import telemetry
from ecommerce.config import read
from ecommerce.kernel import Value
from ecommerce.sandbox.stopping import LOOPBACK, stop_signal

MESSAGE_ID: Final = re.compile(rb"^message-id:\s*(<[^>\r\n]+>)", re.IGNORECASE | re.MULTILINE)

log = structlog.get_logger()


class MailboxSettings(Value, frozen=True):
    """What the mailbox can be told; each field is the variable of that name."""

    smtp_port: Annotated[int, Meta(ge=1, le=65535)]
    mailbox: Annotated[str, Meta(min_length=1)]
    """The Maildir, a folder."""
    smtp_host: str = LOOPBACK
    """Loopback, unless it has a network of its own, as in a container."""
    log_level: str = "info"


class Maildir:
    """A folder of mails, one file each, that any mail reader opens."""

    def __init__(self, folder: Path) -> None:
        self._drafts, self._new, self._read = (folder / name for name in ("tmp", "new", "cur"))
        for part in (self._drafts, self._new, self._read):
            part.mkdir(parents=True, exist_ok=True)

    def keep(self, mail: bytes) -> bool:
        """Keep a mail, and say whether it is new: of two under one Message-ID the first is kept."""
        headers = mail.partition(b"\r\n\r\n")[0]
        named = MESSAGE_ID.search(headers)
        name = hashlib.sha256(named.group(1) if named else mail).hexdigest()[:32]
        kept = self._new / name
        if kept.exists() or self._was_read(name):
            return False
        draft = self._drafts / f"{name}.{os.getpid()}"
        draft.write_bytes(mail)
        draft.rename(kept)
        return True

    def _was_read(self, name: str) -> bool:
        # A mail reader adds its flags to the name of what it moves here.
        with os.scandir(self._read) as found:
            return any(file.name.startswith(name) for file in found)


class Postman:
    """What aiosmtpd asks about each recipient and each mail."""

    def __init__(self, maildir: Maildir) -> None:
        self._maildir = maildir

    async def handle_RCPT(  # noqa: N802 # aiosmtpd's name
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Take a recipient, or refuse the two that are there to be refused."""
        if address.startswith("bounce@"):
            return "550 No such user here"
        if address.startswith("defer@"):
            return "451 Come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 # the same
        """Keep a mail."""
        is_new = self._maildir.keep(envelope.original_content)
        log.debug("mail.kept" if is_new else "mail.repeated")
        return "250 Kept"


def serve() -> None:
    """Be the mail server until SIGTERM or SIGINT. Raises `ConfigError`."""
    settings = read(MailboxSettings)
    telemetry.set_up("mailbox", settings.log_level)
    asyncio.run(_serve(settings))


async def _serve(settings: MailboxSettings) -> None:
    postman = Postman(Maildir(Path(settings.mailbox)))
    loop, stopping = asyncio.get_running_loop(), stop_signal()
    server = await loop.create_server(
        lambda: SMTP(postman, hostname="mailbox.invalid", enable_SMTPUTF8=True, loop=loop),
        settings.smtp_host,
        settings.smtp_port,
    )
    log.info(
        "mailbox.ready", smtp=f"{settings.smtp_host}:{settings.smtp_port}", maildir=settings.mailbox
    )
    await stopping.wait()
    server.close()
