"""What the page says is so: no line that is gone, no line of somebody else, no sentence that has ceased to be true."""

import asyncio
from pathlib import Path

from playwright.async_api import expect

from app.domain.video import VideoId
from tests.e2e.test_page_list import somebody
from tests.parts.site import MP4, Site, running_site
from tests.parts.site_fixtures import empty_database, site

__all__ = ["empty_database", "site"]


def files_in(folder: Path, count: int) -> list[Path]:
    files = [folder / f"{number}.mp4" for number in range(count)]
    for file in files:
        file.write_bytes(MP4)
    return files


async def test_a_new_connection_drops_what_was_deleted_of_a_large_drop_and_nothing_else(
    empty_database: Path, tmp_path: Path
):
    async with (
        running_site(empty_database, tmp_path, max_active=200) as site,
        somebody(site) as (ana, elsewhere),
    ):
        # Of one drop, every video is a second younger than the one before.
        ana.page.on("request", lambda _: site.clock.advance(1))
        await ana.choose(*files_in(tmp_path, 60))
        lines = ana.page.get_by_role("listitem")
        await expect(lines.filter(has_text="In line")).to_have_count(60)
        newest = (await elsewhere.get("/videos")).json()["items"][0]
        await site.transactions.write(lambda t: t.videos.remove(VideoId(newest["id"])))
        async with ana.page.expect_response(lambda answer: ana.asks(answer.request, "Videos")):
            site.cut_connections()
        await expect(lines).to_have_count(59)
        await ana.is_live()
        await elsewhere.post("/videos/upload", files={"file": ("after.mp4", MP4)})
        await ana.sees("after.mp4", "In line")
        await expect(lines).to_have_count(60)
