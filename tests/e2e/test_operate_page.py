"""The operators' page, as an operator uses it beside a service at work."""

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Dialog, Page, Request, expect

from tests.e2e.client import Person
from tests.e2e.conftest import Up
from tests.e2e.test_doctor import fiapx
from tests.e2e.test_page_accessibility import check, tab_to
from tests.e2e.test_whole_way import new_email
from tests.e2e.visitor import ENGLISH, PORTUGUESE, SOON, Visitor
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages


async def operator(up: Up) -> str:
    """Make somebody an operator, as a shell of the machine can, and return the address."""
    async with Person(up.url, new_email()) as olga:
        await olga.register()
        made = await asyncio.to_thread(fiapx, up, "users", "role", olga.email, "operator")
        assert made.returncode == 0, made.stderr
        return olga.email


async def agree(dialog: Dialog) -> None:
    await dialog.accept()


async def at_work(page: Page, url: str, email: str) -> Visitor:
    """Open the page and sign in on it."""
    visitor = await Visitor(page, url, ENGLISH, email=email).open("/operate")
    await visitor.sign_in()
    page.on("dialog", agree)
    return visitor


async def test_an_operator_sees_the_work_and_steers_it_by_the_page(up: Up, samples: Path, tmp_path: Path):
    (tmp_path / "cut.mp4").write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    email = await operator(up)
    async with running_browser() as browser, asyncio.timeout(120), Person(up.url, new_email()) as ana:
        await ana.register()
        cut = await ana.upload(tmp_path / "cut.mp4")
        await ana.until_final(cut["id"])
        page = await browser.new_page(locale="en-GB", color_scheme="dark", viewport={"width": 1280, "height": 800})
        olga = await at_work(page, up.url, email)
        await expect(page.get_by_role("region", name="Workers").get_by_role("row")).not_to_have_count(1)

        await olga.button("Pause all").click()
        await expect(page.get_by_text("No new attempt begins, by an operator's word.")).to_be_visible()
        waiting = await ana.upload(samples / "carphone_pristine.mp4")
        await expect(page.locator("dl div", has_text="Paused").locator("dd")).not_to_have_text("0")
        assert (await ana.video(waiting["id"]))["status"] == "PENDING"
        await olga.button("Go on").click()
        assert (await ana.until_final(waiting["id"]))["status"] == "COMPLETED"

        await olga.button("Show", "CORRUPT_VIDEO").click()
        mine = page.get_by_role("row").filter(has_text=ana.email).filter(has_text="cut.mp4")
        await mine.get_by_role("button").click()
        log = page.get_by_role("region", name="What operators did")
        await expect(log.get_by_text(f"video {cut['id']}")).to_be_visible()
        assert (await ana.videos())["totalCount"] == 3
        await check(olga, "what failed with a code")

        await page.get_by_label("Part of the address").fill(ana.email)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("region", name="Users").get_by_role("row")).to_have_count(2)
        await olga.button("Quota", ana.email).click()
        await page.get_by_label("Unfinished videos").fill("7")
        await olga.button("Save").click()
        await expect(page.get_by_role("cell", name="7", exact=True)).to_be_visible()
        await olga.button("Disable", ana.email).click()
        await expect(page.get_by_text("(Disabled)")).to_be_visible()
        assert (await ana.login())["code"] == "ACCOUNT_DISABLED"
        for deed in ("Paused", "Let go on", "Tried again", "Changed a quota", "Disabled"):
            await expect(log.get_by_text(deed, exact=True).first).to_be_visible()
        assert olga.wrong == []


async def test_the_page_is_for_everybody_by_keyboard_on_a_small_screen(up: Up, samples: Path, tmp_path: Path):
    (tmp_path / "cut.mp4").write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    email = await operator(up)
    async with running_browser() as browser, asyncio.timeout(120), Person(up.url, new_email()) as ana:
        await ana.register()
        await ana.until_final((await ana.upload(tmp_path / "cut.mp4"))["id"])
        page = await browser.new_page(locale="pt-BR", color_scheme="light", viewport={"width": 320, "height": 640})
        olga = await Visitor(page, up.url, PORTUGUESE, email=email).open("/operate")
        await check(olga, "sign in")
        await olga.sign_in()
        await expect(page.get_by_role("heading", name="Falhas nas últimas 24 horas")).to_be_visible(timeout=SOON)
        await tab_to(olga, "Mostrar: CORRUPT_VIDEO", 60)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("cell", name="cut.mp4").first).to_be_visible()
        await check(olga, "all of it")
        await tab_to(olga, f"Cota: {ana.email}", 400)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_be_visible()
        await check(olga, "a quota")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        assert olga.wrong == []


async def test_who_is_no_operator_is_told_so_and_the_other_page_loads_nothing_of_this_one(up: Up):
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url)

    async with running_browser() as browser, asyncio.timeout(60), Person(up.url, new_email()) as ana:
        await ana.register()
        page = await browser.new_page(locale="en-GB")
        await at_work(page, up.url, ana.email)
        await expect(page.get_by_role("alert")).to_have_text("Only operators of this service may do this.")
        assert await page.get_by_role("table").count() == 0
        page.on("request", note)
        await page.goto(up.url)
        await expect(page.get_by_role("heading", name="Your videos")).to_be_visible()
        assert asked
        assert not [url for url in asked if "operate" in url]
