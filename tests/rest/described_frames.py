"""Every answer that single pictures have, asked for."""

from dataclasses import replace

from app.domain.video import VideoId, storyboard_key
from tests.parts.pictures import LAST, archive_of, pictured, row_of
from tests.parts.site import Person, Site
from tests.rest.visitor import Visitor, fetched

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
BOARD = ("storyboard.vtt", "storyboard-1.jpg")
PATHS = ("frames", "frames/1", "frames.zip?frames=1", "frames.csv", "frames.coco.json")
SELECT = "mutation($input: SelectFramesInput!) { selectFrames(input: $input) { ... on FramesSelection { url } } }"


async def pictures_as_described(site: Site, ana: Person, visitor: Visitor, stranger: Visitor, another: Visitor) -> None:
    """Ask for all that can be had, and for all that cannot."""
    unfinished, video = await ana.uploaded(), await pictured(site, ana)
    for path in PATHS:
        assert (await visitor.get(f"/videos/{unfinished}/{path}")).status_code == 400
        assert (await stranger.get(f"/videos/{video}/{path}")).status_code == 401
        assert (await another.get(f"/videos/{video}/{path}")).status_code == 403
        assert (await visitor.get(f"/videos/{UNKNOWN}/{path}")).status_code == 404
    page = (await visitor.get(f"/videos/{video}/frames", params={"first": 2})).json()
    (last,) = (await visitor.get(f"/videos/{video}/frames", params={"after": page["next"]})).json()["items"]
    assert (await visitor.get(f"/videos/{video}/frames?at=2")).json()["items"][0] == last
    assert (await visitor.get(f"/videos/{video}/frames?at=3")).json()["code"] == "FRAME_NOT_FOUND"
    assert (await visitor.get(f"/videos/{video}/frames?at=x")).status_code == 400
    assert (await visitor.get(f"/videos/{video}/frames/4")).json()["code"] == "FRAME_NOT_FOUND"
    await fetched(visitor, f"/videos/{video}/frames/3", LAST.data)
    await fetched(stranger, last["url"], LAST.data)
    await fetched(visitor, f"/videos/{video}/frames.zip?frames=1-3", b"")
    assert (await visitor.get(f"/videos/{video}/frames.zip?frames=1,1")).json()["code"] == "INVALID_INPUT"
    assert (await visitor.get(f"/videos/{video}/frames.zip?frames=4")).json()["code"] == "FRAME_NOT_FOUND"
    for table in ("frames.csv", "frames.coco.json"):
        etag = (await visitor.get(f"/videos/{video}/{table}")).headers["etag"]
        assert (await visitor.get(f"/videos/{video}/{table}", headers={"If-None-Match": etag})).status_code == 304
    chosen = (await ana.ask(SELECT, input={"videoId": video, "numbers": [2]}))["selectFrames"]["url"]
    await fetched(stranger, chosen, b"")
    await _links_that_open_nothing(site, ana, video, stranger)
    site.storage.away = True
    for path in PATHS:
        assert (await visitor.get(f"/videos/{video}/{path}")).status_code == 503
    assert (await stranger.get(last["url"])).status_code == 503
    site.storage.away = False
    archive = await archive_of(site, video)
    site.storage.objects[archive.index_key].data = b""
    for path in PATHS:
        assert (await visitor.get(f"/videos/{video}/{path}")).json()["code"] == "FRAMES_UNREADABLE"
    assert (await stranger.get(chosen)).json()["code"] == "FRAMES_UNREADABLE"
    site.storage.objects.clear()
    assert (await stranger.get(last["url"])).json()["code"] == "VIDEO_NOT_FOUND"
    site.clock.advance(300)
    assert (await stranger.get(last["url"])).json()["code"] == "LINK_EXPIRED"


async def storyboards_as_described(
    site: Site, ana: Person, visitor: Visitor, stranger: Visitor, another: Visitor
) -> None:
    """Ask for all that can be had of storyboards, and for all that cannot."""
    unfinished, video, without = await ana.uploaded(), await pictured(site, ana), await ana.uploaded()
    await site.completed(without)
    links = await _board_links(ana, video)
    for path, link in links.items():
        assert (await visitor.get(f"/videos/{unfinished}/{path}")).status_code == 400
        assert (await stranger.get(f"/videos/{video}/{path}")).status_code == 401
        assert (await another.get(f"/videos/{video}/{path}")).status_code == 403
        assert (await visitor.get(f"/videos/{UNKNOWN}/{path}")).status_code == 404
        assert (await visitor.get(f"/videos/{without}/{path}")).json()["code"] == "FRAME_NOT_FOUND"
        empty, _ = site.services().storyboard_links.folder(await row_of(site, without), site.clock.now())
        assert (await stranger.get(empty + path)).json()["code"] == "FRAME_NOT_FOUND"
        assert (await stranger.get(f"/storyboards/x/{path}")).json()["code"] == "NOT_FOUND"
        kept = site.storage.objects[storyboard_key(VideoId(video), 1, path)].data
        await fetched(visitor, f"/videos/{video}/{path}", kept)
        await fetched(stranger, link, kept)
    site.storage.away = True
    for path, link in links.items():
        assert (await visitor.get(f"/videos/{video}/{path}")).status_code == 503
        assert (await stranger.get(link)).status_code == 503
    site.storage.away = False
    site.storage.objects.clear()
    for link in links.values():
        assert (await stranger.get(link)).json()["code"] == "VIDEO_NOT_FOUND"
    site.clock.advance(300)
    for link in links.values():
        assert (await stranger.get(link)).json()["code"] == "LINK_EXPIRED"


async def _board_links(person: Person, video: str) -> dict[str, str]:
    query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { storyboard { vttUrl sheets { url } } } } }"
    board = (await person.ask(query, id=video))["video"]["storyboard"]
    return dict(zip(BOARD, (board["vttUrl"], board["sheets"][0]["url"]), strict=True))


async def pictures_that_expired_as_described(site: Site, ana: Person, visitor: Visitor) -> None:
    """Ask for those of a video whose files are no longer kept, where that is after a day."""
    video = await pictured(site, ana)
    site.clock.advance(24 * 3600 - 1)
    url = (await visitor.get(f"/videos/{video}/frames")).json()["items"][0]["url"]
    links = await _board_links(ana, video)
    chosen = (await ana.ask(SELECT, input={"videoId": video, "numbers": [2]}))["selectFrames"]["url"]
    site.clock.advance(1)
    for path in (*(f"/videos/{video}/{path}" for path in (*PATHS, *BOARD)), url, chosen, *links.values()):
        assert (await visitor.get(path)).json()["code"] == "VIDEO_EXPIRED"


async def _links_that_open_nothing(site: Site, ana: Person, video: str, stranger: Visitor) -> None:
    assert (await stranger.get("/frames/x")).json()["code"] == "NOT_FOUND"
    services, viewer = site.services(), site.tokens.verify(ana.token)
    found, archive, frame = await services.do.frames.one(viewer, VideoId(video), 1)
    beyond = replace(frame, offset=archive.size_bytes)  # Only whoever has the secret could ask for that.
    url, _ = services.frame_links.link(found, beyond, site.clock.now())
    assert (await stranger.get(url)).json()["code"] == "FRAME_NOT_FOUND"
