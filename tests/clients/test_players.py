"""A storyboard in a video player of others: Vidstack, in Chromium, on a page of another origin."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from app.domain.video import VideoId
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.server.own_port import answering
from app.wiring import attempt_video
from devserver.ports import free_pair
from tests.clients.conftest import FOLDER
from tests.extracting import LIMITS
from tests.films import VP8, Films, numbers
from tests.parts.browser import running_browser
from tests.parts.site import Person, Site, running_site
from tests.parts.waiting import until
from tests.parts.wired import decoding_parts, shipped

pytestmark = [pytest.mark.slow, pytest.mark.outside]

MODULES: Final = FOLDER.parent / "player" / "node_modules"
SECONDS: Final = 20
PAGE: Final = """<!doctype html><title>A player</title>
<link rel="stylesheet" href="/modules/vidstack/player/styles/default/theme.css">
<link rel="stylesheet" href="/modules/vidstack/player/styles/default/sliders.css">
<link rel="stylesheet" href="/modules/vidstack/player/styles/default/thumbnail.css">
<script type="importmap">{"imports": {
  "@floating-ui/dom": "/modules/@floating-ui/dom/dist/floating-ui.dom.browser.mjs",
  "@floating-ui/core": "/modules/@floating-ui/core/dist/floating-ui.core.browser.mjs",
  "@floating-ui/utils": "/modules/@floating-ui/utils/dist/floating-ui.utils.mjs",
  "@floating-ui/utils/dom": "/modules/@floating-ui/utils/dist/floating-ui.utils.dom.mjs",
  "lit-html": "/modules/lit-html/lit-html.js", "lit-html/": "/modules/lit-html/",
  "media-captions": "/modules/media-captions/dist/prod.js"
}}</script>
<script type="module">
  import "/modules/vidstack/prod/define/vidstack-player.js";
  import "/modules/vidstack/prod/define/vidstack-player-ui.js";
</script>
<media-player src="/films/film.webm" title="A film" load="eager" style="width: 800px; display: block">
  <media-provider></media-provider>
  <media-time-slider class="vds-time-slider vds-slider">
    <div class="vds-slider-track"></div>
    <media-slider-preview class="vds-slider-preview" no-clamp>
      <media-slider-thumbnail class="vds-slider-thumbnail vds-thumbnail" src="{track}"></media-slider-thumbnail>
    </media-slider-preview>
  </media-time-slider>
</media-player>"""


@asynccontextmanager
async def page_with_a_player(port: int, films: Path, track: str) -> AsyncIterator[Page]:
    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(PAGE.replace("{track}", track))

    beside = [Mount("/modules", StaticFiles(directory=MODULES)), Mount("/films", StaticFiles(directory=films))]
    async with (
        answering(Starlette(routes=[Route("/", page), *beside]), "127.0.0.1", port),
        running_browser() as browser,
    ):
        context = await browser.new_context(viewport={"width": 1000, "height": 700})
        opened = await context.new_page()
        await opened.goto(f"http://127.0.0.1:{port}/")
        yield opened


async def completed(site: Site, person: Person, film: Path) -> str:
    """Upload a film, let a real worker take one picture a second of it, and return where its WebVTT is."""
    answer = await person.http.post("/videos/upload", files={"file": (film.name, film.read_bytes())})
    video = answer.json()["id"]
    attempt = attempt_video(site.settings, site.opened, decoding_parts(FfmpegFrameExtractor(LIMITS)))
    assert await attempt(VideoId(video)) is None
    query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { storyboard { vttUrl tiles } } } }"
    board = (await person.ask(query, id=video))["video"]["storyboard"]
    assert board["tiles"] == SECONDS
    return site.url + str(board["vttUrl"])


async def shows(shown: Locator, number: int) -> None:
    async def is_it() -> bool:
        return numbers([await shown.screenshot()]) == [number]

    await until(is_it)


async def test_a_player_shows_where_a_seek_leads(films: Films, empty_database: Path, tmp_path: Path):
    film = films.numbered("film.webm", SECONDS * 25, 25, *VP8)
    port = free_pair()
    settings = shipped(allowed_origins=(f"http://127.0.0.1:{port}",), requests_per_minute=10**9)
    async with running_site(empty_database, tmp_path, settings=settings) as site, site.person() as ana:
        track = await completed(site, ana, film)
        async with page_with_a_player(port, film.parent, track) as page:
            slider = page.locator("media-time-slider").first
            await expect(page.locator("media-player[data-can-play]")).to_be_visible(timeout=30_000)
            for second in (3, 11, 18):
                box = await slider.bounding_box()
                assert box is not None
                place = (second + 0.5) / SECONDS
                await page.mouse.move(box["x"] + box["width"] * place, box["y"] + box["height"] / 2, steps=3)
                shown = page.locator("media-slider-thumbnail").first
                await expect(shown).to_be_visible()
                await page.wait_for_function(
                    "image => image.complete && image.naturalWidth > 0", arg=await shown.locator("img").element_handle()
                )
                # It comes and goes gently, and half of it may be seen of the one before.
                await shows(shown, second * 25)
