"""Batches by the Python client: filled, looked at, fetched as one ZIP, and ended, against the running service."""

import os
import random
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from anyio.from_thread import start_blocking_portal

from fiapx_client import AsyncFiapX, FiapX, Progress, Refused
from tests.clients.conftest import stored as stored_source
from tests.parts.http_line import HttpLine
from tests.parts.site import MP4, Person, Site, running_site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part
from tests.rest.batches import joined, stored

CHANCE = random.Random(18)
PICTURES = [(f"frame_{n:06}.jpg", CHANCE.randbytes(300_000)) for n in range(1, 5)]


@pytest.fixture
async def line(site: Site) -> AsyncIterator[HttpLine]:
    """The client's way to the service."""
    async with HttpLine(site.url).open() as line:
        yield line


@pytest.fixture
async def fiapx(line: HttpLine, ana: Person) -> AsyncIterator[AsyncFiapX]:
    async with AsyncFiapX(line.url, key=ana.token) as fiapx:
        yield fiapx


def film(folder: Path, name: str = "a.mp4") -> Path:
    path = folder / name
    path.write_bytes(MP4 + os.urandom(2048))
    return path


async def half_filled(site: Site, ana: Person, fiapx: AsyncFiapX) -> str:
    batch = (await fiapx.create_batch("holidays")).id
    for name in ("a.mp4", "b.mp4"):
        await joined(site, ana, batch, name, stored(*PICTURES))
        site.clock.advance(1)
    return batch


def pictures(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {one.filename: archive.read(one) for one in archive.infolist()}


EXPECTED = {f"{folder}/{name}": data for folder in "ab" for name, data in PICTURES}


async def test_films_join_a_batch_in_parts_and_have_its_options(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str
):
    async with (
        site_with_storage(empty_database, tmp_path, s3, bucket) as site,
        site.person() as ana,
        AsyncFiapX(site.url, key=ana.token) as fiapx,
    ):
        batch = await fiapx.create_batch("holidays", options={"format": "PNG"})
        assert (await fiapx.create_batch("holidays")).id == batch.id
        first = await fiapx.upload(film(tmp_path), batch=batch.id).done()
        second = await fiapx.upload(film(tmp_path, "b.mp4"), batch=batch.id, options={"quality": 9}).done()
        assert await stored_source(site, first.id) == (tmp_path / "a.mp4").read_bytes()
        query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { options { format quality } } } }"
        options = [(await ana.ask(query, id=one.id))["video"]["options"] for one in (first, second)]
        assert options == [{"format": "PNG", "quality": None}, {"format": "JPEG", "quality": 9}]
        now = await fiapx.batch(batch.id)
        assert (now.status, now.pending, now.total, now.percent) == ("PROCESSING", 2, 2, 0.0)


async def test_where_no_way_leads_to_the_storage_a_film_joins_in_one_request(empty_database: Path, tmp_path: Path):
    async with (
        running_site(empty_database, tmp_path, part_links=None) as site,
        site.person() as ana,
        AsyncFiapX(site.url, key=ana.token) as fiapx,
    ):
        batch = await fiapx.create_batch("holidays")
        await fiapx.upload(film(tmp_path), batch=batch.id).done()
        await fiapx.upload(film(tmp_path, "b.mp4")).done()
        assert (await fiapx.batch(batch.id)).total == 1


async def test_a_batch_is_fetched_as_one_zip_that_goes_on_after_a_break(
    site: Site, ana: Person, line: HttpLine, fiapx: AsyncFiapX, tmp_path: Path
):
    batch, to, told = await half_filled(site, ana, fiapx), tmp_path / "all.zip", list[Progress]()
    line.cut_at_came = 1_200_000
    await fiapx.download_batch(batch, to, on_progress=told.append)
    assert pictures(to) == EXPECTED
    assert [one.status for one in line.asked if "/download" in one.target] == [200, 206]
    assert "NETWORK" in [now.problem.code for now in told if now.problem]


async def test_where_another_video_is_completed_under_a_break_it_begins_anew(
    site: Site, ana: Person, line: HttpLine, fiapx: AsyncFiapX, tmp_path: Path
):
    batch, to = await half_filled(site, ana, fiapx), tmp_path / "all.zip"
    (tmp_path / "all.zip.part").write_bytes(b"PK of another day")
    (tmp_path / "all.zip.part.etag").write_text(f'"batch-{"0" * 64}"')
    await fiapx.download_batch(batch, to)
    assert pictures(to) == EXPECTED
    asked = [one for one in line.asked if "/download" in one.target]
    assert [(one.status, "if-range" in one.headers) for one in asked] == [(200, True)]


async def test_a_picture_that_was_damaged_meanwhile_is_noticed_and_nothing_is_kept(
    site: Site, ana: Person, fiapx: AsyncFiapX, tmp_path: Path
):
    batch, to = await half_filled(site, ana, fiapx), tmp_path / "all.zip"
    await fiapx.download_batch(batch, to)
    etag = (await ana.http.head(f"/batches/{batch}/download")).headers["etag"]
    damaged = bytearray(to.read_bytes())
    damaged[1000] ^= 1
    to.with_name("all.zip.part").write_bytes(damaged)
    to.with_name("all.zip.part.etag").write_text(etag)
    with pytest.raises(Refused, match="damaged") as refused:
        await fiapx.download_batch(batch, to)
    assert refused.value.code == "DAMAGED"
    assert sorted(path.name for path in tmp_path.glob("all.zip*")) == ["all.zip"]


async def test_batches_are_listed_canceled_and_deleted(site: Site, ana: Person, fiapx: AsyncFiapX):
    batch = await half_filled(site, ana, fiapx)
    site.clock.advance(1)
    for number in range(60):
        await fiapx.create_batch(f"{number}")
    assert [one.name async for one in fiapx.batches()][-1] == "holidays"
    assert len([one async for one in fiapx.batches()]) == 61
    assert (await fiapx.cancel_batch(batch)).status == "COMPLETED"
    await fiapx.delete_batch(batch)
    for step in (fiapx.batch(batch), fiapx.delete_batch(batch), fiapx.download_batch(batch, "x.zip")):
        with pytest.raises(Refused) as refused:
            await step
        assert refused.value.code == "BATCH_NOT_FOUND"
    with pytest.raises(Refused) as refused:
        await fiapx.download_batch("../videos/x", "x.zip")
    assert refused.value.code == "BATCH_NOT_FOUND"


def test_the_blocking_client_does_the_same(empty_database: Path, tmp_path: Path):
    with (
        start_blocking_portal() as portal,  # The service has a loop of its own, in another thread.
        portal.wrap_async_context_manager(running_site(empty_database, tmp_path)) as site,
        portal.wrap_async_context_manager(site.person()) as ana,
        FiapX(site.url, key=ana.token) as fiapx,
    ):
        batch = fiapx.create_batch("holidays")
        portal.call(joined, site, ana, batch.id, "a.mp4", stored(*PICTURES))
        assert fiapx.batch(batch.id).status == "COMPLETED"
        assert [one.id for one in fiapx.batches()] == [batch.id]
        fiapx.download_batch(batch.id, tmp_path / "all.zip")
        assert len(pictures(tmp_path / "all.zip")) == 4
        assert fiapx.cancel_batch(batch.id).completed == 1
        fiapx.delete_batch(batch.id)
        assert list(fiapx.batches()) == []
