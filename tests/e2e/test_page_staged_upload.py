"""Large files at the page: in parts to the real storage, through lost networks, reloads and closed pages."""

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Route, expect

from tests.e2e.conftest import Up
from tests.e2e.large_films import DRAWN, MIB, SLOW, Parts, drawn_by, is_at, leave, long_film
from tests.e2e.test_page_accessibility import check
from tests.e2e.visitor import ENGLISH, PORTUGUESE, Visitor, new_visitor
from tests.parts.browser import running_browser

pytestmark = [pytest.mark.pages, pytest.mark.slow]


async def somebody(browser: Browser, up: Up, **options: str) -> tuple[Visitor, Parts]:
    words = PORTUGUESE if options.get("locale") == "pt-BR" else ENGLISH
    ana, parts = await new_visitor(browser, up.url, words), Parts()
    parts.of(ana.page.context)
    await ana.page.context.add_init_script(DRAWN)
    await ana.page.reload()
    await ana.sign_up()
    return ana, parts


async def test_an_upload_outlives_a_lost_network_a_reload_and_a_closed_page(up: Up, samples: Path, tmp_path: Path):
    film = long_film(samples, tmp_path, 80 * MIB)
    async with running_browser() as browser, asyncio.timeout(240):
        ana, parts = await somebody(browser, up)
        context, page = ana.page.context, ana.page
        network = await context.new_cdp_session(page)
        await network.send("Network.emulateNetworkConditions", SLOW)
        await ana.choose(film)
        await is_at(page, 40)
        async with page.expect_event("requestfailed", lambda tried: ana.asks(tried, "RefreshUpload")):
            await network.send("Network.emulateNetworkConditions", SLOW | {"offline": True})
            await ana.sees("long.mp4", "Interrupted, sending again")
        await network.send("Network.emulateNetworkConditions", SLOW)

        await is_at(page, 60)
        rising = await drawn_by(page)
        assert rising == sorted(rising)
        await leave(page, page.reload)
        await ana.sees("long.mp4", "Interrupted")
        await expect(ana.line("long.mp4")).to_contain_text("Choose this file again, and it goes on.")
        await check(ana, "left unfinished")
        await ana.slowly(6 * MIB)
        await ana.choose(film)

        await is_at(page, 80)
        rising = await drawn_by(page)
        assert rising == sorted(rising)
        assert rising[0] >= 30
        await page.close()
        other = await Visitor(await context.new_page(), up.url, ENGLISH, ana.email).open()
        await other.sees("long.mp4", "Interrupted")
        await other.choose(film)
        await other.sees("long.mp4", "Ready", within=60_000)
        rising = await drawn_by(other.page)
        assert rising == sorted(rising)
        assert rising[0] >= 50
        await expect(other.page.get_by_role("listitem")).to_have_count(1)
        # The storage's word on a part may reach a page that is being left too late to be counted here.
        assert set(parts.sent) == set(range(1, 11))
        assert parts.again == []


async def test_an_upload_is_paused_gone_on_with_and_canceled(up: Up, samples: Path, tmp_path: Path):
    film = long_film(samples, tmp_path, 32 * MIB)
    async with running_browser() as browser, asyncio.timeout(120):
        ana, parts = await somebody(browser, up, locale="pt-BR")
        await ana.slowly(4 * MIB)
        await ana.choose(film)
        await is_at(ana.page, 30)
        await check(ana, "sending in parts")
        await ana.button("Pausar", "long.mp4").click()
        await ana.sees("long.mp4", "Pausado")
        await expect(ana.button("Continuar", "long.mp4")).to_be_focused()
        await check(ana, "paused")
        before = len(parts.sent)
        await ana.slowly(-1)
        await ana.page.keyboard.press("Enter")
        await ana.sees("long.mp4", "Pronto")
        assert len(parts.sent) > before
        assert parts.again == []
        rising = await drawn_by(ana.page)
        assert rising == sorted(rising)

        await ana.slowly(2 * MIB)
        await ana.choose(film)
        await expect(ana.button("Pausar", "long.mp4")).to_be_visible()
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "AbortUpload")) as aborted:
            await ana.button("Cancelar", "long.mp4").click()
        assert (await (await aborted.value).json())["data"]["abortUpload"]["__typename"] == "Deleted"
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)
        await ana.page.reload()
        await ana.sees("long.mp4", "Pronto")
        await expect(ana.page.get_by_role("listitem")).to_have_count(1)


async def test_what_speaks_against_a_large_file_is_said_at_once(up: Up, tmp_path: Path):
    (tmp_path / "letter.mp4").write_bytes(b"Dear Ana" * (2 * MIB))
    async with running_browser() as browser, asyncio.timeout(60):
        ana, parts = await somebody(browser, up)
        await ana.slowly(1_500_000)  # 12 Mbit/s
        await ana.choose(tmp_path / "letter.mp4")
        await ana.sees("letter.mp4", "Not sent", within=2_000)
        await expect(ana.line("letter.mp4")).to_contain_text("its content is text.")
        assert parts.sent == []
        assert ana.wrong == []


async def test_a_service_that_is_busy_is_shown_as_busy_and_the_file_goes_later(up: Up, samples: Path, tmp_path: Path):
    film = long_film(samples, tmp_path, 9 * MIB)
    busy = {"__typename": "Problem", "code": "SERVICE_BUSY", "message": "Busy.", "field": None, "retryAfterSeconds": 3}
    answers = [busy]

    async def once(route: Route) -> None:
        if answers and "createUpload" in (route.request.post_data or ""):
            await route.fulfill(json={"data": {"createUpload": answers.pop()}})
        else:
            await route.fallback()

    async with running_browser() as browser, asyncio.timeout(60):
        ana, parts = await somebody(browser, up)
        await ana.page.route("**/graphql", once)
        await ana.choose(film)
        await expect(ana.line("long.mp4")).to_contain_text("Too much is waiting here.", timeout=2_000)
        assert parts.sent == []
        await ana.sees("long.mp4", "Ready")
        await expect(ana.line("long.mp4")).not_to_contain_text("Too much")


@pytest.mark.parametrize("blocked", ["**/graphql", "**/*partNumber*"])
async def test_where_no_way_leads_to_the_storage_the_file_comes_in_one_piece(
    up: Up, samples: Path, tmp_path: Path, blocked: str
):
    film = long_film(samples, tmp_path, 9 * MIB)
    none = {
        "__typename": "Problem",
        "code": "STAGING_UNAVAILABLE",
        "message": "",
        "field": None,
        "retryAfterSeconds": None,
    }

    async def unavailable(route: Route) -> None:
        if "partNumber" in route.request.url:
            await route.abort()
        elif "createUpload" in (route.request.post_data or ""):
            await route.fulfill(json={"data": {"createUpload": none}})
        else:
            await route.fallback()

    async with running_browser() as browser, asyncio.timeout(60):
        ana, parts = await somebody(browser, up)
        await ana.page.route(blocked, unavailable)
        async with ana.page.expect_request(
            lambda sent: sent.headers.get("content-type", "").startswith("multipart/form-data")
        ):
            await ana.choose(film)
        await ana.sees("long.mp4", "Ready")
        assert parts.confirmed == []
        assert all("partNumber" in said or "ERR_FAILED" in said for said in ana.wrong)


async def test_a_large_file_goes_past_the_service_in_parts_and_a_small_one_does_not(
    up: Up, samples: Path, tmp_path: Path
):
    film = long_film(samples, tmp_path, 17 * MIB)
    async with running_browser() as browser, asyncio.timeout(60):
        ana, parts = await somebody(browser, up)
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        assert parts.sent == []
        await expect(ana.page.get_by_text(re.compile("Up to 53.7 GB each"))).to_be_visible()
        await ana.choose(film)
        await ana.sees("long.mp4", "Ready")
        assert sorted(parts.sent) == sorted(parts.confirmed) == [1, 2, 3]
        assert all("partNumber" in said for said in ana.wrong)
