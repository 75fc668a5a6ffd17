"""A real Chromium, for tests that look at pages as people do."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import pytest
from playwright.async_api import Browser, async_playwright

# No window, no sandbox where tests run as root, and no calls home.
OPTIONS: Final = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Return its program: the shell without a window where there is one, whose engine is the same and which starts in a
    third of the processor's time; else the whole browser, which draws its window's own pages too.
    """
    programs = ("chromium-headless-shell", "chromium", "google-chrome")
    found = next(filter(None, map(shutil.which, programs)), None)
    if found is None:
        sentence = "needs Chromium (Debian: apt install chromium-headless-shell)"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return found


class _Shared:
    """What tests lend each other within `one_browser`; started for the first that wants it."""

    def __init__(self) -> None:
        self.end = AsyncExitStack()
        self._browser: Browser | None = None

    async def browser(self) -> Browser:
        if self._browser is None or not self._browser.is_connected():
            self._browser = await self.end.enter_async_context(_started())
        return self._browser


_shared: _Shared | None = None


@asynccontextmanager
async def one_browser() -> AsyncIterator[None]:
    """Let all within share one browser, since starting it takes two seconds of a processor."""
    global _shared  # noqa: PLW0603 - a fixture sets it around a file's tests, which ask for a browser as ever.
    _shared = _Shared()
    async with _shared.end:
        try:
            yield
        finally:
            _shared = None


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """Lend a browser; what is opened in it meanwhile is closed, so that nobody finds what another left."""
    if _shared is None:
        async with one_browser(), running_browser() as browser:
            yield browser
        return
    browser = await _shared.browser()
    before = set(browser.contexts)
    try:
        yield browser
    finally:
        for context in set(browser.contexts) - before:
            # A test's handler that has an answer under way would else fail for want of its page, and log that.
            for page in context.pages:
                await page.unroute_all(behavior="ignoreErrors")
            await context.close()


@asynccontextmanager
async def _started() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        try:
            yield browser
        finally:
            await browser.close()
