"""Single pictures over REST and by link: what is told, what comes, and who may."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.retention import Retention
from app.domain.session import Scope
from app.domain.video import VideoId
from tests.fakes.extractor import a_frame
from tests.parts.api_keys import program
from tests.parts.pictures import LAST, PICTURES, STILL, archive_of, manifest_of, many, pictured
from tests.parts.site import Person, Site, problem, running_site

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"


async def listed(person: Person, video: str, **query: Any) -> Any:
    answer = await person.http.get(f"/videos/{video}/frames", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def opened(site: Site, url: str, **options: Any) -> httpx.Response:
    """What a browser gets that has nothing but the link."""
    async with site.client() as anybody:
        return await anybody.request(options.pop("method", "GET"), url, **options)


async def links(person: Person, video: str) -> list[str]:
    return [frame["url"] for frame in (await listed(person, video))["items"]]


async def test_a_list_tells_of_each_picture_what_the_manifest_does(site: Site, ana: Person):
    video = await pictured(site, ana)
    archive = await archive_of(site, video)
    page = await listed(ana, video)
    told = [
        {
            "index": place,
            "fileName": entry["file"],
            "instantSeconds": entry["instants"][0],
            **{name: entry[name] for name in ("number", "timeSeconds", "untilSeconds", "sizeBytes", "sha256")},
            **{name: entry[name] for name in ("width", "height")},
        }
        for place, entry in enumerate(manifest_of(site.storage.objects[archive.key].data)["frames"], start=1)
    ]
    assert [{name: value for name, value in item.items() if name != "url"} for item in page["items"]] == told
    assert (page["next"], page["frameCount"]) == (None, 3)
    assert page["expiresAt"] == "2026-11-23T12:05:00.000Z"


async def test_each_link_is_the_picture_and_nothing_else_of_the_zip(site: Site, ana: Person):
    video = await pictured(site, ana)
    answers = [await opened(site, url) for url in await links(ana, video)]
    assert [answer.content for answer in answers] == list(PICTURES)
    last = answers[-1]
    assert dict(last.headers) | {
        "content-type": "image/jpeg",
        "content-length": str(len(LAST.data)),
        "etag": f'"{hashlib.sha256(LAST.data).hexdigest()}"',
        "content-disposition": 'inline; filename="frame_000003_00-00-02.000.jpg"',
        "cache-control": "private, max-age=300, immutable",
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    } == dict(last.headers)


@pytest.mark.parametrize(("kind", "media_type"), [("PNG", "image/png"), ("WEBP", "image/webp")])
async def test_a_picture_has_the_type_that_was_asked_for_whatever_its_bytes_look_like(
    site: Site, ana: Person, kind: str, media_type: str
):
    script = a_frame(0, b"<html><script>alert(1)</script>", 0.0)
    video = await pictured(site, ana, [script], format=kind)
    (url,) = await links(ana, video)
    answer = await opened(site, url)
    assert (answer.headers["content-type"], answer.content) == (media_type, script.data)
    assert answer.headers["content-disposition"].endswith(f'.{kind.lower()}"')


async def test_a_link_takes_head_conditions_and_ranges_within_the_picture(site: Site, ana: Person):
    url = (await links(ana, await pictured(site, ana)))[2]
    size, etag = len(LAST.data), f'"{hashlib.sha256(LAST.data).hexdigest()}"'
    head = await opened(site, url, method="HEAD")
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(size), b"")
    same = await opened(site, url, headers={"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    assert same.headers["cache-control"].endswith("immutable")
    for asked, told, part in (
        ("bytes=3-9", f"bytes 3-9/{size}", LAST.data[3:10]),
        ("bytes=-4", f"bytes {size - 4}-{size - 1}/{size}", LAST.data[-4:]),
        (f"bytes=10-{size + 500}", f"bytes 10-{size - 1}/{size}", LAST.data[10:]),
    ):
        answer = await opened(site, url, headers={"Range": asked})
        assert (answer.status_code, answer.headers["content-range"], answer.content) == (206, told, part)
    beyond = await opened(site, url, headers={"Range": f"bytes={size}-{size + 100}"})
    assert problem(beyond) == {"status": 416, "code": "RANGE_NOT_SATISFIABLE"}
    assert beyond.headers["content-range"] == f"bytes */{size}"


async def test_a_browser_may_keep_a_picture_as_long_as_its_link_lasts_and_meanwhile_is_given_the_same_link(
    site: Site, ana: Person
):
    video = await pictured(site, ana)
    first = await links(ana, video)
    site.clock.advance(149)
    assert await links(ana, video) == first
    assert (await opened(site, first[0])).headers["cache-control"] == "private, max-age=151, immutable"
    site.clock.advance(2)
    assert set(await links(ana, video)).isdisjoint(first)
    site.clock.advance(148)
    assert (await opened(site, first[0])).headers["cache-control"] == "private, max-age=1, immutable"
    site.clock.advance(1)
    assert problem(await opened(site, first[0])) == {"status": 410, "code": "LINK_EXPIRED"}


async def test_no_changed_link_opens_anything(site: Site, ana: Person):
    url = (await links(ana, await pictured(site, ana)))[0]
    start = len("/frames/")
    for place in range(start, len(url)):
        other = "A" if url[place] != "A" else "B"
        answer = await opened(site, url[:place] + other + url[place + 1 :])
        assert problem(answer) == {"status": 404, "code": "NOT_FOUND"}, place
    for more in ("A", "AAAA", "=", "%00"):
        assert (await opened(site, url + more)).status_code == 404
    assert (await opened(site, url[:-4])).status_code == 404
    assert (await opened(site, "/frames/" + url[start:].swapcase())).status_code == 404


async def test_a_link_opens_nothing_any_more_once_its_video_is_deleted(site: Site, ana: Person):
    video = await pictured(site, ana)
    url = (await links(ana, video))[0]
    deleted = await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=video)
    assert deleted == {"deleteVideo": {"__typename": "Deleted"}}
    for method in ("GET", "HEAD"):
        assert (await opened(site, url, method=method)).status_code == 404
    assert problem(await opened(site, url)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}
    assert problem(await ana.http.get(f"/videos/{video}/frames")) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_a_zip_that_the_storage_has_lost_is_said_to_be(site: Site, ana: Person):
    video = await pictured(site, ana)
    url = (await links(ana, video))[0]
    site.storage.objects.clear()
    for answer in (
        await opened(site, url),
        await ana.http.get(f"/videos/{video}/frames"),
        await ana.http.get(f"/videos/{video}/frames?at=1"),
        await ana.http.get(f"/videos/{video}/frames/1"),
    ):
        assert problem(answer) == {"status": 404, "code": "VIDEO_NOT_FOUND"}
        assert answer.json()["detail"] == "The ZIP of this video is no longer stored."


async def test_pictures_are_kept_as_long_as_their_zip(empty_database: Path, tmp_path: Path):
    kept: dict[str, Any] = {"retention": Retention(days=1), "session_seconds": 10 * 24 * 3600}
    async with running_site(empty_database, tmp_path, **kept) as site, site.person() as ana:
        video = await pictured(site, ana)
        site.clock.advance(24 * 3600 - 10)
        url = (await links(ana, video))[0]
        site.clock.advance(10)
        for answer in (
            await opened(site, url),
            await ana.http.get(f"/videos/{video}/frames"),
            await ana.http.get(f"/videos/{video}/frames/1"),
        ):
            assert problem(answer) == {"status": 410, "code": "VIDEO_EXPIRED"}


async def test_nobody_else_is_told_of_pictures_or_given_any(site: Site, ana: Person, bruno: Person):
    video = await pictured(site, ana)
    async with site.client() as stranger:
        for path in ("frames", "frames?at=1", "frames/1"):
            asked = f"/videos/{video}/{path}"
            assert problem(await stranger.get(asked)) == {"status": 401, "code": "UNAUTHENTICATED"}
            assert problem(await bruno.http.get(asked)) == {"status": 403, "code": "VIDEO_NOT_BELONGS_TO_USER"}
            unknown = asked.replace(video, UNKNOWN)
            assert problem(await ana.http.get(unknown)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_a_key_reads_pictures_where_it_may_read(site: Site, ana: Person):
    video = await pictured(site, ana)
    async with program(site, ana, Scope.READ) as reads, program(site, ana, Scope.UPLOAD, Scope.DELETE) as sends:
        assert (await reads.http.get(f"/videos/{video}/frames/3")).content == LAST.data
        assert len(await links(reads, video)) == 3
        for path in ("frames", "frames?at=1", "frames/1"):
            refused = problem(await sends.http.get(f"/videos/{video}/{path}"))
            assert refused == {"status": 403, "code": "INSUFFICIENT_SCOPE"}


async def test_a_link_of_one_attempt_reads_nothing_of_another(site: Site, ana: Person):
    """A worker that lost its lease has left a ZIP of its own: it must not be read in place of the one that counts."""
    video = await pictured(site, ana)
    services, viewer = site.services(), site.tokens.verify(ana.token)
    found, _, frame = await services.do.frames.one(viewer, VideoId(video), 1)
    url, _ = services.frame_links.link(replace(found, attempt=found.attempt + 1), frame, site.clock.now())
    assert problem(await opened(site, url)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_pages_go_through_all_pictures_once(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(45)))
    seen, after = [], None
    while True:
        page = await listed(ana, video, **({} if after is None else {"after": after}))
        seen.append([frame["index"] for frame in page["items"]])
        if (after := page["next"]) is None:
            break
    assert seen == [list(range(1, 21)), list(range(21, 41)), list(range(41, 46))]
    assert len((await listed(ana, video, first=100))["items"]) == 45


@pytest.mark.parametrize(
    "query",
    ["first=0", "first=101", "first=x", "after=x", "after=ZnJhbWU6MDE", "after=ZnJhbWU6LTE", "after=" + "Z" * 5000]
    + [f"at={at}" for at in ("", "x", "-1", "nan", "inf", "1e3", "1,5", "1_0", "²", "9" * 400)],
)
async def test_an_impossible_page_or_time_is_a_bad_request(site: Site, ana: Person, query: str):
    video = await pictured(site, ana)
    answer = problem(await ana.http.get(f"/videos/{video}/frames?{query}"))
    assert answer == {"status": 400, "code": "INVALID_INPUT", "field": [query.partition("=")[0]]}


@pytest.mark.parametrize(("at", "index"), [("0", 1), ("0.999999", 1), ("1", 2), ("1.99", 2), ("2", 3), ("2.999", 3)])
async def test_the_picture_of_a_time_is_the_one_that_had_come_last(site: Site, ana: Person, at: str, index: int):
    video = await pictured(site, ana)
    page = await listed(ana, video, at=at)
    (frame,) = page["items"]
    assert frame["index"] == index
    assert (await opened(site, frame["url"])).content == PICTURES[index - 1]
    assert (page["next"], page["frameCount"]) == (None, 3)


@pytest.mark.parametrize(("at", "said"), [("0.5", "begin later"), ("3", "has ended"), ("999999999", "has ended")])
async def test_a_time_without_a_picture_is_said_to_be_one(site: Site, ana: Person, at: str, said: str):
    video = await pictured(site, ana, [a_frame(25, b"from one second on")])
    answer = await ana.http.get(f"/videos/{video}/frames?at={at}")
    assert problem(answer) == {"status": 404, "code": "FRAME_NOT_FOUND"}
    assert said in answer.json()["detail"]


async def test_a_picture_comes_by_its_place(site: Site, ana: Person):
    video = await pictured(site, ana)
    answer = await ana.http.get(f"/videos/{video}/frames/1")
    assert (answer.status_code, answer.content) == (200, STILL.data)
    assert answer.headers["cache-control"] == "private, no-cache"
    again = await ana.http.get(f"/videos/{video}/frames/1", headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    for place in ("0", "4", "-1", "1.0", "x", "9" * 30, "\u0661"):
        assert problem(await ana.http.get(f"/videos/{video}/frames/{place}"))["code"] == "FRAME_NOT_FOUND", place


async def test_a_video_that_has_not_ended_has_no_pictures_yet(ana: Person):
    video = await ana.uploaded()
    for path in ("frames", "frames?at=1", "frames/1"):
        answer = problem(await ana.http.get(f"/videos/{video}/{path}"))
        assert answer == {"status": 400, "code": "PROCESSING_NOT_FINISHED"}


async def test_a_storage_that_is_away_is_told_and_passes(site: Site, ana: Person):
    video = await pictured(site, ana)
    url = (await links(ana, video))[0]
    site.storage.away = True
    for answer in (await opened(site, url), await ana.http.get(f"/videos/{video}/frames")):
        assert problem(answer) == {"status": 503, "code": "STORAGE_ERROR"}
    site.storage.away = False
    assert (await opened(site, url)).content == STILL.data


async def test_an_index_that_leads_out_of_the_zip_is_believed_by_nobody(site: Site, ana: Person):
    """Whoever can write to the storage makes our service read nothing that is not the ZIP's."""
    video = await pictured(site, ana)
    archive = await archive_of(site, video)
    index = site.storage.objects[archive.index_key]
    records = len(index.data) - 3 * 88
    index.data = index.data[:records] + archive.size_bytes.to_bytes(8, "little") + index.data[records + 8 :]
    for path in ("frames", "frames?at=0", "frames/1"):
        answer = problem(await ana.http.get(f"/videos/{video}/{path}"))
        assert answer == {"status": 500, "code": "FRAMES_UNREADABLE"}
    assert (await ana.http.get(f"/videos/{video}/frames/3")).content == LAST.data
    assert (await ana.http.get(f"/videos/{video}/download")).status_code == 200


async def test_the_pictures_of_a_zip_without_an_index_are_found_by_its_manifest(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(700)))
    archive = await archive_of(site, video)
    by_index = await listed(ana, video, first=100, after="ZnJhbWU6NTUw")
    at = await listed(ana, video, at="2.5")
    del site.storage.objects[archive.index_key]
    assert await listed(ana, video, first=100, after="ZnJhbWU6NTUw") == by_index
    assert await listed(ana, video, at="2.5") == at
    assert at["items"][0]["index"] == 63
    assert by_index["items"][0]["index"] == 551
    answer = await opened(site, by_index["items"][0]["url"])
    assert answer.content == list(many(700))[550].data
