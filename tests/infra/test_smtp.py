"""What is said to mail servers that refuse, break off, hang, or want encryption and a password."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from structlog.testing import capture_logs

from app.domain.errors import NotificationError
from app.infra.mail import SmtpMailer, smtp_connection
from tests.infra.mails import MAIL, SENDER


@asynccontextmanager
async def server(answers: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """Speak SMTP as told: an answer to each line, or silence."""
    lines: set[asyncio.Task[None]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(b"220 ready\r\n")
            while line := await reader.readline():
                if (answer := answers(line.strip())) is not None:
                    writer.write(answer + b"\r\n")
        finally:
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.add(asyncio.create_task(talk(reader, writer)))

    listener = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"smtp://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    finally:
        listener.close()
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)


def refusing(command: bytes, answer: bytes) -> Callable[[bytes], bytes | None]:
    def answers(line: bytes) -> bytes | None:
        if line.upper().startswith(command):
            return answer
        if line.upper() == b"DATA":
            return b"354 go on"
        return b"250 fine" if re.match(rb"(?i)(EHLO|HELO|MAIL|RCPT|QUIT|RSET|\.$)", line) else None

    return answers


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        (b"RCPT", b"550 5.1.1 no such user", True),
        (b"RCPT", b"451 4.7.1 greylisted, come back", False),
        (b"DATA", b"554 5.6.0 no such mail here", True),
        (b".", b"554 5.7.1 looks like spam", True),
        (b".", b"452 4.3.1 disk full", False),
    ],
)
async def test_an_error_says_what_the_server_said_and_whether_it_is_for_good(
    command: bytes, answer: bytes, permanent: bool
) -> None:
    async with server(refusing(command, answer)) as url:
        with pytest.raises(NotificationError) as failure:
            await SmtpMailer(url, SENDER).send(MAIL)
    assert answer.decode() in failure.value.message
    assert failure.value.permanent is permanent


@pytest.mark.parametrize(
    ("command", "answer"), [(b"MAIL", b"553 5.1.8 sender unknown"), (b"EHLO", b"421 4.3.2 closing")]
)
async def test_what_a_server_has_against_us_is_told_to_operators_and_not_to_users(
    command: bytes, answer: bytes
) -> None:
    async with server(refusing(command, answer)) as url:
        with capture_logs() as lines, pytest.raises(NotificationError) as failure:
            await SmtpMailer(url, SENDER).send(MAIL)
    assert not failure.value.permanent
    assert failure.value.message == "The mail server could not be used."
    assert any(answer[4:].decode() in line.get("fault", "") for line in lines)


async def test_a_server_that_is_away_or_ends_early_is_a_passing_fault() -> None:
    async with server(lambda _: None) as url:
        pass
    with pytest.raises(NotificationError) as failure:
        await SmtpMailer(url, SENDER).send(MAIL)
    assert not failure.value.permanent
    assert failure.value.message


async def test_a_silent_server_times_out() -> None:
    async with server(lambda _: None) as url:
        with pytest.raises(NotificationError) as failure:
            await SmtpMailer(url, SENDER, step_seconds=0.2).send(MAIL)
    assert not failure.value.permanent


async def test_a_server_without_encryption_gets_no_password_where_encryption_is_asked_for() -> None:
    heard: list[bytes] = []

    def answers(line: bytes) -> bytes:
        heard.append(line)
        return b"250-fine\r\n250 AUTH PLAIN LOGIN" if line.startswith(b"EHLO") else b"250 fine"

    async with server(answers) as url:
        address = url.removeprefix("smtp://")
        with pytest.raises(NotificationError):
            await SmtpMailer(f"smtp+starttls://ana:geheim@{address}", SENDER).send(MAIL)
        with pytest.raises(NotificationError):
            await SmtpMailer(f"smtps://ana:geheim@{address}", SENDER, step_seconds=0.5).send(MAIL)
    assert heard
    assert not any(line.startswith(b"AUTH") for line in heard)


async def test_a_wrong_password_is_told_and_can_be_mended() -> None:
    def answers(line: bytes) -> bytes:
        if line.startswith(b"EHLO"):
            return b"250-fine\r\n250 AUTH PLAIN"
        return b"535 5.7.8 wrong password" if line.startswith(b"AUTH") else b"250 fine"

    async with server(answers) as url:
        with capture_logs() as lines, pytest.raises(NotificationError) as failure:
            await SmtpMailer(url.replace("://", "://ana:ge%40heim@"), SENDER).send(MAIL)
    assert not failure.value.permanent
    assert failure.value.message == "The mail server could not be used."  # Users learn no more of our side ...
    assert any("5.7.8 wrong password" in line.get("fault", "") for line in lines)  # ... and operators do.
    assert "heim" not in repr(lines)


@asynccontextmanager
async def tls_server(authority: trustme.CA, scheme: str) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A mail server that wants TLS and a password; give its URL and what it took."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    taken: list[bytes] = []
    loop = asyncio.get_running_loop()

    class Keeper:
        async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            taken.append(envelope.content)
            return "250 kept"

    def protocol() -> SMTP:
        starttls = scheme == "smtp+starttls"
        return SMTP(
            Keeper(),
            authenticator=lambda _server, _session, _envelope, _mechanism, data: AuthResult(
                success=(data.login, data.password) == (b"ana", b"ge@heim"), handled=False
            ),
            auth_required=True,
            auth_require_tls=starttls,
            require_starttls=starttls,
            tls_context=context if starttls else None,
            loop=loop,
        )

    server = await loop.create_server(protocol, "127.0.0.1", 0, ssl=context if scheme == "smtps" else None)
    async with server:
        yield f"{scheme}://ana:ge%40heim@localhost:{server.sockets[0].getsockname()[1]}", taken


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # It is spoken from the first byte on.
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
async def test_a_server_that_wants_encryption_and_a_password_gets_both(scheme: str) -> None:
    authority = trustme.CA()
    trusted = ssl.create_default_context()
    authority.configure_trust(trusted)
    async with tls_server(authority, scheme) as (url, taken):
        assert await SmtpMailer(url, SENDER, trusted=trusted).send(MAIL) == "kept"
        assert len(taken) == 1
        with pytest.raises(NotificationError):  # Of an authority that nobody knows.
            await SmtpMailer(url, SENDER).send(MAIL)
        with pytest.raises(NotificationError, match="could not be used"):
            await SmtpMailer(url.replace("heim", "wrong"), SENDER, trusted=trusted).send(MAIL)
        assert len(taken) == 1


@pytest.mark.parametrize(
    ("url", "parsed"),
    [
        ("smtp://mail.example", ("mail.example", 25, None, None, False, False)),
        ("smtp+starttls://mail.example", ("mail.example", 587, None, None, False, True)),
        ("smtps://u:p%40%3A%2F@mail.example", ("mail.example", 465, "u", "p@:/", True, False)),
        ("smtp://u%40x:p@[::1]:2525", ("::1", 2525, "u@x", "p", False, False)),
    ],
)
def test_an_smtp_url_says_how_to_connect(url: str, parsed: tuple[object, ...]) -> None:
    names = ("hostname", "port", "username", "password", "use_tls", "start_tls")
    assert smtp_connection(url) == dict(zip(names, parsed, strict=True))


@pytest.mark.parametrize("url", ["", "mail.example", "http://u:geheim@mail.example", "smtp://", "smtp://u:geheim@"])
def test_what_is_no_smtp_url_refuses_to_start_and_keeps_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="An SMTP URL is one of") as refusal:
        SmtpMailer(url, SENDER)
    assert "geheim" not in str(refusal.value)
    assert "geheim" not in repr(SmtpMailer("smtp://u:geheim@mail.example", SENDER))


async def test_a_server_that_repeats_the_address_does_not_bring_it_into_the_log() -> None:
    async with server(refusing(b"RCPT", b"550 <ana@example.com> is unknown here")) as url:
        with capture_logs() as lines, pytest.raises(NotificationError, match=MAIL.to):
            await SmtpMailer(url, SENDER).send(MAIL)
    assert [line["answer"] for line in lines] == ["550 <(the reader)> is unknown here"]
