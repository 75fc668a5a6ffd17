"""An SMTP server that keeps every mail as an .eml file and sends none."""

import asyncio
import os
import secrets
import smtplib
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, final

from aiosmtpd.smtp import SMTP

from app.infra.embedded.program import LOOPBACK, ROOT, Program, plain_environment


@final
@dataclass(frozen=True, slots=True)
class MailSink:
    """The sink: one file a mail in ``folder``, named by the time of its arrival, whole from the moment it appears."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"smtp://{LOOPBACK}:{self.port}"

    def program(self) -> Program:
        """Say how to start it."""
        return Program(
            name="mail",
            command=(sys.executable, "-m", __name__, str(self.port), str(self.folder)),
            environment=plain_environment(os.environ, PYTHONPATH=str(ROOT)),
            folder=self.folder,
            serves=self._serves,
        )

    def _serves(self) -> bool:
        try:
            with smtplib.SMTP(LOOPBACK, self.port, timeout=2) as client:
                return client.noop()[0] == 250  # noqa: PLR2004  # "OK", RFC 5321 section 4.2.3.
        except (OSError, smtplib.SMTPException):
            return False


@final
class _Keeper:
    """The handler that aiosmtpd calls."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802  # aiosmtpd's name.
        """Keep the mail; the envelope, which a mail need not repeat, goes on top as aiosmtpd's own mailbox does it."""
        head = f"X-MailFrom: {envelope.mail_from}\r\nX-RcptTo: {', '.join(envelope.rcpt_tos)}\r\n"
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}-{secrets.token_hex(4)}.eml"
        await asyncio.to_thread(self._keep, name, head.encode() + envelope.content)
        return f"250 kept as {name}"

    def _keep(self, name: str, mail: bytes) -> None:
        unfinished = self._folder / f".{name}.part"
        unfinished.write_bytes(mail)
        unfinished.rename(self._folder / name)


async def _serve(port: int, folder: Path) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(_Keeper(folder), hostname="localhost", enable_SMTPUTF8=True, loop=loop), LOOPBACK, port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
