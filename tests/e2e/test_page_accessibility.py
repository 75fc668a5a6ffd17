"""The page for everybody: by keyboard alone, by a screen reader, in every state, by day and night, large and small."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import expect

from tests.e2e.client import Person
from tests.e2e.conftest import ROOT, Up
from tests.e2e.visitor import ENGLISH, PASSWORD, PORTUGUESE, SOON, Visitor, Words, new_visitor
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages

AXE = ROOT / "frontend-sample" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


async def check(visitor: Visitor, state: str) -> None:
    """Hold what is on the page now against all rules of axe, once colours and places have come to rest."""
    await visitor.page.evaluate(AXE.read_text())
    await visitor.page.evaluate(
        """() => Promise.allSettled(document.getAnimations()
            .filter((one) => one.effect.getComputedTiming().endTime !== Infinity).map((one) => one.finished))"""
    )
    found: list[dict[str, Any]] = await visitor.page.evaluate(
        "(rules) => axe.run({ runOnly: rules }).then(({ violations }) => violations)", RULES
    )
    broken = {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found}
    assert broken == {}, state
    assert not await visitor.scrolls_sideways(), state


async def check_account(visitor: Visitor) -> None:
    """Open the account and set a webhook, and make a key, which is refused at first."""
    page = visitor.page
    dialog, form = page.get_by_role("dialog"), page.locator(".new-key")
    await page.locator("button.who").click()
    await page.get_by_label("Webhook").fill("http://127.0.0.1:9/")
    await page.locator(".account .beside button").first.click()
    await expect(dialog.locator("code")).to_be_visible()
    await expect(page.locator(".told li").first).to_be_visible()
    for summary in await page.locator(".account summary").all():
        await summary.click()
    await expect(page.locator(".change")).to_have_count(3)
    await form.get_by_label(visitor.words.name).fill("cameras")
    await form.get_by_role("button").click()
    await expect(form.get_by_role("alert")).not_to_be_empty()
    await check(visitor, "the account, and a new key that is refused")
    await form.get_by_role("checkbox").first.check()
    await form.get_by_role("button").click()
    await expect(page.locator("details:has(.new-key) ~ .secret button")).to_be_focused()
    await expect(page.locator(".entries li")).to_have_count(2)
    await check(visitor, "the account, with a session and a key")


async def check_review(visitor: Visitor, samples: Path) -> None:
    """Look at two films before they are sent, mark an instant, choose what cannot be, and leave for the shortcuts."""
    keys = visitor.page.keyboard
    review = await visitor.review(samples / "bikes.mp4", samples / "carphone_pristine.mp4")
    await expect(review.get_by_role("slider")).to_have_count(3)
    await keys.press("m")
    await check(visitor, "before an upload")
    await review.locator("[name=quality]").fill("0")
    await keys.press("Enter")
    await expect(review.locator("[name=quality]")).to_be_focused()
    await check(visitor, "an option that cannot be")
    await keys.press("Escape")
    await keys.press("?")
    await expect(visitor.page.get_by_role("dialog")).to_be_visible()
    await check(visitor, "the shortcuts")
    await keys.press("Escape")


@pytest.mark.parametrize(
    ("words", "scheme", "size"),
    [
        (PORTUGUESE, "light", (320, 640)),
        (ENGLISH, "dark", (320, 640)),
        (PORTUGUESE, "dark", (1280, 800)),
        (ENGLISH, "light", (3840, 2160)),
    ],
)
async def test_every_page_and_state_passes_the_accessibility_rules(
    up: Up, samples: Path, tmp_path: Path, words: Words, scheme: str, size: tuple[int, int]
):
    (tmp_path / "cut.mp4").write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    (tmp_path / "notes.txt").write_text("no video")
    async with running_browser() as browser, asyncio.timeout(120):
        viewport = {"width": size[0], "height": size[1]}
        ana = await new_visitor(browser, up.url, words, color_scheme=scheme, viewport=viewport)
        page = ana.page
        await check(ana, "sign in")
        for place in ("sign-up", "forgot-password", "verify-email#token=x", "reset-password"):
            await page.goto(f"{up.url}/{place}")
            await check(ana, place)
        await page.get_by_label(words.password).fill("not of any link")
        await page.locator("form button.primary").click()
        await expect(page.get_by_role("alert")).not_to_be_empty()
        await check(ana, "an error in a form")
        await page.goto(up.url)
        await ana.sign_up()
        await check(ana, "no videos yet")

        await ana.slowly(150_000)
        await ana.choose(samples / "bikes.mp4", tmp_path / "cut.mp4", tmp_path / "notes.txt")
        await expect(ana.line("bikes.mp4").get_by_role("progressbar")).to_be_visible()
        await check(ana, "uploading")
        await ana.slowly(-1)
        await ana.sees("bikes.mp4", words.ready)
        await ana.sees("cut.mp4", words.failed)
        await expect(ana.line("bikes.mp4").locator("img")).to_be_visible()
        await check(ana, "ready, failed and refused")
        await check_review(ana, samples)
        await page.get_by_role("link", name=f"{words.look}: bikes.mp4").click()
        await expect(page.get_by_role("gridcell")).to_have_count(10)
        await check(ana, "a video's page")
        await page.go_back()
        await ana.button(words.remove, "cut.mp4").click()
        await check(ana, "deleted, to be undone")
        await check_account(ana)
        await page.keyboard.press("Escape")

        async with Person(up.url, ana.email, PASSWORD) as elsewhere:
            await elsewhere.login()
            await elsewhere.ask(
                "mutation($c: String!, $n: String!) { changePassword(current: $c, new: $n) { __typename } }",
                c=PASSWORD,
                n="another long password",
            )
        await expect(page.get_by_role("dialog")).to_be_visible()
        await check(ana, "the session is over")


async def focused(visitor: Visitor) -> str:
    """What the keyboard is at: the name under which a screen reader says it."""
    name: str = await visitor.page.evaluate(
        """() => {
            const at = document.activeElement;
            return at.ariaLabel ?? at.labels?.[0]?.innerText ?? at.innerText ?? "";
        }"""
    )
    return name.strip()


async def tab_to(visitor: Visitor, name: str, most: int = 40) -> None:
    """Press Tab until the focus is there."""
    for _ in range(most):
        await visitor.page.keyboard.press("Tab")
        if await focused(visitor) == name:
            return
    pytest.fail(f"Tab never came to {name!r}")


async def test_the_whole_way_by_keyboard_alone(up: Up, samples: Path):
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        keys = ana.page.keyboard
        await tab_to(ana, "Create an account")
        await keys.press("Enter")
        await expect(ana.page.get_by_role("heading", name="Create an account")).to_be_focused()
        for label, text in (("Name", "Ana Souza"), ("E-mail", ana.email), ("Password", PASSWORD)):
            await tab_to(ana, label)
            await keys.type(text)
        await keys.press("Enter")
        await expect(ana.page.get_by_role("heading", name="Your videos")).to_be_focused()
        await ana.is_live()

        await keys.press("Shift+Tab")
        assert await focused(ana) == "Choose videos"
        async with ana.page.expect_file_chooser() as chooser:
            await keys.press("Enter")
        await (await chooser.value).set_files([samples / "carphone_pristine.mp4", samples / "bikes.mp4"])
        await expect(ana.button("Start all 2")).to_be_focused()
        await keys.press("Enter")
        await ana.sees("carphone_pristine.mp4", "Ready")
        await ana.sees("bikes.mp4", "Ready")

        await tab_to(ana, "Download ZIP: carphone_pristine.mp4")
        async with ana.page.expect_download() as download:
            await keys.press("Enter")
        assert (await download.value).suggested_filename == "carphone_pristine-frames.zip"
        await tab_to(ana, "Look inside: carphone_pristine.mp4", 1)
        await keys.press("Enter")
        await expect(ana.page.get_by_role("heading", name="carphone_pristine.mp4")).to_be_focused()
        await keys.press("Shift+Tab")
        assert await focused(ana) == "← Your videos"
        await keys.press("Enter")
        await expect(ana.page.get_by_role("link", name="Look inside: carphone_pristine.mp4")).to_be_focused()
        await tab_to(ana, "Delete: carphone_pristine.mp4", 1)
        await keys.press("Enter")
        await expect(ana.button("Undo", "carphone_pristine.mp4")).to_be_focused()
        await keys.press("Enter")
        await expect(ana.button("Delete", "carphone_pristine.mp4")).to_be_focused()
        await keys.press("Enter")
        await expect(ana.button("Undo", "carphone_pristine.mp4")).to_be_focused()
        await expect(ana.page.get_by_role("heading", name="Your videos")).to_be_focused(timeout=SOON)
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)
        await tab_to(ana, "Delete: bikes.mp4")
        for _ in range(20):
            await keys.press("Shift+Tab")
            if await focused(ana) == "Sign out":
                break
        await keys.press("Enter")
        await expect(ana.page.get_by_role("heading", name="Sign in")).to_be_focused()


async def test_a_screen_reader_hears_changes_of_state_once_and_progress_never(up: Up, samples: Path, tmp_path: Path):
    (tmp_path / "cut.mp4").write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    async with running_browser() as browser, asyncio.timeout(90):
        ana = await new_visitor(browser, up.url)
        await ana.sign_up()
        await ana.page.evaluate(
            """() => {
                window.said = [];
                const region = document.querySelector('main ~ [role="status"]');
                new MutationObserver(() => window.said.push(region.textContent.trim()))
                  .observe(region, { childList: true, characterData: true, subtree: true });
            }"""
        )
        region = ana.page.locator('main ~ [role="status"]')
        await ana.choose(tmp_path / "cut.mp4")
        await expect(region).to_contain_text("cut.mp4: Failed.", timeout=SOON)
        await ana.choose(samples / "bigbuckbunny.mp4")
        await expect(region).to_contain_text("bigbuckbunny.mp4: Ready.", timeout=SOON)
        assert await region.count() == 1
        said = await ana.page.evaluate("window.said")
        assert said[0] == "1 video added."
        spoken = " ".join(said)
        assert spoken.count("bigbuckbunny.mp4: Ready.") == 1
        assert spoken.count("cut.mp4: Failed. This file ends before the film does") == 1
        assert "%" not in spoken


async def test_reduced_motion_stops_every_animation(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        still = await new_visitor(browser, up.url, reduced_motion="reduce")
        moving = await new_visitor(browser, up.url, reduced_motion="no-preference")
        transition = """() => {
            const bar = document.createElement("div");
            bar.className = "bar";
            bar.append(document.createElement("div"));
            document.body.append(bar);
            return getComputedStyle(bar.firstChild).transitionDuration;
        }"""
        assert await still.page.evaluate(transition) == "0s"
        assert await moving.page.evaluate(transition) != "0s"
