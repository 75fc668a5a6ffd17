"""Pictures as data: the connection ``FramesArchive.frames``, what it may cost, and who may ask."""

from typing import Any

import pytest
from graphql import parse

from app.domain.session import Scope
from app.graphql.declared import declared
from app.graphql.limits import measured
from app.graphql.schema import schema
from app.graphql.strawberry_insides import core_schema
from tests.parts.api_keys import program
from tests.parts.pictures import LAST, PICTURES, archive_of, manifest_of, many, pictured
from tests.parts.site import Person, Site

ALL = "edges { cursor node { index } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount"
QUERY = """query($id: ID!, $first: Int, $after: String, $before: String, $last: Int, $fromIndex: Int) {
  video(id: $id) { ... on VideoProcessing { result {
    downloadUrl frames(first: $first, after: $after, before: $before, last: $last, fromIndex: $fromIndex) { %s }
  } } ... on Problem { code } } }"""


async def page(person: Person, video: str, what: str = ALL, **arguments: Any) -> Any:
    data = await person.ask(QUERY % what, id=video, **arguments)
    return data["video"]["result"]["frames"]


def places(found: Any) -> list[int]:
    return [edge["node"]["index"] for edge in found["edges"]]


async def test_a_picture_is_told_as_the_manifest_tells_it_with_a_link_to_its_bytes(site: Site, ana: Person):
    video = await pictured(site, ana)
    entries = manifest_of(site.storage.objects[(await archive_of(site, video)).key].data)["frames"]
    node = "index number timeSeconds untilSeconds instantSeconds fileName sizeBytes sha256 width height url"
    found = await page(ana, video, f"edges {{ node {{ {node} }} }} expiresAt")
    for place, (edge, entry) in enumerate(zip(found["edges"], entries, strict=True), start=1):
        told = edge["node"]
        async with site.client() as anybody:
            assert (await anybody.get(told.pop("url"))).content == PICTURES[place - 1]
        assert told == {
            "index": place,
            "instantSeconds": entry["instants"][0],
            "fileName": entry["file"],
            **{name: entry[name] for name in node.split() if name in entry},
        }
    assert found["expiresAt"] == "2026-11-23T12:05:00.000Z"


async def test_links_are_the_same_by_graphql_and_by_rest(site: Site, ana: Person):
    video = await pictured(site, ana)
    found = await page(ana, video, "edges { node { url } }")
    listed = (await ana.http.get(f"/videos/{video}/frames")).json()
    assert [edge["node"]["url"] for edge in found["edges"]] == [item["url"] for item in listed["items"]]


async def test_pages_follow_each_other_forwards_and_backwards(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(7)))
    first = await page(ana, video, first=3)
    assert (places(first), first["totalCount"]) == ([1, 2, 3], 7)
    second = await page(ana, video, first=3, after=first["pageInfo"]["endCursor"])
    third = await page(ana, video, first=3, after=second["pageInfo"]["endCursor"])
    assert (places(second), places(third)) == ([4, 5, 6], [7])
    last = await page(ana, video, last=3)
    before = await page(ana, video, last=3, before=last["pageInfo"]["startCursor"])
    assert (places(last), places(before)) == ([5, 6, 7], [2, 3, 4])
    between = await page(ana, video, after=first["edges"][0]["cursor"], before=third["edges"][0]["cursor"])
    assert places(between) == [2, 3, 4, 5, 6]
    ends = [
        (one["pageInfo"]["hasPreviousPage"], one["pageInfo"]["hasNextPage"]) for one in (first, second, third, last)
    ]
    assert ends == [(False, True), (True, True), (True, False), (True, False)]
    behind = await page(ana, video, after=third["pageInfo"]["endCursor"])
    assert behind["edges"] == []
    assert behind["pageInfo"] == {"hasNextPage": False, "hasPreviousPage": True, "startCursor": None, "endCursor": None}


async def test_a_page_begins_at_any_place_at_once(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(7)))
    found = await page(ana, video, first=2, fromIndex=4)
    assert places(found) == [4, 5]
    assert found["pageInfo"]["hasPreviousPage"]
    assert found["pageInfo"]["hasNextPage"]
    assert places(await page(ana, video, fromIndex=6)) == [6, 7]
    assert places(await page(ana, video, fromIndex=8)) == []


async def test_without_a_size_a_page_has_twenty(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(30)))
    assert places(await page(ana, video)) == list(range(1, 21))
    assert places(await page(ana, video, first=None, last=None)) == list(range(1, 21))
    assert len(places(await page(ana, video, last=100))) == 30


@pytest.mark.parametrize(
    "wrong",
    [
        {"first": 0},
        {"first": 101},
        {"last": 0},
        {"last": 101},
        {"first": 1, "last": 1},
        {"after": "x"},
        {"before": ""},
        {"fromIndex": 0},
        {"after": "x", "fromIndex": 1},
    ],
)
async def test_what_no_page_can_be_is_said_at_its_field_and_takes_nothing_else_away(
    site: Site, ana: Person, wrong: dict[str, Any]
):
    video = await pictured(site, ana)
    answer = await ana.graphql(QUERY % ALL, id=video, **wrong)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": [[*wrong][-1]]}
    assert error["path"] == ["video", "result", "frames"]
    assert answer["data"]["video"]["result"]["frames"] is None
    assert answer["data"]["video"]["result"]["downloadUrl"]


async def test_a_storage_that_is_away_leaves_the_rest_of_the_answer(site: Site, ana: Person):
    video = await pictured(site, ana)
    site.storage.away = True
    answer = await ana.graphql(QUERY % ALL, id=video)
    assert answer["errors"][0]["extensions"]["code"] == "STORAGE_ERROR"
    assert answer["data"]["video"]["result"]["downloadUrl"]


async def test_another_is_told_of_no_pictures_and_a_key_only_where_it_reads(site: Site, ana: Person, bruno: Person):
    video = await pictured(site, ana)
    assert (await bruno.ask(QUERY % ALL, id=video))["video"] == {"code": "VIDEO_NOT_BELONGS_TO_USER"}
    async with program(site, ana, Scope.READ) as reads, program(site, ana, Scope.UPLOAD) as sends:
        assert places(await page(reads, video)) == [1, 2, 3]
        assert (await sends.ask(QUERY % ALL, id=video))["video"] == {"code": "INSUFFICIENT_SCOPE"}


async def test_the_first_picture_of_each_video_of_a_list_is_its_own(site: Site, ana: Person):
    videos = [await pictured(site, ana, [LAST]), await pictured(site, ana)]
    query = "{ videos(first: 2) { edges { node { id result { frames(first: 1) { edges { node { url } } } } } } } }"
    edges = (await ana.ask(query))["videos"]["edges"]
    contents = {}
    async with site.client() as anybody:
        for edge in edges:
            (picture,) = edge["node"]["result"]["frames"]["edges"]
            contents[edge["node"]["id"]] = (await anybody.get(picture["node"]["url"])).content
    assert contents == {videos[0]: LAST.data, videos[1]: PICTURES[0]}


def size_of(query: str, **variables: Any) -> Any:
    return measured(parse(query), None, variables, declared(core_schema(schema)))


def test_a_page_of_pictures_costs_what_it_may_hold_from_either_end():
    one = "{ video(id: 1) { ... on VideoProcessing { result { frames%s { edges { node { url } } } } } } }"
    fixed = 3  # video, result and frames themselves; of each of a page edges, node and url.
    for arguments, held in (("", 20), ("(first: 7)", 7), ("(last: 100)", 100), ("(first: null, last: 50)", 50)):
        assert size_of(one % arguments).cost == fixed + 3 * held, arguments
    by_variable = ("query($n: Int) " + one) % "(last: $n)"
    assert size_of(by_variable, n=60).cost == fixed + 3 * 60
    assert size_of(by_variable).cost == fixed + 3 * 20


def test_pictures_of_many_videos_are_asked_of_the_storage_once_for_each():
    """Not as the logs of many, which the database tells in one answer."""
    many_videos = "{ videos(first: 50) { edges { node { %s } } } }"
    logs = size_of(many_videos % "history { at }")
    frames = size_of(many_videos % "result { frames(first: 1) { expiresAt } }")
    assert (logs.questions, logs.questions_each) == (3, 0)
    assert (frames.questions, frames.questions_each) == (2, 50)
    assert frames.seconds > logs.seconds + 0.04


async def test_all_pictures_of_all_videos_are_too_much_for_one_operation(ana: Person):
    deep = "{ videos(first: 100) { edges { node { result { frames(last: 100) { edges { node { url } } } } } } } }"
    answer = await ana.graphql(deep)
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
