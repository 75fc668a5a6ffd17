"""What the Python client downloads is whole, whatever comes between, against the running service and a real storage."""

import random
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import anyio
import pytest

from app.infra.links import PresignedLinks
from app.infra.s3.client import s3_client
from fiapx_client import AsyncFiapX, Progress, Refused
from tests.parts.http_line import HttpLine
from tests.parts.site import Person, Site, running_site
from tests.parts.stores import S3Part

ZIP = b"PK\x03\x04" + random.Random(7).randbytes(2 * 1024**2)


@pytest.fixture
async def line(site: Site) -> AsyncIterator[HttpLine]:
    """The client's way to the service."""
    async with HttpLine(site.url).open() as line:
        yield line


@pytest.fixture
async def fiapx(line: HttpLine, ana: Person) -> AsyncIterator[AsyncFiapX]:
    async with AsyncFiapX(line.url, key=ana.token) as fiapx:
        yield fiapx


async def completed(site: Site, ana: Person, content: bytes = ZIP) -> str:
    video = await ana.uploaded()
    await site.completed(video, content)
    return video


async def half_of(video: str, to: Path, fiapx: AsyncFiapX) -> None:
    """Download half of a ZIP, and end."""

    def told(now: Progress) -> None:
        if now.done_bytes > now.total_bytes / 2:
            scope.cancel()

    with anyio.CancelScope() as scope:
        await fiapx.download(video, to, on_progress=told)
    assert scope.cancelled_caught
    assert names(to.parent) == ["frames.zip.part", "frames.zip.part.etag"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*.zip*"))


async def test_a_download_that_is_cut_at_half_goes_on_there(
    site: Site, ana: Person, line: HttpLine, fiapx: AsyncFiapX, tmp_path: Path
):
    video, told, to = await completed(site, ana), list[Progress](), tmp_path / "frames.zip"
    line.cut_at_came = len(ZIP) // 2
    await fiapx.download(video, to, on_progress=told.append)
    assert to.read_bytes() == ZIP
    assert names(tmp_path) == ["frames.zip"]
    first, second = line.asked
    assert "range" not in first.headers
    assert int(second.headers["range"].removeprefix("bytes=").removesuffix("-")) > len(ZIP) // 4
    assert second.headers["if-range"].startswith('"')
    assert second.status == 206
    assert [now.problem.code for now in told if now.problem] == ["NETWORK"]
    assert all(before.done_bytes <= after.done_bytes for before, after in pairwise(told))
    assert told[-1] == Progress("checking", len(ZIP), len(ZIP))


async def test_a_program_that_ended_goes_on_where_it_was(
    site: Site, ana: Person, line: HttpLine, fiapx: AsyncFiapX, tmp_path: Path
):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    await half_of(video, to, fiapx)
    came = line.came_bytes
    await fiapx.download(video, to)
    assert to.read_bytes() == ZIP
    assert line.asked[-1].status == 206
    assert line.came_bytes - came < len(ZIP) * 0.6


async def test_what_is_all_there_is_checked_and_named(site: Site, ana: Person, fiapx: AsyncFiapX, tmp_path: Path):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    await half_of(video, to, fiapx)
    (tmp_path / "frames.zip.part").write_bytes(ZIP)
    await fiapx.download(video, to)
    assert to.read_bytes() == ZIP


async def test_another_zip_begins_anew(site: Site, ana: Person, line: HttpLine, fiapx: AsyncFiapX, tmp_path: Path):
    to, other = tmp_path / "frames.zip", bytes(reversed(ZIP))
    await half_of(await completed(site, ana), to, fiapx)
    await fiapx.download(await completed(site, ana, other), to)
    assert to.read_bytes() == other
    assert (line.asked[-1].status, "range" in line.asked[-1].headers) == (200, True)


async def test_a_part_that_is_longer_than_the_zip_begins_anew(
    site: Site, ana: Person, fiapx: AsyncFiapX, tmp_path: Path
):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    await half_of(video, to, fiapx)
    (tmp_path / "frames.zip.part").write_bytes(ZIP + b"more")
    await fiapx.download(video, to)
    assert to.read_bytes() == ZIP


async def test_what_was_damaged_meanwhile_is_refused_and_not_kept(
    site: Site, ana: Person, fiapx: AsyncFiapX, tmp_path: Path
):
    video, to = await completed(site, ana), tmp_path / "frames.zip"
    await half_of(video, to, fiapx)
    with (tmp_path / "frames.zip.part").open("rb+") as part:
        part.write(b"zip.")
    to.write_bytes(b"what was there before")
    with pytest.raises(Refused, match="checksum") as refused:
        await fiapx.download(video, to)
    assert refused.value.code == "DAMAGED"
    assert (names(tmp_path), to.read_bytes()) == (["frames.zip"], b"what was there before")
    await fiapx.download(video, to)
    assert to.read_bytes() == ZIP


async def test_from_a_storage_that_clients_reach_it_goes_on_and_shows_it_no_key(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str
):
    async with HttpLine(s3.url).open() as line:
        client = s3_client(line.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
        links = PresignedLinks(client, bucket, lifetime_seconds=60)
        async with running_site(empty_database, tmp_path, storage_links=links) as site, site.person() as ana:
            video, to = await completed(site, ana), tmp_path / "frames.zip"
            direct = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
            direct.put_object(Bucket=bucket, Key=f"results/{video}/1.zip", Body=ZIP)
            line.cut_at_came = len(ZIP) // 2
            async with AsyncFiapX(site.url, key=ana.token) as fiapx:
                await fiapx.download(video, to)
        direct.close()
        client.close()
    assert to.read_bytes() == ZIP
    assert [one.status for one in line.asked] == [200, 206]
    assert not [one for one in line.asked if "authorization" in one.headers]


async def test_what_is_not_there_is_refused_and_nothing_is_left(
    site: Site, ana: Person, fiapx: AsyncFiapX, tmp_path: Path
):
    pending = await ana.uploaded()
    for video, code in ((pending, "PROCESSING_NOT_FINISHED"), ("../../me", "VIDEO_NOT_FOUND")):
        with pytest.raises(Refused) as refused:
            await fiapx.download(video, tmp_path / "frames.zip")
        assert refused.value.code == code
    with pytest.raises(IsADirectoryError, match="name the file"):
        await fiapx.download(pending, tmp_path)
    assert names(tmp_path) == []
