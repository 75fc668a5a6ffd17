"""What the page says is so: no line that is gone, no line of somebody else, no sentence that has ceased to be true."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Route, expect

from app.domain.retention import Retention
from app.domain.video import VideoId
from app.usecases.expire_videos import ExpireVideos
from tests.e2e.held import Held, held
from tests.e2e.somebody import files_in, is_multipart, somebody, uploaded
from tests.e2e.visitor import SOON, Visitor
from tests.parts.site import MP4, Site, running_site
from tests.parts.site_fixtures import empty_database, site

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]


async def next_user(ana: Visitor, site: Site) -> tuple[Visitor, Held]:
    """Somebody who signs in at the same page, and whose own list is not there yet."""
    bob = Visitor(ana.page, site.url, ana.words)
    own = await held(bob, "Videos")
    await bob.sign_up("Bob Lima")
    await own.is_here()
    return bob, own


async def test_a_new_connection_drops_what_was_deleted_of_a_large_drop_and_nothing_else(
    empty_database: Path, tmp_path: Path
):
    async with (
        running_site(empty_database, tmp_path, max_active=200) as site,
        somebody(site) as (ana, elsewhere),
    ):
        # Of one drop, every video is a second younger than the one before.
        ana.page.on("request", lambda sent: site.clock.advance(1) if is_multipart(sent) else None)
        await ana.choose(*files_in(tmp_path, 60))
        lines = ana.page.get_by_role("listitem")
        await expect(lines.filter(has_text="In line")).to_have_count(60, timeout=SOON)
        newest = (await elsewhere.get("/videos")).json()["items"][0]
        await site.transactions.write(lambda t: t.videos.remove(VideoId(newest["id"])))
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "Videos")):
            site.cut_connections()
        await expect(lines).to_have_count(59)
        await ana.is_live()
        await elsewhere.post("/videos/upload", files={"file": ("after.mp4", MP4)})
        await ana.sees("after.mp4", "In line")
        await expect(lines).to_have_count(60)


@pytest.mark.parametrize("arrives", ["before the next user", "after the next user"])
async def test_a_list_that_arrives_late_is_not_the_next_users(site: Site, arrives: str):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        hers = await held(ana, "Videos")
        await ana.page.reload()
        await hers.is_here()
        await ana.button("Sign out").click()
        await expect(ana.button("Sign in")).to_be_visible()
        if arrives == "before the next user":
            hers.let_go.set()
            await hers.over.wait()
        _, own = await next_user(ana, site)
        hers.let_go.set()
        await hers.over.wait()
        await expect(ana.page.get_by_text("Reading your list")).to_be_visible()
        own.let_go.set()
        await expect(ana.page.get_by_text("No film at hand?")).to_be_visible()
        await expect(ana.page.get_by_role("listitem")).to_have_count(0)


@pytest.mark.parametrize(("action", "operation"), [("Cancel", "CancelVideo"), ("Try again", "ReprocessVideo")])
async def test_a_video_that_arrives_late_is_not_in_the_next_users_list(site: Site, action: str, operation: str):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        if action == "Try again":
            await ana.button("Cancel", "a.mp4").click()
            await ana.sees("a.mp4", "Canceled")
        late = await held(ana, operation)
        await ana.button(action, "a.mp4").click()
        await late.is_here()
        await ana.button("Sign out").click()
        await expect(ana.button("Sign in")).to_be_visible()
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, operation)):
            late.let_go.set()
        await next_user(ana, site)
        await expect(ana.page.get_by_text("Reading your list")).to_be_visible()
        await expect(ana.page.get_by_role("listitem")).to_have_count(0)


async def test_a_list_asked_for_before_a_connection_broke_does_not_answer_for_the_one_after_it(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")
        late = await held(ana, "Videos")
        site.cut_connections()
        await late.is_here()
        await ana.is_live()
        await site.transactions.write(lambda t: t.videos.remove(VideoId(video)))
        async with ana.page.expect_websocket():
            site.cut_connections()
        await ana.is_live()
        late.let_go.set()
        await expect(ana.line("a.mp4")).to_have_count(0)


@pytest.mark.parametrize("where", ["list", "account"])
async def test_a_download_leaves_the_page_and_its_uploads_alone(site: Site, tmp_path: Path, where: str):
    async with somebody(site) as (ana, elsewhere):
        await site.completed(await uploaded(elsewhere, "a.mp4"))
        await ana.sees("a.mp4", "Ready")
        asked: list[str] = []

        async def stay(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.dismiss()

        ana.page.on("dialog", stay)
        await ana.slowly(2000)
        (tmp_path / "b.mp4").write_bytes(MP4 * 100)
        await ana.choose(tmp_path / "b.mp4")
        await ana.sees("b.mp4", "Uploading")
        if where == "account":
            await ana.page.locator("button.who").click()
        async with ana.page.expect_download() as download:
            await ana.page.get_by_role("button", name="Download ZIP" if where == "list" else "Take your data").click()
        name = (await download.value).suggested_filename
        assert name == "a-frames.zip" if where == "list" else name.endswith(".json")
        await ana.sees("b.mp4", "Uploading")
        assert asked == []


async def test_a_download_that_fails_does_not_take_the_pages_place(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await site.completed(await uploaded(elsewhere, "a.mp4"))
        await ana.sees("a.mp4", "Ready")
        site.storage.objects = {key: one for key, one in site.storage.objects.items() if not key.endswith(".zip")}
        async with ana.page.expect_download() as download:
            await ana.button("Download ZIP", "a.mp4").click()
        assert await (await download.value).failure() is not None
        await ana.sees("a.mp4", "Ready")
        assert ana.page.url == f"{site.url}/"


async def test_a_download_that_fails_at_a_storage_elsewhere_does_not_take_the_pages_place(site: Site):
    async def elsewhere_stored(route: Route) -> None:
        if not Visitor.asks(route.request, "Links"):
            await route.fallback()
            return
        answer = await route.fetch()
        told = await answer.json()
        result = told["data"]["video"]["result"]
        result["downloadUrl"] = site.url.replace("127.0.0.1", "localhost") + "/files/expired"
        await route.fulfill(response=answer, json=told)

    async with somebody(site) as (ana, elsewhere):
        await ana.page.route("**/graphql", elsewhere_stored)
        await site.completed(await uploaded(elsewhere, "a.mp4"))
        await ana.sees("a.mp4", "Ready")
        async with ana.page.context.expect_event(
            "response", lambda answer: answer.url.endswith("/files/expired")
        ) as answer:
            await ana.button("Download ZIP", "a.mp4").click()
        assert (await answer.value).status == 404
        await ana.sees("a.mp4", "Ready")
        assert ana.page.url == f"{site.url}/"


async def test_a_deletion_that_is_under_way_cannot_be_undone_and_says_so_when_it_fails(site: Site):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")
        sent, fails = asyncio.Event(), asyncio.Event()

        async def fail(route: Route) -> None:
            if not ana.asks(route.request, "DeleteVideo"):
                await route.fallback()
                return
            sent.set()
            await fails.wait()
            await route.abort()

        await ana.page.route("**/graphql", fail)
        await ana.button("Delete", "a.mp4").click()
        await sent.wait()
        undo = ana.button("Undo", "a.mp4")
        await expect(undo).to_be_disabled()
        await undo.dispatch_event("click")
        await expect(ana.page.locator(".row.removed")).to_have_count(1)
        fails.set()
        await ana.sees("a.mp4", "In line")
        await expect(ana.line("a.mp4")).to_contain_text("The service cannot be reached.")
        await expect(ana.page.get_by_role("status").last).to_contain_text("a.mp4: The service cannot be reached.")


async def test_an_error_message_is_gone_after_the_next_success(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")
        tries = 0

        async def fail_once(route: Route) -> None:
            nonlocal tries
            if not ana.asks(route.request, "CancelVideo"):
                await route.fallback()
                return
            tries += 1
            if tries == 1:
                await route.abort()
            elif tries == 2:
                await expect(line).not_to_contain_text("The service cannot be reached.")
                # Meanwhile a worker was faster.
                await site.completed(video)
                await ana.sees("a.mp4", "Ready")
                await route.continue_()

        line = ana.line("a.mp4")
        await ana.page.route("**/graphql", fail_once)
        await ana.button("Cancel", "a.mp4").click()
        await expect(line).to_contain_text("The service cannot be reached.")
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "CancelVideo")) as told:
            await ana.button("Cancel", "a.mp4").click()
        await (await told.value).finished()
        await uploaded(elsewhere, "after.mp4")
        await ana.sees("after.mp4", "In line")
        await expect(line.locator(".problem")).to_have_count(0)


async def test_a_new_state_replaces_the_old_message(site: Site):
    async with somebody(site) as (ana, elsewhere):
        video = await uploaded(elsewhere, "a.mp4")
        await ana.sees("a.mp4", "In line")

        async def fail(route: Route) -> None:
            await (route.abort() if ana.asks(route.request, "CancelVideo") else route.fallback())

        await ana.page.route("**/graphql", fail)
        await ana.button("Cancel", "a.mp4").click()
        await expect(ana.line("a.mp4")).to_contain_text("The service cannot be reached.")
        await site.completed(video)
        await ana.sees("a.mp4", "Ready")
        await expect(ana.line("a.mp4").locator(".problem")).to_have_count(0)


async def test_a_video_whose_files_are_no_longer_kept_says_so_and_offers_nothing_of_them(
    empty_database: Path, tmp_path: Path
):
    month = 30 * 24 * 3600
    async with (
        running_site(empty_database, tmp_path, retention=Retention(days=30), session_seconds=3 * month) as site,
        somebody(site) as (ana, elsewhere),
    ):
        video = await uploaded(elsewhere, "a.mp4")
        await site.completed(video)
        await ana.sees("a.mp4", "Ready")
        await ana.looks_inside("a.mp4")
        await ana.page.get_by_text("What was done").click()
        await expect(ana.page.get_by_text("Kept until")).to_be_visible()
        await ana.goes_back()
        await expect(ana.button("Download ZIP", "a.mp4")).to_be_visible()
        site.clock.advance(month)
        expire = ExpireVideos(site.transactions, site.queue, site.live, site.clock, site.retention)
        assert await expire() == 1
        await expect(ana.page.get_by_text("Its files are no longer kept.")).to_be_visible()
        await expect(ana.button("Download ZIP", "a.mp4")).to_have_count(0)
        await ana.looks_inside("a.mp4")
        await ana.page.get_by_text("What was done").click()
        await expect(ana.page.get_by_text("No longer kept since")).to_be_visible()
        await expect(ana.page.get_by_text("Process again with other options")).to_have_count(0)
