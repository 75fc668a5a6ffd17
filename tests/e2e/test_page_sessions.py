"""Sessions at the page: what ends one and what does not, in one tab and in several."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Route, expect

from app.domain.session import SessionId
from app.usecases.ports.transactions import Transaction
from tests.e2e.held import Held
from tests.e2e.visitor import PASSWORD, Visitor, new_visitor
from tests.parts.browser import running_browser
from tests.parts.site import Site
from tests.parts.site_fixtures import empty_database, site
from tests.parts.waiting import until

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


@pytest.fixture
def stuck(site: Site) -> Iterator[asyncio.Event]:
    """Uploads stay under way until this is set."""
    site.storage.flows.clear()
    yield site.storage.flows
    site.storage.flows.set()


async def another_tab(of: Visitor) -> Visitor:
    return await Visitor(await of.page.context.new_page(), of.url, of.words, of.email).open()


async def sessions_of(site: Site, email: str) -> Sequence[SessionId]:
    async def read(t: Transaction) -> Sequence[SessionId]:
        user = await t.users.by_email(email)
        assert user is not None
        return await t.sessions.of(user.id)

    return await site.transactions.read(read)


async def has_no_session(site: Site, email: str) -> bool:
    return not await sessions_of(site, email)


async def end_sessions(site: Site, email: str) -> None:
    """End all of somebody's sessions, as a change of the password elsewhere does."""
    sessions = await sessions_of(site, email)
    await site.transactions.write(lambda t: t.sessions.end(sessions, site.clock.now()))
    await site.ended_sessions.announce(sessions)


async def is_signed_out(at: Visitor) -> None:
    await expect(at.page.get_by_role("link", name=at.words.sign_up)).to_be_visible()
    await expect(at.page.get_by_role("dialog")).to_have_count(0)


def list_problem(at: Visitor) -> Locator:
    return at.page.get_by_role("alert").filter(has_text="could not be read")


async def test_a_database_that_is_away_for_a_moment_signs_nobody_out(site: Site, browser: Browser):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    site.transactions.away = True
    await ana.page.reload()
    await expect(list_problem(ana)).to_contain_text("The storage is away")
    await expect(ana.page.get_by_role("dialog")).to_have_count(0)
    site.transactions.away = False
    await ana.is_live()
    await expect(list_problem(ana)).to_have_count(0)
    await ana.page.reload()
    await ana.is_live()


async def test_a_refresh_that_got_lost_is_no_end_of_the_session_and_is_tried_again(site: Site, browser: Browser):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()

    async def lose(route: Route) -> None:
        if Visitor.asks(route.request, "RefreshSession"):
            await route.abort()
        else:
            await route.continue_()

    await ana.page.route("**/graphql", lose)
    await ana.page.reload()
    await expect(list_problem(ana)).to_contain_text("The service cannot be reached.")
    await ana.page.unroute("**/graphql", lose)
    await ana.is_live()
    await expect(list_problem(ana)).to_have_count(0)


async def test_a_session_that_ended_costs_no_tab_its_uploads(
    site: Site, stuck: asyncio.Event, browser: Browser, samples: Path
):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    other = await another_tab(ana)
    await other.is_live()
    tabs = [(ana, "bikes.mp4"), (other, "carphone_pristine.mp4")]
    for tab, name in tabs:
        await tab.choose(samples / name)
        await tab.sees(name, "Uploading")
    await end_sessions(site, ana.email)
    for tab, name in tabs:
        await expect(tab.page.get_by_role("dialog")).to_contain_text("Your session has ended")
        await tab.sees(name, "Uploading")
    # A page that is opened now has nothing to keep, and nobody is signed in.
    late = await another_tab(ana)
    await expect(late.page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(late.page.get_by_role("dialog")).to_have_count(0)
    await ana.sign_in()
    stuck.set()
    for tab in (ana, other, late):
        await expect(tab.page.get_by_role("dialog")).to_have_count(0)
        for _, name in tabs:
            await tab.sees(name, "In line")


async def test_who_signs_out_while_the_page_refreshes_is_signed_out_here_and_at_the_service(
    site: Site, browser: Browser
):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    refresh = Held("RefreshSession", only_first=True)
    await ana.page.route("**/graphql", refresh)
    await ana.page.reload()
    await refresh.is_here()
    await ana.button("Sign out").click()
    await is_signed_out(ana)
    await until(lambda: has_no_session(site, ana.email))
    async with ana.page.expect_response(lambda answer: Visitor.asks(answer.request, "RefreshSession")) as coming:
        refresh.let_go.set()
    await (await coming.value).finished()
    await ana.page.evaluate("new Promise(requestAnimationFrame)")  # The page has had its turn with it.
    await is_signed_out(ana)
    await ana.page.reload()
    await is_signed_out(ana)


async def test_a_refusal_that_comes_late_leaves_the_session_alone_that_another_tab_has_begun(
    site: Site, browser: Browser
):
    first = await new_visitor(browser, site.url)
    await first.sign_up()
    late = await another_tab(first)
    await late.is_live()
    refresh = Held("RefreshSession", only_first=True, answered=False)
    await late.page.route("**/graphql", refresh)
    await late.page.reload()
    await refresh.is_here()
    await first.button("Sign out").click()
    await until(lambda: has_no_session(site, first.email))
    first.email = f"bob-{first.email}"
    await first.sign_up("Bob")
    refresh.let_go.set()
    await late.is_live()
    await expect(late.button("Your account: Bob")).to_be_visible()
    await expect(late.page.get_by_role("dialog")).to_have_count(0)
    await first.page.reload()
    await first.is_live()


async def test_who_signed_out_in_another_tab_stays_so_although_the_word_of_it_comes_late(site: Site, browser: Browser):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    await ana.page.reload()  # Which renews the session.
    await ana.is_live()
    # Browsers tell a tab of another's write after a while: this tab has written its own meanwhile.
    await ana.page.evaluate("dispatchEvent(new StorageEvent('storage', { key: 'fiapx.session', newValue: null }))")
    await is_signed_out(ana)
    await ana.page.reload()
    await is_signed_out(ana)


async def test_nothing_of_one_user_is_left_where_another_goes_on_in_their_place(
    site: Site, browser: Browser, samples: Path
):
    bob = await new_visitor(browser, site.url)
    await bob.sign_up("Bob")
    ana = await new_visitor(browser, site.url)
    page = ana.page
    await ana.sign_up()
    await ana.choose(samples / "bikes.mp4")
    await ana.sees("bikes.mp4", "In line")
    await ana.button("Your account: Ana Souza").click()
    await page.get_by_label("Webhook").fill("https://ana.example/hook")
    await end_sessions(site, ana.email)
    again = page.get_by_role("dialog", name=ana.words.sign_in)
    await again.get_by_label("E-mail").fill(bob.email)
    await again.get_by_label("Password").fill(PASSWORD)
    await again.get_by_role("button", name=ana.words.sign_in).click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await expect(ana.button("Your account: Bob")).to_be_visible()
    await expect(page.get_by_text("No film at hand?")).to_be_visible()
    await expect(page.get_by_role("listitem")).to_have_count(0)
    await ana.is_live()
    await ana.button("Your account: Bob").click()
    await expect(page.get_by_label("Webhook")).to_have_value("")


async def test_the_next_account_does_not_open_by_itself_where_one_was_deleted(site: Site, browser: Browser):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    await ana.button("Your account: Ana Souza").click()
    ana.page.on("dialog", lambda dialog: dialog.accept())
    await ana.page.get_by_role("dialog").get_by_label("Password").fill(PASSWORD)
    await ana.button("Delete your account").click()
    await is_signed_out(ana)
    await ana.sign_up("Bob")
    await expect(ana.button("Your account: Bob")).to_be_visible()
    await expect(ana.page.get_by_role("dialog")).to_have_count(0)


async def test_an_account_that_was_open_at_the_end_is_not_open_at_the_next_beginning(site: Site, browser: Browser):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    other = await another_tab(ana)
    await other.button("Your account: Ana Souza").click()
    await ana.button("Sign out").click()
    await is_signed_out(other)
    await ana.sign_in()
    await other.is_live()
    await expect(other.page.get_by_role("dialog")).to_have_count(0)


async def test_who_must_sign_in_again_cannot_lose_the_way_to_it(site: Site, browser: Browser):
    ana = await new_visitor(browser, site.url)
    await ana.sign_up()
    await end_sessions(site, ana.email)
    dialog = ana.page.get_by_role("dialog")
    await expect(dialog).to_be_visible()
    for _ in range(3):
        await ana.page.keyboard.press("Escape")
    await expect(dialog).to_be_visible()
    # As a browser closes it that does not know what keeps it open.
    await dialog.evaluate("(dialog) => dialog.close()")
    await ana.sign_in()
    await ana.is_live()
    await expect(dialog).to_have_count(0)
