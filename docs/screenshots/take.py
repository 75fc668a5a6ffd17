"""Takes the README's pictures of the page: by day, by night and on a phone, with real videos in every state.

Run by: make screenshots
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
from playwright.async_api import Browser, expect

from devserver.ports import free_pair
from tests.e2e.conftest import start, stop
from tests.e2e.large_films import MIB, long_film
from tests.e2e.visitor import ENGLISH, PASSWORD, PORTUGUESE, Visitor, Words, new_visitor
from tests.parts.browser import running_browser

HERE: Final = Path(__file__).parent
SAMPLES: Final = HERE.parents[1] / ".samples"
PHONE: Final = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


async def everything_at_once(visitor: Visitor, folder: Path) -> None:
    """Two that are ready, one that failed, one that is processed, a large one on its way."""
    words, page = visitor.words, visitor.page
    await visitor.sign_up("Ana")
    await visitor.choose(SAMPLES / "bikes.mp4", SAMPLES / "bigbuckbunny.mp4", folder / "broken.mp4")
    await visitor.sees("bikes.mp4", words.ready)
    await visitor.sees("bigbuckbunny.mp4", words.ready)
    await visitor.sees("broken.mp4", words.failed)
    review = await visitor.review(folder / "holiday.mp4")
    await review.locator("[name=value]").fill("200")
    await review.locator(".options select").nth(1).select_option("PNG")
    await visitor.start()
    await expect(visitor.line("holiday.mp4").get_by_role("progressbar")).to_be_visible(timeout=30_000)
    await visitor.slowly(4_000_000)
    review = await visitor.review(folder / "beach.mp4")
    await review.locator("[name=value]").fill("1")
    await review.locator(".options select").nth(1).select_option("JPEG")
    await visitor.start()
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


async def take_account(browser: Browser, url: str, name: str) -> None:
    """Where one is signed in, and what programs have keys."""
    visitor = await new_visitor(browser, url, ENGLISH, color_scheme="light", viewport={"width": 1100, "height": 900})
    await visitor.sign_up("Ana")
    await with_programs(url, visitor.email)
    await visitor.button("Your account: Ana").click()
    page = visitor.page
    await expect(page.get_by_text("Camera at the door")).to_be_visible()
    await page.get_by_role("heading", name="Where you are signed in").evaluate("(title) => title.scrollIntoView()")
    await page.mouse.move(0, 0)
    await page.screenshot(path=HERE / f"{name}.png", animations="disabled")
    await page.context.close()


async def with_programs(url: str, email: str) -> None:
    """Let somebody sign in from a script, too, and make two keys."""
    query = """mutation($name: String!, $scopes: [Scope!]!, $expiresAt: DateTime) {
      createApiKey(name: $name, scopes: $scopes, expiresAt: $expiresAt) { __typename ... on Problem { message } } }"""
    keys = {"Camera at the door": (["UPLOAD"], 90), "Backup at night": (["READ"], None)}
    agent = {"User-Agent": "backup.py/1.2"}
    async with httpx.AsyncClient(base_url=url, trust_env=False, headers=agent) as client:
        signed_in = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.raise_for_status().json()['access_token']}"
        for name, (scopes, days) in keys.items():
            end = days and (datetime.now(UTC) + timedelta(days=days)).isoformat()
            asked = {"query": query, "variables": {"name": name, "scopes": scopes, "expiresAt": end}}
            answer = (await client.post("/graphql", json=asked)).raise_for_status().json()
            assert answer["data"]["createApiKey"]["__typename"] == "NewApiKey", answer


async def take_all() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = (SAMPLES / "bigbuckbunny.mp4").read_bytes()
        (folder / "broken.mp4").write_bytes((SAMPLES / "bikes.mp4").read_bytes()[:300_000])
        (folder / "holiday.mp4").write_bytes(whole)
        long_film(SAMPLES, folder, 48 * MIB).rename(folder / "beach.mp4")
        up = start(folder / "data", free_pair())
        try:
            async with running_browser() as browser:
                wide = {"width": 1100, "height": 860}
                await take(browser, up.url, folder, "light", ENGLISH, color_scheme="light", viewport=wide)
                await take(browser, up.url, folder, "dark", PORTUGUESE, color_scheme="dark", viewport=wide)
                await take(browser, up.url, folder, "phone", ENGLISH, color_scheme="light", **PHONE)
                await take_account(browser, up.url, "account")
        finally:
            stop(up)


if __name__ == "__main__":
    asyncio.run(take_all())
