"""GraphiQL as people meet it: in a real Chromium, against the real application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Locator, Page, Route, expect

from tests.parts.browser import running_browser
from tests.parts.site import Person, Site, running_site
from tests.parts.wired import shipped

pytestmark = pytest.mark.pages


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page, and all that should not be: what the console complains of, and requests to other hosts."""
    wrong: list[str] = []
    async with running_browser() as browser:
        page = await browser.new_page(viewport={"width": 1400, "height": 900})
        page.on("console", lambda said: wrong.append(said.text[:200]) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
        host = urlsplit(url).netloc
        page.on(
            "request",
            lambda request: None if urlsplit(request.url).netloc in {host, ""} else wrong.append(request.url),
        )
        await page.goto(url)
        # Monaco comes last; until the words are coloured, nothing can be run.
        await expect(page.locator('.monaco-editor[data-uri$="operation.graphql"] .mtk1').first).to_be_visible(
            timeout=20_000
        )
        yield page, wrong


def tab(page: Page, name: str) -> Locator:
    return page.locator(".graphiql-tab-button").get_by_text(name, exact=True)


def variables(page: Page) -> Locator:
    """What stands in the pane of variables."""
    return page.locator('.monaco-editor[data-uri$="variables.json"] .view-lines')


async def typed(page: Page, editor: str, text: str) -> None:
    """Replace what stands in one of the editors."""
    await page.locator(f'.monaco-editor[data-uri$="{editor}"]').click()
    await page.keyboard.press("Control+A")
    await page.keyboard.press("Delete")
    await page.keyboard.insert_text(text)


async def run_until(page: Page, words: str) -> None:
    """Run what the tab holds; the answer must come to say this."""
    await page.get_by_role("button", name="Execute query").click()
    await expect(page.locator(".result-window")).to_contain_text(words, timeout=20_000)


async def test_a_query_and_a_subscription_run_in_a_browser_that_may_call_nobody_else(site: Site, ana: Person):
    async with opened(f"{site.url}/graphiql") as (page, wrong), asyncio.timeout(120):
        await tab(page, "Me").click()
        await page.get_by_role("button", name="Headers").click()
        await typed(page, "request-headers.json", f'{{"Authorization": "Bearer {ana.token}"}}')
        result = page.locator(".result-window")
        await run_until(page, "Ana Souza")

        await tab(page, "VideoStatus").click()
        video = await ana.uploaded()
        await run_until(page, "PENDING")
        await site.progressed(await site.claimed(video), 42.0)
        await expect(result).to_contain_text("42")
        await page.get_by_role("button", name="Stop query").click()
        assert wrong == []


async def test_who_signs_in_there_needs_to_copy_no_token(site: Site):
    async with opened(f"{site.url}/graphiql") as (page, wrong), asyncio.timeout(120):
        await tab(page, "Register").click()
        await run_until(page, "accessToken")
        await tab(page, "Me").click()
        await run_until(page, "ana@example.com")
        assert wrong == []


async def test_the_first_execute_works_and_the_next_have_their_variables(site: Site):
    """Execute at once, then what names something that the answer before has shown."""
    async with opened(f"{site.url}/graphiql") as (page, wrong), asyncio.timeout(120):
        await run_until(page, "acceptedExtensions")
        await tab(page, "Register").click()
        await run_until(page, "accessToken")
        await tab(page, "RefreshSession").click()
        await run_until(page, "accessToken")
        await tab(page, "CreateBatch").click()
        await run_until(page, "Monday")
        await tab(page, "Batch").click()
        await expect(variables(page)).to_contain_text("-")  # An id.
        await run_until(page, "EMPTY")
        await tab(page, "SavePreset").click()
        await run_until(page, "thumbnails")
        await tab(page, "DeletePreset").click()
        await run_until(page, '"deletePreset": {')
        await expect(page.locator(".result-window")).not_to_contain_text("PRESET_NOT_FOUND")
        await tab(page, "VideoStatus").click()
        await page.get_by_role("button", name="Execute query").click()
        await page.get_by_role("button", name="Stop query").click()
        assert wrong == []


async def test_whoever_the_headers_name_watches_and_a_refusal_is_said_in_words(site: Site, ana: Person, bruno: Person):
    video = await ana.uploaded()
    async with opened(f"{site.url}/graphiql") as (page, wrong), asyncio.timeout(120):
        result = page.locator(".result-window")
        await tab(page, "VideoStatus").click()
        await run_until(page, "4403 Forbidden")
        await expect(result).to_contain_text("sign in (Login), or name one in Headers")
        await page.get_by_role("button", name="Headers").click()
        await typed(page, "request-headers.json", f'{{"Authorization": "Bearer {bruno.token}"}}')
        await tab(page, "VideoStatus").click()
        await page.get_by_role("button", name="Variables").click()
        await typed(page, "variables.json", f'{{"id": "{video}"}}')
        await run_until(page, "VIDEO_NOT_BELONGS_TO_USER")
        await page.get_by_role("button", name="Headers").click()
        await typed(page, "request-headers.json", f'{{"Authorization": "Bearer {ana.token}"}}')
        await run_until(page, "PENDING")
        await page.get_by_role("button", name="Stop query").click()
        assert wrong == []


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (
            429,
            {"Retry-After": "7"},
            '{"errors": [{"message": "Too much."}]}',
            ("429 Too Many Requests", "7", "Too much."),
        ),
        (401, {}, "", ("401 Unauthorized",)),
        (403, {}, "<html>no entry</html>", ("403 Forbidden", "no entry")),
    ],
)
async def test_an_answer_that_is_none_says_why(
    site: Site, status: int, headers: dict[str, str], body: str, said: tuple[str, ...]
):
    """As a proxy in front may answer, too."""
    async with opened(f"{site.url}/graphiql") as (page, _), asyncio.timeout(60):

        async def refuse(route: Route) -> None:
            await route.fulfill(status=status, headers=headers, body=body)

        await page.route("**/graphql", refuse)
        await run_until(page, said[0])
        for words in said:
            await expect(page.locator(".result-window")).to_contain_text(words)


async def test_a_service_that_is_away_is_said_to_be(site: Site):
    async with opened(f"{site.url}/graphiql") as (page, _), asyncio.timeout(60):
        await page.route("**/graphql", lambda route: route.abort())
        await run_until(page, "The service cannot be reached")


async def test_operators_can_switch_it_off(empty_database: Path, tmp_path: Path):
    async with (
        running_site(empty_database, tmp_path, settings=shipped(graphiql=False)) as site,
        site.client() as client,
    ):
        assert (await client.get("/graphiql")).status_code == 404
        assert (await client.get("/graphiql/assets/index.js")).status_code == 404


async def test_nothing_but_its_own_files_is_served(site: Site):
    async with site.client() as client:
        page = await client.get("/graphiql")
        assert page.status_code == 200
        assert "script-src 'self';" in page.headers["content-security-policy"]
        for path in ("..%2f..%2f..%2fpages.py", "%2e%2e/index.html", "none.js", ""):
            assert (await client.get(f"/graphiql/assets/{path}")).status_code == 404
