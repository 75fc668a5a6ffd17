"""Storyboards over GraphQL, REST and by link: what is told, what comes, and who may."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from app.domain.retention import Retention
from app.domain.session import Scope
from app.domain.storyboard import Storyboard
from app.domain.video import VideoId, storyboard_key
from tests.fakes.extractor import a_sheet
from tests.fakes.storage import MemoryObject
from tests.parts.api_keys import program
from tests.parts.pictures import many, pictured
from tests.parts.site import Person, Site, problem, running_site

FIELDS = "tileWidth tileHeight columns rows frames tiles vttUrl sheets { url first count } expiresAt"
QUERY = f"""query($id: ID!) {{ video(id: $id) {{ ... on VideoProcessing {{
  storyboard {{ {FIELDS} }} result {{ contactSheetUrl storyboard {{ {FIELDS} }} }} }} }} }}"""
PATHS = ("storyboard.vtt", "storyboard-1.jpg")


async def told(person: Person, video: str) -> Any:
    return (await person.ask(QUERY, id=video))["video"]


async def opened(site: Site, url: str, **options: Any) -> httpx.Response:
    """What a player gets that has nothing but the link."""
    async with site.client() as anybody:
        return await anybody.request(options.pop("method", "GET"), url, **options)


async def test_a_storyboard_tells_where_each_tile_is(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(230)))
    found = await told(ana, video)
    board = found["result"]["storyboard"]
    assert found["storyboard"] == board
    assert {name: board[name] for name in ("tileWidth", "tileHeight", "columns", "rows", "frames", "tiles")} == {
        "tileWidth": 160, "tileHeight": 68, "columns": 10, "rows": 10, "frames": 230, "tiles": 230,
    }  # fmt: skip
    assert [(sheet["first"], sheet["count"]) for sheet in board["sheets"]] == [(0, 100), (100, 100), (200, 30)]
    assert board["expiresAt"] == "2026-11-23T12:05:00.000Z"
    answers = [await opened(site, sheet["url"]) for sheet in board["sheets"]]
    assert [answer.content for answer in answers] == [a_sheet(number) for number in range(3)]
    answer = answers[-1]
    assert dict(answer.headers) | {
        "content-type": "image/jpeg",
        "content-disposition": 'inline; filename="storyboard-3.jpg"',
        "cache-control": "private, max-age=300, immutable",
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    } == dict(answer.headers)
    async with site.client() as anybody:
        assert (await anybody.get(found["result"]["contactSheetUrl"])).content == a_sheet(0)


async def test_the_webvtt_leads_to_the_sheets_that_are_beside_it(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(130)))
    by_link = (await told(ana, video))["result"]["storyboard"]["vttUrl"]
    for url, ask in ((by_link, opened), (f"/videos/{video}/storyboard.vtt", None)):
        answer = await (ask(site, url) if ask else ana.http.get(url))
        assert answer.headers["content-type"].startswith("text/vtt")
        named = dict.fromkeys(line.partition("#")[0] for line in answer.text.splitlines() if ".jpg#xywh=" in line)
        assert list(named) == ["storyboard-1.jpg", "storyboard-2.jpg"]
        for number, name in enumerate(named):
            beside = urljoin(url, name)
            assert (await (ask(site, beside) if ask else ana.http.get(beside))).content == a_sheet(number)


async def test_links_take_head_conditions_and_ranges(site: Site, ana: Person):
    board = (await told(ana, await pictured(site, ana)))["result"]["storyboard"]
    for url in (board["vttUrl"], board["sheets"][0]["url"]):
        whole = await opened(site, url)
        head = await opened(site, url, method="HEAD")
        assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(whole.content)), b"")
        same = await opened(site, url, headers={"If-None-Match": whole.headers["etag"]})
        assert (same.status_code, same.content) == (304, b"")
        part = await opened(site, url, headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.content) == (206, whole.content[2:5])
    etags = [(await opened(site, url)).headers["etag"] for url in (board["vttUrl"], board["sheets"][0]["url"])]
    assert len(set(etags)) == 2


async def test_finished_sheets_can_be_seen_while_the_processing_runs(site: Site, ana: Person):
    video = await ana.uploaded()
    held = await site.claimed(video)
    assert (await told(ana, video))["storyboard"] is None
    assert problem(await ana.http.get(f"/videos/{video}/storyboard-1.jpg")) == {
        "status": 400, "code": "PROCESSING_NOT_FINISHED",
    }  # fmt: skip
    key = storyboard_key(held.id, held.attempt, "storyboard-1.jpg")
    site.storage.objects[key] = MemoryObject(a_sheet(0), "image/jpeg", site.clock.now())
    begun = replace(Storyboard.of(250, (160, 90), attempt=held.attempt), sheet_bytes=(len(a_sheet(0)),))
    beat: dict[str, Any] = {"until": site.clock.now(), "progress": held.progress, "media": None, "storyboard": begun}
    await site.transactions.write(lambda t: t.videos.heartbeat(held.id, held.attempt, **beat))
    found = await told(ana, video)
    assert (found["result"], found["storyboard"]["vttUrl"], found["storyboard"]["tiles"]) == (None, None, 250)
    (sheet,) = found["storyboard"]["sheets"]
    assert (sheet["first"], sheet["count"]) == (0, 100)
    assert (await opened(site, sheet["url"])).content == a_sheet(0)
    assert (await ana.http.get(f"/videos/{video}/storyboard-1.jpg")).content == a_sheet(0)
    for missing in ("storyboard-2.jpg", "storyboard.vtt", "storyboard-0.jpg", "storyboard-01.jpg", "storyboard-x.jpg"):
        answer = await opened(site, urljoin(sheet["url"], missing))
        assert problem(answer) == {"status": 404, "code": "FRAME_NOT_FOUND"}, missing
    site.clock.advance(60)
    await site.claimed(video)  # Another worker takes it over: what the former one stored is not shown as its own.
    assert (await told(ana, video))["storyboard"] is None
    assert problem(await opened(site, sheet["url"])) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_a_zip_of_a_former_version_has_none_and_keeps_its_contact_sheet(site: Site, ana: Person):
    video = await ana.uploaded()
    await site.completed(video)
    found = await told(ana, video)
    assert (found["storyboard"], found["result"]["storyboard"]) == (None, None)
    assert (await opened(site, found["result"]["contactSheetUrl"])).content == b"\xff\xd8 a picture"
    for path in PATHS:
        assert problem(await ana.http.get(f"/videos/{video}/{path}")) == {"status": 404, "code": "FRAME_NOT_FOUND"}


async def test_no_changed_link_opens_anything_and_none_for_longer_than_it_says(site: Site, ana: Person):
    url = (await told(ana, await pictured(site, ana)))["result"]["storyboard"]["vttUrl"]
    begin, stop = len("/storyboards/"), url.rindex("/")
    for place in range(begin, stop):
        other = "A" if url[place] != "A" else "B"
        assert (await opened(site, url[:place] + other + url[place + 1 :])).status_code == 404, place
    assert (await opened(site, url[:stop] + "A" + url[stop:])).status_code == 404
    frame = url[:begin].replace("storyboards", "frames") + url[begin:stop]
    assert (await opened(site, frame)).status_code == 404
    site.clock.advance(300)
    assert problem(await opened(site, url)) == {"status": 410, "code": "LINK_EXPIRED"}


async def test_nobody_else_is_shown_any(site: Site, ana: Person, bruno: Person):
    video = await pictured(site, ana)
    async with site.client() as stranger, program(site, ana, Scope.UPLOAD) as sends:
        for path in PATHS:
            asked = f"/videos/{video}/{path}"
            assert problem(await stranger.get(asked)) == {"status": 401, "code": "UNAUTHENTICATED"}
            assert problem(await bruno.http.get(asked)) == {"status": 403, "code": "VIDEO_NOT_BELONGS_TO_USER"}
            assert problem(await sends.http.get(asked)) == {"status": 403, "code": "INSUFFICIENT_SCOPE"}
    deleted = (await told(ana, video))["result"]["storyboard"]["vttUrl"]
    await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=video)
    assert problem(await opened(site, deleted)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_a_storyboard_is_kept_as_long_as_its_zip(empty_database: Path, tmp_path: Path):
    kept: dict[str, Any] = {"retention": Retention(days=1), "session_seconds": 10 * 24 * 3600}
    async with running_site(empty_database, tmp_path, **kept) as site, site.person() as ana:
        video = await pictured(site, ana)
        site.clock.advance(24 * 3600 - 10)
        url = (await told(ana, video))["storyboard"]["vttUrl"]
        site.clock.advance(10)
        assert (await told(ana, video))["storyboard"] is None
        assert problem(await opened(site, url)) == {"status": 410, "code": "VIDEO_EXPIRED"}
        assert problem(await ana.http.get(f"/videos/{video}/storyboard.vtt")) == {
            "status": 410,
            "code": "VIDEO_EXPIRED",
        }


@pytest.mark.parametrize("lost", PATHS)
async def test_a_file_that_the_storage_has_lost_is_said_to_be(site: Site, ana: Person, lost: str):
    video = await pictured(site, ana)
    del site.storage.objects[storyboard_key(VideoId(video), 1, lost)]
    assert problem(await ana.http.get(f"/videos/{video}/{lost}")) == {"status": 404, "code": "VIDEO_NOT_FOUND"}
