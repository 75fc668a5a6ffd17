"""How an address is confirmed, at the page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from app.usecases.paging import Slice
from app.usecases.ports.transactions import Transaction
from tests.e2e.somebody import somebody, uploaded
from tests.parts.site import Site, running_site
from tests.parts.site_fixtures import empty_database

pytestmark = pytest.mark.pages

__all__ = ["empty_database"]


@pytest.fixture
async def strict(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A service that has addresses verified."""
    async with running_site(empty_database, tmp_path, verify_email=True) as running:
        yield running


async def links(site: Site, email: str) -> list[str]:
    """Give what the links that are owed to this address lead to, the newest first."""

    async def due_notifications(t: Transaction) -> list[str]:
        user = await t.users.by_email(email)
        assert user is not None
        told = await t.notifications.page(user.id, Slice(10))
        return [one.id for one in told if one.event == "account.verify_email"]

    tokens = site.verification_tokens
    return [
        f"{site.url}/verify-email#token={tokens.token(one)}" for one in await site.transactions.read(due_notifications)
    ]


async def test_an_address_is_confirmed_by_its_link_and_what_came_before_can_go(strict: Site):
    async with somebody(strict) as (ana, elsewhere):
        page = ana.page
        await expect(page.get_by_text(f"we sent a link to {ana.email}")).to_be_visible()
        await uploaded(elsewhere, "before.mp4")
        await ana.button("Send the link again").click()
        await expect(page.get_by_text("It is good for three days")).to_be_visible()
        newest, first = await links(strict, ana.email)
        strict.clock.advance(1)
        await page.goto(newest)
        await ana.button("Confirm your address").click()
        await expect(page.get_by_text(f"{ana.email} is confirmed.")).to_be_visible()
        await ana.button("Go on").click()
        await expect(page.get_by_text("before.mp4")).to_be_visible()
        await expect(page.get_by_text("we sent a link")).to_have_count(0)

        page.on("dialog", lambda dialog: dialog.accept())
        await page.locator("button.who").click()
        await ana.button("Remove the videos from before").click()
        await expect(page.get_by_text("1 video removed.")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_text("before.mp4")).to_have_count(0)

        await page.goto(first)
        await page.reload()
        await ana.button("Confirm your address").click()
        await expect(page.get_by_role("alert").first).to_contain_text("no longer good")
        assert ana.wrong == []
