"""What the page says to who does not look at it: where it can be heard, and as often as it happens."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.conftest import Up
from tests.e2e.visitor import new_visitor
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages


async def test_a_screen_reader_hears_a_repeated_message_again(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        # A screen reader knows a region before anything is said in it.
        region = ana.page.get_by_role("status")
        await expect(region).to_have_count(1)
        await expect(region).to_be_empty()
        await ana.sign_up()
        await region.evaluate(
            """(region) => {
                window.said = [];
                new MutationObserver((changes) => window.said.push(
                  ...changes.flatMap(({ addedNodes }) => [...addedNodes].map(({ textContent }) => textContent)),
                )).observe(region, { subtree: true, childList: true, characterData: true });
            }"""
        )
        for count in (1, 2):
            await ana.choose(samples / "bikes.mp4")
            await expect(ana.line("bikes.mp4")).to_have_count(count)
        said = await ana.page.evaluate("window.said")
        assert said.count("1 video added.") == 2


async def test_an_empty_status_takes_no_space_and_stays_in_the_page(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.page.goto(f"{up.url}/forgot-password")
        await expect(ana.page.locator("form").get_by_role("status")).to_have_count(1)
        field, button = ana.page.locator("form .field"), ana.page.locator("form button.primary")
        above, below = await field.bounding_box(), await button.bounding_box()
        assert above is not None
        assert below is not None
        assert below["y"] - above["y"] - above["height"] == pytest.approx(16, abs=1)
