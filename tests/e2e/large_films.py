"""Large films at the page, and what their uploads look like from outside."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.async_api import BrowserContext, Page, Request, Response, expect

MIB = 1024**2
SLOW = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 6 * MIB}
DRAWN = """
  window.drawn = [];
  new MutationObserver(() => {
    const bar = document.querySelector(".row .bar");
    const text = document.querySelector(".row .numbers")?.textContent;
    const state = document.querySelector(".row")?.dataset.state;
    if (bar && state !== "PROCESSING") window.drawn.push([Number(bar.ariaValueNow), Number.parseInt(text)]);
  }).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
"""


def long_film(samples: Path, folder: Path, size: int) -> Path:
    """A film that is so large because of room that it leaves free (ISO/IEC 14496-12, 8.1.2)."""
    film = (samples / "bikes.mp4").read_bytes()
    path = folder / "long.mp4"
    free = size - len(film)
    path.write_bytes(film + free.to_bytes(4, "big") + b"free" + bytes(free - 8))
    return path


@dataclass
class Parts:
    """What a browser sends to the storage."""

    sent: list[int] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    again: list[int] = field(default_factory=list)
    """Sent although they had been confirmed."""

    def of(self, context: BrowserContext) -> None:
        context.on("request", self._sent)
        context.on("response", self._answered)

    def _sent(self, request: Request) -> None:
        if (number := _number(request)) is not None:
            self.sent.append(number)
            if number in self.confirmed:
                self.again.append(number)

    def _answered(self, answer: Response) -> None:
        if (number := _number(answer.request)) is not None and answer.status == 200:
            self.confirmed.append(number)


def _number(request: Request) -> int | None:
    numbers = parse_qs(urlsplit(request.url).query).get("partNumber", [])
    return int(numbers[0]) if request.method == "PUT" and numbers else None


async def is_at(page: Page, percent: int) -> None:
    bar = page.locator(".row .bar")
    await expect(bar).to_be_visible(timeout=20_000)
    async with asyncio.timeout(60):
        while int(await bar.get_attribute("aria-valuenow") or 0) < percent:
            await asyncio.sleep(0.05)


async def drawn_by(page: Page) -> list[int]:
    """All percentages that the page has shown, which are the same in text and bar."""
    drawn: list[tuple[int, int]] = await page.evaluate("window.drawn")
    assert [bar for bar, _ in drawn] == [text for _, text in drawn]
    return [bar for bar, _ in drawn]


async def leave(page: Page, how: Callable[[], Awaitable[object]]) -> None:
    """Leave the page, and mean it."""
    page.on("dialog", lambda dialog: asyncio.ensure_future(dialog.accept()))
    await how()
