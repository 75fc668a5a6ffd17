"""Before an upload: films are looked at, marked and reckoned, by mouse, by keyboard and where they cannot be played."""

import asyncio
import re
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Locator, expect

from app.domain.options import ImageFormat
from tests.e2e.conftest import Up
from tests.e2e.visitor import PORTUGUESE, Visitor, new_visitor
from tests.films import X264, Films, numbers
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages

RATE, COUNT = 10, 60


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds whose sixty pictures say their number."""
    return Films(tmp_path_factory.mktemp("films")).numbered("numbered.mp4", COUNT, RATE, *X264, size=(320, 240))


async def frames_of(visitor: Visitor, name: str, folder: Path) -> list[int]:
    """Wait until a film is done, and read in its ZIP which of its pictures were taken."""
    await visitor.sees(name, visitor.words.ready)
    async with visitor.page.expect_download() as download:
        await visitor.button(visitor.words.download, name).click()
    await (await download.value).save_as(folder / "frames.zip")
    with zipfile.ZipFile(folder / "frames.zip") as archive:
        pictures = [archive.read(name) for name in sorted(archive.namelist()) if name.endswith(".jpg")]
    return numbers(pictures, ImageFormat.JPEG)


async def point(track: Locator, seconds: float) -> tuple[float, float]:
    """Where an instant of the film lies on its line, in the middle of its picture."""
    box = await track.bounding_box()
    assert box is not None
    return box["x"] + box["width"] * (seconds + 0.5 / RATE) * RATE / COUNT, box["y"] + box["height"] / 2


async def drag(visitor: Visitor, handle: Locator, to: tuple[float, float]) -> None:
    box = await handle.bounding_box()
    assert box is not None
    mouse = visitor.page.mouse
    await mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await mouse.down()
    await mouse.move(*to, steps=4)
    await mouse.up()


async def test_a_part_and_two_instants_are_marked_by_mouse_and_taken(up: Up, film: Path, tmp_path: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        review = await ana.review(film)
        total, track = review.locator(".sum"), review.locator(".track")
        await expect(total).to_contain_text(re.compile(r"^6 frames"))
        await expect(review.locator("[data-playable=true]")).to_be_visible()
        await drag(ana, review.get_by_role("slider", name="Start of the part"), await point(track, 2))
        await drag(ana, review.get_by_role("slider", name="End of the part"), await point(track, 4))
        await expect(total).to_contain_text(re.compile(r"^2 frames|^3 frames"))
        await review.get_by_label("From second").fill("2")
        await review.get_by_label("To second").fill("4")
        await expect(total).to_contain_text(re.compile(r"^2 frames"))
        for seconds in (0.7, 5.2):
            await ana.page.mouse.click(*await point(track, seconds))
            await review.get_by_role("button", name="Mark this instant").click()
        await expect(total).to_contain_text(re.compile(r"^4 frames"))
        await ana.start()
        assert await frames_of(ana, film.name, tmp_path) == [7, 20, 30, 52]
        # The line shows the first of them, out of four on one sheet.
        drawn = ana.line(film.name).locator(".picture")
        await expect(drawn.locator("img")).to_have_js_property("complete", value=True)
        assert numbers([await drawn.screenshot()]) == [7]
        assert ana.wrong == []


async def test_a_part_and_two_instants_are_marked_by_keyboard_alone_and_taken(up: Up, film: Path, tmp_path: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url, PORTUGUESE)
        await ana.sign_up()
        review = await ana.review(film)
        await expect(review.get_by_role("slider")).to_have_count(3)
        keys = ana.page.keyboard

        async def press(*pressed: str) -> None:
            for key in pressed:
                await keys.press(key)

        await press("Shift+ArrowRight", "Shift+ArrowRight", "i")
        await press("Shift+ArrowRight", "Shift+ArrowRight", "o")
        await press(*["ArrowRight"] * 3, "m")
        await press(*["ArrowLeft"] * 40, "m")
        await expect(review.locator(".sum")).to_contain_text(re.compile(r"^4 quadros"))
        await expect(ana.button("Começar")).to_be_focused()
        await press("Enter")
        assert await frames_of(ana, film.name, tmp_path) == [3, 20, 30, 43]
        assert ana.wrong == []


async def test_instants_alone_take_the_place_of_the_rule_and_give_it_back(up: Up, film: Path, tmp_path: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        review = await ana.review(film)
        await expect(review.get_by_role("slider")).to_have_count(3)
        await ana.page.keyboard.press("m")
        await expect(review.locator(".sum")).to_contain_text(re.compile(r"^1 frame(?!s)"))
        await review.get_by_role("button", name="Remove the instant").click()
        await expect(review.locator(".sum")).to_contain_text(re.compile(r"^6 frames"))
        await ana.page.keyboard.press("m")
        await review.get_by_role("spinbutton", name="Instant 1").fill("1.25")
        await ana.page.keyboard.press("Tab")
        await ana.start()
        assert await frames_of(ana, film.name, tmp_path) == [12]


async def test_options_are_for_all_or_for_one_and_what_is_wrong_is_said_where_it_is(
    up: Up, film: Path, samples: Path, tmp_path: Path
):
    (tmp_path / "unknown.mkv").write_bytes(b"\x1a\x45\xdf\xa3" + bytes(2000))
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        page = ana.page
        await ana.sign_up()
        review = await ana.review(film, samples / "bikes.mp4", tmp_path / "unknown.mkv")
        files, total = review.get_by_role("listitem"), review.locator(".sum")
        await expect(total).to_contain_text("16 frames")
        await expect(total).to_contain_text("1 video of which that shows once sent")
        await files.nth(1).get_by_role("button").first.click()
        await review.get_by_label("Only for bikes.mp4").check()
        await review.get_by_label("Value").fill("2")
        await expect(total).to_contain_text("26 frames")
        await review.get_by_label("Value").fill("1000")
        await expect(review.get_by_text("From 0.001 to 240.")).to_be_visible()
        await files.nth(2).get_by_role("button").first.click()
        await expect(review.get_by_text("This browser cannot play this film")).to_be_visible()
        await review.locator("footer button").click()
        await expect(review.get_by_label("Value")).to_be_focused()
        await expect(review.get_by_label("Value")).to_have_value("1000")
        await expect(files).to_have_count(3)
        await review.get_by_label("Value").fill("2")
        await review.get_by_role("button", name="Leave out: unknown.mkv").click()
        await page.get_by_label("Preset", exact=True).or_(review.get_by_text("Keep these options")).first.click()
        await review.get_by_label("Name of the preset").fill("two a second")
        await review.get_by_role("button", name="Save").click()
        await expect(review.get_by_label("Preset", exact=True)).to_contain_text("two a second")
        await ana.start()
        assert await frames_of(ana, film.name, tmp_path) == [0, 10, 20, 30, 40, 50]
        await expect(ana.line("bikes.mp4")).to_contain_text("20 frames")

        review = await ana.review(film)
        await review.get_by_label("Preset", exact=True).select_option("two a second")
        await expect(total).to_contain_text(re.compile(r"^12 frames"))
        await review.get_by_role("button", name="Delete preset").click()
        await expect(review.get_by_label("Preset", exact=True)).to_have_count(0)


async def test_who_is_new_tries_the_sample_film_in_one_click(up: Up, tmp_path: Path):
    async with running_browser() as browser, asyncio.timeout(60):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.button("Try a sample film").click()
        await expect(ana.reviewed.locator(".sum")).to_contain_text(re.compile(r"^9 frames"))
        await ana.start()
        await ana.sees("sample.mp4", "Ready")
        await expect(ana.line("sample.mp4")).to_contain_text("9 frames")
        assert ana.wrong == []
