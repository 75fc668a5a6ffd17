"""What people do at the page is done once, and what it says of it is right: numbers, times and what went wrong."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Locator, Response, Route, expect

from app.usecases.ports.rate_limits import RateLimitKey
from tests.e2e.held import held
from tests.e2e.somebody import files_in, is_multipart, somebody, uploaded
from tests.e2e.visitor import Visitor
from tests.parts.site import MP4, Site, running_site
from tests.parts.site_fixtures import empty_database, site
from tests.parts.wired import shipped

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]


async def twice(button: Locator) -> None:
    """Press a button again before there is an answer to the first press."""
    await button.evaluate("(button) => { button.click(); button.click(); }")


def asked_for(visitor: Visitor, operation: str) -> list[str]:
    """Collect, from now on, each time that the page asks for something."""
    asked: list[str] = []
    visitor.page.on("request", lambda sent: asked.append(operation) if visitor.asks(sent, operation) else None)
    return asked


@pytest.mark.parametrize("where", ["line", "own page"])
async def test_whoever_presses_twice_has_a_video_processed_again_once(site: Site, where: str):
    async with somebody(site) as (ana, elsewhere):
        await uploaded(elsewhere, "a.mp4")
        await ana.button("Cancel", "a.mp4").click()
        await ana.sees("a.mp4", "Canceled")
        again = ana.button("Try again", "a.mp4")
        if where == "own page":
            await ana.looks_inside("a.mp4")
            again = ana.button("Process again")
        answer = await held(ana, "ReprocessVideo")
        asked = asked_for(ana, "ReprocessVideo")
        await twice(again)
        await answer.is_here()
        await expect(again).to_be_disabled()
        await again.dispatch_event("click")
        answer.let_go.set()
        if where == "own page":
            await expect(again).to_have_count(0)  # It is the new one's page now, which waits.
            await ana.goes_back()
        await expect(ana.button("1 more run of this file", "a.mp4")).to_be_visible()
        await uploaded(elsewhere, "after.mp4")
        await ana.sees("after.mp4", "In line")
        assert len(asked) == 1
        await expect(ana.page.get_by_role("listitem")).to_have_count(2)


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
        await answer.is_here()
        await expect(ana.button(word)).to_be_disabled()
        await ana.button(word).dispatch_event("click")
        answer.let_go.set()
        await expect(ana.button(word)).to_be_enabled()
        assert len(asked) == 1


async def test_whoever_asks_for_a_link_too_often_is_told_when_to_ask_again(site: Site):
    site.limits.allowed = {RateLimitKey.RESET_BY_ADDRESS: 1}
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


def is_of_an_upload(answer: Response) -> bool:
    return is_multipart(answer.request) or Visitor.asks(answer.request, "UploadRefusal")


async def test_an_upload_that_came_too_soon_is_sent_again_when_it_may_be(empty_database: Path, tmp_path: Path):
    settings = shipped(requests_per_minute=30)
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        somebody(site) as (ana, elsewhere),
    ):
        await expect(ana.page.get_by_text("No film at hand?")).to_be_visible()

        async def spend() -> None:
            while True:
                await elsewhere.get("/videos")

        for file in files_in(tmp_path, 5):
            await ana.review(file)
            while (await elsewhere.get("/videos")).status_code != 429:
                pass
            # Whatever room comes back is taken at once, but for the moment between two of these requests.
            spending = asyncio.create_task(spend())
            try:
                async with ana.page.expect_response(is_of_an_upload) as coming:
                    await ana.start()
                status = (await coming.value).status
            finally:
                spending.cancel()
            if status == 429:
                await ana.sees(file.name, "In line")
                return
    pytest.fail("No upload came too soon.")


async def test_a_log_that_is_not_there_is_not_said_to_be_empty(site: Site):
    async with somebody(site) as (ana, _):
        log = await held(ana, "NotificationDeliveries")
        await ana.page.locator("button.who").click()
        await log.is_here()
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
async def test_two_quick_changes_of_settings_do_not_undo_each_other(site: Site, first: str):
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
        await ana.sees("a.mp4", "Interrupted, sending again")
        try:
            await expect(line).to_contain_text("0 % · 0.0 / 206.0 kB")
            await expect(bar).to_have_attribute("aria-valuenow", "100")
        finally:
            site.storage.flows.set()


def uploads_of(visitor: Visitor) -> list[str]:
    """Collect, from now on, the files that the page begins to send."""
    begun: list[str] = []
    visitor.page.on("request", lambda sent: begun.append(sent.url) if is_multipart(sent) else None)
    return begun


async def test_what_would_be_refused_is_refused_before_a_byte_of_it_is_sent(site: Site, tmp_path: Path):
    letter = tmp_path / "holiday.mp4"
    letter.write_text("Dear Ana, this is a letter, whatever its name may say. " * 100_000)
    async with somebody(site) as (ana, _):
        begun = uploads_of(ana)
        await ana.choose(letter)
        await ana.sees("holiday.mp4", "Not sent")
        await expect(ana.line("holiday.mp4")).to_contain_text("its content is text")
        assert begun == []


async def test_an_upload_cut_twice_at_the_same_place_is_not_sent_a_third_time(site: Site, tmp_path: Path):
    (tmp_path / "a.mp4").write_bytes(MP4 * 600)

    async def cut_each(line: Locator) -> None:
        # More often than the page sends it: Chromium by itself sends once more what was cut on a connection in use.
        while True:
            site.storage.flows.clear()
            await site.storage.held_back(1)
            await expect(line).to_contain_text("100 %")
            site.cut_connections()
            site.storage.flows.set()
            await site.storage.held_back(0)

    async with somebody(site) as (ana, _):
        begun = uploads_of(ana)
        cutting = asyncio.create_task(cut_each(ana.line("a.mp4")))
        try:
            await ana.choose(tmp_path / "a.mp4")
            await ana.sees("a.mp4", "Not sent")
            await expect(ana.line("a.mp4")).to_contain_text("cut twice at the same place")
            assert len(begun) == 2
        finally:
            cutting.cancel()
            site.storage.flows.set()
        await ana.button("Try again", "a.mp4").click()
        await ana.sees("a.mp4", "In line")


async def test_a_file_that_is_gone_is_said_to_be_gone(site: Site, tmp_path: Path):
    files = files_in(tmp_path, 4)
    async with somebody(site) as (ana, _):
        site.storage.flows.clear()
        await ana.choose(*files)
        try:
            await ana.sees(files[-1].name, "Waiting to upload")
            files[-1].unlink()
        finally:
            site.storage.flows.set()
        await ana.sees(files[-1].name, "Not sent")
        await expect(ana.line(files[-1].name)).to_contain_text("cannot be read any more")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.44, "0.4 sec"), (7.4, "0:07"), (59.6, "1:00"), (61, "1:01"), (3723, "1:02:03")]
)
async def test_the_duration_of_a_video_is_shown_as_minutes_and_seconds(site: Site, seconds: float, shown: str):
    async def lasting(route: Route) -> None:
        if not Visitor.asks(route.request, "VideoPage"):
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
        await ana.looks_inside("a.mp4")
        await ana.page.get_by_text("What was done").click()
        duration = ana.page.locator("dl div").filter(has_text="Duration").locator("dd")
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


async def test_the_forms_limits_are_those_of_the_service(site: Site, tmp_path: Path):
    async with somebody(site) as (ana, _):

        async def narrower(route: Route) -> None:
            if not ana.asks(route.request, "Limits"):
                await route.fallback()
                return
            answer = await route.fetch()
            told = await answer.json()
            for one in told["data"]["serviceLimits"]["optionRanges"]:
                one |= {"minimum": 3, "maximum": 7}
            await route.fulfill(response=answer, json=told)

        await ana.page.route("**/graphql", narrower)
        await ana.page.reload()
        await ana.review(*files_in(tmp_path, 1))
        for label in ("Value", "Quality, 1 to 100", "Largest width, pixels", "From second"):
            field = ana.page.get_by_label(label)
            await expect(field).to_have_attribute("min", "3")
            await expect(field).to_have_attribute("max", "7")
