"""The brief's /videos and the links: what goes in, what comes out, and who may."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.domain.errors import StorageFull
from app.domain.retention import Retention
from app.infra.links import PresignedLinks
from app.infra.s3.client import s3_client
from tests.parts.site import MAX_BYTES, MP4, ZIP, Person, Site, problem, running_site
from tests.parts.stores import S3Part
from tests.parts.waiting import until

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"


async def test_a_video_is_accepted_listed_and_downloaded(site: Site, ana: Person):
    answer = await ana.http.post("/videos/upload", files={"file": ("My film.MP4", MP4, "video/mp4")})
    assert answer.status_code == 202
    video = answer.json()["id"]
    assert answer.json() == {"id": video, "status": "Pending"}
    assert site.storage.objects[f"sources/{video}"].data == MP4
    assert site.queue.videos == [video]
    await site.completed(video)
    listed = (await ana.http.get("/videos")).json()
    assert listed["next"] is None
    assert listed["items"] == [
        {
            "id": video,
            "userId": listed["items"][0]["userId"],
            "originalFileName": "My film.MP4",
            "status": "Completed",
            "s3InputPath": f"sources/{video}",
            "s3OutputPath": f"results/{video}/1.zip",
            "failureReason": None,
            "createdAt": "2026-11-23T12:00:00.000Z",
            "completedAt": "2026-11-23T12:00:00.000Z",
            "expiresAt": None,
        }
    ]
    answer = await ana.http.get(f"/videos/{video}/download")
    assert (answer.status_code, answer.content) == (200, ZIP)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-length"] == str(len(ZIP))
    assert answer.headers["etag"] == f'"{hashlib.sha256(ZIP).hexdigest()}"'
    assert "My film-frames.zip" in answer.headers["content-disposition"]


async def test_a_list_goes_on_where_the_page_before_ended(site: Site, ana: Person):
    uploaded = []
    for number in range(5):
        site.clock.advance(1)
        uploaded.append(await ana.uploaded(name=f"{number}.mp4"))
    first = (await ana.http.get("/videos", params={"first": 2})).json()
    second = (await ana.http.get("/videos", params={"first": 2, "after": first["next"]})).json()
    third = (await ana.http.get("/videos", params={"first": 2, "after": second["next"]})).json()
    assert [item["id"] for page in (first, second, third) for item in page["items"]] == uploaded[::-1]
    assert third["next"] is None


@pytest.mark.parametrize("query", ["first=0", "first=101", "first=x", "first=-1", "first=²", "after=x", "after=%00"])
async def test_an_impossible_page_size_or_cursor_is_a_bad_request(ana: Person, query: str):
    assert problem(await ana.http.get(f"/videos?{query}"))["status"] == 400


async def test_a_failed_video_says_why(site: Site, ana: Person):
    await site.failed(await ana.uploaded())
    item = (await ana.http.get("/videos")).json()["items"][0]
    assert (item["status"], item["s3OutputPath"]) == ("Failed", None)
    assert "damaged" in item["failureReason"]


@pytest.mark.parametrize(
    ("name", "content"),
    [("notes.txt", MP4), ("notes.mp4", b"Dear diary, today I renamed a file."), ("empty.mp4", b""), ("mp4", MP4)],
)
async def test_what_is_no_video_is_refused(site: Site, ana: Person, name: str, content: bytes):
    answer = await ana.http.post("/videos/upload", files={"file": (name, content)})
    assert problem(answer) == {"status": 415, "code": "UNSUPPORTED_FILE_FORMAT", "field": ["file"]}
    assert site.storage.objects == {}
    assert (await ana.http.get("/videos")).json()["items"] == []


async def test_a_file_of_exactly_the_limit_is_accepted_and_one_byte_more_is_not(ana: Person):
    most = MP4 + b"\0" * (MAX_BYTES - len(MP4))
    assert (await ana.http.post("/videos/upload", files={"file": ("a.mp4", most)})).status_code == 202
    answer = await ana.http.post("/videos/upload", files={"file": ("a.mp4", most + b"\0")})
    assert problem(answer) == {"status": 413, "code": "FILE_TOO_LARGE", "field": ["file"]}


async def test_the_same_key_gets_the_same_answer_and_another_file_a_conflict(site: Site, ana: Person):
    first = await ana.uploaded(key="once")
    assert await ana.uploaded(key="once") == first
    answer = await ana.http.post(
        "/videos/upload", files={"file": ("a.mp4", MP4 + b"!")}, headers={"Idempotency-Key": "once"}
    )
    assert problem(answer) == {"status": 409, "code": "IDEMPOTENCY_CONFLICT", "field": ["idempotencyKey"]}
    assert len(site.storage.objects) == 1


async def test_too_many_unfinished_videos_are_told_when_to_come_back(site: Site, ana: Person):
    for _ in range(site.max_active):
        await ana.uploaded()
    answer = await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    assert problem(answer) == {"status": 429, "code": "QUOTA_EXCEEDED"}
    assert int(answer.headers["retry-after"]) > 0


async def test_a_storage_that_is_away_promises_nothing(site: Site, ana: Person):
    site.storage.away = True
    answer = await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    assert problem(answer) == {"status": 503, "code": "STORAGE_ERROR"}
    assert (await ana.http.get("/videos")).json()["items"] == []


async def test_a_storage_that_is_full_says_so(site: Site, ana: Person):
    site.storage.broken = StorageFull()
    answer = await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    assert problem(answer) == {"status": 507, "code": "STORAGE_FULL"}
    assert "no space left" in answer.json()["detail"]
    assert "retry-after" not in answer.headers, "nothing makes room by itself"
    assert (await ana.http.get("/videos")).json()["items"] == []


async def test_a_queue_that_is_away_fails_no_upload(site: Site, ana: Person):
    site.queue.away = True
    await ana.uploaded()


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Basic eA==", "Bearer a.b.c"])
async def test_every_endpoint_of_videos_needs_a_session(site: Site, header: str | None):
    headers = {} if header is None else {"Authorization": header}
    async with site.client(headers=headers) as client:
        for answer in (
            await client.get("/videos"),
            await client.get(f"/videos/{UNKNOWN}/download"),
            await client.post("/videos/upload", files={"file": ("a.mp4", MP4)}),
        ):
            assert problem(answer) == {"status": 401, "code": "UNAUTHENTICATED"}
            assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_session_ends_with_its_hour(site: Site, ana: Person):
    site.clock.advance(3599)
    assert (await ana.http.get("/videos")).status_code == 200
    site.clock.advance(1)
    assert problem(await ana.http.get("/videos"))["status"] == 401


async def test_a_download_before_the_end_of_another_s_or_of_nothing_is_refused(site: Site, ana: Person, bruno: Person):
    video = await ana.uploaded()
    answer = await ana.http.get(f"/videos/{video}/download")
    assert problem(answer) == {"status": 400, "code": "PROCESSING_NOT_FINISHED"}
    assert answer.json()["detail"] == "Processing not finished."
    await site.completed(video)
    assert problem(await bruno.http.get(f"/videos/{video}/download")) == {
        "status": 403,
        "code": "VIDEO_NOT_BELONGS_TO_USER",
    }
    assert (await bruno.http.get("/videos")).json()["items"] == []
    for unknown in (UNKNOWN, "1", "%00", "..", UNKNOWN.replace("-", "")):
        answer = await ana.http.get(f"/videos/{unknown}/download")
        assert problem(answer)["status"] == 404


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=10000-", 10000, None), ("bytes=-5", -5, None)],
)
async def test_a_part_of_the_zip_is_given(site: Site, ana: Person, wanted: str, start: int, end: int | None):
    video = await ana.uploaded()
    await site.completed(video)
    answer = await ana.http.get(f"/videos/{video}/download", headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (206, ZIP[start:end])
    begin = start % len(ZIP)
    assert answer.headers["content-range"] == f"bytes {begin}-{begin + len(answer.content) - 1}/{len(ZIP)}"


@pytest.mark.parametrize("wanted", ["bytes=1-2,4-5", "bytes=9-3", "bytes=-", "bits=1-2", "bytes=a-b", "bytes=²-"])
async def test_a_range_that_is_not_supported_gets_the_whole_file(site: Site, ana: Person, wanted: str):
    video = await ana.uploaded()
    await site.completed(video)
    answer = await ana.http.get(f"/videos/{video}/download", headers={b"Range": wanted.encode()})
    assert (answer.status_code, answer.content) == (200, ZIP)


@pytest.mark.parametrize("wanted", [f"bytes={len(ZIP)}-", "bytes=999999999-", "bytes=-0"])
async def test_a_range_outside_is_not_satisfiable(site: Site, ana: Person, wanted: str):
    video = await ana.uploaded()
    await site.completed(video)
    answer = await ana.http.get(f"/videos/{video}/download", headers={"Range": wanted})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(ZIP)}"


async def test_a_download_goes_on_only_with_the_same_zip(site: Site, ana: Person):
    video = await ana.uploaded()
    await site.completed(video)
    url = f"/videos/{video}/download"
    head = await ana.http.head(url)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(ZIP)), b"")
    same = {"Range": "bytes=5-", "If-Range": head.headers["etag"]}
    assert (await ana.http.get(url, headers=same)).status_code == 206
    assert (await ana.http.get(url, headers={**same, "If-Range": '"another"'})).status_code == 200
    assert (await ana.http.get(url, headers={"If-None-Match": head.headers["etag"]})).status_code == 304


async def test_a_download_leads_to_a_storage_that_clients_reach(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str
):
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    links = PresignedLinks(client, bucket, lifetime_seconds=60)
    async with running_site(empty_database, tmp_path, storage_links=links) as site, site.person() as ana:
        video = await ana.uploaded(name="My film.mp4")
        url = f"/videos/{video}/download"
        assert problem(await ana.http.get(url))["code"] == "PROCESSING_NOT_FINISHED"
        await site.completed(video)
        client.put_object(Bucket=bucket, Key=f"results/{video}/1.zip", Body=ZIP)
        led = await ana.http.get(url)
        assert (led.status_code, led.content, led.headers["cache-control"]) == (307, b"", "private, no-store")
        there = await ana.http.get(url, follow_redirects=True, headers={"Range": "bytes=4-"})
        assert str(there.url).startswith(f"{s3.url}/{bucket}/")
        assert "authorization" not in there.request.headers
        assert (there.status_code, there.content) == (206, ZIP[4:])
        assert "My film-frames.zip" in there.headers["content-disposition"]
        size = await ana.http.head(url)
        assert (size.status_code, size.headers["content-length"]) == (200, str(len(ZIP)))
    client.close()


async def test_a_zip_that_is_no_longer_stored_is_not_found(site: Site, ana: Person):
    video = await ana.uploaded()
    await site.completed(video)
    site.storage.objects.clear()
    assert problem(await ana.http.get(f"/videos/{video}/download"))["status"] == 404


async def test_what_expired_is_gone_by_every_way_and_its_record_says_since_when(empty_database: Path, tmp_path: Path):
    kept = {"retention": Retention(days=1), "session_seconds": 10 * 24 * 3600}
    ask = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { status expiresAt result { frameCount } } } }"
    again = "mutation($id: ID!) { reprocessVideo(id: $id) { ... on Problem { code message } } }"
    until = "2026-11-24T12:00:00.000Z"
    async with running_site(empty_database, tmp_path, **kept) as site, site.person() as ana:
        assert (await ana.ask("{ serviceLimits { retentionDays } }"))["serviceLimits"] == {"retentionDays": 1}
        video = await ana.uploaded()
        assert (await ana.ask(ask, id=video))["video"] == {"status": "PENDING", "expiresAt": None, "result": None}
        await site.completed(video)
        shown = {"status": "COMPLETED", "expiresAt": until}
        assert (await ana.ask(ask, id=video))["video"] == {**shown, "result": {"frameCount": 3}}
        site.clock.advance(24 * 3600)
        assert (await ana.ask(ask, id=video))["video"] == {**shown, "result": None}
        for answer in (
            await ana.http.get(f"/videos/{video}/download"),
            await ana.http.head(f"/videos/{video}/download"),
        ):
            assert answer.status_code == 410
        assert problem(await ana.http.get(f"/videos/{video}/download")) == {"status": 410, "code": "VIDEO_EXPIRED"}
        refused = (await ana.ask(again, id=video))["reprocessVideo"]
        assert refused["code"] == "VIDEO_EXPIRED"
        assert "2026-11-24" in refused["message"]
        [item] = (await ana.http.get("/videos")).json()["items"]
        assert (item["status"], item["expiresAt"]) == ("Completed", until)


async def test_a_link_authorises_itself_for_a_short_time(site: Site, ana: Person):
    video = await ana.uploaded(name='Olá "mundo".mp4')
    await site.completed(video)
    query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { result { downloadUrl contactSheetUrl } } } }"
    result = (await ana.ask(query, id=video))["video"]["result"]
    async with site.client() as anybody:
        answer = await anybody.get(result["downloadUrl"])
        assert (answer.status_code, answer.content) == (200, ZIP)
        assert "sandbox" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "private, no-store"
        assert "filename*=UTF-8''Ol%C3%A1" in answer.headers["content-disposition"]
        part = await anybody.get(result["downloadUrl"], headers={"Range": "bytes=4-7"})
        assert (part.status_code, part.content) == (206, ZIP[4:8])
        sheet = await anybody.head(result["contactSheetUrl"])
        assert sheet.headers["content-type"] == "image/jpeg"
        assert (await anybody.get(result["downloadUrl"][:-2] + "xx")).status_code == 404
        assert (await anybody.get("/files/x")).status_code == 404
        site.clock.advance(301)
        assert problem(await anybody.get(result["downloadUrl"]))["status"] == 404


async def test_uploads_under_way_do_not_hinder_other_requests(site: Site, ana: Person):
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
        yield head + MP4
        await go_on.wait()
        yield b"\r\n--b--\r\n"

    upload = asyncio.create_task(
        ana.http.post("/videos/upload", content=slowly(), headers={"Content-Type": "multipart/form-data; boundary=b"})
    )
    await until_reservation(site, ana)
    assert (await ana.http.get("/videos")).json()["items"] == []
    go_on.set()
    assert (await upload).status_code == 202


async def until_reservation(site: Site, person: Person) -> None:
    """Wait until the upload holds its place in the quota."""
    await until(lambda: site.transactions.read(lambda t: t.reservations.count(person.id, site.clock.now())))
