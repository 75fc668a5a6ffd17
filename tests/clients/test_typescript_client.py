"""The TypeScript client, as its package installs it, against the running service and a real storage."""

import asyncio
import gzip
import hashlib
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.async_api import Page, expect

from app.infra.s3.client import s3_client
from app.usecases.ports.storage import PartToSend
from fiapx_client import AsyncFiapX, Progress, Stopped
from tests.aws.templates import cors_rules
from tests.clients.conftest import FOLDER, node, registered, running, stored
from tests.clients.typescript import README, example, ran
from tests.parts.browser import running_browser
from tests.parts.moto_s3 import MotoPart
from tests.parts.site import MP4, PASSWORD, Person, Site, running_site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part
from tests.parts.waiting import until
from tests.parts.wired import shipped

PART = 8 * 1024**2


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str) -> AsyncIterator[Site]:
    async with site_with_storage(empty_database, tmp_path, s3, bucket) as site:
        yield site


def test_the_package_needs_nothing_and_pages_get_less_than_8_kb_of_it(package: Path):
    installed = package / "node_modules" / "fiapx-client"
    scripts = {script.name: script.read_bytes() for script in sorted(installed.glob("dist/*.js"))}
    for entry, most in {"node.js": 700, "manage.js": 700}.items():
        assert len(gzip.compress(scripts.pop(entry), 6)) < most
    everywhere = b"".join(scripts.values())
    assert 0 < len(gzip.compress(everywhere, 6)) < 8_000
    assert b"manage.js" not in everywhere
    assert b"node:" not in everywhere
    assert not {"dependencies", "peerDependencies"} & set(json.loads((installed / "package.json").read_text()))
    assert (installed / "dist" / "index.d.ts").is_file()
    assert "until it is COMPLETED or FAILED" in (installed / "dist" / "fiapx.d.ts").read_text("utf-8")


def test_each_example_of_the_readme_is_run():
    tests = "".join(path.read_text("utf-8") for path in FOLDER.glob("test_typescript_client*.py"))
    names = re.findall(r"^```js\n// (\S+)$", README, re.MULTILINE)
    assert [name for name in names if f'example("{name}"' not in tests] == []
    assert README.count("```js") == len(names)


async def test_the_example_for_node_sends_a_film(package: Path, site: Site):
    film = MP4 + os.urandom(2 * PART)
    (package / "film.mp4").write_bytes(film)
    upload, status = (await ran(package, "node.mjs", example("node.mjs", site, await registered(site)))).split()
    assert status == "PENDING"
    assert await stored(site, upload) == film


async def test_the_example_of_a_refusal_says_code_and_sentence(package: Path, site: Site):
    said = await ran(package, "refused.mjs", example("refused.mjs", site, await registered(site)))
    assert said.startswith("UNSUPPORTED_FILE_FORMAT This file is named .mp4 but its content is text.")


async def test_killed_and_started_again_it_sends_no_confirmed_part_twice(package: Path, site: Site, ana: Person):
    film = MP4 + os.urandom(5 * PART)
    (package / "long.mp4").write_bytes(film)
    command = (node(), str(package / "resuming.mjs"), site.url, ana.token, str(package / "long.mp4"))
    confirmed: set[int] = set()
    for _ in range(2):
        async with running(*command) as program:  # Which ends it by SIGKILL.
            while "confirmed" not in (step := await program.step()):
                assert step["sending"] not in confirmed
        confirmed.add(step["confirmed"])
    async with running(*command) as program:
        while "id" not in (step := await program.step()):
            assert step.get("sending") not in confirmed
    assert step["status"] == "PENDING"
    assert await stored(site, step["id"]) == film


async def test_what_it_began_the_python_client_goes_on_with(package: Path, site: Site, ana: Person):
    path, told = package / "begun.mp4", list[Progress]()
    path.write_bytes(MP4 + os.urandom(3 * PART))
    async with running(node(), str(package / "resuming.mjs"), site.url, ana.token, str(path)) as program:
        while "confirmed" not in await program.step():
            pass
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        video = await fiapx.upload(path, on_progress=told.append).done()
    assert told[0].done_bytes >= PART
    assert await stored(site, video.id) == path.read_bytes()


async def test_what_the_python_client_began_it_goes_on_with(package: Path, site: Site, ana: Person):
    path = package / "begun there.mp4"
    path.write_bytes(MP4 + os.urandom(3 * PART))
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        upload = fiapx.upload(path, parallel=1)
        await until(lambda: upload.progress.done_bytes > PART)  # The first is confirmed before the second is begun.
        upload.stop()
        with pytest.raises(Stopped):
            await upload.done()
    async with running(node(), str(package / "resuming.mjs"), site.url, ana.token, str(path)) as program:
        while "id" not in (step := await program.step()):
            assert step.get("sending") != 1
    assert await stored(site, step["id"]) == path.read_bytes()


PAGE_OF_EXAMPLE = """<!doctype html><meta charset="utf-8"><title>Films</title>
<script type="importmap">{"imports": {"fiapx-client": "/node_modules/fiapx-client/dist/index.js"}}</script>
<form><input name="email"><input name="password"><input name="film" type="file"><button>Send</button></form>
<button id="pause">Pause</button><progress></progress><output></output>
<script type="module" src="browser.js"></script>
"""


@contextmanager
def pages_of(folder: Path) -> Iterator[str]:
    """Serve a folder at an origin of its own; give the origin."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder)) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@asynccontextmanager
async def site_for(origin: str, storage: str, database: Path, folder: Path) -> AsyncIterator[Site]:
    """A service and a storage of this kind that let in the pages of one origin beside their own."""
    with MotoPart(folder) if storage == "moto" else S3Part(folder, [origin]) as s3:
        client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
        client.create_bucket(Bucket="films")
        if storage == "moto":  # Which heeds what a bucket says, as Amazon does; so it gets what our bucket there says.
            rules: Any = {"CORSRules": cors_rules(origin)}
            client.put_bucket_cors(Bucket="films", CORSConfiguration=rules)
        client.close()
        settings = shipped(allowed_origins=(origin,), requests_per_minute=10**9, max_cpu_seconds_per_minute=10**9)
        async with site_with_storage(database, folder, s3, "films", settings=settings) as site:
            yield site


async def part_of_another(site: Site) -> tuple[str, str]:
    """Begin an upload of which nothing is sent yet; return its name and a link that takes a byte."""
    assert site.part_links is not None
    upload = await site.opened.storage.begin_parts("sources/another", "video/mp4")
    (link,), _ = await site.part_links.links("sources/another", upload, [PartToSend(1, 1)], datetime.now(UTC))
    return upload, link


async def sent_of(site: Site, upload: str) -> list[int]:
    return [part.size_bytes for part in await site.opened.storage.parts("sources/another", upload)]


async def send_by(page: Page, email: str, film: Path) -> None:
    await page.locator("[name=email]").fill(email)
    await page.locator("[name=password]").fill(PASSWORD)
    await page.locator("[name=film]").set_input_files(film)
    await page.get_by_role("button", name="Send").click()


PUT_FROM_HERE = """async (url) => {
  const { put } = await import("/node_modules/fiapx-client/dist/index.js");
  const answered = put(url, new Blob(["x"]), () => {}, new AbortController().signal);
  return answered.then(({ status }) => status, ({ code }) => code);
}"""


@pytest.mark.slow
@pytest.mark.parametrize("storage", ["embedded", "moto"])
async def test_the_example_for_browsers_sends_from_another_origin_and_a_foreign_one_cannot(
    storage: str, package: Path, empty_database: Path, tmp_path: Path
):
    film = tmp_path / "film.mp4"
    film.write_bytes(MP4 + os.urandom(2 * PART))
    (package / "index.html").write_text(PAGE_OF_EXAMPLE)
    with pages_of(package) as welcome, pages_of(package) as foreign:
        async with site_for(welcome, storage, empty_database, tmp_path) as site, asyncio.timeout(60):
            email = await registered(site)
            (package / "browser.js").write_text(example("browser.js", site, email))
            async with running_browser() as browser:
                page = await browser.new_page()
                await page.goto(f"{foreign}/index.html")
                parts: list[str] = []
                page.on("request", lambda sent: parts.append(sent.url) if "partNumber" in sent.url else None)
                async with page.expect_event("pageerror") as refused:
                    await send_by(page, email, film)
                assert "The service does not answer." in str(await refused.value)
                await page.goto(f"{welcome}/index.html")
                await send_by(page, email, film)
                await expect(page.locator("output")).not_to_be_empty(timeout=30_000)
                upload = await page.locator("output").inner_text()
                assert await page.locator("progress").evaluate("({ value }) => value") == 1
                assert await page.evaluate("indexedDB.databases().then((all) => all.length)") == 1
                assert len(parts) == 3
                another, link = await part_of_another(site)
                await page.goto(f"{foreign}/index.html")
                assert await page.evaluate(PUT_FROM_HERE, link) == "NETWORK"
                assert await sent_of(site, another) == []
                await page.goto(f"{welcome}/index.html")
                assert await page.evaluate(PUT_FROM_HERE, link) == 200
                assert await sent_of(site, another) == [1]
            assert await stored(site, upload) == film.read_bytes()
            await site.claimed(upload)


FRAMES = """<!doctype html><meta charset="utf-8"><title>Frames</title>
<script type="importmap">{"imports": {"fiapx-client": "/node_modules/fiapx-client/dist/index.js"}}</script>
<progress></progress><output></output><a>Frames</a>
<script type="module" src="frames.js"></script>
"""
IN_ONE_REQUEST = """async (url) => {
  const { FiapX } = await import("/node_modules/fiapx-client/dist/index.js");
  const told = [];
  const settings = { name: "film.mp4", onChange: ({ sentBytes }) => told.push(sentBytes) };
  const film = await (await fetch("/film.mp4")).blob();
  const { id } = await new FiapX({ url, token: sessionStorage.token }).upload(film, settings).done;
  return [id, told];
}"""
DIGEST = """async ({ href }) => {
  const bytes = await (await fetch(href)).arrayBuffer();
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))];
}"""


@pytest.mark.slow
async def test_from_another_origin_browsers_watch_download_past_a_cut_and_send_in_one_request(
    package: Path, empty_database: Path, tmp_path: Path
):
    frames = MP4 + os.urandom(24 * 1024**2)
    (package / "frames.html").write_text(FRAMES)
    (package / "film.mp4").write_bytes(film := MP4 + os.urandom(2_000_000))
    with pages_of(package) as origin:
        settings = shipped(allowed_origins=(origin,))
        async with (
            running_site(empty_database, tmp_path, settings=settings, part_links=None) as site,
            site.person() as ana,
            running_browser() as browser,
            asyncio.timeout(60),
        ):
            (package / "frames.js").write_text(example("frames.js", site))
            video = await ana.uploaded()
            page = await browser.new_page()
            await page.add_init_script(f"sessionStorage.token = {json.dumps(ana.token)}")
            answered: list[tuple[str, int]] = []
            page.on("response", lambda came: answered.append((came.request.method, came.status)))
            network = await page.context.new_cdp_session(page)
            slow = {"offline": False, "latency": 0, "downloadThroughput": 16 * 1024**2, "uploadThroughput": -1}
            await network.send("Network.emulateNetworkConditions", slow)
            await page.goto(f"{origin}/frames.html#{video}")
            await expect(page.locator("output")).to_have_text("PENDING")
            await site.completed(video, frames)
            await expect(page.locator("output")).to_have_text("COMPLETED")
            await page.wait_for_function("document.querySelector('progress').value > 0.1", polling=5)
            site.cut_connections()
            await network.send("Network.emulateNetworkConditions", slow | {"downloadThroughput": -1})
            await expect(page.locator("a")).to_have_attribute("href", re.compile("^blob:"), timeout=30_000)
            assert await page.locator("a").evaluate(DIGEST) == list(hashlib.sha256(frames).digest())
            assert answered.count(("GET", 206)) == 2
            sent, told = await page.evaluate(IN_ONE_REQUEST, site.url)
            assert await stored(site, sent) == film
            assert (told, told[-1]) == (sorted(told), len(film))
