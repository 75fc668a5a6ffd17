"""Takes pictures of every screen of the page at four widths, by day and by night, to be looked at: build/screens.

They are too many to be kept: who changes how the page looks, looks at them.

Run by: make screenshots; PYTHONPATH=. python docs/screenshots/screens.py [NAME...] takes those of some screens alone
"""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from playwright.async_api import Browser, expect

from devserver.ports import free_pair
from tests.e2e.conftest import start, stop
from tests.e2e.visitor import ENGLISH, PORTUGUESE, Visitor, new_visitor
from tests.parts.browser import running_browser

ROOT: Final = Path(__file__).parents[2]
SAMPLES: Final = ROOT / ".samples"
FOLDER: Final = ROOT / "build" / "screens"
WIDTHS: Final = {360: 740, 768: 1024, 1280: 800, 2560: 1440}
"""With the height of each, in pixels."""


async def empty(ana: Visitor) -> None:
    await expect(ana.page.locator(".first-visit")).to_be_visible()


async def review(ana: Visitor) -> None:
    opened = await ana.review(SAMPLES / "bigbuckbunny.mp4")
    await expect(opened.get_by_role("slider")).to_have_count(3)
    await expect(opened.locator("[data-playable=true]")).to_be_visible()
    for keys in (
        ("Shift+ArrowRight", "i"),
        ("Shift+ArrowRight", "m"),
        ("Shift+ArrowRight", "m"),
        ("Shift+ArrowRight", "o"),
    ):
        for key in keys:
            await ana.page.keyboard.press(key)
    await expect(opened.locator("video")).to_have_js_property("seeking", value=False)


async def several(ana: Visitor) -> None:
    opened = await ana.review(SAMPLES / "bikes.mp4", SAMPLES / "bigbuckbunny.mp4", SAMPLES / "carphone_pristine.mp4")
    await expect(opened.locator("[data-open='0']")).to_be_visible()
    await expect(opened.locator("[data-playable=true]")).to_be_visible()


async def wrong(ana: Visitor) -> None:
    await several(ana)
    await ana.reviewed.locator("[name=value]").fill("0")
    await ana.reviewed.locator("[name=quality]").fill("120")


async def listed(ana: Visitor) -> None:
    with tempfile.TemporaryDirectory() as name:
        broken = Path(name) / "cut off.mp4"
        broken.write_bytes((SAMPLES / "bikes.mp4").read_bytes()[:300_000])
        await ana.choose(SAMPLES / "bikes.mp4", SAMPLES / "bigbuckbunny.mp4", broken)
        await ana.sees("bikes.mp4", ana.words.ready)
        await ana.sees("bigbuckbunny.mp4", ana.words.ready)
        await ana.sees("cut off.mp4", ana.words.failed)
    for picture in await ana.page.locator(".picture img").all():
        await picture.evaluate("(image) => image.decode()")


async def look(ana: Visitor) -> None:
    await listed(ana)
    await ana.page.get_by_role("link", name=f"{ana.words.look}: bikes.mp4").click()
    await expect(ana.page.get_by_role("gridcell")).to_have_count(10)


async def account(ana: Visitor) -> None:
    await ana.page.locator("button.who").click()
    await expect(ana.page.locator(".entries li").first).to_be_visible()


async def shortcuts(ana: Visitor) -> None:
    await ana.page.keyboard.press("?")
    await expect(ana.page.get_by_role("dialog")).to_be_visible()


SIGNED_IN: Final[Mapping[str, Callable[[Visitor], Awaitable[None]]]] = {
    "empty": empty, "review": review, "several": several, "wrong": wrong,
    "list": listed, "video": look, "account": account, "shortcuts": shortcuts,
}  # fmt: skip
PLACES: Final = ("", "sign-up", "forgot-password", "reset-password#token=x", "verify-email#token=x")
"""What is there for who is not signed in."""


async def take(browser: Browser, url: str, names: set[str], width: int, scheme: str) -> None:
    """Take all screens at one width, in one of the languages."""
    words = ENGLISH if scheme == "light" else PORTUGUESE
    size = {"width": width, "height": WIDTHS[width]}
    options: dict[str, object] = {"viewport": size, "color_scheme": scheme, "reduced_motion": "reduce"}
    if width < 500:  # noqa: PLR2004 - a phone's
        options |= {"has_touch": True, "is_mobile": True}
    ana = await new_visitor(browser, url, words, **options)

    async def picture(name: str) -> None:
        await ana.page.screenshot(path=FOLDER / f"{name}-{width}-{scheme}.png", animations="disabled")

    for place in PLACES:
        name = place.partition("#")[0] or "sign-in"
        if not names or name in names:
            await ana.page.goto(f"{url}/{place}")
            await expect(ana.page.locator("h1")).to_be_visible()
            await picture(name)
    await ana.page.goto(url)
    await ana.sign_up()
    for name, show in SIGNED_IN.items():
        if not names or name in names:
            await show(ana)
            await picture(name)
            await ana.page.goto(url)
            await ana.is_live()
    await ana.page.context.close()


async def take_all(names: set[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rates = {"FIAPX_REGISTER_RATE_PER_ADDRESS": "1000/hour", "FIAPX_LOGIN_RATE_PER_ADDRESS": "1000/hour"}
    with tempfile.TemporaryDirectory() as name:
        up = start(Path(name) / "data", free_pair(), **rates)
        try:
            async with running_browser() as browser:
                for width in WIDTHS:
                    for scheme in ("light", "dark"):
                        await take(browser, up.url, names, width, scheme)
        finally:
            stop(up)


if __name__ == "__main__":
    asyncio.run(take_all(set(sys.argv[1:])))
