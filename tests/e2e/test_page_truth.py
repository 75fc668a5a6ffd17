"""What the page says is so: no line that is gone, no line of somebody else, no sentence that has ceased to be true."""

import asyncio
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Error, Locator, Route, expect

from app.domain.video import VideoId
from app.http.policy import Policy
from app.usecases.ports import Attempt
from tests.e2e.test_page_list import somebody, uploaded
from tests.e2e.visitor import Visitor
from tests.parts.site import MP4, Site, running_site
from tests.parts.site_fixtures import empty_database, site

__all__ = ["empty_database", "site"]


class Held:
    """The answers to one operation, held back on their way to the page."""

    def __init__(self, operation: str) -> None:
        self._operation = operation
        self.made, self.let_go, self.over = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, route: Route) -> None:
        if not Visitor.asks(route.request, self._operation):
            await route.fallback()
            return
        answer = await route.fetch()
        self.made.set()
        await self.let_go.wait()
        with suppress(Error):  # The page does not wait for it any more.
            await route.fulfill(response=answer)
        self.over.set()


async def held(visitor: Visitor, operation: str) -> Held:
    answers = Held(operation)
    await visitor.page.route("**/graphql", answers)
    return answers


async def next_user(ana: Visitor, site: Site) -> tuple[Visitor, Held]:
    """Somebody who signs in at the same page, and whose own list is not there yet."""
    bob = Visitor(ana.page, site.url, ana.words)
    own = await held(bob, "Videos")
    await bob.sign_up("Bob Lima")
    await own.made.wait()
    return bob, own


def files_in(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.mp4" for number in range(count)]
    for file in files:
        file.write_bytes(MP4)
    return files


async def test_a_new_connection_drops_what_was_deleted_of_a_large_drop_and_nothing_else(
    empty_database: Path, tmp_path: Path
):
    async with (
        running_site(empty_database, tmp_path, max_active=200) as site,
        somebody(site) as (ana, elsewhere),
    ):
        # Of one drop, every video is a second younger than the one before.
        ana.page.on("request", lambda _: site.clock.advance(1))
        await ana.choose(*files_in(tmp_path, 60))
        lines = ana.page.get_by_role("listitem")
        await expect(lines.filter(has_text="In line")).to_have_count(60)
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
        await hers.made.wait()
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
        await expect(ana.page.get_by_text("No videos yet.")).to_be_visible()
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
        await late.made.wait()
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
        await late.made.wait()
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
        result["downloadUrl"] = site.url.replace("127.0.0.1", "localhost") + "/files/lapsed"
        await route.fulfill(response=answer, json=told)

    async with somebody(site) as (ana, elsewhere):
        await ana.page.route("**/graphql", elsewhere_stored)
        await site.completed(await uploaded(elsewhere, "a.mp4"))
        await ana.sees("a.mp4", "Ready")
        async with ana.page.context.expect_event(
            "response", lambda answer: answer.url.endswith("/files/lapsed")
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


async def test_what_went_wrong_once_is_not_said_of_what_went_well_afterwards(site: Site):
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


async def test_a_new_state_takes_the_old_sentence_away(site: Site):
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


async def twice(button: Locator) -> None:
    """Press a button again before there is an answer to the first press."""
    await button.evaluate("(button) => { button.click(); button.click(); }")


def asked_for(visitor: Visitor, operation: str) -> list[str]:
    """Collect, from now on, each time that the page asks for something."""
    asked: list[str] = []
    visitor.page.on("request", lambda sent: asked.append(operation) if visitor.asks(sent, operation) else None)
    return asked


@pytest.mark.parametrize("where", ["line", "details"])
async def test_whoever_presses_twice_has_a_video_processed_again_once(site: Site, where: str):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        await ana.button("Cancel", "a.mp4").click()
        await ana.sees("a.mp4", "Canceled")
        again = ana.button("Try again", "a.mp4")
        if where == "details":
            await ana.button("Look inside", "a.mp4").click()
            again = ana.page.get_by_role("dialog").get_by_role("button", name="Process again")
        answer = await held(ana, "ReprocessVideo")
        asked = asked_for(ana, "ReprocessVideo")
        await twice(again)
        await answer.made.wait()
        await expect(again).to_be_disabled()
        await again.dispatch_event("click")
        answer.let_go.set()
        await expect(ana.page.get_by_role("listitem")).to_have_count(2)
        await uploaded(elsewhere, "after.mp4")
        await ana.sees("after.mp4", "In line")
        assert len(asked) == 1
        await expect(ana.page.get_by_role("listitem")).to_have_count(3)


@pytest.mark.parametrize(
    ("word", "operation"),
    [
        ("Take your data with you", "ExportMyData"),
        ("Save", "UpdateNotificationSettings"),
        ("Send a test", "SendTestWebhook"),
        ("New key", "RotateWebhookSecret"),
        ("Delete your account", "DeleteAccount"),
    ],
)
async def test_what_is_under_way_in_the_account_is_not_begun_again(site: Site, word: str, operation: str):
    async with somebody(site) as (ana, _):
        ana.page.on("dialog", lambda dialog: dialog.accept())
        await ana.page.locator("button.who").click()
        await ana.page.get_by_label("Webhook").fill("https://example.com/in")
        await ana.page.get_by_role("dialog").get_by_label("Password").fill("not the password")
        if word != "Save":
            await ana.button("Save").click()
            await expect(ana.button("New key")).to_be_visible()
            await expect(ana.button("Save")).to_be_enabled()
        answer = await held(ana, operation)
        asked = asked_for(ana, operation)
        await twice(ana.button(word))
        await answer.made.wait()
        await expect(ana.button(word)).to_be_disabled()
        await ana.button(word).dispatch_event("click")
        answer.let_go.set()
        await expect(ana.button(word)).to_be_enabled()
        assert len(asked) == 1


async def test_whoever_asks_for_a_link_too_often_is_told_when_to_ask_again(site: Site):
    site.limits.allowed = {Attempt.RESET_BY_ACCOUNT: 1}
    async with somebody(site) as (ana, _):
        await ana.button("Sign out").click()
        await ana.page.get_by_role("link", name="Forgot your password?").click()
        await ana.page.get_by_label("E-mail").fill(ana.email)
        await ana.button("Send the link").click()
        await expect(ana.page.get_by_text("a link is on its way")).to_be_visible()
        await ana.button("Send the link").click()
        await expect(ana.page.get_by_role("alert")).to_have_text("Too many tries. Try again in 1 min.")
        await expect(ana.page.get_by_text("a link is on its way")).to_have_count(0)


async def test_an_address_that_only_the_browser_takes_for_one_is_said_to_be_none(site: Site):
    async with somebody(site) as (ana, _):
        await ana.button("Sign out").click()
        await ana.page.get_by_role("link", name="Forgot your password?").click()
        email = ana.page.get_by_label("E-mail")
        await email.fill("ana@example")
        await ana.button("Send the link").click()
        await expect(ana.page.get_by_role("alert")).to_have_text("This is no e-mail address.")
        await expect(email).to_have_attribute("aria-invalid", "true")


async def test_an_upload_that_came_too_soon_is_sent_again_when_it_may_be(empty_database: Path, tmp_path: Path):
    policy = Policy(requests_per_minute=30)
    async with (
        running_site(empty_database, tmp_path, policy=policy) as site,
        somebody(site) as (ana, elsewhere),
    ):
        await expect(ana.page.get_by_text("No videos yet.")).to_be_visible()
        while (await elsewhere.get("/videos")).status_code != 429:
            pass
        async with ana.page.expect_response(lambda answer: answer.status == 429):
            await ana.choose(*files_in(tmp_path, 1))
        await ana.sees("0.mp4", "In line")


async def test_a_log_that_is_not_there_is_not_said_to_be_empty(site: Site):
    async with somebody(site) as (ana, _):
        log = await held(ana, "NotificationDeliveries")
        await ana.page.locator("button.who").click()
        await log.made.wait()
        await expect(ana.page.get_by_label("Webhook")).to_be_visible()
        nothing = ana.page.get_by_text("Nothing yet.")
        await expect(nothing).to_have_count(0)
        log.let_go.set()
        await expect(nothing).to_be_visible()
        await ana.button("Close").click()

        async def fail(route: Route) -> None:
            await (route.abort() if ana.asks(route.request, "NotificationDeliveries") else route.fallback())

        await ana.page.route("**/graphql", fail)
        await ana.page.locator("button.who").click()
        await expect(ana.page.get_by_role("alert").filter(has_text="cannot be reached")).to_have_count(1)
        await expect(nothing).to_have_count(0)


@pytest.mark.parametrize("first", ["works late", "fails late", "fails early"])
async def test_two_quick_changes_leave_each_other_alone(site: Site, first: str):
    async with somebody(site) as (ana, _):
        on_failure = ana.page.get_by_label("A mail when a video fails")
        on_completion = ana.page.get_by_label("A mail when the frames")
        sent, ends = (asyncio.Event(), asyncio.Event()), (asyncio.Event(), asyncio.Event())

        async def one_by_one(route: Route) -> None:
            if not ana.asks(route.request, "UpdateNotificationSettings"):
                await route.fallback()
                return
            number = 1 if sent[0].is_set() else 0
            answer = await route.fetch()
            sent[number].set()
            await ends[number].wait()
            await (route.abort() if number == 0 and "fails" in first else route.fulfill(response=answer))

        await ana.page.route("**/graphql", one_by_one)
        await ana.page.locator("button.who").click()
        await expect(on_failure).to_be_checked()
        await on_failure.uncheck()
        await sent[0].wait()
        await on_completion.check()
        await sent[1].wait()
        for end in ends if "early" in first else reversed(ends):
            over = "requestfailed" if end is ends[0] and "fails" in first else "requestfinished"
            async with ana.page.expect_event(over, lambda asked: ana.asks(asked, "UpdateNotificationSettings")):
                end.set()
            # What the page hears after it has heard of that.
            await ana.page.evaluate("fetch('/livez').then((answer) => answer.text())")
        await expect(on_failure).to_be_checked(checked="fails" in first)
        await expect(on_completion).to_be_checked()
        await expect(ana.page.get_by_text("cannot be reached")).to_have_count(1 if "fails" in first else 0)


async def test_a_file_that_is_sent_again_is_counted_from_its_beginning(site: Site, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(MP4 * 100)
    async with somebody(site) as (ana, _):
        site.storage.flows.clear()
        await ana.choose(tmp_path / "a.mp4")
        line = ana.line("a.mp4")
        bar = line.get_by_role("progressbar")
        await expect(bar).to_have_attribute("aria-valuenow", "100")
        await ana.slowly(20_000)
        site.cut_connections()
        await ana.sees("a.mp4", "Connection lost, sending again")
        try:
            await expect(line).to_contain_text("0 % · 0.0 / 206.0 kB")
            await expect(bar).to_have_attribute("aria-valuenow", "100")
        finally:
            site.storage.flows.set()


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.44, "0.4 sec"), (7.4, "0:07"), (59.6, "1:00"), (61, "1:01"), (3723, "1:02:03")]
)
async def test_a_video_lasts_as_long_as_it_lasts(site: Site, seconds: float, shown: str):
    async def lasting(route: Route) -> None:
        if not Visitor.asks(route.request, "Details"):
            await route.fallback()
            return
        answer = await route.fetch()
        told = await answer.json()
        told["data"]["video"]["media"] = {
            "durationSeconds": seconds,
            "width": 640,
            "height": 272,
            "codec": "h264",
            "framesPerSecond": 25,
        }
        await route.fulfill(response=answer, json=told)

    async with somebody(site) as (ana, elsewhere):
        await ana.page.route("**/graphql", lasting)
        await site.completed(await uploaded(elsewhere, "a.mp4"))
        await ana.button("Look inside", "a.mp4").click()
        duration = ana.page.get_by_role("dialog").locator("dl div").filter(has_text="Duration").locator("dd")
        await expect(duration).to_have_text(shown)


async def test_what_cannot_be_read_does_not_take_the_rest_of_a_drop_with_it(site: Site, tmp_path: Path):
    [good] = files_in(tmp_path, 1)
    async with somebody(site) as (ana, _):
        # The system's part: a file that is gone by now, and a folder that goes while it is read.
        await ana.page.evaluate(
            """() => {
                const real = DataTransferItem.prototype.webkitGetAsEntry;
                const fails = (_, failed) => failed(new DOMException("", "NotReadableError"));
                const whole = (name) => ({ isFile: true, file: (read) => read(new File(["no video"], name)) });
                let asked = 0;
                const entries = {
                  "gone.mp4": { isFile: true, file: fails },
                  "folder.mp4": { isFile: false, createReader: () => ({
                    readEntries: (read, failed) => (asked++ ? fails(read, failed) : read([whole("in it.mp4")])) }) },
                };
                DataTransferItem.prototype.webkitGetAsEntry = function () {
                  return entries[this.getAsFile().name] ?? real.call(this);
                };
            }"""
        )
        for name in ("gone.mp4", "folder.mp4"):
            (tmp_path / name).write_bytes(MP4)
        await ana.drop(tmp_path / "gone.mp4", tmp_path / "folder.mp4", good)
        await ana.sees(good.name, "In line")
        await ana.sees("in it.mp4", "Not sent")
        await expect(ana.page.get_by_role("listitem")).to_have_count(2)
        await expect(ana.page.get_by_role("alert")).to_have_text("2 files or folders could not be read.")
        await ana.choose(*files_in(tmp_path, 2)[1:])
        await ana.sees("1.mp4", "In line")
        await expect(ana.page.get_by_role("alert")).to_have_count(0)
