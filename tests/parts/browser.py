"""A real Chromium, for tests that look at pages as people do."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=OPTIONS)
        try:
            yield browser
        finally:
            await browser.close()
