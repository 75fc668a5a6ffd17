"""A gallery of 100,000 pictures in Chromium: how long the page stands still, what it holds, how soon it is there.

A film goes through `fiapx up`, as people use it: every one of its pictures is taken. Then somebody opens its page,
again and again in a new browser: until the first tiles are there, then ten seconds of scrolling, at a pace and in
leaps. Chromium tells how long each task of the main thread took, the system what the page's process holds. The peer,
in the same run and over the same way, is a plain grid: an <img loading=lazy> for each of the first 2,000 pictures.

Repeat: PYTHONPATH=. python bench/gallery.py [RUNS [PICTURES]]
"""

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.async_api import Browser, Page, expect

from bench.film.materials import FFMPEG, QUIET, SAMPLES
from devserver.ports import free_pair
from tests.e2e.conftest import start, stop
from tests.parts.browser import running_browser
from tests.parts.waiting import until

WHO: Final = {"name": "Ana Souza", "email": "ana@example.com", "password": "correct horse battery"}
PATIENCE_SECONDS: Final = 1200
MOST_MS, MOST_MIB, FIRST_MS, PLAIN_CELLS = 50.0, 300.0, 300.0, 2000
UPLOAD: Final = """mutation($file: Upload!) {
  uploadVideo(file: $file, options: { select: { everyNthFrame: 1 } }) { ... on VideoProcessing { id } } }"""
STATUS: Final = """query($id: ID!) { video(id: $id) { ... on VideoProcessing {
  status failure { reason } result { frameCount } } } }"""
URLS: Final = """query($id: ID!, $from: Int!) { video(id: $id) { ... on VideoProcessing {
  result { frames(first: 100, fromIndex: $from) { edges { node { url } } } } } } }"""
FIRST_TILES: Final = """
new MutationObserver((_, watching) => {
  if (!document.querySelector(".gallery .tile")) return;
  watching.disconnect();
  requestAnimationFrame(() => requestAnimationFrame(() => (window.firstTiles = performance.now())));
}).observe(document, { childList: true, subtree: true });
"""
PLAIN: Final = """(urls) => {
  document.head.replaceChildren();
  const cells = urls.map((url) => Object.assign(new Image(160, 90), { src: url, loading: "lazy", decoding: "async" }));
  document.body.replaceChildren(...cells);
}"""


def film(folder: Path, pictures: int) -> Path:
    """Make one of so many pictures out of a real clip."""
    once, path = folder / "once.mp4", folder / "film.mp4"
    encode = ["-i", str(SAMPLES / "bigbuckbunny.mp4"), "-map", "0:V:0", "-vf", "scale=320:180", "-c:v", "libx264"]
    subprocess.run([FFMPEG, *QUIET, *encode, "-preset", "veryfast", once], check=True)
    again = ["-stream_loop", "-1", "-i", str(once), "-c", "copy", "-frames:v", str(pictures)]
    subprocess.run([FFMPEG, *QUIET, *again, path], check=True)
    return path


async def taken(client: httpx.AsyncClient, source: bytes) -> str:
    """Let the service take all pictures of the film; return the video's id."""
    await client.post("/auth/register", json=WHO)
    token = (await client.post("/auth/login", json=WHO)).json()["access_token"]
    client.headers["Authorization"] = f"Bearer {token}"
    form = {
        "operations": json.dumps({"query": UPLOAD, "variables": {"file": None}}),
        "map": '{"0": ["variables.file"]}',
    }
    sent = await client.post("/graphql", data=form, files={"0": ("film.mp4", source)})
    video: str = sent.json()["data"]["uploadVideo"]["id"]
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := await asked(client, STATUS, id=video))["status"] != "COMPLETED":
            if found["status"] == "FAILED":
                raise SystemExit(found["failure"]["reason"])
            await asyncio.sleep(1)
    print(f"{found['result']['frameCount']} pictures, load {os.getloadavg()[0]:.1f}", flush=True)
    return video


async def asked(client: httpx.AsyncClient, query: str, **variables: Any) -> Any:
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    return answer.json()["data"]["video"]


async def signed_in(page: Page, url: str) -> None:
    await page.goto(url)
    await page.get_by_label("E-mail").fill(WHO["email"])
    await page.get_by_label("Password").fill(WHO["password"])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.locator(".live")).to_have_text("Live")


async def scrolled(browser: Browser, page: Page) -> float:
    """Scroll as people do; return the milliseconds of the main thread's longest task meanwhile."""
    network = await page.context.new_cdp_session(page)
    await browser.start_tracing(page=page, categories=["disabled-by-default-devtools.timeline", "__metadata"])
    for distance in (-12_000, -12_000, 6_000):
        gesture: Mapping[str, Any] = {"x": 400, "y": 500, "yDistance": distance, "speed": 6000}
        await network.send("Input.synthesizeScrollGesture", dict(gesture))
    for share in (0.3, 0.9, 0.5, 0.0):
        await page.evaluate("(share) => scrollTo(0, document.scrollingElement.scrollHeight * share)", share)
        await asyncio.sleep(0.7)
    events: list[dict[str, Any]] = json.loads(await browser.stop_tracing())["traceEvents"]
    mains = {(e["pid"], e["tid"]) for e in events if e.get("args", {}).get("name") == "CrRendererMain"}
    tasks: list[float] = [
        e["dur"] / 1000
        for e in events
        if e["name"].endswith("RunTask") and (e["pid"], e["tid"]) in mains and "dur" in e
    ]
    return max(tasks, default=0.0)


def held(browser_pid: int) -> float:
    """Return the MiB that the largest of the browser's processes for pages holds (PSS, as Linux counts it)."""
    sizes = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"--type=renderer" in (folder / "cmdline").read_bytes() and _comes_from(int(folder.name), browser_pid):
                (pss,) = re.findall(r"^Pss:\s+(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE)
                sizes.append(int(pss) / 1024)
        except (FileNotFoundError, ProcessLookupError):
            continue  # It ended meanwhile.
    return max(sizes)


def _comes_from(pid: int, ancestor: int) -> bool:
    while pid not in {0, 1}:
        if pid == ancestor:
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


async def ours(url: str, video: str) -> tuple[float, float, float]:
    """Return the milliseconds to the first tiles, those of the longest task, and the MiB held."""
    async with running_browser() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await signed_in(page, url)
        await page.add_init_script(FIRST_TILES)
        await page.goto(f"{url}/videos/{video}")
        await until(lambda: page.evaluate("window.firstTiles"))
        first: float = await page.evaluate("window.firstTiles")
        return first, await scrolled(browser, page), held(os.getpid())


async def plain(url: str, urls: list[str]) -> tuple[float, float]:
    """Return the same two of the plain grid's scrolling."""
    async with running_browser() as browser:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.goto(url)
        await page.evaluate(PLAIN, urls)
        return await scrolled(browser, page), held(os.getpid())


async def measure(url: str, runs: int, source: bytes) -> bool:
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=600) as client:
        video = await taken(client, source)
        found = list[tuple[float, float, float]]()
        peers = list[tuple[float, float]]()
        for run in range(runs):
            found.append(await ours(url, video))
            pages = [await asked(client, URLS, id=video, **{"from": at + 1}) for at in range(0, PLAIN_CELLS, 100)]
            urls = [edge["node"]["url"] for one in pages for edge in one["result"]["frames"]["edges"]]
            peers.append(await plain(url, urls))
            (first, task, memory), (peer_task, peer_memory) = found[-1], peers[-1]
            print(f"run {run + 1}: first tiles {first:.0f} ms, longest task {task:.1f} ms, {memory:.0f} MiB; "
                  f"plain {peer_task:.1f} ms, {peer_memory:.0f} MiB", flush=True)  # fmt: skip
    first, task, memory = (float(statistics.median(one)) for one in zip(*found, strict=True))
    peer_task, peer_memory = (float(statistics.median(one)) for one in zip(*peers, strict=True))
    print(f"median of {runs}: first tiles {first:.0f} ms (at most {FIRST_MS:.0f}), longest task {task:.1f} ms (at most "
          f"{MOST_MS:.0f}), {memory:.0f} MiB (at most {MOST_MIB:.0f})")  # fmt: skip
    print(
        f"ratio to a plain grid of {PLAIN_CELLS}: longest task {task / peer_task:.2f}, "
        f"memory {memory / peer_memory:.2f}"
    )
    return first <= FIRST_MS and task <= MOST_MS and memory <= MOST_MIB


def main(runs: int, pictures: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        up = start(Path(name) / "data", free_pair())
        try:
            reached = asyncio.run(measure(up.url, runs, film(Path(name), pictures).read_bytes()))
        finally:
            stop(up)
    print(f"repeat: PYTHONPATH=. python bench/gallery.py {runs} {pictures}")
    return 0 if reached else 1


if __name__ == "__main__":
    asked_for = [int(one) for one in sys.argv[1:]]
    sys.exit(main(*(asked_for + [10, 100_000][len(asked_for) :])))
