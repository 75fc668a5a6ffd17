"""The page's list, searched, sorted and chosen from, against a service whose every word a test can choose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Locator, expect

from tests.e2e.somebody import somebody, uploaded
from tests.e2e.test_page_accessibility import check
from tests.e2e.visitor import PASSWORD, PORTUGUESE, Visitor, new_visitor
from tests.parts.browser import running_browser
from tests.parts.site import Site, running_site
from tests.parts.site_fixtures import empty_database, site

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]


async def sent(site: Site, elsewhere: httpx.AsyncClient, *names: str) -> list[str]:
    """Upload files of these names, one a second; return the ids of their processings."""
    ids = []
    for name in names:
        site.clock.advance(1)
        ids.append(await uploaded(elsewhere, name))
    return ids


def lines(ana: Visitor) -> Locator:
    return ana.page.get_by_role("listitem").get_by_role("heading")


async def shows(ana: Visitor, *names: str) -> None:
    await expect(lines(ana)).to_have_text(list(names))


def chip(ana: Visitor, word: str) -> Locator:
    return ana.page.get_by_role("group", name="States").get_by_role("button", name=word)


def box(ana: Visitor, name: str) -> Locator:
    return ana.page.get_by_role("checkbox", name=f"Choose: {name}", exact=True)


@pytest.mark.slow
async def test_a_video_is_found_by_its_name_and_the_address_keeps_what_was_searched(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await sent(site, elsewhere, "Praia de São Paulo.mp4", "montanha.mp4", "praia do norte.mp4")
        await expect(lines(ana)).to_have_count(3)
        await ana.page.get_by_role("searchbox").fill("SAO praia")
        await shows(ana, "Praia de São Paulo.mp4")
        await expect(ana.page).to_have_url(f"{site.url}/?q=SAO+praia")
        await ana.page.reload()
        await ana.is_live()
        await shows(ana, "Praia de São Paulo.mp4")
        await expect(ana.page.get_by_role("searchbox")).to_have_value("SAO praia")
        await ana.page.get_by_role("searchbox").fill("praia")
        await ana.page.get_by_label("Order").select_option("By name")
        await shows(ana, "Praia de São Paulo.mp4", "praia do norte.mp4")
        await ana.page.go_back()
        await expect(ana.page.get_by_label("Order")).to_have_value("newest")
        await shows(ana, "praia do norte.mp4", "Praia de São Paulo.mp4")
        await ana.page.get_by_role("searchbox").fill("nothing such")
        await expect(ana.page.get_by_text("No video fits.")).to_be_visible()
        await ana.button("Show all videos").click()
        await expect(lines(ana)).to_have_count(3)
        await expect(ana.page).to_have_url(f"{site.url}/")
        assert ana.wrong == []


@pytest.mark.slow
async def test_a_filtered_list_follows_what_happens_and_so_do_its_counts(site: Site):
    async with somebody(site) as (ana, elsewhere):
        first, second = await sent(site, elsewhere, "a.mp4", "b.mp4")
        await chip(ana, "In line").click()
        await expect(chip(ana, "In line")).to_have_attribute("aria-pressed", "true")
        await shows(ana, "b.mp4", "a.mp4")
        await expect(chip(ana, "In line")).to_contain_text("2")
        await site.completed(first)
        await shows(ana, "b.mp4")
        await expect(chip(ana, "Ready")).to_contain_text("1")
        await expect(chip(ana, "In line")).to_contain_text("1")
        await sent(site, elsewhere, "c.mp4")
        await shows(ana, "c.mp4", "b.mp4")
        await chip(ana, "Ready").click()
        await chip(ana, "In line").click()
        await shows(ana, "a.mp4")
        await site.completed(second)
        await shows(ana, "b.mp4", "a.mp4")
        await expect(chip(ana, "All")).to_contain_text("3")


@pytest.mark.slow
async def test_many_are_chosen_by_mouse_and_keyboard_and_deleted_together(site: Site):
    async with somebody(site) as (ana, elsewhere):
        ids = await sent(site, elsewhere, *(f"{number}.mp4" for number in range(6)))
        await site.completed(ids[5])
        await expect(lines(ana)).to_have_count(6)
        await ana.sees("5.mp4", "Ready")
        bar = ana.page.locator(".chosen")
        await box(ana, "5.mp4").click()
        await box(ana, "3.mp4").click(modifiers=["Shift"])
        await expect(bar).to_contain_text("3 chosen")
        await ana.page.keyboard.press("Shift+ArrowDown")
        await expect(box(ana, "2.mp4")).to_be_focused()
        await expect(bar).to_contain_text("4 chosen")
        await check(ana, "four are chosen")
        await ana.page.keyboard.press("Escape")
        await expect(bar).to_have_count(0)
        await box(ana, "5.mp4").click()
        await box(ana, "4.mp4").click()
        await bar.get_by_role("button", name="Cancel 1").click()
        await ana.sees("4.mp4", "Canceled")
        await bar.get_by_role("button", name="Delete 2").click()
        await expect(lines(ana)).to_have_count(4)
        await bar.get_by_role("button", name="Undo").click()
        await expect(lines(ana)).to_have_count(6)
        await ana.page.get_by_role("checkbox", name="Choose all that are shown").check()
        await bar.get_by_role("button", name="Delete 6").click()
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "DeleteVideos")):
            pass  # After the time in which it can be undone.
        await expect(lines(ana)).to_have_count(0)
        assert (await elsewhere.get("/videos")).json()["items"] == []
        assert ana.wrong == []


@pytest.mark.slow
async def test_all_zips_that_are_chosen_are_saved_one_after_the_other(site: Site):
    async with somebody(site) as (ana, elsewhere):
        for video in await sent(site, elsewhere, "a.mp4", "b.mp4"):
            await site.completed(video)
        await ana.sees("b.mp4", "Ready")
        await ana.sees("a.mp4", "Ready")
        saved: list[str] = []
        ana.page.on("download", lambda download: saved.append(download.suggested_filename))
        await ana.page.get_by_role("checkbox", name="Choose all that are shown").check()
        await ana.button("Download 2 ZIPs").click()
        while len(saved) < 2:
            await asyncio.sleep(0.05)
        assert sorted(saved) == ["a-frames.zip", "b-frames.zip"]


@pytest.mark.slow
async def test_runs_of_one_file_are_one_line_until_they_are_asked_for(site: Site):
    async with somebody(site) as (ana, elsewhere):
        [first] = await sent(site, elsewhere, "a.mp4")
        await site.failed(first)
        site.clock.advance(1)
        query = "mutation($id: ID!) { reprocessVideo(id: $id) { __typename } }"
        await elsewhere.post("/graphql", json={"query": query, "variables": {"id": first}})
        runs = ana.button("1 more run of this file", "a.mp4")
        await expect(runs).to_be_visible()
        await expect(lines(ana)).to_have_count(1)
        await runs.click()
        await expect(lines(ana)).to_have_count(2)
        await expect(ana.page.get_by_role("listitem").nth(1)).to_contain_text("Failed")
        await check(ana, "runs of one file")


@asynccontextmanager
async def long_list(database: Path, folder: Path, count: int) -> AsyncIterator[tuple[Site, Visitor]]:
    """Somebody on a phone, who has many videos that ended long ago."""
    async with (
        running_site(database, folder, max_active=2 * count) as site,
        running_browser() as browser,
        site.client(timeout=30) as elsewhere,
        asyncio.timeout(120),
    ):
        ana = await new_visitor(browser, site.url, PORTUGUESE, viewport={"width": 360, "height": 740})
        await ana.sign_up()
        login = await elsewhere.post("/auth/login", json={"email": ana.email, "password": PASSWORD})
        elsewhere.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        for video in await sent(site, elsewhere, *(f"{number:03}.mp4" for number in range(count))):
            await site.completed(video)
        site.clock.advance(7200)
        yield site, ana


@pytest.mark.slow
async def test_more_is_read_at_the_end_of_the_list_and_a_reload_leads_back_there(empty_database: Path, tmp_path: Path):
    async with long_list(empty_database, tmp_path, 170) as (_, ana):
        await ana.page.reload()
        await ana.is_live()
        await expect(lines(ana)).to_have_count(50)
        await check(ana, "a phone")
        last = lines(ana).get_by_text("010.mp4")
        while not await last.count():
            await ana.page.mouse.wheel(0, 3000)
            await asyncio.sleep(0.05)
        await last.scroll_into_view_if_needed()
        await ana.page.wait_for_function(
            """() => {
                const top = document.elementsFromPoint(innerWidth / 2, 12).find((one) => one.matches(".row"));
                return top && history.state?.position?.key === top.dataset.key;
            }"""
        )
        await ana.page.reload()
        await ana.is_live()
        await expect(last).to_be_in_viewport()
