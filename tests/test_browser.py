"""The browser that tests are lent."""

import asyncio
import logging
import socket
from collections.abc import Iterator
from logging.handlers import BufferingHandler

import pytest
from playwright.async_api import Request, Route

from tests.parts.browser import one_browser, running_browser

pytestmark = [pytest.mark.slow, pytest.mark.outside]


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def driver_says() -> Iterator[list[logging.LogRecord]]:
    """What the browser's driver logs."""
    handler = BufferingHandler(capacity=100)
    logging.getLogger("playwright").addHandler(handler)
    yield handler.buffer
    logging.getLogger("playwright").removeHandler(handler)


async def test_who_leaves_while_an_answer_is_under_way_leaves_no_error(
    silent: str, driver_says: list[logging.LogRecord]
) -> None:
    asked = asyncio.Event()

    async def pass_on(route: Route, _: Request) -> None:
        asked.set()
        await route.fulfill(response=await route.fetch())

    async with asyncio.timeout(30), running_browser() as browser:
        page = await browser.new_page()
        await page.route(silent, pass_on)
        await page.evaluate("url => { fetch(url).catch(() => {}) }", silent)
        await asked.wait()
    assert driver_says == []


async def test_tests_share_a_browser_and_nothing_that_one_of_them_opened() -> None:
    async with asyncio.timeout(30), one_browser():
        async with running_browser() as first:
            await first.new_page()
        async with running_browser() as second:
            assert second is first
            assert second.contexts == []
