"""Mails, as a server receives them."""

import json
import re
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

import app.infra.mail
from app.domain.errors import NotificationError
from app.domain.failure import FailureCode, ImportFailureCode
from app.domain.notification import NotificationEvent
from app.domain.user import Locale
from app.infra.mail import SmtpMailer
from tests.infra.mails import MAIL, SENDER, bodies, received
from tests.parts.stores import SmtpSinkPart


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
    "key_name": "cameras <b>",
    "new_email": "ana@example.org",
    "keys": "3",
    "url": "https://videos.example/",
}


@pytest.mark.parametrize(
    ("template", "locale", "subject", "words"),
    [
        ("account.digest", Locale.EN, "More news of your videos", ("17 more videos failed", "1 more ZIP can")),
        ("account.digest", Locale.PT_BR, "Mais novidades dos seus vídeos", ("17 outros vídeos", "1 outro ZIP pode")),
        ("account.verify_email", Locale.EN, "Confirm your e-mail address", ("good for three days",)),
        ("account.verify_email", Locale.PT_BR, "Confirme o seu e-mail", ("vale por três dias",)),
        ("account.password_changed", Locale.EN, "Your password was changed", ("webhook was removed", "revoked too, 3")),
        ("account.password_changed", Locale.PT_BR, "Sua senha foi alterada", ("webhook também foi", "revogadas, 3")),
        (
            "account.email_change",
            Locale.EN,
            "Confirm your new e-mail address",
            ("good for three days", "keeps the one"),
        ),
        (
            "account.email_change",
            Locale.PT_BR,
            "Confirme o seu novo e-mail",
            ("vale por três dias", "fica com o que tem"),
        ),
        (
            "account.email_change_requested",
            Locale.EN,
            "Your account is to have another e-mail address",
            ("ana[at]example[.]org", "withdraws"),
        ),
        (
            "account.email_change_requested",
            Locale.PT_BR,
            "Sua conta deve passar a ter outro e-mail",
            ("ana[at]example[.]org", "desfaz o pedido"),
        ),
        (
            "account.email_changed",
            Locale.EN,
            "Your e-mail address was changed",
            ("ana[at]example[.]org", "good for seven days"),
        ),
        (
            "account.email_changed",
            Locale.PT_BR,
            "O e-mail da sua conta foi alterado",
            ("ana[at]example[.]org", "vale por sete dias"),
        ),
        ("account.api_key_created", Locale.EN, "A key for programs was made", ("key cameras", "revokes all keys")),
        ("account.api_key_created", Locale.PT_BR, "Uma chave para programas foi criada", ("cameras", "revoga todas")),
        ("account.webhook_changed", Locale.EN, "Your webhook was changed", ("https[:]//hooks[.]example", "new key")),
        ("account.webhook_changed", Locale.PT_BR, "Seu webhook foi alterado", ("https[:]//hooks[.]example", "chave")),
        ("video.completed", Locale.EN, "Your frames are ready", ("12", "download the ZIP")),
        ("video.completed", Locale.PT_BR, "Seus quadros estão prontos", ("12", "baixe o ZIP")),
        ("upload.rejected", Locale.EN, "Your file was not accepted", ("This file is empty.", "MKV")),
        ("upload.rejected", Locale.PT_BR, "Seu arquivo não foi aceito", ("não é um vídeo", "MKV")),
        ("import.failed", Locale.EN, "Your video could not be fetched", ("This file is empty.", "private window")),
        ("import.failed", Locale.PT_BR, "Não foi possível baixar seu vídeo", ("não entrega o arquivo", "anônima")),
        ("webhook.disabled", Locale.EN, "Your webhook was switched off", ("HTTP 410", "set the address again")),
        ("webhook.disabled", Locale.PT_BR, "Seu webhook foi desativado", ("HTTP 410", "informe o endereço")),
    ],
)
async def test_what_else_is_told_by_mail(
    smtp_sink: SmtpSinkPart, template: str, locale: Locale, subject: str, words: tuple[str, ...]
) -> None:
    values = ALL | {"code": "LINK_REFUSED"} if template == "import.failed" else ALL
    message = await received(smtp_sink, replace(MAIL, template=template, locale=locale, values=values))
    assert message["Subject"] == subject
    text, html = bodies(message)
    for expected in (*words, "Ana", "https://videos.example/"):
        assert expected in text
        assert expected in html
    assert "<b>" not in html
    assert "<in>" not in html


def test_each_mail_is_there_in_both_languages_as_text_and_html() -> None:
    folder = Path(app.infra.mail.__file__).with_name("mail_templates")
    catalogues = {"reasons.pt-BR.json", "import_reasons.pt-BR.json", "sentences.pt-BR.json"}
    names = {path.name for path in folder.iterdir()} - {"layout.html", *catalogues}
    told_by_mail = set(NotificationEvent) - {NotificationEvent.WEBHOOK_TEST}
    assert names == {
        f"{event}.{locale}.{kind}" for event in told_by_mail for locale in Locale for kind in ("txt", "html")
    }


def test_every_failure_has_a_portuguese_sentence() -> None:
    folder = Path(app.infra.mail.__file__).with_name("mail_templates")
    for catalogue, codes in (("reasons", FailureCode), ("import_reasons", ImportFailureCode)):
        reasons = json.loads((folder / f"{catalogue}.pt-BR.json").read_text("utf-8"))
        assert set(reasons) == set(codes)
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
