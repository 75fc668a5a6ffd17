"""The list of one's videos: searched, sorted, counted, and many done with at once."""

from typing import Any

import pytest

from tests.graphql.asking import UNKNOWN, upload
from tests.parts.site import Person, Site

LIST = """query(
  $first: Int, $after: String, $before: String, $last: Int, $search: String, $status: [ProcessingStatus!]
  $from: DateTime, $to: DateTime, $order: VideoOrder
) {
  videos(
    first: $first, after: $after, before: $before, last: $last, search: $search, status: $status
    createdFrom: $from, createdTo: $to, orderBy: $order
  ) {
    totalCount
    counts { pending processing completed failed total }
    edges { node { originalFileName } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}"""
SEVERAL = "mutation($ids: [ID!]!) { %s(input: {ids: $ids}) { id video { status } problem { code } } }"


async def names(person: Person, **asked: Any) -> list[str]:
    page = (await person.ask(LIST, order=asked.pop("order", "NEWEST"), **asked))["videos"]
    return [edge["node"]["originalFileName"] for edge in page["edges"]]


async def shelf(site: Site, person: Person, *sent: str) -> list[str]:
    """Upload files of these names, one a second; return the ids of their processings."""
    ids = []
    for name in sent:
        site.clock.advance(1)
        ids.append((await upload(person, name=name))["id"])
    return ids


async def test_videos_are_found_by_words_of_their_names(site: Site, ana: Person):
    await shelf(site, ana, "Praia São Paulo.mp4", "sao jorge.mp4", "montanha.mp4")
    assert await names(ana, search="SÃO") == ["sao jorge.mp4", "Praia São Paulo.mp4"]
    assert await names(ana, search="paulo sao") == ["Praia São Paulo.mp4"]
    assert await names(ana, search="jorge paulo") == []
    assert len(await names(ana, search="  ")) == 3


async def test_a_search_finds_nothing_of_others(site: Site, ana: Person, bruno: Person):
    await shelf(site, bruno, "praia.mp4")
    assert await names(ana, search="praia") == []
    assert (await ana.ask(LIST, order="NAME"))["videos"]["counts"]["total"] == 0


@pytest.mark.parametrize(
    ("order", "expected"), [("NEWEST", "cab"), ("OLDEST", "bac"), ("NAME", "abc"), ("LARGEST", "cab"), ("LONGEST", "")]
)
async def test_a_list_comes_in_the_order_asked_for_page_by_page_in_both_directions(
    site: Site, ana: Person, order: str, expected: str
):
    await shelf(site, ana, "b.mp4", "A.mp4", "c.mp4")
    whole = [name[0].lower() for name in await names(ana, order=order)]
    if expected and order != "LARGEST":  # The files are equally large, so their ids decide.
        assert "".join(whole) == expected
    ways = (("first", "after", "endCursor", "hasNextPage"), ("last", "before", "startCursor", "hasPreviousPage"))
    for size, behind, cursor, more in ways:
        seen: list[str] = []
        place: dict[str, Any] = {}
        while True:
            page = (await ana.ask(LIST, order=order, **{size: 1}, **place))["videos"]
            found = [edge["node"]["originalFileName"][0].lower() for edge in page["edges"]]
            seen = seen + found if size == "first" else found + seen
            if not page["pageInfo"][more]:
                break
            place = {behind: page["pageInfo"][cursor]}
        assert seen == whole, size


async def test_a_cursor_of_one_order_is_refused_by_another(site: Site, ana: Person):
    await shelf(site, ana, "a.mp4", "b.mp4")
    cursors = {
        order: (await ana.ask(LIST, order=order))["videos"]["pageInfo"]["endCursor"]
        for order in ("NEWEST", "NAME", "LARGEST", "LONGEST")
    }
    for order in cursors:
        for other, cursor in cursors.items():
            answer = await ana.graphql(LIST, order=order, after=cursor)
            if other == order:
                assert "errors" not in answer, order
            else:
                assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", (order, other)


async def test_counts_are_of_all_states_and_of_what_is_searched(site: Site, ana: Person):
    ids = await shelf(site, ana, "a1.mp4", "a2.mp4", "a3.mp4", "b.mp4")
    await site.completed(ids[0])
    await site.failed(ids[1])
    page = (await ana.ask(LIST, order="NEWEST", search="a", status=["FAILED"], first=1))["videos"]
    assert page["counts"] == {"pending": 1, "processing": 0, "completed": 1, "failed": 1, "total": 3}
    assert page["totalCount"] == 1


async def test_a_list_is_of_what_was_received_from_one_instant_until_before_another(site: Site, ana: Person):
    await shelf(site, ana, "a.mp4", "b.mp4", "c.mp4")  # 12:00:01, and a second apart.
    between = {"from": "2026-11-23T12:00:02Z", "to": "2026-11-23T09:00:03-03:00"}
    assert await names(ana, **between) == ["b.mp4"]
    assert await names(ana, **{"from": "2026-11-23T12:00:02Z"}) == ["c.mp4", "b.mp4"]


@pytest.mark.parametrize(
    "asked",
    [
        {"search": "a" * 256},
        {"search": " ".join(map(str, range(11)))},
        {"order": "SMALLEST"},
        {"from": "yesterday"},
        {"from": "2026-11-23T12:00:00"},
        {"after": "bmFtZT1BOng"},
    ],
)
async def test_what_cannot_be_asked_of_a_list_is_refused(ana: Person, asked: dict[str, Any]):
    answer = await ana.graphql(LIST, **({"order": "NAME"} | asked))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_processings_of_one_file_know_it(site: Site, ana: Person):
    [first, other] = await shelf(site, ana, "a.mp4", "a.mp4")
    await site.failed(first)
    again = "mutation($id: ID!) { reprocessVideo(id: $id) { ... on VideoProcessing { id } } }"
    second = (await ana.ask(again, id=first))["reprocessVideo"]["id"]
    await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=first)
    listed = await ana.ask("{ videos { edges { node { id fileId } } } }")
    files = {edge["node"]["id"]: edge["node"]["fileId"] for edge in listed["videos"]["edges"]}
    assert files == {second: first, other: other}


async def test_many_are_canceled_and_deleted_at_once_each_with_its_own_outcome(site: Site, ana: Person, bruno: Person):
    pending, done, gone = await shelf(site, ana, "a.mp4", "b.mp4", "c.mp4")
    [theirs] = await shelf(site, bruno, "d.mp4")
    await site.completed(done)
    ids = [pending, done, theirs, UNKNOWN, "no id", pending]
    canceled = (await ana.ask(SEVERAL % "cancelVideos", ids=ids))["cancelVideos"]
    assert [(one["id"], one["video"], one["problem"] and one["problem"]["code"]) for one in canceled] == [
        (pending, {"status": "FAILED"}, None),
        (done, None, "PROCESSING_ALREADY_FINISHED"),
        (theirs, None, "VIDEO_NOT_BELONGS_TO_USER"),
        (UNKNOWN, None, "VIDEO_NOT_FOUND"),
        ("no id", None, "VIDEO_NOT_FOUND"),
    ]
    deleted = (await ana.ask(SEVERAL % "deleteVideos", ids=[theirs, done, gone, gone]))["deleteVideos"]
    assert [(one["id"], one["problem"] and one["problem"]["code"]) for one in deleted] == [
        (theirs, "VIDEO_NOT_BELONGS_TO_USER"),
        (done, None),
        (gone, None),
    ]
    assert await names(ana) == ["a.mp4"]
    assert await names(bruno) == ["d.mp4"]


@pytest.mark.parametrize("field", ["cancelVideos", "deleteVideos"])
@pytest.mark.parametrize("count", [0, 101])
async def test_none_and_too_many_at_once_are_refused(ana: Person, field: str, count: int):
    answer = await ana.graphql(SEVERAL % field, ids=[UNKNOWN] * count)
    error = answer["errors"][0]["extensions"]
    assert (error["code"], error["field"]) == ("BAD_USER_INPUT", ["input", "ids"])
