"""Single frames at the page, by their links: seen, chosen by the keyboard, saved, asked for anew, and for everybody."""

import asyncio
import hashlib
import json
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import Up
from tests.e2e.test_page_accessibility import check
from tests.e2e.visitor import ENGLISH, PORTUGUESE, Visitor, Words, new_visitor
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages


@dataclass(frozen=True)
class Said:
    """What the page calls it."""

    words: Words
    show: str
    first: str
    second: str
    save: str


IN_ENGLISH = Said(ENGLISH, "See the frames", "Frame 1, at 0.00 sec", "Frame 2, at 1.00 sec", "Save this frame")
IN_PORTUGUESE = Said(PORTUGUESE, "Ver os quadros", "Quadro 1, em 0,00 s", "Quadro 2, em 1,00 s", "Salvar este quadro")


async def looking_inside(visitor: Visitor, film: Path) -> None:
    await visitor.choose(film)
    await visitor.sees(film.name, visitor.words.ready)
    await visitor.button(visitor.words.look, film.name).click()


@pytest.mark.parametrize(
    ("said", "scheme", "size"),
    [(IN_ENGLISH, "light", (1280, 800)), (IN_PORTUGUESE, "dark", (320, 640))],
    ids=["English", "Portuguese"],
)
async def test_frames_are_seen_one_by_one_by_keyboard_alone_and_saved(
    up: Up, samples: Path, tmp_path: Path, said: Said, scheme: str, size: tuple[int, int]
):
    async with running_browser() as browser, asyncio.timeout(120):
        viewport = {"width": size[0], "height": size[1]}
        ana = await new_visitor(browser, up.url, said.words, color_scheme=scheme, viewport=viewport)
        page, keys = ana.page, ana.page.keyboard
        await ana.sign_up()
        await looking_inside(ana, samples / "bikes.mp4")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name=said.show).focus()
        await keys.press("Enter")
        await expect(dialog.get_by_role("radio")).to_have_count(10)
        large = dialog.locator("figure img")
        assert await large.evaluate("(image) => image.decode().then(() => image.naturalWidth)") == 640
        await expect(dialog.locator("figcaption")).to_contain_text(said.first)
        await check(ana, "the frames")

        await keys.press("Tab")
        await expect(dialog.get_by_role("link", name=said.save)).to_be_focused()
        await keys.press("Tab")
        await expect(dialog.get_by_role("radio", name=said.first)).to_be_focused()
        await keys.press("ArrowRight")
        await expect(dialog.get_by_role("radio", name=said.second)).to_be_checked()
        await expect(dialog.locator("figcaption")).to_contain_text(said.second)
        await keys.press("Shift+Tab")
        async with page.expect_download() as download:
            await keys.press("Enter")
        saved = await download.value
        await saved.save_as(tmp_path / "second.jpg")
        await keys.press("Escape")
        async with page.expect_download() as whole:
            await ana.button(said.words.download, "bikes.mp4").click()
        await (await whole.value).save_as(tmp_path / "frames.zip")
        with zipfile.ZipFile(tmp_path / "frames.zip") as archive:
            second = json.loads(archive.read("manifest.json"))["frames"][1]
        assert saved.suggested_filename == second["file"]
        assert hashlib.sha256((tmp_path / "second.jpg").read_bytes()).hexdigest() == second["sha256"]
        assert ana.wrong == []


async def test_a_dozen_are_shown_at_a_time_and_links_that_ended_are_asked_for_anew(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(120):
        ana, ended = await new_visitor(browser, up.url), list[str]()
        page = ana.page
        await ana.sign_up()
        await page.locator("summary").click()
        await page.get_by_label("Value").fill("2")
        await looking_inside(ana, samples / "bikes.mp4")

        async def once(route: Route) -> None:
            """Give links whose time is over in the first answer that has any."""
            if ended or not ana.asks(route.request, "Frames"):
                await route.continue_()
                return
            answer = await route.fetch()
            ended.append(text := await answer.text())
            await route.fulfill(response=answer, body=text.replace("/frames/", "/frames/ended-"))

        await page.route("**/graphql", once)
        dialog = page.get_by_role("dialog")
        await ana.button("See the frames").click()
        radios, pictures = dialog.get_by_role("radio"), dialog.locator("label img")
        await expect(radios).to_have_count(12)
        for place in (0, 11):
            await expect(pictures.nth(place)).to_have_js_property("naturalWidth", 640)
        await ana.button("Show more frames").click()
        await expect(radios).to_have_count(20)
        await expect(ana.button("Show more frames")).to_have_count(0)
        await expect(radios.nth(19)).to_have_accessible_name(re.compile(r"Frame 20, at 9\.\d\d sec"))
        assert len(ended) == 1


async def test_frames_that_cannot_be_read_are_said_to_be_and_tried_again(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(120):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await looking_inside(ana, samples / "bikes.mp4")

        async def away(route: Route) -> None:
            if ana.asks(route.request, "Frames"):
                await route.abort()
            else:
                await route.continue_()

        await ana.page.route("**/graphql", away)
        await ana.button("See the frames").click()
        dialog = ana.page.get_by_role("dialog")
        await expect(dialog.get_by_role("alert").filter(has_text="The frames could not be read.")).to_be_visible()
        await ana.page.unroute("**/graphql")
        await ana.button("Try again").click()
        await expect(dialog.get_by_role("radio")).to_have_count(10)
        await ana.button("Hide the frames").click()
        await expect(dialog.get_by_role("radio")).to_have_count(0)
