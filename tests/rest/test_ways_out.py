"""Chosen pictures and tables of all of them: what comes, by which link, and who may."""

import csv
import hashlib
import io
import json
import zipfile
from typing import Any

import httpx

from app.domain.session import Scope
from app.domain.video import VideoId
from tests.parts.api_keys import program
from tests.parts.pictures import LAST, PICTURES, archive_of, manifest_of, many, pictured
from tests.parts.site import Person, Site, problem

SELECT = """mutation($input: SelectFramesInput!) { selectFrames(input: $input) {
  ... on FramesSelection { url fileName sizeBytes frames expiresAt } ... on Problem { code field } } }"""
TABLES = """query($id: ID!) { video(id: $id) { ... on VideoProcessing { result { tables { csvUrl cocoUrl } } }
  ... on Problem { code } } }"""


async def selected(person: Person, video: str, **which: Any) -> Any:
    return (await person.ask(SELECT, input={"videoId": video, **which}))["selectFrames"]


async def opened(site: Site, url: str, **options: Any) -> httpx.Response:
    """What a browser gets that has nothing but the link."""
    async with site.client() as anybody:
        return await anybody.request(options.pop("method", "GET"), url, **options)


def files_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {one.filename: archive.read(one) for one in archive.infolist()}


async def test_three_chosen_pictures_are_a_zip_behind_a_link(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(40)), name="Férias.mp4")
    found = await selected(ana, video, numbers=[9, 3, 17])
    answer = await opened(site, found["url"])
    files = files_of(answer.content)
    told = json.loads(files.pop("manifest.json"))
    of_all = manifest_of(site.storage.objects[(await archive_of(site, video)).key].data)
    assert [*files] == [of_all["frames"][place - 1]["file"] for place in (3, 9, 17)]
    assert [*files.values()] == [frame.data for place, frame in enumerate(many(40), start=1) if place in (3, 9, 17)]
    assert [line["sha256"] for line in told["frames"]] == [hashlib.sha256(one).hexdigest() for one in files.values()]
    assert (found["frames"], found["fileName"]) == (3, "Férias-3-frames.zip")
    assert found["sizeBytes"] == len(answer.content) == int(answer.headers["content-length"])
    assert found["expiresAt"] == "2026-11-23T12:05:00.000Z"
    assert answer.headers["content-type"] == "application/zip"
    assert "filename*=UTF-8''F%C3%A9rias-3-frames.zip" in answer.headers["content-disposition"]
    assert answer.headers["content-security-policy"].endswith("sandbox")


async def test_ranges_choose_the_same_and_rest_needs_no_link(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(40)))
    by_range = await selected(ana, video, ranges=[{"first": 3, "last": 4}, {"first": 9, "last": 9}])
    by_number = await selected(ana, video, numbers=[3, 4, 9])
    assert by_range == by_number
    by_rest = await ana.http.get(f"/videos/{video}/frames.zip?frames=9,3-4")
    by_link = await opened(site, by_range["url"])
    assert (by_rest.content, by_rest.headers["etag"]) == (by_link.content, by_link.headers["etag"])


async def test_a_download_that_broke_off_goes_on_by_a_later_link_to_the_same_pictures(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(40)))
    first = await opened(site, (await selected(ana, video, ranges=[{"first": 1, "last": 30}]))["url"])
    site.clock.advance(299)
    later = (await selected(ana, video, ranges=[{"first": 1, "last": 30}]))["url"]
    site.clock.advance(2)
    half, etag = len(first.content) // 2, first.headers["etag"]
    rest = await opened(site, later, headers={"Range": f"bytes={half}-", "If-Range": etag})
    assert (rest.status_code, first.content[:half] + rest.content) == (206, first.content)
    head = await opened(site, later, method="HEAD")
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(first.content)))
    assert (await opened(site, later, headers={"If-None-Match": etag})).status_code == 304
    other = (await selected(ana, video, ranges=[{"first": 1, "last": 29}]))["url"]
    anew = await opened(site, other, headers={"Range": f"bytes={half}-", "If-Range": etag})
    assert (anew.status_code, len(files_of(anew.content))) == (200, 30)


async def test_a_link_to_a_thousand_pictures_is_no_longer_than_one_to_a_single_one(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(2000)))
    one, thousand = await selected(ana, video, numbers=[7]), await selected(ana, video, numbers=[*range(2, 2001, 2)])
    assert abs(len(thousand["url"]) - len(one["url"])) < 10
    assert len(thousand["url"]) < 700
    files = files_of((await opened(site, thousand["url"])).content)
    assert len(files) == 1001


async def test_no_changed_link_opens_anything(site: Site, ana: Person):
    url = (await selected(ana, await pictured(site, ana), numbers=[1]))["url"]
    for place in range(len("/files/"), len(url), 3):
        if url[place] == ".":
            continue
        other = "A" if url[place] != "A" else "B"
        answer = await opened(site, url[:place] + other + url[place + 1 :])
        # The last character of a JWT has bits that mean nothing.
        assert answer.status_code == 404 or place == len(url) - 1, place


async def test_a_link_ends_with_its_time_its_video_and_its_choice(site: Site, ana: Person):
    video = await pictured(site, ana)
    first = (await selected(ana, video, numbers=[1]))["url"]
    site.clock.advance(301)
    assert (await opened(site, first)).status_code == 404
    url = (await selected(ana, video, numbers=[1]))["url"]
    await site.transactions.write(
        lambda t: t.selections.forget(expired_before=site.clock.now().replace(year=2030), limit=10)
    )
    assert problem(await opened(site, url)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}
    url = (await selected(ana, video, numbers=[1]))["url"]
    assert (await opened(site, url)).status_code == 200
    await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=video)
    assert problem(await opened(site, url)) == {"status": 404, "code": "VIDEO_NOT_FOUND"}


async def test_a_choice_is_kept_for_a_day_from_its_last_use(site: Site, ana: Person):
    video = await pictured(site, ana)
    await selected(ana, video, numbers=[1, 3])

    async def kept() -> bool:
        def forget(t: Any) -> Any:
            return t.selections.forget(expired_before=site.clock.now(), limit=10)

        await site.transactions.write(forget)
        digest = hashlib.sha256(b"1,3").hexdigest()
        return await site.transactions.read(lambda t: t.selections.get(VideoId(video), digest)) is not None

    site.clock.advance(23 * 3600)
    assert await kept()
    site.clock.advance(2 * 3600)
    assert not await kept()


async def test_what_cannot_be_chosen_is_said_at_its_field(site: Site, ana: Person):
    video = await pictured(site, ana)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({}, "INVALID_INPUT"),
        ({"numbers": [1], "ranges": [{"first": 1, "last": 1}]}, "INVALID_INPUT"),
        ({"numbers": []}, "INVALID_INPUT"),
        ({"numbers": [0]}, "INVALID_INPUT"),
        ({"numbers": [1, 1]}, "INVALID_INPUT"),
        ({"numbers": [-1]}, "INVALID_INPUT"),
        ({"numbers": [*range(1, 1002)]}, "INVALID_INPUT"),
        ({"ranges": [{"first": at, "last": at} for at in range(1, 2003, 2)]}, "INVALID_INPUT"),
        ({"ranges": [{"first": at, "last": at} for at in range(1, 2001, 2)]}, "FRAME_NOT_FOUND"),
        ({"ranges": [{"first": 2, "last": 1}]}, "INVALID_INPUT"),
        ({"ranges": [{"first": 1, "last": 2}, {"first": 2, "last": 3}]}, "INVALID_INPUT"),
        ({"numbers": [4]}, "FRAME_NOT_FOUND"),
        ({"ranges": [{"first": 1, "last": 4}]}, "FRAME_NOT_FOUND"),
    ]
    for which, code in wrong:
        found = await selected(ana, video, **which)
        assert found["code"] == code, which
        assert code == "FRAME_NOT_FOUND" or found["field"], which
    for text in ("", "4", "0", "1,1", "a"):
        answer = problem(await ana.http.get(f"/videos/{video}/frames.zip", params={"frames": text}))
        assert answer["status"] == (404 if text == "4" else 400), text


async def test_another_is_refused_as_of_the_zip_and_a_key_has_to_read(site: Site, ana: Person, bruno: Person):
    video = await pictured(site, ana)
    assert (await selected(bruno, video, numbers=[1]))["code"] == "VIDEO_NOT_BELONGS_TO_USER"
    paths = ("frames.zip?frames=1", "frames.csv", "frames.coco.json")
    for path in paths:
        assert problem(await bruno.http.get(f"/videos/{video}/{path}")) == {
            "status": 403,
            "code": "VIDEO_NOT_BELONGS_TO_USER",
        }
        assert (await opened(site, f"/videos/{video}/{path}")).status_code == 401
    async with program(site, ana, Scope.READ) as reads, program(site, ana, Scope.UPLOAD) as sends:
        for path in paths:
            assert (await reads.http.get(f"/videos/{video}/{path}")).status_code == 200
            assert (await sends.http.get(f"/videos/{video}/{path}")).status_code == 403
        assert (await selected(reads, video, numbers=[1]))["frames"] == 1


async def test_csv_has_a_line_for_each_picture_as_the_manifest_tells_it(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(1100)), name="a film.mp4")
    answer = await ana.http.get(f"/videos/{video}/frames.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="a film-frames.csv"' in answer.headers["content-disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    entries = manifest_of(site.storage.objects[(await archive_of(site, video)).key].data)["frames"]
    assert len(lines) == len(entries) == 1100
    for place, (line, entry) in enumerate(zip(lines, entries, strict=True), start=1):
        assert line == {
            "index": str(place),
            "instantSeconds": str(entry["instants"][0]),
            **{
                name: str(entry[name])
                for name in ("file", "number", "timeSeconds", "untilSeconds", "width", "height", "sizeBytes", "sha256")
            },
        }


async def test_coco_has_an_image_for_each_picture_as_data_sets_have(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(600)), name="Férias.mp4")
    data = (await ana.http.get(f"/videos/{video}/frames.coco.json")).json()
    entries = manifest_of(site.storage.objects[(await archive_of(site, video)).key].data)["frames"]
    # What COCO's own format asks of each (cocodataset.org, "Data format"), and what readers of it index by.
    assert [data[name] for name in ("licenses", "annotations", "categories")] == [[], [], []]
    assert {"year", "version", "description", "date_created"} <= data["info"].keys()
    assert data["info"]["description"] == "Férias.mp4"
    by_id = {image["id"]: image for image in data["images"]}
    assert [*by_id] == [*range(1, 601)]
    for place, entry in enumerate(entries, start=1):
        image = by_id[place]
        assert {name: image[name] for name in ("file_name", "width", "height")} == {
            "file_name": entry["file"],
            "width": entry["width"],
            "height": entry["height"],
        }
        assert (image["time_seconds"], image["frame_number"]) == (entry["timeSeconds"], entry["number"])


async def test_tables_come_by_links_of_the_archive_with_conditions(site: Site, ana: Person):
    video = await pictured(site, ana)
    tables = (await ana.ask(TABLES, id=video))["video"]["result"]["tables"]
    for url, path in ((tables["csvUrl"], "frames.csv"), (tables["cocoUrl"], "frames.coco.json")):
        by_link, by_rest = await opened(site, url), await ana.http.get(f"/videos/{video}/{path}")
        assert (by_link.status_code, by_link.content) == (200, by_rest.content)
        etag = by_link.headers["etag"]
        assert etag == by_rest.headers["etag"]
        same = await opened(site, url, headers={"If-None-Match": etag})
        assert (same.status_code, same.content) == (304, b"")
        head = await opened(site, url, method="HEAD")
        assert (head.status_code, head.content) == (200, b"")
    site.clock.advance(301)
    assert (await opened(site, tables["csvUrl"])).status_code == 404


async def test_a_zip_that_the_storage_has_lost_is_said_to_be_and_one_that_is_away_can_come_back(
    site: Site, ana: Person
):
    video = await pictured(site, ana)
    url = (await selected(ana, video, numbers=[1, 3]))["url"]
    paths = ("frames.zip?frames=1", "frames.csv", "frames.coco.json")
    site.storage.away = True
    for path in paths:
        assert problem(await ana.http.get(f"/videos/{video}/{path}"))["code"] == "STORAGE_ERROR"
    site.storage.away = False
    files = files_of((await opened(site, url)).content)
    assert [*files.values()][:2] == [PICTURES[0], LAST.data]
    site.storage.objects.clear()
    for path in paths:
        assert problem(await ana.http.get(f"/videos/{video}/{path}")) == {"status": 404, "code": "VIDEO_NOT_FOUND"}
    assert (await selected(ana, video, numbers=[2]))["code"] == "VIDEO_NOT_FOUND"
