"""Single pictures by the Python client: all of them, one by its place or its time, checked and past a break."""

import asyncio
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.domain.session import Scope
from fiapx_client import AsyncFiapX, FiapX, Refused
from tests.parts.api_keys import program
from tests.parts.pictures import LAST, PICTURES, archive_of, many, pictured
from tests.parts.site import Person, Site


@pytest.fixture
async def fiapx(site: Site, ana: Person) -> AsyncIterator[AsyncFiapX]:
    async with program(site, ana, Scope.READ) as key, AsyncFiapX(site.url, key=key.token) as fiapx:
        yield fiapx


async def test_it_goes_through_all_pictures_over_several_pages(site: Site, ana: Person, fiapx: AsyncFiapX):
    film = list(many(230))
    video = await pictured(site, ana, film)
    frames = [frame async for frame in fiapx.frames(video)]
    assert [(frame.index, frame.number, frame.size_bytes) for frame in frames] == [
        (place, one.number, len(one.data)) for place, one in enumerate(film, start=1)
    ]
    assert frames[-1].file_name == "frame_000230_00-00-09.160.jpg"
    async with httpx.AsyncClient(trust_env=False) as anybody:
        assert (await anybody.get(frames[-1].url)).content == film[-1].data


async def test_it_fetches_one_by_its_place_and_finds_one_by_its_time(site: Site, ana: Person, fiapx: AsyncFiapX):
    video = await pictured(site, ana)
    assert [await fiapx.frame(video, place) for place in (1, 2, 3)] == list(PICTURES)
    found = await fiapx.frame_at(video, 1.5)
    assert (found.index, found.time_seconds, found.until_seconds, found.instant_seconds) == (2, 0.0, 0.04, 1.0)


async def test_it_blocks_for_programs_without_an_event_loop(site: Site, ana: Person):
    video = await pictured(site, ana)
    async with program(site, ana, Scope.READ) as key:

        def fetched() -> list[bytes]:
            with FiapX(site.url, key=key.token) as fiapx:
                assert fiapx.frame_at(video, 2.5).index == 3
                return [fiapx.frame(video, frame.index) for frame in fiapx.frames(video)]

        assert await asyncio.to_thread(fetched) == list(PICTURES)


async def test_what_is_not_there_is_refused_with_the_services_code(site: Site, ana: Person, fiapx: AsyncFiapX):
    video, unfinished = await pictured(site, ana), await ana.uploaded()
    for asked, code in (
        (fiapx.frame(video, 4), "FRAME_NOT_FOUND"),
        (fiapx.frame_at(video, 3), "FRAME_NOT_FOUND"),
        (fiapx.frame_at(video, float("nan")), "INVALID_INPUT"),
        (anext(fiapx.frames(unfinished)), "PROCESSING_NOT_FINISHED"),
        (fiapx.frame("../auth", 1), "VIDEO_NOT_FOUND"),
    ):
        with pytest.raises(Refused) as refused:
            await asked
        assert refused.value.code == code


async def test_a_picture_whose_bytes_are_others_is_refused(site: Site, ana: Person, fiapx: AsyncFiapX):
    video = await pictured(site, ana)
    stored = site.storage.objects[(await archive_of(site, video)).key]
    stored.data = stored.data.replace(LAST.data, LAST.data[::-1])
    with pytest.raises(Refused) as refused:
        await fiapx.frame(video, 3)
    assert refused.value.code == "DAMAGED"


async def test_it_waits_while_the_storage_is_away(site: Site, ana: Person, fiapx: AsyncFiapX):
    video = await pictured(site, ana)
    site.storage.away = True
    asking = asyncio.create_task(fiapx.frame(video, 1))
    done, _ = await asyncio.wait({asking}, timeout=0.5)
    assert not done
    site.storage.away = False
    async with asyncio.timeout(20):
        assert await asking == PICTURES[0]


async def test_it_downloads_some_of_them_as_a_zip_of_their_own(
    site: Site, ana: Person, fiapx: AsyncFiapX, tmp_path: Path
):
    film = list(many(40))
    video = await pictured(site, ana, film)
    for frames, places in (("3,7-9", [3, 7, 8, 9]), ([9, 3], [3, 9])):
        to = tmp_path / "chosen.zip"
        await fiapx.download(video, to, frames=frames)
        with zipfile.ZipFile(to) as archive:
            names = [name for name in archive.namelist() if name != "manifest.json"]
            assert [archive.read(name) for name in names] == [film[place - 1].data for place in places]
    for wrong, code in (("4-2", "INVALID_INPUT"), ([41], "FRAME_NOT_FOUND"), ("&x=1", "INVALID_INPUT")):
        with pytest.raises(Refused) as refused:
            await fiapx.download(video, tmp_path / "none.zip", frames=wrong)
        assert refused.value.code == code
    assert not (tmp_path / "none.zip").exists()
