"""What live updates cost the page: 1,000 lines, 50 updates a second for 20 s, and the longest task of its main thread.

Chromium tells how long each task took (trace event RunTask). The peer, in the same run and under the same updates, is
the recipe with React and Apollo Client, whose list has 100 of the lines. Server and browser share the machine.

Repeat: PYTHONPATH=. python bench/page_updates.py [RUNS [SECONDS]]
"""

import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.async_api import Browser, Page, expect

from app.domain.video import Progress, VideoProcessing
from app.infra.sql.migrate import migrate
from devserver.ports import free_pair
from tests.parts.browser import running_browser
from tests.parts.site import MP4, Site, running_site
from tests.parts.wired import shipped

LINES: Final = 1000
A_SECOND: Final = 50
TARGET_MS: Final = 50
WHO: Final = {"name": "Ana Souza", "email": "ana@example.com", "password": "correct horse battery"}
RECIPES: Final = Path(__file__).parents[1] / "frontend-sample" / "recipes"
VITE: Final = str(RECIPES / "node_modules" / "vite" / "bin" / "vite.js")


async def held_videos(site: Site) -> list[VideoProcessing]:
    """Upload as many videos as there are to be lines, and let workers hold them all."""
    async with httpx.AsyncClient(base_url=site.url, trust_env=False, timeout=60) as client:
        await client.post("/auth/register", json=WHO)
        token = (await client.post("/auth/login", json=WHO)).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        held = []
        for number in range(LINES):
            answer = await client.post("/videos/upload", files={"file": (f"holiday-{number}.mp4", MP4)})
            held.append(await site.claimed(answer.json()["id"]))
        return held


async def update(site: Site, held: list[VideoProcessing], seconds: float) -> None:
    """Let some video move, so many times a second."""
    percent = {video.id: 0.0 for video in held}
    loop = asyncio.get_running_loop()
    began = loop.time()
    for count in range(int(seconds * A_SECOND)):
        video = random.choice(held)
        index = held.index(video)
        percent[video.id] = min(99.0, percent[video.id] + 7 * random.random())
        held[index] = video = replace(
            video, version=video.version + 1, progress=Progress(percent[video.id], int(percent[video.id]), 100)
        )
        await site.live.publish(video)
        await asyncio.sleep(began + (count + 1) / A_SECOND - loop.time())


async def longest_task(browser: Browser, page: Page, site: Site, held: list[VideoProcessing], seconds: float) -> float:
    """Give the milliseconds of the longest task of the page's main thread during the updates."""
    await browser.start_tracing(page=page, categories=["disabled-by-default-devtools.timeline", "__metadata"])
    await update(site, held, seconds)
    events: list[dict[str, Any]] = json.loads(await browser.stop_tracing())["traceEvents"]
    mains = {(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"}
    tasks: list[float] = [
        e["dur"] / 1000
        for e in events
        if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in mains and "dur" in e
    ]
    return max(tasks)


async def our_page(browser: Browser, site: Site) -> Page:
    page = await browser.new_page()
    await page.goto(site.url)
    await page.get_by_label("E-mail").fill(WHO["email"])
    await page.get_by_label("Password").fill(WHO["password"])
    await page.get_by_role("button", name="Sign in").click()
    lines = page.locator(".row")
    await expect(lines.first).to_be_visible()
    while await lines.count() < LINES:
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        await asyncio.sleep(0.1)
    return page


async def the_recipe(browser: Browser, url: str) -> Page:
    page = await browser.new_page()
    await page.goto(f"{url}/react-apollo/")
    await page.get_by_label("E-mail").fill(WHO["email"])
    await page.get_by_label("Password").fill(WHO["password"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("listitem")).to_have_count(100)
    return page


async def measure(runs: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        empty, url = Path(folder) / "empty.db", f"http://127.0.0.1:{free_pair()}"
        await migrate(f"sqlite+aiosqlite:///{empty}")
        settings = shipped(requests_per_minute=10**9, allowed_origins=(url,))
        async with running_site(empty, Path(folder), settings=settings, max_active=2 * LINES) as site:
            built = f"{folder}/recipes"
            build = [VITE, "build", "--logLevel", "error", "--outDir", built, "--emptyOutDir"]
            env = os.environ | {"VITE_API_URL": site.url}
            subprocess.run(["node", *build], cwd=RECIPES, env=env, check=True)  # noqa: ASYNC221
            where = ["--host", "127.0.0.1", "--port", url.rpartition(":")[2], "--outDir", built]
            preview = subprocess.Popen(["node", VITE, "preview", *where], cwd=RECIPES, stdout=subprocess.DEVNULL)  # noqa: ASYNC220
            try:
                held = await held_videos(site)
                ours, peers = [], []
                for run in range(runs):
                    async with running_browser() as browser:
                        ours.append(await longest_task(browser, await our_page(browser, site), site, held, seconds))
                    async with running_browser() as browser:
                        peers.append(await longest_task(browser, await the_recipe(browser, url), site, held, seconds))
                    print(f"run {run + 1}: longest task {ours[-1]:.1f} ms, the recipe's {peers[-1]:.1f} ms", flush=True)
            finally:
                preview.terminate()
                preview.wait()
    median = statistics.median(ours)
    print(f"{LINES} lines, {A_SECOND} updates a second for {seconds:g} s, median of {runs} runs:")
    print(f"longest task {median:.1f} ms (at most {TARGET_MS}: {'yes' if median <= TARGET_MS else 'NO'})")
    print(f"ratio to React 19 with Apollo Client 4 and 100 lines: {median / statistics.median(peers):.2f}")


if __name__ == "__main__":
    arguments = sys.argv[1:]
    asyncio.run(measure(int(arguments[0]) if arguments else 10, float(arguments[1]) if len(arguments) > 1 else 20))
