"""One's own name, address, password, space and webhook, at the page."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from app.domain.retention import Retention
from app.usecases.ports.transactions import Transaction
from tests.e2e.somebody import somebody, uploaded
from tests.e2e.test_page_keys import ask, section
from tests.e2e.visitor import PASSWORD, Visitor
from tests.parts.site import Site, running_site
from tests.parts.site_fixtures import empty_database

pytestmark = pytest.mark.pages

__all__ = ["empty_database"]

NEW_PASSWORD = f"{PASSWORD} staple"
ME = "{ me { name email pendingEmail } }"


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A service with a bound on what one user keeps, and for how long."""
    limits = {"max_stored": 1_000_000, "retention": Retention(30)}
    async with running_site(empty_database, tmp_path, **limits) as running:
        yield running


@pytest.fixture
async def strict(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A service that has addresses verified."""
    async with running_site(empty_database, tmp_path, verify_email=True) as running:
        yield running


async def opened(ana: Visitor, title: str = "Your profile") -> Locator:
    """Open the account, and return one of its parts."""
    await ana.page.locator("button.who").click()
    part = section(ana, title)
    await expect(part).to_be_visible()
    return part


async def link_to(site: Site, email: str) -> str:
    """Return where the mail to a new address leads."""

    async def look(t: Transaction) -> str:
        user = await t.users.by_email(email)
        assert user is not None
        change = await t.email_changes.wanted(user.id)
        assert change is not None
        return change.id

    link = await site.transactions.read(look)
    return f"{site.url}/verify-email#token={site.verification_tokens.token(link)}"


async def test_a_name_is_changed_and_stands_above_the_page_at_once(site: Site):
    async with somebody(site) as (ana, elsewhere):
        you = await opened(ana)
        await you.get_by_role("textbox", name="Name").fill("Ana Conceição")
        await you.get_by_role("button", name="Save").click()
        await expect(you.get_by_text("Saved.")).to_be_visible()
        await expect(ana.page.locator("button.who")).to_have_text("Ana Conceição")
        assert (await ask(elsewhere, ME))["me"]["name"] == "Ana Conceição"
        await ana.page.reload()
        await expect(ana.page.locator("button.who")).to_have_text("Ana Conceição")
        assert ana.wrong == []


async def test_a_new_password_signs_everybody_else_out_and_the_page_goes_on(site: Site):
    async with somebody(site) as (ana, elsewhere):
        you = await opened(ana)
        await you.get_by_text("Change the password").first.click()
        await you.get_by_label("Present password").fill("not the password")
        await you.get_by_label("New password").fill(NEW_PASSWORD)
        await you.get_by_role("button", name="Change the password").click()
        await expect(you.get_by_text("This password is wrong.")).to_be_visible()
        await expect(you.get_by_label("Present password")).to_be_focused()
        await you.get_by_label("Present password").fill(PASSWORD)
        await you.get_by_role("button", name="Change the password").click()
        await expect(you.get_by_text("Your password is changed.")).to_be_visible()
        assert await you.get_by_label("New password").input_value() == ""
        assert (await elsewhere.get("/videos")).status_code == 401
        login = await elsewhere.post("/auth/login", json={"email": ana.email, "password": NEW_PASSWORD})
        assert login.status_code == 200
        await expect(section(ana, "What we told you")).to_contain_text("Password changed")
        await ana.page.reload()
        await ana.is_live()
        assert ana.wrong == []


async def test_an_address_is_changed_by_the_link_that_is_mailed_there(strict: Site):
    async with somebody(strict) as (ana, elsewhere):
        you = await opened(ana)
        await expect(you).to_contain_text(f"Your address is {ana.email}.")
        await you.get_by_text("Change the address").first.click()
        await you.get_by_label("New address").fill("ana.souza@example.org")
        await you.get_by_label("Password", exact=True).fill(PASSWORD)
        await you.get_by_role("button", name="Change the address").click()
        await expect(you.get_by_text("We sent a link to ana.souza@example.org.")).to_be_visible()
        await expect(you).to_contain_text("It becomes ana.souza@example.org once you use the link")
        me = (await ask(elsewhere, ME))["me"]
        assert (me["email"], me["pendingEmail"]) == (ana.email, "ana.souza@example.org")
        await ana.page.goto(await link_to(strict, ana.email))
        await ana.button("Confirm your address").click()
        await expect(ana.page.get_by_text("ana.souza@example.org is confirmed.")).to_be_visible()
        await ana.button("Go on").click()
        you = await opened(ana)
        await expect(you).to_contain_text("Your address is ana.souza@example.org.")
        assert ana.wrong == []


async def test_space_that_is_used_and_how_long_files_are_kept_are_said(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        kept = await opened(ana, "What you keep here")
        await expect(kept).to_contain_text("of 1.0 MB: files that you sent, and ZIPs.")
        await expect(kept).to_contain_text("kept for 30 days from a video's end")
        used = await kept.get_by_role("meter").evaluate("meter => meter.value / meter.max")
        assert 0 < used < 1
        assert ana.wrong == []


async def test_a_webhooks_key_is_copied_and_nothing_of_it_ends_unasked(site: Site):
    async with somebody(site) as (ana, _):
        page, asked, agrees = ana.page, [], [False]

        async def answer(dialog: object) -> None:
            asked.append(dialog.message)  # type: ignore[attr-defined]
            await (dialog.accept() if agrees[0] else dialog.dismiss())  # type: ignore[attr-defined]

        page.on("dialog", answer)
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        told = await opened(ana, "What we tell you")
        await told.get_by_label("Webhook").fill("https://hooks.example.com/in")
        await told.get_by_role("button", name="Save").click()
        await told.get_by_role("button", name="Copy the key").click()
        await expect(told.get_by_text("Copied.")).to_be_visible()
        secret = await page.evaluate("navigator.clipboard.readText()")
        assert secret.startswith("whsec_")
        assert secret == await told.locator("code").inner_text()
        for button in ("New key", "Remove the webhook"):
            await told.get_by_role("button", name=button).click()
        assert len(asked) == 2
        assert await told.locator("code").inner_text() == secret
        agrees[0] = True
        await told.get_by_role("button", name="New key").click()
        await expect(told.locator("code")).not_to_have_text(secret)
        await told.get_by_role("button", name="Remove the webhook").click()
        await expect(told.get_by_label("Webhook")).to_have_value("")
        await expect(told.get_by_role("button", name="New key")).to_have_count(0)
        assert "https://hooks.example.com/in" in asked[-1]
        assert ana.wrong == []


async def test_the_log_says_which_video_and_leads_to_it(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "férias.mp4")
        await site.failed(video)
        log = await opened(ana, "What we told you")
        link = log.get_by_role("link", name="férias.mp4")
        await expect(link).to_have_attribute("href", f"/videos/{video}")
        await link.click()
        await expect(ana.page).to_have_url(f"{site.url}/videos/{video}")
        await expect(ana.page.get_by_role("dialog", name="Your account")).to_have_count(0)
        assert ana.wrong == []
