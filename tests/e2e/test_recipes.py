"""What developers copy and start from: the recipes on a host of their own, and the sample under Vite's dev server."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Route, WebSocketRoute, expect

from devserver.ports import free_pair
from tests.e2e.client import Person
from tests.e2e.conftest import ROOT, Up, start, stop
from tests.e2e.visitor import ENGLISH, PASSWORD, SOON, Visitor, new_visitor
from tests.parts.browser import running_browser

SAMPLE = ROOT / "frontend-sample"
RECIPES = SAMPLE / "recipes"
COMPLAINTS = {"error", "warning", "assert"}
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


def vite(folder: Path, *arguments: str, **settings: str) -> subprocess.Popen[bytes]:
    """Start Vite."""
    node = shutil.which("node", path=PATH)
    assert node, "make test fetches Node.js where there is none"
    program = folder / "node_modules" / "vite" / "bin" / "vite.js"
    env = os.environ | {"PATH": PATH} | settings
    return subprocess.Popen([node, program, *arguments], cwd=folder, env=env, stdout=subprocess.DEVNULL)


@contextmanager
def served(folder: Path, url: str, *arguments: str, **settings: str) -> Iterator[None]:
    """Let Vite serve until the block ends."""
    where = ("--host", "127.0.0.1", "--port", url.rpartition(":")[2], "--strictPort")
    process = vite(folder, *arguments, *where, **settings)
    try:
        deadline = time.monotonic() + 30
        while True:
            assert process.poll() is None, process.returncode
            assert time.monotonic() < deadline
            try:
                httpx.get(url, timeout=30, trust_env=False)
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                break
        yield
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def recipes(open_to_elsewhere: Up, elsewhere: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """Both recipes, built once for that service and served at the other origin."""
    built = str(tmp_path_factory.mktemp("recipes") / "dist")
    building = ("build", "--logLevel", "error", "--outDir", built, "--emptyOutDir")
    assert vite(RECIPES, *building, VITE_API_URL=open_to_elsewhere.url).wait(60) == 0
    with served(RECIPES, elsewhere, "preview", "--outDir", built):
        yield open_to_elsewhere


async def test_the_sample_runs_under_vites_dev_server(up: Up, samples: Path):
    url = f"http://127.0.0.1:{free_pair()}"
    with served(SAMPLE, url, FIAPX_API=up.url):
        async with running_browser() as browser, asyncio.timeout(60):
            ana = await new_visitor(browser, url)
            await ana.sign_up()
            await ana.choose(samples / "carphone_pristine.mp4")
            await ana.sees("carphone_pristine.mp4", "Ready")
            async with ana.page.expect_download() as download:
                await ana.button("Download ZIP", "carphone_pristine.mp4").click()
            assert (await download.value).suggested_filename == "carphone_pristine-frames.zip"


@pytest.mark.parametrize("recipe", ["react-apollo", "plain"])
async def test_a_recipe_goes_the_whole_way_from_another_origin(recipes: Up, elsewhere: str, samples: Path, recipe: str):
    async with running_browser() as browser, asyncio.timeout(60):
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
            # The token expires, and the socket with it; the next one has another.
            opened = len(sockets)
            while len(sockets) == opened:
                await asyncio.sleep(0.05)
        async with page.expect_download() as download:
            await page.get_by_role("link", name="Download").first.click()
        assert (await download.value).suggested_filename == "carphone_pristine-frames.zip"
        assert ana.wrong == []


@pytest.mark.parametrize("recipe", ["react-apollo", "plain"])
async def test_a_recipe_gives_its_developers_console_nothing_to_complain_of(up: Up, samples: Path, recipe: str):
    """Under Vite's dev server, where libraries warn of what they are used for wrongly."""
    url = f"http://127.0.0.1:{free_pair()}"
    with served(RECIPES, url, FIAPX_API=up.url):
        async with somebody_at(url) as ana, asyncio.timeout(90):
            ana.page.on("console", lambda said: ana.wrong.append(said.text) if said.type in COMPLAINTS else None)
            await register(ana, recipe)
            for turn in range(2):
                await ana.page.get_by_label("Video").set_input_files(samples / "carphone_pristine.mp4")
                lines = ana.page.get_by_role("listitem").filter(has_text="carphone_pristine.mp4: COMPLETED 100 %")
                await expect(lines).to_have_count(turn + 1, timeout=SOON)
            await ana.page.get_by_label("Video").set_input_files(SAMPLE / "package.json")
            await expect(ana.page.get_by_role("alert")).not_to_be_empty()
            await ana.page.reload()
            await expect(ana.page.get_by_label("E-mail")).to_be_visible()
            assert ana.wrong == []


@asynccontextmanager
async def somebody_at(origin: str) -> AsyncIterator[Visitor]:
    """Somebody with a browser, who can go to the recipes."""
    async with running_browser() as browser:
        ana = Visitor(await browser.new_page(), origin, ENGLISH)
        ana.page.on("pageerror", lambda error: ana.wrong.append(str(error)))
        yield ana


async def register(ana: Visitor, recipe: str) -> None:
    await ana.page.goto(f"{ana.url}/{recipe}/")
    await ana.page.get_by_label("Name").fill("Ana Souza")
    await ana.page.get_by_label("E-mail").fill(ana.email)
    await ana.page.get_by_label("Password").fill(PASSWORD)
    await ana.page.get_by_role("button", name="Register").click()
    await expect(ana.page.get_by_label("Video")).to_be_visible()


@pytest.mark.parametrize("recipe", ["react-apollo", "plain"])
async def test_a_recipe_outlives_a_refused_socket_and_shows_what_it_missed(
    recipes: Up, elsewhere: str, samples: Path, recipe: str
):
    async with somebody_at(elsewhere) as ana, asyncio.timeout(60):
        open_sockets: list[WebSocketRoute] = []
        refused, refusing = asyncio.Event(), True

        async def route(socket: WebSocketRoute) -> None:
            if refusing:
                await socket.close(code=4429, reason="Too many sockets")
                refused.set()
            else:
                socket.connect_to_server()
                open_sockets.append(socket)

        await ana.page.route_web_socket("**/graphql", route)
        await register(ana, recipe)
        await refused.wait()
        async with Person(recipes.url, ana.email, PASSWORD) as person:
            await person.login()
            await person.upload(samples / "carphone_pristine.mp4")
            refusing = False
            line = ana.page.get_by_role("listitem").filter(has_text="carphone_pristine.mp4: COMPLETED 100 %")
            await expect(line).to_have_count(1, timeout=SOON)

            refusing = True
            refused.clear()
            for socket in open_sockets:
                await socket.close(code=4429, reason="Too many sockets")
            await refused.wait()
            await person.login()
            [edge] = (await person.videos())["edges"]
            await person.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=edge["node"]["id"])
            refusing = False
            await expect(line).to_have_count(0, timeout=SOON)
        assert ana.wrong == []


@pytest.mark.parametrize("recipe", ["react-apollo", "plain"])
async def test_a_recipe_keeps_its_session_through_an_outage(recipes: Up, elsewhere: str, samples: Path, recipe: str):
    async with somebody_at(elsewhere) as ana, asyncio.timeout(60):
        tried = asyncio.Event()

        async def away(route: Route) -> None:
            """Answer a refresh as the service does while its database is away."""
            if "refreshSession" in (route.request.post_data or ""):
                problem = {"__typename": "Problem", "code": "STORAGE_ERROR", "message": "Away."}
                headers = {"Access-Control-Allow-Origin": elsewhere}
                await route.fulfill(json={"data": {"refreshSession": problem}}, headers=headers)
                tried.set()
            else:
                await route.continue_()

        await register(ana, recipe)
        await ana.page.route("**/graphql", away)
        await tried.wait()  # The token has expired.
        await ana.page.unroute("**/graphql", away)
        await ana.page.get_by_label("Video").set_input_files(samples / "carphone_pristine.mp4")
        line = ana.page.get_by_role("listitem").filter(has_text="carphone_pristine.mp4: COMPLETED 100 %")
        await expect(line).to_have_count(1, timeout=SOON)
        assert ana.wrong == []


async def test_an_upload_that_is_refused_says_so_at_the_plain_recipe(recipes: Up, elsewhere: str, samples: Path):
    async with somebody_at(elsewhere) as ana, asyncio.timeout(60):
        await register(ana, "plain")
        alert = ana.page.get_by_role("alert")
        bodies = ['{"errors": [{"message": "This file is too large."}]}', "<html>"]

        async def refuse(route: Route) -> None:
            if "multipart" in route.request.headers.get("content-type", ""):
                await route.fulfill(status=413, body=bodies.pop(0), headers={"Access-Control-Allow-Origin": elsewhere})
            else:
                await route.continue_()

        await ana.page.route("**/graphql", refuse)
        for said in ("This file is too large.", "JSON"):
            await ana.page.get_by_label("Video").set_input_files(samples / "carphone_pristine.mp4")
            await expect(alert).to_contain_text(said)
        assert ana.wrong == []
