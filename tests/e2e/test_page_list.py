"""The page's list, held against a service whose every word a test can choose."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from app.domain.video import Progress
from tests.e2e.somebody import somebody, uploaded
from tests.e2e.visitor import PASSWORD, Visitor
from tests.parts.site import MP4, Site, running_site
from tests.parts.site_fixtures import empty_database, site

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]


async def deleted(elsewhere: httpx.AsyncClient, video: str) -> None:
    query = "mutation($id: ID!) { deleteVideo(id: $id) { __typename } }"
    answer = await elsewhere.post("/graphql", json={"query": query, "variables": {"id": video}})
    assert answer.json()["data"]["deleteVideo"]["__typename"] == "Deleted"


class LateList:
    """The list as it was read, held back on its way to the page."""

    def __init__(self) -> None:
        self._read, self._let_go = asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        answer = await route.fetch()
        if Visitor.asks(route.request, "Videos"):
            self._read.set()
            await self._let_go.wait()
        await route.fulfill(response=answer)

    async def read_again(self, ana: Visitor, site: Site) -> None:
        """Break the connection, after which the page reads its list."""
        await ana.page.route("**/graphql", self)
        site.cut_connections()
        await self._read.wait()
        await ana.is_live()

    async def arrive(self, ana: Visitor, elsewhere: httpx.AsyncClient) -> None:
        """Let go; what comes after it is there when this ends."""
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "Videos")):
            self._let_go.set()
        await uploaded(elsewhere, "after.mp4")
        await ana.sees("after.mp4", "In line")


async def test_an_older_snapshot_of_a_video_does_not_replace_a_newer_one(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")
        late = LateList()
        await late.read_again(ana, site)
        await site.claimed(video)
        await ana.sees("a.mp4", "Processing")
        await late.arrive(ana, elsewhere)
        await ana.sees("a.mp4", "Processing")


async def test_a_deleted_video_does_not_reappear_with_a_late_answer(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")
        late = LateList()
        await late.read_again(ana, site)
        await deleted(elsewhere, video)
        await expect(ana.line("a.mp4")).to_have_count(0)
        await late.arrive(ana, elsewhere)
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


async def test_a_bar_waits_where_another_attempt_begins_anew(site: Site):
    async with somebody(site) as (ana, elsewhere):
        heard: list[str] = []
        ana.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: heard.append(str(frame))))
        await ana.page.reload()
        await ana.is_live()
        held = await site.claimed(await uploaded(elsewhere, "a.mp4"))
        bar = ana.line("a.mp4").get_by_role("progressbar")
        for version, percent, shown in ((1, 60.0, "60"), (2, 5.0, "60"), (3, 61.0, "61")):
            moved = replace(held, version=held.version + version, progress=Progress(percent, int(percent), 100))
            await site.live.publish(moved)
            while not any(f'"percent":{percent}' in frame for frame in heard):
                await asyncio.sleep(0.05)
            # Events come in order: when this one is there, the one before it was.
            await uploaded(elsewhere, f"then-{version}.mp4")
            await ana.sees(f"then-{version}.mp4", "In line")
            await expect(bar).to_have_attribute("aria-valuenow", shown)


async def test_files_waiting_to_be_sent_survive_a_new_sign_in(site: Site, tmp_path: Path):
    files = [tmp_path / f"{number}.mp4" for number in range(4)]
    for file in files:
        file.write_bytes(MP4)
    async with somebody(site) as (ana, elsewhere):
        site.storage.flows.clear()
        await ana.choose(*files)
        waiting = ana.page.locator(".row").filter(has_text="Waiting to upload")
        in_line = ana.page.locator(".row").filter(has_text="In line")
        await expect(waiting).to_have_count(1)
        query = "mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) { __typename } }"
        new = "another long password"
        await elsewhere.post("/graphql", json={"query": query, "variables": {"c": PASSWORD, "n": new}})
        dialog = ana.page.get_by_role("dialog")
        await expect(dialog).to_contain_text("Your session has ended")
        site.storage.flows.set()
        await expect(in_line).to_have_count(3)
        await expect(waiting).to_have_count(1)
        await dialog.get_by_label("Password").fill(new)
        await dialog.get_by_role("button", name="Sign in").click()
        await expect(in_line).to_have_count(4)


async def test_older_ones_come_page_by_page_and_stay_after_a_new_connection(empty_database: Path, tmp_path: Path):
    async with (
        running_site(empty_database, tmp_path, max_active=200) as site,
        somebody(site) as (ana, elsewhere),
    ):
        for number in range(104):
            site.clock.advance(1)
            await site.completed(await uploaded(elsewhere, f"{number}.mp4"))
        await ana.page.reload()
        lines, older = ana.page.get_by_role("listitem"), ana.button("Show older ones")
        # The last hour's come by the subscription, at most a hundred; the rest only when it is asked for.
        await expect(lines).to_have_count(100)
        await older.click()
        await expect(lines).to_have_count(104)
        await expect(older).to_have_count(0)
        names = [f"{number}.mp4" for number in reversed(range(104))]
        assert await lines.get_by_role("heading").all_text_contents() == names
        async with ana.page.expect_websocket():
            site.cut_connections()
        await ana.is_live()
        assert await lines.get_by_role("heading").all_text_contents() == names


async def test_an_upload_whose_answer_was_lost_makes_no_second_video(site: Site, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(MP4)
    async with somebody(site) as (ana, _):
        lost: list[str] = []
        network = await ana.page.context.new_cdp_session(ana.page)

        async def lose_the_first(paused: dict[str, Any]) -> None:
            """The service has answered; the page does not hear of it."""
            request = {"requestId": paused["requestId"]}
            headers = {name.lower(): value for name, value in paused["request"]["headers"].items()}
            if lost or not headers.get("content-type", "").startswith("multipart/"):
                await network.send("Fetch.continueRequest", request)
            else:
                lost.append(paused["requestId"])
                await network.send("Fetch.failRequest", {**request, "errorReason": "ConnectionReset"})

        network.on("Fetch.requestPaused", lose_the_first)
        pattern = {"urlPattern": "*/graphql", "requestStage": "Response"}
        await network.send("Fetch.enable", {"patterns": [pattern]})
        await ana.choose(tmp_path / "a.mp4")
        await ana.sees("a.mp4", "Interrupted, sending again")
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


async def test_files_refused_by_a_limit_are_all_tried_again(empty_database: Path, tmp_path: Path):
    files = [tmp_path / f"{number}.mp4" for number in range(3)]
    for file in files:
        file.write_bytes(MP4)
    async with (
        running_site(empty_database, tmp_path, max_active=1) as site,
        somebody(site) as (ana, elsewhere),
    ):
        await ana.choose(*files)
        lines = ana.page.get_by_role("listitem")
        in_line, not_sent = lines.filter(has_text="In line"), lines.filter(has_text="as many unfinished videos as")
        for left in (2, 1, 0):
            await expect(not_sent).to_have_count(left)
            await expect(in_line).to_have_count(1)
            videos = (await elsewhere.get("/videos")).json()["items"]
            [video] = [video["id"] for video in videos if video["status"] == "Pending"]
            await site.completed(video)
            await expect(in_line).to_have_count(0)
            if left > 1:
                await ana.button("Try all 2 again").click()
            elif left:
                await not_sent.get_by_role("button", name="Try again").click()
        await expect(lines.filter(has_text="Ready")).to_have_count(3)


async def test_a_file_name_is_shown_as_text_whatever_is_in_it(site: Site):
    name = "<img src=x onerror=alert(1)> & \u202e4pm.mp4"
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, name)
        heading = ana.page.get_by_role("listitem").get_by_role("heading")
        await expect(heading).to_contain_text("<img src=x onerror=alert(1)> & ")
        assert await heading.locator("*").count() == 0
        assert ana.wrong == []


async def test_a_browser_notification_tells_a_user_elsewhere_that_frames_are_ready(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await ana.page.context.grant_permissions(["notifications"])
        # The system's part: a page that nobody sees, and what it would show.
        await ana.page.add_init_script(
            """Object.defineProperty(document, "visibilityState", { get: () => "hidden" });
               window.shown = [];
               window.Notification = class {
                 static permission = "granted";
                 constructor(title, options) { window.shown.push(`${title}: ${options.body}`); }
               };"""
        )
        await ana.page.reload()
        await ana.is_live()
        ready, failed = await uploaded(elsewhere, "a.mp4"), await uploaded(elsewhere, "b.mp4")
        await ana.sees("b.mp4", "In line")
        await site.completed(ready)
        await ana.sees("a.mp4", "Ready")
        await site.failed(failed)
        await ana.sees("b.mp4", "Failed")
        assert await ana.page.evaluate("window.shown") == ["Your frames are ready: a.mp4", "A video failed: b.mp4"]


async def test_a_connection_that_died_without_a_word_is_noticed(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        opened, dead = 0, False

        def connected(near: WebSocketRoute) -> None:
            nonlocal opened
            opened += 1
            mine, far = opened, near.connect_to_server()
            near.on_message(lambda message: None if dead and mine == 1 else far.send(message))
            far.on_message(lambda message: None if dead and mine == 1 else near.send(message))

        await ana.page.route_web_socket("**/graphql", connected)
        await ana.page.reload()
        await ana.is_live()
        await ana.sees("a.mp4", "In line")
        dead = True
        await deleted(elsewhere, video)
        await expect(ana.line("a.mp4")).to_have_count(0, timeout=30_000)
        await ana.is_live()
        assert opened == 2
