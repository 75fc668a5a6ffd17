"""The page's list, held against a service whose every word a test can choose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Route, expect

from app.domain.video import Progress
from tests.e2e.visitor import PASSWORD, Visitor, new_visitor
from tests.parts.browser import running_browser
from tests.parts.site import MP4, Site, running_site
from tests.parts.site_fixtures import empty_database, site

__all__ = ["empty_database", "site"]


@asynccontextmanager
async def somebody(site: Site) -> AsyncIterator[tuple[Visitor, httpx.AsyncClient]]:
    """Somebody at the page, who is also elsewhere."""
    async with (
        running_browser() as browser,
        httpx.AsyncClient(base_url=site.url, timeout=30, trust_env=False) as elsewhere,
        asyncio.timeout(60),
    ):
        ana = await new_visitor(browser, site.url)
        await ana.sign_up()
        login = await elsewhere.post("/auth/login", json={"email": ana.email, "password": PASSWORD})
        elsewhere.headers["Authorization"] = f"Bearer {login.json()['access_token']}"
        yield ana, elsewhere


async def uploaded(elsewhere: httpx.AsyncClient, name: str) -> str:
    answer = await elsewhere.post("/videos/upload", files={"file": (name, MP4)})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def deleted(elsewhere: httpx.AsyncClient, video: str) -> None:
    query = "mutation($id: ID!) { deleteVideo(id: $id) { __typename } }"
    answer = await elsewhere.post("/graphql", json={"query": query, "variables": {"id": video}})
    assert answer.json()["data"]["deleteVideo"]["__typename"] == "Deleted"


async def test_what_is_older_than_what_is_known_changes_nothing(site: Site):
    async with somebody(site) as (ana, elsewhere):
        held = await site.claimed(await uploaded(elsewhere, "a.mp4"))
        moved = replace(held, version=held.version + 7, progress=Progress(70.0, 70, 100))
        await site.live.publish(moved)
        await expect(ana.line("a.mp4")).to_contain_text("70 of 100 frames")
        await site.live.publish(replace(held, version=held.version + 2, progress=Progress(80.0, 80, 100)))
        await site.live.publish(replace(moved, version=held.version + 8, progress=Progress(71.0, 71, 100)))
        await expect(ana.line("a.mp4")).to_contain_text("71 of 100 frames")


async def test_a_bar_waits_where_another_attempt_begins_anew(site: Site):
    async with somebody(site) as (ana, elsewhere):
        held = await site.claimed(await uploaded(elsewhere, "a.mp4"))
        bar = ana.line("a.mp4").get_by_role("progressbar")
        for version, percent, shown in ((1, 60.0, "60"), (2, 5.0, "60"), (3, 61.0, "61")):
            await site.live.publish(
                replace(held, version=held.version + version, progress=Progress(percent, int(percent), 100))
            )
            await expect(bar).to_have_attribute("aria-valuenow", shown)


async def test_older_ones_come_page_by_page_and_stay_after_a_new_connection(empty_database: Path, tmp_path: Path):
    async with (
        running_site(empty_database, tmp_path, max_active=200) as site,
        somebody(site) as (ana, elsewhere),
    ):
        for number in range(130):
            site.clock.advance(1)
            await site.completed(await uploaded(elsewhere, f"{number}.mp4"))
        await ana.page.reload()
        lines, older = ana.page.get_by_role("listitem"), ana.button("Show older ones")
        # The last hour's come by the subscription, at most a hundred; the rest only when it is asked for.
        await expect(lines).to_have_count(100)
        await older.click()
        await expect(lines).to_have_count(130)
        await expect(older).to_have_count(0)
        names = [f"{number}.mp4" for number in reversed(range(130))]
        assert await lines.get_by_role("heading").all_text_contents() == names
        async with ana.page.expect_websocket():
            site.cut_connections()
        await ana.is_live()
        assert await lines.get_by_role("heading").all_text_contents() == names


async def test_what_is_gone_does_not_come_back_with_an_answer_that_was_under_way(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")
        late = asyncio.Event()

        async def hold_back(route: Route) -> None:
            answer = await route.fetch()
            if "query Videos" in (route.request.post_data or ""):
                await late.wait()
            await route.fulfill(response=answer)

        await ana.page.route("**/graphql", hold_back)
        async with ana.page.expect_request("**/graphql"), ana.page.expect_websocket():
            site.cut_connections()
        await ana.is_live()
        await deleted(elsewhere, video)
        await expect(ana.line("a.mp4")).to_have_count(0)
        async with ana.page.expect_response("**/graphql"):
            late.set()
        await uploaded(elsewhere, "b.mp4")
        await ana.sees("b.mp4", "In line")
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


async def test_an_upload_whose_answer_was_lost_makes_no_second_video(site: Site, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(MP4)
    async with somebody(site) as (ana, _):
        lost: list[str] = []
        network = await ana.page.context.new_cdp_session(ana.page)

        async def lose_the_first(paused: dict[str, Any]) -> None:
            """The service has answered; the page does not hear of it."""
            request = {"requestId": paused["requestId"]}
            if lost:
                await network.send("Fetch.continueRequest", request)
            else:
                lost.append(paused["requestId"])
                await network.send("Fetch.failRequest", {**request, "errorReason": "ConnectionReset"})

        network.on("Fetch.requestPaused", lose_the_first)
        pattern = {"urlPattern": "*/graphql", "requestStage": "Response"}
        await network.send("Fetch.enable", {"patterns": [pattern]})
        await ana.choose(tmp_path / "a.mp4")
        await ana.sees("a.mp4", "Connection lost, sending again")
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)
        await ana.sees("a.mp4", "In line")
        assert len(site.storage.objects) == 1
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


@pytest.mark.parametrize("way", ["button", "drop"])
async def test_many_files_at_once_stay_in_their_order(site: Site, tmp_path: Path, way: str):
    files = [tmp_path / f"{number}.mp4" for number in range(10)]
    for file in files:
        file.write_bytes(MP4)
    async with somebody(site) as (ana, _):
        await (ana.choose if way == "button" else ana.drop)(*files)
        lines = ana.page.get_by_role("listitem")
        await expect(lines.locator("strong").get_by_text("In line")).to_have_count(10)
        assert await lines.get_by_role("heading").all_inner_texts() == [file.name for file in files]
        await expect(lines).to_have_count(10)


async def test_an_older_videos_link_is_not_lost_when_its_line_is_drawn_anew(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await site.completed(await uploaded(elsewhere, "a.mp4"))
        async with ana.page.expect_download() as download:
            await ana.button("Download ZIP", "a.mp4").click()
        assert (await download.value).suggested_filename == "a-frames.zip"
