"""Keys for programs and sessions at the page: who has which, a new one, and an end, with the keyboard alone."""

from datetime import timedelta
from typing import Any, Final
from uuid import uuid4

import httpx
import pytest
from playwright.async_api import Locator, expect

from app.domain.api_key import MOST_KEYS, ApiKey, ApiKeyId, ending_of, new_secret, sha256_of
from app.domain.session import Scope, SessionId
from app.usecases.ports.transactions import Transaction
from tests.e2e.somebody import somebody, uploaded
from tests.e2e.test_page_accessibility import tab_to
from tests.e2e.visitor import Visitor
from tests.parts.site import MP4, Site
from tests.parts.site_fixtures import empty_database, site

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]

KEYS: Final = "{ apiKeys { name scopes expiresAt } }"
DELETE: Final = "mutation($id: ID!) { deleteVideo(id: $id) { ... on Problem { code } } }"


async def press(ana: Visitor, button: str, key: str = "Enter") -> None:
    """Go to what has this name, by Tab, and press a key there."""
    await tab_to(ana, button)
    await ana.page.keyboard.press(key)


async def open_account(ana: Visitor) -> list[str]:
    """Open the dialog and agree to all that is asked; the list is of the questions."""
    asked: list[str] = []

    async def agree(dialog: Any) -> None:
        asked.append(dialog.message)
        await dialog.accept()

    ana.page.on("dialog", agree)
    await press(ana, "Your account: Ana Souza")
    return asked


def heading(ana: Visitor, title: str) -> Locator:
    return ana.page.get_by_role("heading", name=title)


def section(ana: Visitor, title: str) -> Locator:
    return ana.page.locator("section").filter(has=heading(ana, title))


async def ask(client: httpx.AsyncClient, query: str, key: str | None = None, **variables: Any) -> Any:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    answer = await client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    return answer.json()["data"]


async def test_a_key_is_made_shown_once_used_and_revoked_by_keyboard(site: Site):
    async with somebody(site) as (ana, elsewhere):
        page, keys = ana.page, section(ana, "Keys for programs")
        await page.clock.set_fixed_time(site.clock.now())
        await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        asked = await open_account(ana)
        await expect(keys).to_contain_text("None yet.")
        await press(ana, "Create a key")
        await tab_to(ana, "Name")
        await page.keyboard.type("cameras")
        await press(ana, "Read: see your videos, download their frames", "Space")
        await press(ana, "Upload: send videos, process them again", "Space")
        await press(ana, "Expires", "ArrowDown")
        await press(ana, "Create the key")
        await expect(ana.button("Copy the key")).to_be_focused()
        secret = await keys.locator("code").inner_text()
        await page.keyboard.press("Enter")
        await expect(keys.get_by_text("Copied.")).to_be_visible()
        assert await page.evaluate("navigator.clipboard.readText()") == secret

        expiry = (site.clock.now() + timedelta(days=365)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        made = {"name": "cameras", "scopes": ["READ", "UPLOAD"], "expiresAt": expiry}
        assert (await ask(elsewhere, KEYS))["apiKeys"] == [made]
        program = {"Authorization": f"Bearer {secret}"}
        sent = await elsewhere.post("/videos/upload", files={"file": ("a.mp4", MP4)}, headers=program)
        assert sent.status_code == 202
        refused = await ask(elsewhere, DELETE, key=secret, id=sent.json()["id"])
        assert refused["deleteVideo"]["code"] == "INSUFFICIENT_SCOPE"

        await page.keyboard.press("Escape")
        await expect(ana.button("Your account: Ana Souza")).to_be_focused()
        await page.keyboard.press("Enter")
        line = keys.get_by_role("listitem")
        for told in (f"cameras (…{secret[-4:]})", "May read, upload", "Last used", "Expires"):
            await expect(line).to_contain_text(told)
        await expect(page.get_by_text(secret)).to_have_count(0)
        await press(ana, "Revoke: cameras")
        await expect(heading(ana, "Keys for programs")).to_be_focused()
        await expect(keys.get_by_role("status")).to_have_text("cameras is revoked.")
        assert asked == ["Revoke cameras? Programs that use it are refused at once."]
        assert (await elsewhere.get("/videos", headers=program)).status_code == 401
        assert ana.wrong == []


async def test_a_session_of_elsewhere_is_ended_and_this_one_signed_out_by_keyboard(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        asked = await open_account(ana)
        sessions, there = section(ana, "Where you are signed in"), elsewhere.headers["User-Agent"]
        lines = sessions.get_by_role("listitem")
        await expect(lines.filter(has_text=there)).to_contain_text("Signed in")
        here = lines.filter(has_text="(this one)")
        assert (await here.locator("strong").inner_text()).startswith("Chrome on ")
        await press(ana, f"End: {there}")
        await expect(heading(ana, "Where you are signed in")).to_be_focused()
        await expect(sessions.get_by_role("status")).to_have_text(f"{there}: signed out.")
        assert asked == [f"End this session: {there}? Whoever uses it has to sign in again."]
        assert (await elsewhere.get("/videos")).status_code == 401
        await expect(lines).to_have_count(1)

        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "Logout")):
            await press(ana, await here.get_by_role("button").get_attribute("aria-label") or "")
        await expect(ana.page.get_by_role("heading", name="Sign in")).to_be_focused()
        assert asked[1:] == ["Sign out here?"]
        assert ana.wrong == []


async def test_a_key_that_is_refused_is_told_why_and_its_form_is_kept(site: Site):
    async with somebody(site) as (ana, _):
        await site.transactions.write(lambda t: as_many_as_there_may_be(t, ana.email))
        await open_account(ana)
        keys = section(ana, "Keys for programs")
        await expect(keys.get_by_role("listitem")).to_have_count(MOST_KEYS)
        await keys.get_by_text("Create a key").click()
        await keys.get_by_label("Name").fill("one more")
        await ana.button("Create the key").click()
        await expect(keys.get_by_role("alert").first).to_have_text("Tick what the key may do.")
        await keys.get_by_label("Delete: cancel and delete videos").check()
        await ana.button("Create the key").click()
        await expect(keys.get_by_role("alert").first).to_contain_text("You have as many keys as there may be.")
        await expect(keys.get_by_label("Name")).to_have_value("one more")
        await expect(ana.button("Copy the key")).to_have_count(0)
        assert ana.wrong == []


async def as_many_as_there_may_be(t: Transaction, email: str) -> None:
    """Add keys to somebody's, until there may be no more."""
    user = await t.users.by_email(email)
    assert user is not None
    for number in range(MOST_KEYS):
        secret, session = new_secret(), SessionId(str(uuid4()))
        await t.api_keys.add(
            ApiKey(
                id=ApiKeyId(str(uuid4())),
                owner=user.id,
                name=f"program {number}",
                scopes=frozenset({Scope.READ}),
                secret_sha256=sha256_of(secret),
                ending=ending_of(secret),
                session=session,
                created_at=user.created_at,
            )
        )
