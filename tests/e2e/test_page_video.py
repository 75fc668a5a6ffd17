"""A video's own page: the film to go through, its gallery, one picture in full, and what is chosen of them."""

import asyncio
import hashlib
import json
import re
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from playwright.async_api import Locator, Route, expect

from app.domain.video import Progress
from app.usecases.ports.live_status import LiveTile
from tests.clips import ffmpeg
from tests.e2e.conftest import Up
from tests.e2e.somebody import somebody, uploaded
from tests.e2e.test_page_accessibility import check
from tests.e2e.visitor import ENGLISH, PORTUGUESE, SOON, Visitor, Words, new_visitor
from tests.parts.browser import running_browser
from tests.parts.pictures import many, taken
from tests.parts.site import Site
from tests.parts.site_fixtures import empty_database, site
from tests.parts.waiting import until

pytestmark = pytest.mark.pages

__all__ = ["empty_database", "site"]


@dataclass(frozen=True)
class Said:
    """What the page calls it."""

    words: Words
    first: str
    second: str
    third: str
    save: str
    two: str
    save_chosen: str
    timeline: str
    back: str


IN_ENGLISH = Said(
    ENGLISH,
    "Frame 1, at 0.00 sec",
    "Frame 2, at 1.00 sec",
    "Frame 3, at 2.00 sec",
    "Save this frame",
    "2 frames chosen",
    "Download the chosen ones",
    "Timeline",
    "← Your videos",
)
IN_PORTUGUESE = Said(
    PORTUGUESE,
    "Quadro 1, em 0,00 s",
    "Quadro 2, em 1,00 s",
    "Quadro 3, em 2,00 s",
    "Salvar este quadro",
    "2 quadros escolhidos",
    "Baixar os escolhidos",
    "Linha do tempo",
    "← Seus vídeos",
)


async def opened(visitor: Visitor, film: Path) -> None:
    """Send a film, and go to its page when it is ready."""
    await visitor.choose(film)
    await visitor.sees(film.name, visitor.words.ready)
    await visitor.page.get_by_role("link", name=f"{visitor.words.look}: {film.name}").click()
    await expect(visitor.page.get_by_role("heading", name=film.name)).to_be_focused()


async def zip_of(visitor: Visitor, word: str, folder: Path) -> dict[str, bytes]:
    """Press a button that downloads a ZIP, by the keyboard; return what is in it."""
    async with visitor.page.expect_download() as download:
        await visitor.button(word).focus()
        await visitor.page.keyboard.press("Enter")
    await (await download.value).save_as(folder / "frames.zip")
    with zipfile.ZipFile(folder / "frames.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def small_picture(folder: Path) -> bytes:
    """Return a JPEG as a worker sends one along."""
    ffmpeg("-f", "lavfi", "-i", "color=red:s=160x90", "-frames:v", "1", folder / "small.jpg")
    return (folder / "small.jpg").read_bytes()


async def drawn_width(image: Locator) -> int:
    width: int = await image.evaluate("(image) => image.decode().then(() => image.naturalWidth)")
    return width


@pytest.mark.parametrize(
    ("said", "scheme", "size"),
    [(IN_ENGLISH, "light", (1280, 800)), (IN_PORTUGUESE, "dark", (360, 740))],
    ids=["English", "Portuguese"],
)
async def test_pictures_are_seen_chosen_and_saved_by_keyboard_alone(
    up: Up, samples: Path, tmp_path: Path, said: Said, scheme: str, size: tuple[int, int]
):
    async with running_browser() as browser, asyncio.timeout(120):
        viewport = {"width": size[0], "height": size[1]}
        ana = await new_visitor(browser, up.url, said.words, color_scheme=scheme, viewport=viewport)
        page, keys = ana.page, ana.page.keyboard
        await ana.sign_up()
        await opened(ana, samples / "bikes.mp4")
        cells = page.get_by_role("gridcell")
        await expect(cells.first).to_have_accessible_name(said.first)
        await expect(cells).to_have_count(10)
        for summary in await page.locator("article summary").all():
            await summary.click()
        await expect(page.locator("dl")).to_contain_text(re.compile("640 . 272"))
        await check(ana, "a video's page")

        await page.get_by_role("slider", name=said.timeline).focus()
        await keys.press("ArrowRight")
        await expect(page.get_by_role("slider")).to_have_attribute("aria-valuetext", said.second)
        await cells.first.focus()
        await keys.press("ArrowRight")
        await keys.press("Space")
        await keys.press("Shift+ArrowRight")
        await expect(page.get_by_role("toolbar").get_by_role("status")).to_have_text(said.two)
        await keys.press("ArrowLeft")
        await keys.press("Enter")
        dialog = page.get_by_role("dialog")
        await expect(dialog).to_have_accessible_name(said.second)
        assert await drawn_width(dialog.locator("img")) == 640
        assert page.url.endswith("#2")
        await check(ana, "a picture in full")
        async with page.expect_download() as download:
            await dialog.get_by_role("link", name=said.save).click()
        saved = await download.value
        await saved.save_as(tmp_path / "second.jpg")
        await keys.press("ArrowRight")
        await expect(dialog).to_have_accessible_name(said.third)
        await keys.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(cells.nth(2)).to_be_focused()
        await expect(cells.nth(2)).to_have_attribute("aria-selected", "true")

        chosen = await zip_of(ana, said.save_chosen, tmp_path)
        second, third = json.loads((await zip_of(ana, said.words.download, tmp_path))["manifest.json"])["frames"][1:3]
        assert [*chosen] == [second["file"], third["file"], "manifest.json"]
        assert hashlib.sha256(chosen[third["file"]]).hexdigest() == third["sha256"]
        assert saved.suggested_filename == second["file"]
        assert hashlib.sha256((tmp_path / "second.jpg").read_bytes()).hexdigest() == second["sha256"]
        assert ana.wrong == []


async def test_the_way_back_leads_to_where_the_list_was_and_a_link_to_the_picture_itself(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(120):
        ana = await new_visitor(browser, up.url, viewport={"width": 900, "height": 500})
        page = ana.page
        await ana.sign_up()
        await ana.choose(samples / "bikes.mp4")
        await ana.sees("bikes.mp4", ENGLISH.ready)
        look = page.get_by_role("link", name="Look inside: bikes.mp4")
        await look.scroll_into_view_if_needed()
        await page.evaluate("document.body.style.paddingBottom = '1000px'")
        await page.mouse.wheel(0, 137)
        await until(lambda: page.evaluate("scrollY > 100"))
        y = await page.evaluate("scrollY")
        await look.click()
        await expect(page.get_by_role("gridcell")).to_have_count(10)
        await expect(page).to_have_title("bikes.mp4 · FIAP X")
        await page.get_by_role("gridcell").nth(4).click()
        await expect(page.get_by_role("dialog")).to_have_accessible_name("Frame 5, at 4.00 sec")
        await page.go_back()
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.go_back()
        await expect(look).to_be_focused()
        assert abs(await page.evaluate("scrollY") - y) < 2
        await page.go_forward()
        await expect(page.get_by_role("heading", name="bikes.mp4")).to_be_visible()
        await page.goto(page.url.partition("#")[0] + "#3")
        await page.reload()
        await expect(page.get_by_role("dialog")).to_have_accessible_name("Frame 3, at 2.00 sec")
        assert await drawn_width(page.get_by_role("dialog").locator("img")) == 640


async def test_ranges_are_chosen_by_mouse_and_one_by_one_by_touch(site: Site):
    async with somebody(site) as (ana, elsewhere), running_browser() as browser:
        video = await uploaded(elsewhere, "long.mp4")
        await taken(site, video, list(many(500)))
        page, count = ana.page, ana.page.get_by_role("toolbar").get_by_role("status")
        await page.goto(f"{site.url}/videos/{video}")
        grid = page.get_by_role("grid")
        await expect(count).to_have_text("500 frames")
        assert await page.get_by_role("gridcell").count() < 200
        await grid.locator("[data-place='1'] .mark-chosen").click()
        await grid.locator("[data-place='9']").click(modifiers=["Shift"])
        await expect(count).to_have_text("9 frames chosen")
        await grid.locator("[data-place='3']").click(modifiers=["ControlOrMeta"])
        await expect(count).to_have_text("8 frames chosen")
        await grid.locator("[data-place='1']").focus()
        await page.keyboard.press("ControlOrMeta+End")
        await expect(grid.locator("[data-place='500']")).to_be_focused()
        await expect(grid.locator("[data-place='500']")).to_be_in_viewport()
        await expect(grid.locator("[data-place='9']")).to_have_count(0)

        phone = await browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 740})
        phone_page = await phone.new_page()
        bea = Visitor(phone_page, site.url, ENGLISH, ana.email)
        await bea.open(f"/videos/{video}")
        await bea.sign_in()
        await phone_page.locator("[data-place='2'] .mark-chosen").tap()
        await phone_page.locator("[data-place='4']").tap()
        await expect(phone_page.get_by_role("toolbar").get_by_role("status")).to_have_text("2 frames chosen")
        await expect(phone_page.get_by_role("dialog")).to_have_count(0)
        await check(bea, "chosen on a phone")
        await bea.button("Choose none").tap()
        await phone_page.locator("[data-place='4']").tap()
        await expect(phone_page.get_by_role("dialog")).to_have_accessible_name("Frame 4, at 0.12 sec")


async def test_each_state_says_what_it_is_and_what_to_do(site: Site, tmp_path: Path):
    async with somebody(site) as (ana, elsewhere):
        page = ana.page
        video = await uploaded(elsewhere, "a.mp4")
        await page.goto(f"{site.url}/videos/{video}")
        state = page.locator("article strong")
        await expect(state).to_have_text("In line")
        held = await site.claimed(video)
        await site.progressed(held, 42)
        await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "42")
        await until(lambda: bool(site.live.tile_watchers(held.owner)))
        await site.live.publish_tile(held.owner, LiveTile(held.id, held.attempt, small_picture(tmp_path)))
        await site.progressed(replace(held, version=held.version + 1), 43)
        newest = page.get_by_role("img", name="The newest frames, in small").locator("canvas")
        await expect(newest).to_have_js_property("width", 160)
        await check(ana, "running")
        await ana.button("Cancel").click()
        await expect(page.get_by_role("heading", name="Canceled")).to_be_visible()
        await check(ana, "canceled")
        await ana.button("Process again").first.click()
        await expect(state).to_have_text("In line")
        assert video not in page.url
        again = page.url.rpartition("/")[2]
        await site.failed(again)
        await expect(page.get_by_role("heading", name="No frames came of this video")).to_be_visible()
        await expect(page.locator("article .problem").first).to_contain_text("damaged")
        await check(ana, "failed")
        await elsewhere.post(
            "/graphql",
            json={"query": "mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", "variables": {"id": again}},
        )
        await page.reload()
        await expect(page.get_by_role("alert").filter(has_text="This video is no longer there.")).to_be_visible()
        await check(ana, "gone")
        assert held.progress == Progress(0, 0, None)


async def test_pictures_whose_links_ended_are_asked_for_anew_and_what_cannot_be_read_is_said(site: Site):
    async with somebody(site) as (ana, elsewhere):
        page, ended = ana.page, list[str]()
        video = await uploaded(elsewhere, "a.mp4")
        await taken(site, video, list(many(7)))

        async def away(route: Route) -> None:
            if ana.asks(route.request, "Frames"):
                await route.abort()
            else:
                await route.continue_()

        async def once(route: Route) -> None:
            """Give links whose time is over in the first answer that has any."""
            if ended or not ana.asks(route.request, "Frames"):
                await route.continue_()
                return
            answer = await route.fetch()
            ended.append(text := await answer.text())
            await route.fulfill(response=answer, body=text.replace("/frames/", "/frames/ended-"))

        await page.route("**/graphql", away)
        await page.goto(f"{site.url}/videos/{video}")
        await expect(page.get_by_role("alert").filter(has_text="The frames could not be read.")).to_be_visible()
        await page.unroute("**/graphql")
        await page.route("**/graphql", once)
        async with page.expect_response(
            lambda answer: "/frames/" in answer.url and "/frames/ended-" not in answer.url, timeout=SOON
        ) as fresh:
            await ana.button("Try again").click()
        assert (await fresh.value).status == 200
        assert len(ended) == 1
