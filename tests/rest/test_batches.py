"""The one ZIP of a batch: whole, in parts, gone on with, by a link, and to whom it is not given."""

import io
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.domain.video import VideoId, archive_key
from app.infra.links import PresignedLinks
from app.infra.s3.client import s3_client
from app.infra.zip import StoredZip
from tests.parts.site import Person, Site, problem, running_site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part
from tests.rest.batches import DOWNLOAD, joined, new_batch, stored, uploaded, zip_of

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
Files = list[tuple[str, bytes]]


def pictures(seed: int, count: int = 5) -> Files:
    chance = random.Random(seed)
    frames = [(f"frame_{n:06}_00-00-{n:02}.000.jpg", chance.randbytes(chance.randrange(3000))) for n in range(1, count)]
    return [*frames, ("manifest.json", b'{"version": 2}')]


def of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {one.filename: archive.read(one) for one in archive.infolist()}


def within(folder: str, files: Files) -> dict[str, bytes]:
    return {f"{folder}/{name}": data for name, data in files}


async def test_each_completed_video_has_a_folder_of_its_own_and_none_that_is_not(site: Site, ana: Person):
    batch = await new_batch(ana, "Férias/2026")
    for seed, name in enumerate(["Praia.mp4", "praia.MOV", "con.mp4"]):
        await joined(site, ana, batch, name, stored(*pictures(seed)))
        site.clock.advance(1)
    await site.failed(await uploaded(ana, batch, "failed.mp4"))
    await uploaded(ana, batch, "waits.mp4")
    await site.completed(await ana.uploaded(name="outside.mp4"))
    answer = await ana.http.get(f"/batches/{batch}/download")
    assert answer.status_code == 200
    assert of(answer.content) == {
        **within("Praia", pictures(0)),
        **within("praia (2)", pictures(1)),
        **within("_con", pictures(2)),
    }
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["accept-ranges"] == "bytes"
    assert "filename*=UTF-8''F%C3%A9rias2026-frames.zip" in answer.headers["content-disposition"]
    assert "transfer-encoding" not in answer.headers


async def test_ranges_at_random_offsets_are_parts_of_the_whole(site: Site, ana: Person):
    batch, chance = await new_batch(ana), random.Random(2026)
    for seed in range(3):
        await joined(site, ana, batch, "a.mp4", stored(*pictures(seed)))
    path = f"/batches/{batch}/download"
    whole = (await ana.http.get(path)).content
    size = len(whole)
    wanted = [tuple(sorted(chance.sample(range(size), 2))) for _ in range(60)]
    for first, last in [*wanted, (0, 0), (size - 1, size - 1), (0, size - 1)]:
        part = await ana.http.get(path, headers={"Range": f"bytes={first}-{last}"})
        assert (part.status_code, part.content) == (206, whole[first : last + 1]), (first, last)
        assert part.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert part.headers["content-length"] == str(last + 1 - first)
    assert (await ana.http.get(path, headers={"Range": "bytes=-22"})).content == whole[-22:]
    assert (await ana.http.get(path, headers={"Range": f"bytes={size - 5}-{size * 2}"})).content == whole[-5:]
    beyond = await ana.http.get(path, headers={"Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    head = await ana.http.head(path)
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(size))


async def test_a_download_goes_on_only_while_it_is_of_the_same_videos(site: Site, ana: Person):
    batch = await new_batch(ana)
    await joined(site, ana, batch, "a.mp4", stored(*pictures(0)))
    path = f"/batches/{batch}/download"
    first = await ana.http.get(path)
    etag = first.headers["etag"]
    assert etag.startswith('"batch-')  # Clients take one that is a SHA-256 for the content's.
    go_on = {"Range": f"bytes={len(first.content) // 2}-", "If-Range": etag}
    rest = await ana.http.get(path, headers=go_on)
    assert (rest.status_code, rest.headers["etag"]) == (206, etag)
    assert first.content[: len(first.content) // 2] + rest.content == first.content
    assert (await ana.http.get(path, headers={"If-None-Match": etag})).status_code == 304
    site.clock.advance(1)
    await joined(site, ana, batch, "b.mp4", stored(*pictures(1)))
    other = await ana.http.get(path, headers=go_on)
    assert other.status_code == 200
    assert other.headers["etag"] != etag
    assert of(other.content) == {**within("a", pictures(0)), **within("b", pictures(1))}


async def test_another_users_batch_and_one_that_there_is_not_are_not_found(site: Site, ana: Person, bruno: Person):
    batch = await new_batch(ana)
    await joined(site, ana, batch)
    for person, wanted in ((bruno, batch), (ana, UNKNOWN), (ana, "x"), (ana, "..%2f..%2fvideos")):
        answer = await person.http.get(f"/batches/{wanted}/download")
        assert answer.status_code == 404
        assert "etag" not in answer.headers
    assert problem(await bruno.http.get(f"/batches/{batch}/download")) == {"status": 404, "code": "BATCH_NOT_FOUND"}


async def test_while_nothing_is_completed_there_is_no_zip(site: Site, ana: Person):
    batch = await new_batch(ana)
    path = f"/batches/{batch}/download"
    for _ in range(2):
        assert problem(await ana.http.get(path)) == {"status": 400, "code": "PROCESSING_NOT_FINISHED"}
        assert (await ana.ask(DOWNLOAD, id=batch))["batch"]["download"] is None
        await site.failed(await uploaded(ana, batch))


async def test_a_link_needs_no_session_lasts_for_a_while_and_is_good_for_this_batch_alone(site: Site, ana: Person):
    batch, other = await new_batch(ana), await new_batch(ana, "other")
    for each in (batch, other):
        await joined(site, ana, each, f"{each}.mp4", stored(*pictures(0)))
    link = await zip_of(ana, batch)
    async with site.client() as stranger:
        answer = await stranger.get(link)
        assert of(answer.content) == within(batch, pictures(0))
        part = await stranger.get(link, headers={"Range": "bytes=10-19", "If-Range": answer.headers["etag"]})
        assert part.content == answer.content[10:20]
        for forged in (link[:-1] + ("A" if link[-1] != "A" else "B"), link.replace("/files/", "/files/x")):
            assert (await stranger.get(forged)).status_code == 404
        assert (await stranger.get(f"/batches/{batch}/download")).status_code == 401
        site.clock.advance(301)
        assert (await stranger.get(link)).status_code == 404


async def test_where_links_lead_to_the_storage_a_batchs_link_leads_here_and_no_other_ticket_does(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str
):
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    links = PresignedLinks(client, bucket, lifetime_seconds=60)
    async with running_site(empty_database, tmp_path, storage_links=links) as site, site.person() as ana:
        batch = await new_batch(ana)
        video = await joined(site, ana, batch, "a.mp4", stored(*pictures(0)))
        async with site.client() as stranger:
            assert of((await stranger.get(await zip_of(ana, batch))).content) == within("a", pictures(0))
            ticket, _ = site.services().own_links.link(
                archive_key(VideoId(video), 1),
                file_name="a",
                content_type="application/zip",
                now=site.clock.now(),
            )
            assert (await stranger.get(ticket)).status_code == 404
    client.close()


async def test_a_damaged_zip_is_no_answer_that_looks_whole(site: Site, ana: Person):
    batch = await new_batch(ana)
    await joined(site, ana, batch, "a.mp4", stored(*pictures(0)))
    site.clock.advance(1)
    await joined(site, ana, batch, "b.mp4", b"PK\3\4 and nothing more of a ZIP" * 10)
    assert problem(await ana.http.get(f"/batches/{batch}/download")) == {"status": 500, "code": "INTERNAL"}


async def test_a_zip_that_is_lost_is_named_as_missing(site: Site, ana: Person):
    batch = await new_batch(ana)
    video = await joined(site, ana, batch)
    del site.storage.objects[f"results/{video}/1.zip"]
    answer = await ana.http.get(f"/batches/{batch}/download")
    assert problem(answer) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_a_zip_that_is_lost_under_a_download_cuts_it_and_is_named_to_who_goes_on(site: Site, ana: Person):
    batch = await new_batch(ana)
    await joined(site, ana, batch, content=stored(*pictures(0)))
    site.clock.advance(1)
    video = await joined(site, ana, batch)
    path = f"/batches/{batch}/download"
    assert (await ana.http.head(path)).status_code == 200
    del site.storage.objects[f"results/{video}/1.zip"]
    with pytest.raises(httpx.RemoteProtocolError):
        await ana.http.get(path)
    assert problem(await ana.http.get(path)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_from_a_real_storage_what_workers_wrote_comes_as_it_was_written(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str
):
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    async with site_with_storage(empty_database, tmp_path, s3, bucket) as site, site.person() as ana:
        batch, expected = await new_batch(ana), {}
        for number in range(12):
            encoder, files = StoredZip(), pictures(number, 60)
            pieces = [bytes(piece) for name, data in files for piece in encoder.entry(name, data, noon)]
            data = b"".join([*pieces, *encoder.end()])
            await joined(site, ana, batch, f"{number}.mp4", data)
            expected.update(within(f"{number}", files))
            site.clock.advance(1)
        path = f"/batches/{batch}/download"
        whole = (await ana.http.get(path)).content
        assert of(whole) == expected
        assert len(whole) > 1024**2
        for first in (0, 31, len(whole) // 2, len(whole) - 100):
            part = await ana.http.get(path, headers={"Range": f"bytes={first}-"})
            assert part.content == whole[first:]
