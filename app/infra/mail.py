"""The port ``Mailer`` on SMTP."""

import asyncio
import re
import ssl
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Final, final
from urllib.parse import unquote, urlsplit

import aiosmtplib
import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from opentelemetry.trace import SpanKind

from app.domain.errors import NotificationError
from app.domain.failure import FailureCode, ImportFailureCode
from app.domain.formats import ACCEPTED_NAMES, listed
from app.domain.mail_text import defanged, greeted
from app.domain.notification import Mail, NotificationEvent
from app.domain.user import Locale
from app.infra import mail_address
from app.infra.reasons import PortugueseReasons
from app.infra.traces import continued, current_traceparent, span

log = structlog.get_logger(__name__)

_TEMPLATES: Final = Path(__file__).with_name("mail_templates")
_ANSWER_MAX: Final = 500
_ADDRESS: Final = re.compile(r"[^\s<>@]+@[^\s<>@]+")
_NEUTRAL: Final[Mapping[str, Callable[[str], str]]] = {
    "name": greeted,
    "file_name": defanged,
    "webhook_url": defanged,
    "key_name": defanged,
    "new_email": defanged,
}
"""What users wrote themselves, and how a mail may hold it."""
_NO_ADDRESS: Final = "This is no address that mail can be sent to."
_PORTS: Final = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


def smtp_connection(url: str) -> dict[str, Any]:
    """Return what aiosmtplib is told of ``scheme://[user:password@]host[:port]``, user and password percent-encoded.

    ``smtp://`` never encrypts, ``smtp+starttls://`` insists on it, ``smtps://`` begins with it.

    :raises ValueError: where it is none, without repeating the password
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError(f"An SMTP URL is one of {', '.join(_PORTS)}, then ://[user:password@]host[:port].")
    return {
        "hostname": parts.hostname,
        "port": parts.port or _PORTS[parts.scheme],
        "username": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        "use_tls": parts.scheme == "smtps",
        "start_tls": parts.scheme == "smtp+starttls",
    }


@final
class SmtpMailer:
    """Sends one mail a connection, as text and HTML, in the reader's language.

    ``sender`` is ``Name <address>``. A template is two files, ``{template}.{locale}.txt``, whose first line is the
    subject, and ``{template}.{locale}.html``. The Message-ID comes from the mail's id, so it is the same in every try.
    ``step_seconds`` is the longest wait for one answer, ``whole_seconds`` for all of them.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        *,
        step_seconds: float = 20,
        whole_seconds: float = 60,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._connection = smtp_connection(url)
        self._step_seconds = step_seconds
        self._whole_seconds = whole_seconds
        self._trusted = trusted
        name, address = parseaddr(sender)
        self._sender = Address(name, addr_spec=address)
        self._templates = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(["html"]),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._in_portuguese = PortugueseReasons()

    async def send(self, mail: Mail) -> str:
        """Return the server's answer.

        :raises NotificationError: with what the server said; permanent where it wants no such mail or reader, ever
        """
        with continued(mail.traceparent), span("send mail", SpanKind.CLIENT, {"fiapx.template": mail.template}):
            try:
                return await self._send(mail)
            except NotificationError as error:
                # Servers like to repeat to whom they give no mail, in a spelling of their own.
                answer = _ADDRESS.sub("(the reader)", error.message)
                log.warning("a mail was not sent", notification=mail.id, template=mail.template, answer=answer)
                raise

    async def _send(self, mail: Mail) -> str:
        try:
            recipient = mail_address.recipient(mail.to)
        except ValueError as error:
            raise NotificationError(_NO_ADDRESS, permanent=True) from error
        message = self._message(mail, recipient)
        try:
            async with asyncio.timeout(self._whole_seconds):
                _, answer = await aiosmtplib.send(
                    message,
                    sender=self._sender.addr_spec,
                    recipients=[recipient.addr_spec],
                    timeout=self._step_seconds,
                    tls_context=self._trusted,
                    **self._connection,
                )
        except aiosmtplib.SMTPRecipientsRefused as refused:
            raise _failure(refused.recipients[0]) from refused
        except aiosmtplib.SMTPDataError as refused:
            raise _failure(refused) from refused
        except (aiosmtplib.SMTPException, OSError) as error:
            # Of us, not of this mail: an operator can mend it, and users learn nothing of our side of the network.
            log.warning("the mail server could not be used", fault=_ADDRESS.sub("(somebody)", _one_line(str(error))))
            raise NotificationError("The mail server could not be used.") from error
        return _one_line(answer)[:_ANSWER_MAX]

    def _message(self, mail: Mail, recipient: Address) -> EmailMessage:
        subject, text, html = self._rendered(mail)
        message = EmailMessage(policy=SMTP if recipient.addr_spec.isascii() else SMTPUTF8)
        message["From"] = self._sender
        message["To"] = Address(greeted(mail.to_name), recipient.username, recipient.domain)
        message["Subject"] = subject
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = f"<{mail.id}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no vacation notice answers it.
        if traceparent := current_traceparent():
            message["traceparent"] = traceparent
        message.set_content(text, cte="quoted-printable")
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message["Content-Language"] = mail.locale.value  # Last: a body added later would take it for its own.
        return message

    def _rendered(self, mail: Mail) -> tuple[str, str, str]:
        """Return subject, text and HTML."""
        name = f"{mail.template}.{mail.locale}"
        try:
            values = self._values(mail)
            subject, _, text = self._templates.get_template(f"{name}.txt").render(values).partition("\n")
            return subject.strip(), text.lstrip("\n"), self._templates.get_template(f"{name}.html").render(values)
        except (TemplateError, ValueError) as error:
            raise NotificationError(f"The mail '{name}' cannot be written: {error}.", permanent=True) from error

    def _values(self, mail: Mail) -> dict[str, object]:
        """Return what templates may name: the mail's own values and, with a ``code``, what the failure means."""
        values: dict[str, object] = {name: _NEUTRAL.get(name, _one_line)(value) for name, value in mail.values.items()}
        values["lang"] = mail.locale.value
        values["accepted"] = listed(ACCEPTED_NAMES, "ou" if mail.locale is Locale.PT_BR else "or")
        if mail.values.get("code"):
            of_imports = mail.template == NotificationEvent.IMPORT_FAILED
            code = (ImportFailureCode if of_imports else FailureCode)(mail.values["code"])
            values["retryable"] = code.retryable
            if mail.locale is Locale.PT_BR:
                values["reason"] = self._in_portuguese(code, str(values.get("reason", "")))
        return values


def _failure(refused: aiosmtplib.SMTPResponseException) -> NotificationError:
    said = _one_line(f"{refused.code} {refused.message}")[:_ANSWER_MAX]
    return NotificationError(said, permanent=refused.code >= 500)  # noqa: PLR2004 - RFC 5321, 4.2.1


def _one_line(text: str) -> str:
    """Return text that can end no line and no header: each control or separator becomes a space."""
    text = "".join(" " if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} else c for c in text)
    # Nor an encoded word: until CVE-2024-6923 was mended, Python decoded it, line ends and all, when it wrote a header.
    return re.sub(" {2,}", " ", text).strip().replace(mail_address.ENCODED_WORD, "= ?")
