"""The page loads the sentences of one language, and shows none of another before."""

import asyncio
import re

import pytest
from playwright.async_api import Route, expect

from tests.e2e.conftest import Up
from tests.e2e.visitor import ENGLISH, PORTUGUESE, Visitor, Words
from tests.parts.browser import running_browser

pytestmark = pytest.mark.pages

DRAWN = """
  window.drawn = new Set();
  new MutationObserver(() => {
    const heading = document.querySelector("h1")?.textContent;
    if (heading) window.drawn.add(heading);
  }).observe(document, { subtree: true, childList: true, characterData: true });
"""


@pytest.mark.parametrize(
    ("spoken", "chosen", "own", "other"),
    [(ENGLISH, PORTUGUESE, "en", "pt-BR"), (PORTUGUESE, ENGLISH, "pt-BR", "en")],
)
@pytest.mark.parametrize("path", ["/", "/operate"])
async def test_a_language_is_loaded_when_it_is_needed_and_another_never_shown(
    up: Up, path: str, spoken: Words, chosen: Words, own: str, other: str
):
    async with running_browser() as browser, asyncio.timeout(60):
        page = await browser.new_page(locale=own)
        await page.add_init_script(DRAWN)
        loaded: list[str] = []
        page.on("request", lambda request: loaded.append(request.url.rsplit("/", 1)[1]))
        ana = await Visitor(page, up.url, spoken).open(path)
        await expect(page.get_by_role("heading", name=spoken.sign_in)).to_be_visible()
        assert any(name.startswith(f"{own}-") for name in loaded)
        assert not any(name.startswith(f"{other}-") for name in loaded)
        assert await page.evaluate("[...window.drawn]") == [spoken.sign_in]

        await page.get_by_role("combobox", name=re.compile("Language|Idioma")).select_option(other)
        await expect(page.get_by_role("heading", name=chosen.sign_in)).to_be_visible()
        await page.reload()
        await expect(page.get_by_role("heading", name=chosen.sign_in)).to_be_visible()
        assert await page.evaluate("[...window.drawn]") == [chosen.sign_in]
        assert ana.wrong == []


async def lost(route: Route) -> None:
    await route.abort()


async def test_a_language_that_cannot_be_loaded_is_told_and_the_page_stays_as_it_is(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        page = await browser.new_page(locale="en")
        await page.route("**/pt-BR-*.js", lost)
        await Visitor(page, up.url, ENGLISH).open()
        select = page.get_by_label("Language")
        await select.select_option("Português")
        await expect(page.get_by_role("alert").first).to_contain_text("The service cannot be reached.")
        await expect(select).to_have_value("en")
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        await page.unroute("**/pt-BR-*.js", lost)
        await select.select_option("Português")
        await expect(page.get_by_role("heading", name="Entrar")).to_be_visible()
        await expect(page.get_by_role("alert")).to_have_count(0)


async def test_a_page_whose_words_do_not_come_says_so_in_both_languages(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        page = await browser.new_page(locale="pt-BR")
        await page.route("**/pt-BR-*.js", lost)
        await page.goto(up.url)
        await expect(page.get_by_text("reload this page")).to_contain_text("recarregue esta página")


async def test_a_part_that_cannot_be_loaded_says_so_and_is_loaded_when_it_can_be(up: Up):
    async with running_browser() as browser, asyncio.timeout(60):
        page = await browser.new_page(locale="en")
        await page.route("**/account-*.js", lost)
        ana = await Visitor(page, up.url, ENGLISH).open()
        await ana.sign_up()
        await page.locator("button.who").click()
        await expect(page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
        await page.unroute("**/account-*.js", lost)
        await ana.button("Try again").click()
        await expect(page.get_by_role("dialog", name="Your account")).to_be_visible()
        await expect(page.get_by_role("alert").filter(has_text="reached")).to_have_count(0)
