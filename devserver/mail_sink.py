"""An SMTP server that keeps every mail as an .eml file and sends none."""

import asyncio
import hmac
import os
import secrets
import smtplib
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, final

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from devserver.data_directory import sync_folder
from devserver.program import LOOPBACK, ROOT, Program, plain_environment

_USER: Final = "fiapx"
_MOST_STRANGERS: Final = 50
"""So many connections that have not said the password may be open; one more ends the oldest of them."""
_SILENT_SECONDS: Final = 60


@final
@dataclass(frozen=True, slots=True)
class MailSink:
    """The sink: one file a mail in ``folder``, named by the time of its arrival, whole from the moment it appears.

    It takes mail from who knows the password, so that no other user of the machine can fill the folder.
    """

    folder: Path
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"smtp://{_USER}:{self.password}@{LOOPBACK}:{self.port}"

    def program(self) -> Program:
        """Return how to start it; the password goes through stdin, so it is in no ``ps``."""
        return Program(
            name="mail",
            command=(sys.executable, "-m", __name__, str(self.port), str(self.folder)),
            environment=plain_environment(os.environ, PYTHONPATH=str(ROOT)),
            folder=self.folder,
            serves=self._serves,
            stdin=f"{self.password}\n".encode(),
        )

    def _serves(self) -> bool:
        try:
            with smtplib.SMTP(LOOPBACK, self.port, timeout=2) as client:
                client.login(_USER, self.password)
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
        try:
            await asyncio.to_thread(self._keep, name, head.encode() + envelope.content)
        except OSError as fault:
            return f"452 it cannot be kept: {fault.strerror}"  # "Insufficient system storage", RFC 5321 section 4.2.3.
        return f"250 kept as {name}"

    def _keep(self, name: str, mail: bytes) -> None:
        unfinished = self._folder / f".{name}.part"
        try:
            with unfinished.open("wb") as part:
                part.write(mail)
                part.flush()
                os.fsync(part.fileno())
            unfinished.rename(self._folder / name)
            sync_folder(self._folder)  # Who hears 250 forgets the mail.
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise


@final
class _Doorkeeper:
    """Lets in who knows the password, and keeps those who do not from taking all places."""

    def __init__(self, password: str) -> None:
        self._password = password.encode()
        self._strangers: dict[asyncio.Transport, None] = {}  # In the order in which they came.

    def came(self, transport: asyncio.Transport) -> None:
        if len(self._strangers) >= _MOST_STRANGERS:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.abort()
        self._strangers[transport] = None

    def went(self, transport: asyncio.BaseTransport | None) -> None:
        self._strangers.pop(transport, None)  # type: ignore[call-overload]  # None is no stranger.

    def __call__(self, server: SMTP, _session: Any, _envelope: Any, _mechanism: str, said: Any) -> AuthResult:
        known = isinstance(said, LoginPassword) and hmac.compare_digest(said.password, self._password)
        if known:
            self.went(server.transport)
        return AuthResult(success=known, handled=False)  # aiosmtpd answers; with "handled" we would have to.


@final
class _Server(SMTP):
    """aiosmtpd's, which tells who comes and goes."""

    def __init__(self, folder: Path, door: _Doorkeeper) -> None:
        super().__init__(
            _Keeper(folder),
            hostname="localhost",
            enable_SMTPUTF8=True,
            timeout=_SILENT_SECONDS,
            auth_required=True,
            auth_require_tls=False,  # It listens on the loopback interface alone.
            authenticator=door,
            loop=asyncio.get_running_loop(),
        )
        self._door = door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            self._door.came(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._door.went(self.transport)
        super().connection_lost(error)


async def _serve(port: int, folder: Path, password: str) -> None:
    door = _Doorkeeper(password)
    server = await asyncio.get_running_loop().create_server(lambda: _Server(folder, door), LOOPBACK, port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2]), sys.stdin.readline().strip()))
