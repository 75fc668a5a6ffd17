"""Mails, as a server receives them."""

import asyncio
import json
import re
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult
from structlog.testing import capture_logs

import app.infra.mail
from app.domain.errors import NotificationError
from app.domain.failure import FailureCode
from app.domain.notification import Mail, NotificationEvent
from app.domain.user import Locale
from app.infra.mail import SmtpMailer, SmtpServer
from tests.parts.stores import SmtpSinkPart

SENDER = "FIAP X <no-reply@fiapx.example>"
MAIL = Mail(
    id="5d1b7a5e-0f6c-5f0c-9a51-7f3a2c1d9e10",
    to="ana@example.com",
    to_name="Ana Conceição",
    locale=Locale.EN,
    template="video.failed",
    values={
        "name": "Ana Conceição",
        "file_name": "férias <b>&.mp4",
        "reason": "This video is damaged at its end.",
        "code": "CORRUPT_VIDEO",
        "url": "https://videos.example/",
    },
)


async def received(sink: SmtpSinkPart, mail: Mail) -> EmailMessage:
    """Send a mail; give it as it arrived."""
    before = set(sink.folder.glob("*.eml"))
    assert await SmtpMailer(sink.url, SENDER).send(mail)
    (file,) = set(sink.folder.glob("*.eml")) - before
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    return message


def bodies(message: EmailMessage) -> tuple[str, str]:
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    return text.get_content(), html.get_content()


async def test_a_failure_is_told_as_text_and_html_with_name_reason_advice_and_link(smtp_sink: SmtpSinkPart) -> None:
    message = await received(smtp_sink, MAIL)
    assert message["From"] == SENDER
    assert message["To"] == "Ana <ana@example.com>"
    assert message["Subject"] == "Your video could not be processed"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "en"
    assert message["Date"]
    text, html = bodies(message)
    for words in ("Hello Ana,", "This video is damaged at its end.", "upload it again", "https://videos.example/"):
        assert words in text
        assert words in html
    assert "férias <b>&.mp4" in text
    assert "férias &lt;b&gt;&amp;.mp4" in html


async def test_a_brazilian_reads_portuguese(smtp_sink: SmtpSinkPart) -> None:
    message = await received(smtp_sink, replace(MAIL, locale=Locale.PT_BR))
    assert message["Subject"] == "Não foi possível processar seu vídeo"
    assert message["Content-Language"] == "pt-BR"
    text, html = bodies(message)
    for words in ("Olá, Ana!", "danificado ou incompleto", "envie-o novamente", "https://videos.example/"):
        assert words in text
        assert words in html
    assert "damaged" not in text + html


@pytest.mark.parametrize(("locale", "words"), [(Locale.EN, "start the processing again"), (Locale.PT_BR, "inicie o")])
async def test_what_can_be_tried_again_says_so(smtp_sink: SmtpSinkPart, locale: Locale, words: str) -> None:
    mail = replace(MAIL, locale=locale, values={**MAIL.values, "code": "WORKER_LOST"})
    text, html = bodies(await received(smtp_sink, mail))
    assert words in text
    assert words in html


RESET = replace(
    MAIL,
    template="account.password_reset",
    values={"name": "Ana Conceição", "file_name": "", "reason": "", "code": "", "url": "https://x.example/r#token=a.b"},
)


@pytest.mark.parametrize(
    ("locale", "subject", "words"),
    [
        (Locale.EN, "Choose a new password", "can be used once"),
        (Locale.PT_BR, "Escolha uma nova senha", "só pode ser usado uma vez"),
    ],
)
async def test_a_link_for_a_new_password_says_how_long_it_is_good(
    smtp_sink: SmtpSinkPart, locale: Locale, subject: str, words: str
) -> None:
    message = await received(smtp_sink, replace(RESET, locale=locale))
    assert message["Subject"] == subject
    for body in bodies(message):
        assert words in body
        assert "https://x.example/r#token=a.b" in body


ALL = {
    "name": "Ana Conceição",
    "file_name": "férias <b>&.mp4",
    "reason": "This file is empty.",
    "code": "",
    "frames": "12",
    "webhook_url": "https://hooks.example.com/<in>",
    "failed": "17",
    "completed": "1",
    "rejected": "",
    "others": "2",
    "url": "https://videos.example/",
}


@pytest.mark.parametrize(
    ("template", "locale", "subject", "words"),
    [
        ("account.digest", Locale.EN, "More news of your videos", ("17 more videos failed", "1 more ZIP can")),
        ("account.digest", Locale.PT_BR, "Mais novidades dos seus vídeos", ("17 outros vídeos", "1 outro ZIP pode")),
        ("account.verify_email", Locale.EN, "Confirm your e-mail address", ("good for three days",)),
        ("account.verify_email", Locale.PT_BR, "Confirme o seu e-mail", ("vale por três dias",)),
        ("account.password_changed", Locale.EN, "Your password was changed", ("webhook was removed", "was not you")),
        ("account.password_changed", Locale.PT_BR, "Sua senha foi alterada", ("webhook também foi", "não foi você")),
        ("account.webhook_changed", Locale.EN, "Your webhook was changed", ("https[:]//hooks[.]example", "new key")),
        ("account.webhook_changed", Locale.PT_BR, "Seu webhook foi alterado", ("https[:]//hooks[.]example", "chave")),
        ("video.completed", Locale.EN, "Your frames are ready", ("12", "download the ZIP")),
        ("video.completed", Locale.PT_BR, "Seus quadros estão prontos", ("12", "baixe o ZIP")),
        ("upload.rejected", Locale.EN, "Your file was not accepted", ("This file is empty.", "MKV")),
        ("upload.rejected", Locale.PT_BR, "Seu arquivo não foi aceito", ("não é um vídeo", "MKV")),
        ("webhook.disabled", Locale.EN, "Your webhook was switched off", ("HTTP 410", "set the address again")),
        ("webhook.disabled", Locale.PT_BR, "Seu webhook foi desativado", ("HTTP 410", "informe o endereço")),
    ],
)
async def test_what_else_is_told_by_mail(
    smtp_sink: SmtpSinkPart, template: str, locale: Locale, subject: str, words: tuple[str, ...]
) -> None:
    message = await received(smtp_sink, replace(MAIL, template=template, locale=locale, values=ALL))
    assert message["Subject"] == subject
    text, html = bodies(message)
    for expected in (*words, "Ana", "https://videos.example/"):
        assert expected in text
        assert expected in html
    assert "<b>" not in html
    assert "<in>" not in html


def test_each_mail_is_there_in_both_languages_as_text_and_html() -> None:
    folder = Path(app.infra.mail.__file__).with_name("mail_templates")
    names = {path.name for path in folder.iterdir()} - {"layout.html", "reasons.pt-BR.json", "sentences.pt-BR.json"}
    told_by_mail = set(NotificationEvent) - {NotificationEvent.WEBHOOK_TEST}
    assert names == {
        f"{event}.{locale}.{kind}" for event in told_by_mail for locale in Locale for kind in ("txt", "html")
    }


def test_every_failure_has_a_portuguese_sentence() -> None:
    folder = Path(app.infra.mail.__file__).with_name("mail_templates")
    reasons = json.loads((folder / "reasons.pt-BR.json").read_text("utf-8"))
    assert set(reasons) == set(FailureCode)
    assert all(re.fullmatch(r"[A-ZÁÉÍÓÚÂÊÔÃÕÇ].+\.", sentence) for sentence in reasons.values())


async def test_each_try_of_a_mail_has_the_same_message_id_and_each_mail_its_own(smtp_sink: SmtpSinkPart) -> None:
    first, again = await received(smtp_sink, MAIL), await received(smtp_sink, MAIL)
    other = await received(smtp_sink, replace(MAIL, id="another"))
    assert first["Message-ID"] == again["Message-ID"] == f"<{MAIL.id}@fiapx.example>"
    assert other["Message-ID"] != first["Message-ID"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0"])
async def test_no_value_can_add_a_header_or_a_recipient(smtp_sink: SmtpSinkPart, end: str) -> None:
    evil = f"x{end}Bcc: victim@example.com{end}{end}<script>"
    mail = replace(MAIL, to_name=evil, values={**MAIL.values, "name": evil, "file_name": evil, "url": evil})
    message = await received(smtp_sink, mail)
    assert message["Bcc"] is None
    assert message["X-RcptTo"] == "ana@example.com"
    assert message["Subject"] == "Your video could not be processed"
    assert message["To"].addresses[0].display_name in {"", "x"}
    assert "<script>" not in bodies(message)[1]
    assert "x Bcc[:] victim[at]example[.]com" in bodies(message)[0]
    assert set(message.keys()) <= {
        "X-MailFrom", "X-RcptTo", "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted",
        "Content-Language", "MIME-Version", "Content-Type", "X-Peer",
    }  # fmt: skip


@pytest.mark.parametrize("to", ["a@b.example\r\nBcc: v@e.example", "no address", "a@", "@b.example", "a@b..example"])
async def test_what_is_no_address_is_refused_for_good(smtp_sink: SmtpSinkPart, to: str) -> None:
    with pytest.raises(NotificationError) as failure:
        await SmtpMailer(smtp_sink.url, SENDER).send(replace(MAIL, to=to))
    assert failure.value.permanent


async def test_addresses_beyond_ascii_arrive(smtp_sink: SmtpSinkPart) -> None:
    message = await received(smtp_sink, replace(MAIL, to="ana@münchen.example"))
    assert message["X-RcptTo"] == "ana@xn--mnchen-3ya.example"
    message = await received(smtp_sink, replace(MAIL, to="conceição@example.com"))
    address: str = message["To"].addresses[0].addr_spec
    assert address.encode(errors="surrogateescape").decode() == "conceição@example.com"  # As bare UTF-8: RFC 6532.


async def test_a_mail_that_cannot_be_written_fails_for_good(smtp_sink: SmtpSinkPart) -> None:
    mailer = SmtpMailer(smtp_sink.url, SENDER)
    for mail in (
        replace(MAIL, template="unknown"),
        replace(MAIL, values={"name": "x"}),
        replace(MAIL, values={**MAIL.values, "code": "NO_SUCH_CODE"}),
    ):
        with pytest.raises(NotificationError, match="cannot be written") as failure:
            await mailer.send(mail)
        assert failure.value.permanent


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


async def test_a_server_that_says_nothing_is_left_in_time() -> None:
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
        ("smtp://mail.example", SmtpServer("smtp", "mail.example", 25, None, None)),
        ("smtp+starttls://mail.example", SmtpServer("smtp+starttls", "mail.example", 587, None, None)),
        ("smtps://u:p%40%3A%2F@mail.example", SmtpServer("smtps", "mail.example", 465, "u", "p@:/")),
        ("smtp://u%40x:p@[::1]:2525", SmtpServer("smtp", "::1", 2525, "u@x", "p")),
    ],
)
def test_an_smtp_url_says_how_to_connect(url: str, parsed: SmtpServer) -> None:
    assert SmtpServer.parse(url) == parsed


@pytest.mark.parametrize("url", ["", "mail.example", "http://u:geheim@mail.example", "smtp://", "smtp://u:geheim@"])
def test_what_is_no_smtp_url_refuses_to_start_and_keeps_the_password(url: str) -> None:
    with pytest.raises(ValueError, match="An SMTP URL is one of") as refusal:
        SmtpMailer(url, SENDER)
    assert "geheim" not in str(refusal.value)
    assert "geheim" not in repr(SmtpServer.parse("smtp://u:geheim@mail.example"))


async def test_a_server_that_repeats_the_address_does_not_bring_it_into_the_log() -> None:
    async with server(refusing(b"RCPT", b"550 <ana@example.com> is unknown here")) as url:
        with capture_logs() as lines, pytest.raises(NotificationError, match=MAIL.to):
            await SmtpMailer(url, SENDER).send(MAIL)
    assert [line["answer"] for line in lines] == ["550 <(the reader)> is unknown here"]


def encoded(text: str) -> str:
    """An encoded word (RFC 2047), which some versions of Python decode where they write a header."""
    return f"=?utf-8?b?{b64encode(text.encode()).decode()}?="


@pytest.mark.parametrize("address", ["ana@example.com", "ána@example.com"])
async def test_no_encoded_word_ends_a_header(smtp_sink: SmtpSinkPart, address: str) -> None:
    evil = encoded("x\r\nReply-To: thief@evil.example\r\nContent-Type: text/html\r\n\r\n<h1>Your bank</h1><!--")
    mail = replace(MAIL, to=address, to_name=evil, values=MAIL.values | {"file_name": evil})
    message = await received(smtp_sink, mail)
    assert message["Reply-To"] is None
    assert message.get_content_type() == "multipart/alternative"
    assert "<h1>Your bank" not in message.as_string()


async def test_an_address_that_holds_an_encoded_word_gets_no_mail() -> None:
    mail = replace(MAIL, to=f"{encoded('x')}@example.com")
    with pytest.raises(NotificationError) as failure:
        await SmtpMailer("smtp://127.0.0.1:9", SENDER).send(mail)
    assert failure.value.permanent
