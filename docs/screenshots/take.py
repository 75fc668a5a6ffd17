"""Takes the README's pictures of the page: by day, by night and on a phone, with real videos in every state.

Run by: make screenshots
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, expect

from devserver.ports import free_pair
from tests.e2e.conftest import start, stop
from tests.e2e.visitor import ENGLISH, PORTUGUESE, Visitor, Words, new_visitor
from tests.parts.browser import running_browser

HERE: Final = Path(__file__).parent
SAMPLES: Final = HERE.parents[1] / ".samples"
PHONE: Final = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def everything_at_once(visitor: Visitor, folder: Path) -> None:
    """Two that are ready, one that failed, one that is processed, one that is on its way."""
    words, page = visitor.words, visitor.page
    await visitor.sign_up("Ana")
    await visitor.choose(SAMPLES / "bikes.mp4", SAMPLES / "bigbuckbunny.mp4", folder / "broken.mp4")
    await visitor.sees("bikes.mp4", words.ready)
    await visitor.sees("bigbuckbunny.mp4", words.ready)
    await visitor.sees("broken.mp4", words.failed)
    await page.locator("summary").click()
    await page.locator(".options input").first.fill("200")
    await page.locator(".options select").nth(1).select_option("PNG")
    await visitor.choose(folder / "holiday.mp4")
    await page.locator(".options input").first.fill("1")
    await page.locator(".options select").nth(1).select_option("JPEG")
    await page.locator("summary").click()
    await expect(visitor.line("holiday.mp4").get_by_role("progressbar")).to_be_visible(timeout=30_000)
    await visitor.slowly(200_000)
    await visitor.choose(folder / "beach.mp4")
    await expect(visitor.line("beach.mp4").locator(".numbers")).to_contain_text("/s", timeout=30_000)
    for picture in await page.locator(".picture img").all():
        await picture.evaluate("(image) => image.decode()")
    await page.mouse.move(0, 0)


async def take(browser: Browser, url: str, folder: Path, name: str, words: Words, **options: object) -> None:
    visitor = await new_visitor(browser, url, words, **options)
    await everything_at_once(visitor, folder)
    await visitor.page.screenshot(path=HERE / f"{name}.png", animations="disabled")
    await visitor.button(words.cancel, "holiday.mp4").click()
    await visitor.sees("holiday.mp4", words.canceled)
    await visitor.page.context.close()


async def take_all() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = (SAMPLES / "bigbuckbunny.mp4").read_bytes()
        (folder / "broken.mp4").write_bytes((SAMPLES / "bikes.mp4").read_bytes()[:300_000])
        (folder / "holiday.mp4").write_bytes(whole)
        (folder / "beach.mp4").write_bytes(whole)
        up = start(folder / "data", free_pair())
        try:
            async with running_browser() as browser:
                wide = {"width": 1100, "height": 860}
                await take(browser, up.url, folder, "light", ENGLISH, color_scheme="light", viewport=wide)
                await take(browser, up.url, folder, "dark", PORTUGUESE, color_scheme="dark", viewport=wide)
                await take(browser, up.url, folder, "phone", ENGLISH, color_scheme="light", **PHONE)
        finally:
            stop(up)


if __name__ == "__main__":
    asyncio.run(take_all())
