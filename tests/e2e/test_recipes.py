"""What developers copy and start from: the recipes on a host of their own, and the sample under Vite's dev server."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import expect

from app.infra.embedded.ports import free_pair
from tests.e2e.conftest import ROOT, Up, start, stop
from tests.e2e.visitor import ENGLISH, PASSWORD, SOON, Visitor, new_visitor
from tests.parts.browser import running_browser

SAMPLE = ROOT / "frontend-sample"
RECIPES = SAMPLE / "recipes"
PATH = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def elsewhere() -> str:
    """Another origin than the API's."""
    return f"http://127.0.0.1:{free_pair()}"


@pytest.fixture(scope="module")
def open_to_elsewhere(tmp_path_factory: pytest.TempPathFactory, elsewhere: str) -> Iterator[Up]:
    """A service that pages of that origin may use, with sessions of three seconds."""
    settings = {"FIAPX_ALLOWED_ORIGINS": json.dumps([elsewhere]), "FIAPX_SESSION_SECONDS": "3"}
    running = start(tmp_path_factory.mktemp("open") / "data", free_pair(), **settings)
    yield running
    stop(running)


async def vite(folder: Path, *arguments: str, **settings: str) -> asyncio.subprocess.Process:
    """Start Vite."""
    node = shutil.which("node", path=PATH)
    assert node, "make test fetches Node.js where there is none"
    program = folder / "node_modules" / "vite" / "bin" / "vite.js"
    env = os.environ | {"PATH": PATH} | settings
    return await asyncio.create_subprocess_exec(
        node, program, *arguments, cwd=folder, env=env, stdout=subprocess.DEVNULL
    )


@asynccontextmanager
async def served(folder: Path, url: str, *arguments: str, **settings: str) -> AsyncIterator[None]:
    """Let Vite serve until the block ends."""
    where = ("--host", "127.0.0.1", "--port", url.rpartition(":")[2], "--strictPort")
    process = await vite(folder, *arguments, *where, **settings)
    try:
        async with asyncio.timeout(30), httpx.AsyncClient() as client:
            while True:
                try:
                    await client.get(url)
                except httpx.TransportError:
                    await asyncio.sleep(0.1)
                else:
                    break
        yield
    finally:
        process.terminate()
        await process.wait()


async def test_the_sample_runs_under_vites_dev_server(up: Up, samples: Path):
    url = f"http://127.0.0.1:{free_pair()}"
    async with (
        served(SAMPLE, url, FIAPX_API=up.url),
        running_browser() as browser,
        asyncio.timeout(60),
    ):
        ana = await new_visitor(browser, url)
        await ana.sign_up()
        await ana.choose(samples / "carphone_pristine.mp4")
        await ana.sees("carphone_pristine.mp4", "Ready")
        async with ana.page.expect_download() as download:
            await ana.button("Download ZIP", "carphone_pristine.mp4").click()
        assert (await download.value).suggested_filename == "carphone_pristine-frames.zip"


@pytest.mark.parametrize("recipe", ["react-apollo", "plain"])
async def test_a_recipe_goes_the_whole_way_from_another_origin(
    open_to_elsewhere: Up, elsewhere: str, samples: Path, tmp_path: Path, recipe: str
):
    built = str(tmp_path / "dist")
    building = await vite(
        RECIPES, "build", "--logLevel", "error", "--outDir", built, "--emptyOutDir", VITE_API_URL=open_to_elsewhere.url
    )
    assert await building.wait() == 0
    async with (
        served(RECIPES, elsewhere, "preview", "--outDir", built),
        running_browser() as browser,
        asyncio.timeout(60),
    ):
        page = await browser.new_page()
        ana = Visitor(page, elsewhere, ENGLISH)
        sockets: list[str] = []
        page.on("websocket", lambda socket: sockets.append(socket.url))
        page.on("pageerror", lambda error: ana.wrong.append(str(error)))
        await page.goto(f"{elsewhere}/{recipe}/")
        await page.get_by_label("E-mail").fill(ana.email)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("alert").first).to_contain_text("wrong")
        await page.get_by_label("Name").fill("Ana Souza")
        await page.get_by_role("button", name="Register").click()
        await expect(page.get_by_label("Video")).to_be_visible()
        for turn in range(2):
            await page.get_by_label("Video").set_input_files(samples / "carphone_pristine.mp4")
            lines = page.get_by_role("listitem").filter(has_text="carphone_pristine.mp4: COMPLETED 100 %")
            await expect(lines).to_have_count(turn + 1, timeout=SOON)
            await expect(page.get_by_role("progressbar")).to_have_js_property("value", 1)
            # The token lapses, and the socket with it; the next one has another.
            opened = len(sockets)
            while len(sockets) == opened:
                await asyncio.sleep(0.05)
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download").first.click()
        assert (await download.value).suggested_filename == "carphone_pristine-frames.zip"
        assert ana.wrong == []
