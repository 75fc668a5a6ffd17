"""People at the page, in a real Chromium, and what they see there."""

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit
from uuid import uuid4

from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, expect

PASSWORD: Final = "correct horse battery"
SOON: Final = 30_000
"""Milliseconds for what a worker does meanwhile."""


@dataclass(frozen=True)
class Words:
    """What the page says in one language, as far as the tests look for it."""

    sign_in: str
    sign_out: str
    sign_up: str
    name: str
    email: str
    password: str
    mine: str
    live: str
    reconnecting: str
    ready: str
    failed: str
    canceled: str
    refused: str
    download: str
    look: str
    remove: str
    undo: str
    cancel: str
    retry: str
    again: str
    close: str
    choose: str


PORTUGUESE: Final = Words(
    sign_in="Entrar",
    sign_out="Sair",
    sign_up="Criar uma conta",
    name="Nome",
    email="E-mail",
    password="Senha",
    mine="Seus vídeos",
    live="Ao vivo",
    reconnecting="Reconectando",
    ready="Pronto",
    failed="Falhou",
    canceled="Cancelado",
    refused="Não enviado",
    download="Baixar ZIP",
    look="Ver por dentro",
    remove="Excluir",
    undo="Desfazer",
    cancel="Cancelar",
    retry="Tentar de novo",
    again="Processar de novo",
    close="Fechar",
    choose="Escolher vídeos",
)
ENGLISH: Final = Words(
    sign_in="Sign in",
    sign_out="Sign out",
    sign_up="Create an account",
    name="Name",
    email="E-mail",
    password="Password",
    mine="Your videos",
    live="Live",
    reconnecting="Reconnecting",
    ready="Ready",
    failed="Failed",
    canceled="Canceled",
    refused="Not sent",
    download="Download ZIP",
    look="Look inside",
    remove="Delete",
    undo="Undo",
    cancel="Cancel",
    retry="Try again",
    again="Process again",
    close="Close",
    choose="Choose videos",
)


@dataclass
class Visitor:
    """Somebody at the page; ``wrong`` collects what should not be: complaints of the console, calls to other hosts."""

    page: Page
    url: str
    words: Words
    email: str = field(default_factory=lambda: f"{uuid4().hex}@example.com")
    wrong: list[str] = field(default_factory=list)

    async def open(self, path: str = "/") -> Self:
        host = urlsplit(self.url).netloc
        # From the start, or the first dialog may open for real before the browser is told to leave it to us.
        self.page.on("filechooser", lambda _: None)
        self.page.on("console", lambda said: self._heard(said.type, said.text))
        self.page.on("pageerror", lambda error: self.wrong.append(f"{error}"))
        self.page.on(
            "request",
            lambda request: None if urlsplit(request.url).netloc in {host, ""} else self.wrong.append(request.url),
        )
        await self.page.goto(f"{self.url}{path}")
        return self

    def _heard(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.wrong.append(text[:300])

    def button(self, word: str, on: str | None = None) -> Locator:
        """A button by its word, of the line of one file where ``on`` names it."""
        return self.page.get_by_role("button", name=word if on is None else f"{word}: {on}", exact=True)

    def line(self, name: str) -> Locator:
        """The list's line of a file."""
        return self.page.get_by_role("listitem").filter(has_text=name)

    async def looks_inside(self, name: str) -> None:
        """Open the own page of the video of a file."""
        await self.page.get_by_role("link", name=f"{self.words.look}: {name}", exact=True).click()
        await expect(self.page.get_by_role("heading", name=name)).to_be_visible()

    async def goes_back(self) -> None:
        """Return from a video's own page to the list."""
        await self.page.get_by_role("link", name=f"← {self.words.mine}").click()

    async def sign_up(self, name: str = "Ana Souza") -> None:
        words = self.words
        await self.page.get_by_role("link", name=words.sign_up).click()
        await self.page.get_by_label(words.name).fill(name)
        await self.page.get_by_label(words.email).fill(self.email)
        await self.page.get_by_label(words.password).fill(PASSWORD)
        await self.button(words.sign_up).click()
        await self.is_live()

    async def sign_in(self) -> None:
        await self.page.get_by_label(self.words.email).fill(self.email)
        await self.page.get_by_label(self.words.password).fill(PASSWORD)
        await self.button(self.words.sign_in).click()

    async def is_live(self, within: float = 10_000) -> None:
        await expect(self.page.locator(".live")).to_have_text(self.words.live, timeout=within)

    @property
    def reviewed(self) -> Locator:
        """The dialog in which files are looked at before they are sent."""
        return self.page.locator("dialog.review")

    async def review(self, *files: Path) -> Locator:
        """Choose files by the button, and look at them before they are sent."""
        async with self.page.expect_file_chooser() as chooser:
            await self.button(self.words.choose).click()
        await (await chooser.value).set_files(files)
        return self.reviewed

    async def start(self) -> None:
        """Send what was reviewed."""
        await self.reviewed.locator("footer button").click()
        await expect(self.reviewed).to_have_count(0)

    async def choose(self, *files: Path) -> None:
        """Choose files by the button, and send them as they are; there is nothing to review where none can be sent."""
        await self.review(*files)
        if await self.page.locator(".reviewing").count():
            await self.start()

    async def drop(self, *files: Path) -> None:
        """Drop files anywhere on the window, and send them as they are."""
        contents = [{"name": file.name, "base64": _base64(file)} for file in files]
        await self.page.evaluate(
            """async (contents) => {
                const carried = new DataTransfer();
                for (const { name, base64 } of contents) {
                  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
                  carried.items.add(new File([bytes], name));
                }
                for (const type of ["dragenter", "dragover", "drop"])
                  document.body.dispatchEvent(
                    new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer: carried }));
            }""",
            contents,
        )
        await self.start()

    @staticmethod
    def asks(request: Request, operation: str) -> bool:
        """Tell whether a request is for an operation, by its name."""
        return f'"operationName":"{operation}"' in (request.post_data or "")

    async def slowly(self, bytes_per_second: int) -> None:
        """Let what this page sends take its time; -1 for as fast as it can."""
        network = await self.page.context.new_cdp_session(self.page)
        limits = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_second}
        await network.send("Network.emulateNetworkConditions", limits)

    async def sees(self, name: str, state: str, within: float = SOON) -> None:
        """Wait until a file's line is in a state, by its word."""
        await expect(self.line(name).locator("strong")).to_have_text(state, timeout=within)

    async def scrolls_sideways(self) -> bool:
        scrolls: bool = await self.page.evaluate(
            "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
        )
        return scrolls


def _base64(file: Path) -> str:
    return base64.b64encode(file.read_bytes()).decode()


async def new_visitor(browser: Browser, url: str, words: Words = ENGLISH, **options: Any) -> Visitor:
    """Open the page in a browser of their own."""
    context: BrowserContext = await browser.new_context(
        locale="pt-BR" if words is PORTUGUESE else "en-GB", **{"viewport": {"width": 1100, "height": 800}, **options}
    )
    return await Visitor(await context.new_page(), url, words).open()
