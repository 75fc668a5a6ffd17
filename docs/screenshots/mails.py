"""Takes the pictures of the mails, as a server received them, in both languages.

Run by: make screenshots
"""

import asyncio
import tempfile
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Final

from playwright.async_api import Browser

from app.domain.failure import FailureCode
from app.domain.notification import Mail, NotificationEvent
from app.domain.user import Locale
from app.infra.mail import SmtpMailer
from tests.parts.browser import running_browser
from tests.parts.stores import SmtpSinkPart

HERE: Final = Path(__file__).parent
NAMES: Final = {NotificationEvent.VIDEO_FAILED: "failed", NotificationEvent.VIDEO_COMPLETED: "completed"}


def mail(event: NotificationEvent, locale: Locale) -> Mail:
    failed = event is NotificationEvent.VIDEO_FAILED
    values = {
        "name": "Ana Conceição",
        "file_name": "férias-na-praia.mp4",
        "reason": FailureCode.CORRUPT_VIDEO.reason if failed else "",
        "code": FailureCode.CORRUPT_VIDEO if failed else "",
        "frames": "128",
        "webhook_url": "",
        "url": "https://videos.example/",
    }
    return Mail(f"{event}-{locale}", "ana@example.com", "Ana Conceição", locale, event, values)


async def received(sink: SmtpSinkPart, sent: Mail) -> str:
    """Send a mail; give its HTML as it arrived."""
    before = set(sink.folder.glob("*.eml"))
    await SmtpMailer(sink.url, "FIAP X <no-reply@videos.example>").send(sent)
    (file,) = set(sink.folder.glob("*.eml")) - before
    message = message_from_bytes(file.read_bytes(), policy=default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    assert html is not None
    return str(html.get_content())


async def take(browser: Browser, html: str, name: str) -> None:
    page = await browser.new_page(viewport={"width": 640, "height": 100}, color_scheme="light")
    await page.set_content(html)
    await page.screenshot(path=HERE / f"{name}.png", full_page=True)
    await page.close()


async def take_all() -> None:
    with tempfile.TemporaryDirectory() as folder, SmtpSinkPart(Path(folder)) as sink:
        async with running_browser() as browser:
            for event, name in NAMES.items():
                for locale in Locale:
                    await take(browser, await received(sink, mail(event, locale)), f"mail-{name}-{locale}")


if __name__ == "__main__":
    asyncio.run(take_all())
