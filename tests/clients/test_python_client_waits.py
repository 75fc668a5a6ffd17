"""How long the Python client waits for what may pass, and when it gives up, against the running service."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from app.domain.session import Scope
from app.infra.links import PresignedParts
from app.infra.s3.client import s3_client
from app.usecases.ports.rate_limits import RateLimitKey
from fiapx_client import AsyncFiapX, AsyncUpload, Progress, Refused, Video
from fiapx_client.documents import COMPLETE
from fiapx_client.service import Service
from fiapx_client.upload import PASSING_UPLOAD
from fiapx_client.waiting import Tries
from tests.clients.conftest import stored
from tests.parts.api_keys import program
from tests.parts.site import MAX_BYTES, MP4, Person, Site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part
from tests.parts.waiting import until

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str) -> AsyncIterator[Site]:
    async with site_with_storage(empty_database, tmp_path, s3, bucket) as site:
        yield site


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(MP4)
    return path


@dataclass
class Waits:
    """Waits for nothing, and knows how long it was told to; at the first of a minute something happens."""

    after_a_minute: Callable[[], None] = lambda: None
    seconds: list[float] = field(default_factory=list)

    async def __call__(self, seconds: float) -> None:
        if seconds > 0:
            self.seconds.append(seconds)
        if seconds >= 60:
            self.after_a_minute()


@asynccontextmanager
async def uploading(url: str, key: str | None, film: Path, waits: Waits) -> AsyncIterator[AsyncUpload]:
    async with httpx.AsyncClient() as http:
        upload = AsyncUpload(Service(url, key, http), film, None, None, 4, Tries(PASSING_UPLOAD, waits))
        await upload.run()
        yield upload


async def test_where_nobody_answers_thirty_times_in_a_row_it_gives_up(film: Path):
    waits = Waits()
    async with uploading(NOWHERE, None, film, waits) as upload:
        with pytest.raises(Refused, match="does not answer") as refused:
            await upload.done()
    assert refused.value.code == "NETWORK"
    assert len(waits.seconds) == 30
    assert all(0.5 <= pause <= 10 for pause in waits.seconds)
    assert min(waits.seconds[10:]) >= 5


async def test_whoever_is_told_when_to_come_back_comes_then_and_not_before(site: Site, ana: Person, film: Path):
    site.limits.allowed[RateLimitKey.REQUEST_BY_KEY] = 0
    waits = Waits(after_a_minute=site.limits.allowed.clear)
    async with program(site, ana) as key, uploading(site.url, key.token, film, waits) as upload:
        video = await upload.done()
    assert await stored(site, video.id) == MP4
    assert waits.seconds == [60]


async def test_a_key_that_only_sends_is_told_of_a_video_that_ended_before_the_answer_came(
    site: Site, ana: Person, film: Path
):
    async with program(site, ana, Scope.UPLOAD) as key, AsyncFiapX(site.url, key=key.token) as fiapx:
        sent = await fiapx.upload(film).done()
        await site.completed(sent.id)
        async with httpx.AsyncClient() as http:
            again = Video.of(await Service(site.url, key.token, http).ask(COMPLETE, id=sent.id))
    assert (again.id, again.status, again.frames) == (sent.id, "COMPLETED", None)


async def test_where_no_way_leads_to_the_storage_it_soon_takes_the_other_or_says_so(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str, film: Path
):
    (larger := tmp_path / "larger.mp4").write_bytes(MP4 + bytes(MAX_BYTES))
    signing = s3_client(NOWHERE, region="us-east-1", access_key="nobody", secret_key="nobody's")
    lost, waits = PresignedParts(signing, bucket, lifetime_seconds=300), Waits()
    async with (
        site_with_storage(empty_database, tmp_path, s3, bucket, part_links=lost) as site,
        site.person() as ana,
    ):
        async with uploading(site.url, ana.token, larger, waits) as upload:
            with pytest.raises(Refused) as refused:
                await upload.done()
        assert len(waits.seconds) == 3
        async with uploading(site.url, ana.token, film, Waits()) as upload:
            assert await stored(site, (await upload.done()).id) == film.read_bytes()
        # Nothing of what was begun counts in the quota any more.
        assert (await ana.ask("{ me { storedBytes } }"))["me"]["storedBytes"] == film.stat().st_size
    signing.close()
    assert refused.value.code == "STORAGE_UNREACHABLE"
    assert refused.value.message.startswith(
        "No part of this file got through to the storage. This file is too large: 8 MiB"
    )


async def test_an_upload_that_somebody_aborted_meanwhile_is_begun_anew(site: Site, ana: Person, film: Path):
    told: list[Progress] = []

    def tell(now: Progress) -> None:
        told.append(now)
        if len(told) == 1:
            upload.pause()

    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        upload = fiapx.upload(film, on_progress=tell)
        await until(lambda: upload.progress.phase == "paused")
        (begun,) = await site.transactions.read(lambda t: t.staged_uploads.of(ana.id))
        await ana.ask("mutation($id: ID!) { abortUpload(id: $id) { ... on Deleted { id } } }", id=begun.id)
        upload.resume()
        video = await upload.done()
    assert video.id != begun.id
    assert [now.problem.code for now in told if now.problem] == ["UPLOAD_NOT_FOUND"]
    assert await stored(site, video.id) == MP4
