"""The page while things break: the service away, a session over, a connection lost; what stands there stays right."""

import asyncio
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Route, expect

from devserver.ports import free_pair
from tests.clips import Clips
from tests.e2e.client import Person
from tests.e2e.conftest import Up, start, stop
from tests.e2e.visitor import ENGLISH, PASSWORD, SOON, Visitor, new_visitor
from tests.parts.browser import running_browser
from tests.parts.site import running_site
from tests.parts.site_fixtures import empty_database
from tests.parts.wired import shipped

pytestmark = pytest.mark.pages

__all__ = ["empty_database"]

BACK_WITHIN = 5.0
"""Seconds after the service answers again in which the page is live again."""


class Restarted:
    """A service of one's own, to be killed and brought back."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._port = folder, free_pair()
        self.up = start(folder, self._port)

    def kill(self) -> None:
        """Kill it, as a power cut would; what it started ends with it."""
        self.up.process.send_signal(signal.SIGKILL)
        self.up.process.wait(10)

    def bring_back(self) -> None:
        self.up = start(self._folder, self._port)

    def end(self) -> None:
        if self.up.process.poll() is None:
            try:
                stop(self.up)
            except subprocess.TimeoutExpired:
                self.up.process.kill()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Restarted]:
    restarted = Restarted(tmp_path / "data")
    yield restarted
    restarted.end()


@pytest.fixture(scope="module")
def forgetful(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A service whose tokens expire after three seconds, and whose links after two."""
    lifetimes = {"FIAPX_SESSION_SECONDS": "3", "FIAPX_LINK_SECONDS": "2"}
    running = start(tmp_path_factory.mktemp("forgetful") / "data", free_pair(), **lifetimes)
    yield running
    stop(running)


async def test_a_killed_service_comes_back_and_all_that_was_under_way_ends_well(
    service: Restarted, clips: Clips, samples: Path
):
    async with running_browser() as browser, asyncio.timeout(150):
        ana = await new_visitor(browser, service.up.url)
        await ana.sign_up()
        review = await ana.review(clips.big_buck_bunny)
        await review.get_by_label("Value").fill("30")
        await review.get_by_label("Format").select_option("PNG")
        await ana.start()
        await ana.sees("bigbuckbunny.mp4", "Processing")
        await ana.slowly(100_000)
        await ana.choose(samples / "bikes.mp4")
        await ana.sees("bikes.mp4", "Uploading")
        await expect(ana.line("bikes.mp4")).to_contain_text("/s")

        service.kill()
        await expect(ana.page.locator(".live")).to_have_text("Reconnecting")
        await ana.sees("bikes.mp4", "Interrupted, sending again")
        await ana.slowly(-1)
        await asyncio.to_thread(service.bring_back)
        await ana.is_live(within=1000 * BACK_WITHIN)
        await ana.sees("bikes.mp4", "Ready", within=60_000)
        await ana.sees("bigbuckbunny.mp4", "Ready", within=60_000)
        await expect(ana.page.get_by_role("listitem")).to_have_count(2)
        await expect(ana.line("bigbuckbunny.mp4")).to_contain_text("159 frames")


async def test_what_changed_while_the_page_was_cut_off_is_there_afterwards(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        # The page's socket ends and none can be opened; the same person goes on elsewhere.
        await ana.page.context.route_web_socket("**/graphql", lambda _: None)
        await ana.page.context.set_offline(offline=True)
        async with Person(up.url, ana.email, PASSWORD) as elsewhere:
            await elsewhere.login()
            [edge] = (await elsewhere.videos())["edges"]
            await elsewhere.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=edge["node"]["id"])
            await elsewhere.upload(samples / "bikes.mp4")
        await ana.page.context.set_offline(offline=False)
        await ana.sees("bikes.mp4", "Ready")
        await expect(ana.line("carphone_pristine.mp4")).to_have_count(0)


async def test_a_token_that_expires_is_renewed_and_nobody_notices(forgetful: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, forgetful.url)
        refreshed = asyncio.Event()
        ana.page.on("request", lambda sent: refreshed.set() if "refreshSession" in (sent.post_data or "") else None)
        await ana.sign_up()
        await refreshed.wait()
        await ana.is_live()
        refreshed.clear()
        await refreshed.wait()
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        refreshed.clear()
        await refreshed.wait()
        await ana.is_live()
        await ana.page.reload()
        await ana.sees("carphone_pristine.mp4", "Ready")
        assert [said for said in ana.wrong if "401" not in said] == []


async def test_two_tabs_with_one_session_both_go_on(forgetful: Up):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, forgetful.url)
        await ana.sign_up()
        other = await Visitor(await ana.page.context.new_page(), forgetful.url, ana.words, ana.email).open()
        for _ in range(3):
            async with ana.page.expect_websocket(), other.page.expect_websocket():
                pass  # Each token that expires ends both sockets, and both tabs open others.
            await ana.is_live()
            await other.is_live()


async def test_a_session_that_was_ended_elsewhere_asks_to_sign_in_and_then_goes_on(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.slowly(150_000)
        await ana.choose(samples / "bikes.mp4")
        await ana.sees("bikes.mp4", "Uploading")
        async with Person(up.url, ana.email, PASSWORD) as elsewhere:
            await elsewhere.login()
            changed = await elsewhere.ask(
                """mutation($current: String!, $new: String!) {
                     changePassword(current: $current, new: $new) { __typename } }""",
                current=PASSWORD,
                new="another long password",
            )
            assert changed["changePassword"]["__typename"] == "Session"
        dialog = ana.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Your session has ended")
        await expect(dialog.get_by_label("E-mail")).to_have_value(ana.email)
        await ana.slowly(-1)
        await dialog.get_by_label("Password").fill("another long password")
        await dialog.get_by_role("button", name="Sign in").click()
        await expect(dialog).to_have_count(0)
        await ana.is_live()
        await ana.sees("bikes.mp4", "Ready")
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


async def test_a_tab_too_many_waits_until_another_is_closed(empty_database: Path, tmp_path: Path):
    settings = shipped(max_sockets_per_user=1, requests_per_minute=10**9)
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        running_browser() as browser,
        asyncio.timeout(60),
    ):
        ana = await new_visitor(browser, site.url)
        await ana.sign_up()
        other = await Visitor(await ana.page.context.new_page(), site.url, ana.words, ana.email).open()
        await expect(other.page.locator(".live")).to_have_text("Reconnecting")
        await ana.page.close()
        await other.is_live()


async def test_the_page_works_where_the_browser_keeps_nothing(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        context = await browser.new_context(locale="en-GB")
        await context.add_init_script(
            "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('', 'SecurityError') } })"
        )
        ana = await Visitor(await context.new_page(), up.url, ENGLISH).open()
        await ana.sign_up()
        await ana.button("Sign out").click()
        await ana.sign_in()
        await ana.is_live()
        assert ana.wrong == []


async def test_a_list_that_could_not_be_read_says_so_and_is_read_when_it_can_be(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")

        async def refuse(route: Route) -> None:
            await route.abort()

        # Without live updates, or the page would read the list by itself as soon as it is connected again.
        await ana.page.route_web_socket("**/graphql", lambda socket: socket.close())
        await ana.page.route("**/graphql", refuse)
        await ana.page.reload()
        await expect(ana.page.get_by_role("alert").filter(has_text="could not be read")).to_contain_text(
            "The service cannot be reached."
        )
        await ana.page.unroute("**/graphql", refuse)
        await ana.button("Try again").click()
        await ana.sees("carphone_pristine.mp4", "Ready", within=SOON)
        await expect(ana.page.get_by_role("alert").filter(has_text="could not be read")).to_have_count(0)


async def test_pictures_and_downloads_work_after_their_links_have_expired(forgetful: Up, samples: Path):
    expired: list[str] = []

    async def let_expire(route: Route) -> None:
        """Hold the first picture's request back until its link is no longer good."""
        url = route.request.url
        if not expired:
            expired.append(url)
            async with httpx.AsyncClient() as client:
                while (await client.get(url)).status_code == 200:
                    await asyncio.sleep(0.2)
        await route.continue_()

    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, forgetful.url)
        await ana.page.route("**/files/*", let_expire)
        await ana.sign_up()
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        picture = ana.line("carphone_pristine.mp4").locator("img")
        await expect(picture).to_have_js_property("complete", value=True)
        await expect(picture).not_to_have_js_property("naturalWidth", 0, timeout=SOON)
        assert await picture.evaluate("(image) => image.src") not in expired
        async with ana.page.expect_download() as download:
            await ana.button("Download ZIP", "carphone_pristine.mp4").click()
        assert (await download.value).suggested_filename == "carphone_pristine-frames.zip"
