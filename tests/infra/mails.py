"""A mail of ours, and how it arrives."""

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from app.domain.notification import Mail
from app.domain.user import Locale
from app.infra.mail import SmtpMailer
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
