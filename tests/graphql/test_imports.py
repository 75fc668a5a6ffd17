"""importVideo, videoImport, videoImports, cancelImport and importStatus, as clients ask them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.domain.session import Scope
from app.domain.video import VideoId
from tests.fakes.sources import MemorySources
from tests.graphql.asking import PROBLEM, UNKNOWN
from tests.parts.api_keys import program
from tests.parts.graphql_socket import Socket, socket
from tests.parts.site import MP4, Person, Site

SHOWN = """id url fileName status version fetchedBytes totalBytes createdAt nextTryAt endsAt endedAt
  failure { code reason retryable }"""
IMPORT = f"""mutation($input: ImportVideoInput!) {{
  importVideo(input: $input) {{ ... on VideoImport {{ {SHOWN} }} {PROBLEM} }} }}"""
ONE = f"query($id: ID!) {{ videoImport(id: $id) {{ ... on VideoImport {{ {SHOWN} }} {PROBLEM} }} }}"
CANCEL = f"mutation($id: ID!) {{ cancelImport(id: $id) {{ ... on VideoImport {{ {SHOWN} }} {PROBLEM} }} }}"
ALL = f"{{ videoImports {{ {SHOWN} }} }}"
WATCH = f"subscription($id: ID!) {{ importStatus(id: $id) {{ ... on VideoImport {{ {SHOWN} }} {PROBLEM} }} }}"
LINK = "https://films.example/holiday.mp4?key=secret"


async def ask(person: Person, url: str = LINK, **more: Any) -> Any:
    return (await person.ask(IMPORT, input={"url": url} | more))["importVideo"]


async def events(watcher: Socket) -> AsyncIterator[Any]:
    while (message := await watcher.hear())["type"] == "next":
        yield message["payload"]["data"]["importStatus"]


async def test_a_link_becomes_a_video_that_is_watched_like_any_other(site: Site, ana: Person):
    asked = await ask(ana, options={"quality": 50})
    assert (asked["status"], asked["url"], asked["fileName"]) == ("WAITING", "https://films.example/holiday.mp4", None)
    assert (asked["createdAt"], asked["nextTryAt"]) == ("2026-11-23T12:00:00.000Z", "2026-11-23T12:00:00.000Z")
    assert site.queue.imports == [asked["id"]]
    async with socket(site, ana.token) as watcher:
        await watcher.subscribe("1", asked["id"], WATCH)
        fetching = asyncio.create_task(site.fetch_import(MemorySources(holiday=MP4))(VideoId(asked["id"])))
        seen = [event async for event in events(watcher)]
        await fetching
    assert (seen[-1]["status"], seen[-1]["totalBytes"], seen[-1]["fileName"]) == ("IMPORTED", len(MP4), "holiday.mp4")
    assert (await ana.ask(ONE, id=asked["id"]))["videoImport"] == seen[-1]
    assert (await ana.ask(ALL))["videoImports"] == [seen[-1]]
    see = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { status options { quality } } } }"
    assert (await ana.ask(see, id=asked["id"]))["video"] == {"status": "PENDING", "options": {"quality": 50}}
    assert (await ana.ask(CANCEL, id=asked["id"]))["cancelImport"]["code"] == "UPLOAD_NOT_FOUND"
    await site.completed(asked["id"])


async def test_a_link_that_leads_to_nothing_is_told_in_a_sentence(site: Site, ana: Person):
    asked = await ask(ana, "https://films.example/none.mp4")
    assert await site.fetch_import(MemorySources())(VideoId(asked["id"])) is None
    failed = (await ana.ask(ONE, id=asked["id"]))["videoImport"]
    assert (failed["status"], failed["nextTryAt"]) == ("FAILED", None)
    assert failed["failure"] == {
        "code": "LINK_REFUSED",
        "reason": "The server behind this link does not give the file.",
        "retryable": False,
    }
    async with socket(site, ana.token) as watcher:
        await watcher.subscribe("1", asked["id"], WATCH)
        assert [event["status"] async for event in events(watcher)] == ["FAILED"]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"url": "http://films.example/a.mp4"}, "INVALID_INPUT", ["url"]),
        ({"url": "https://10.0.0.1/a.mp4"}, "INVALID_INPUT", ["url"]),
        ({"url": "s3://fiapx/sources/x"}, "INVALID_INPUT", ["url"]),
        ({"url": ""}, "INVALID_INPUT", ["url"]),
        ({"fileName": "a.txt"}, "UNSUPPORTED_FILE_FORMAT", ["fileName"]),
        ({"fileName": ""}, "INVALID_INPUT", ["file"]),
        ({"options": {"quality": 101}}, "INVALID_INPUT", ["options", "quality"]),
        ({"idempotencyKey": "a b"}, "INVALID_INPUT", ["idempotencyKey"]),
    ],
)
async def test_what_cannot_be_imported_is_refused_at_once(
    site: Site, ana: Person, given: dict[str, Any], code: str, field: list[str]
):
    refused = (await ana.ask(IMPORT, input={"url": LINK} | given))["importVideo"]
    assert (refused["code"], refused["field"]) == (code, field)
    assert site.queue.imports == []


async def test_one_key_is_one_import(ana: Person):
    first = await ask(ana, idempotencyKey="k")
    assert (await ask(ana, idempotencyKey="k"))["id"] == first["id"]
    refused = await ask(ana, "https://films.example/other.mp4", idempotencyKey="k")
    assert (refused["code"], refused["field"]) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])


async def test_a_canceled_import_is_told_to_who_watches(site: Site, ana: Person):
    asked = await ask(ana)
    async with socket(site, ana.token) as watcher:
        await watcher.subscribe("1", asked["id"], WATCH)
        first = (await watcher.hear())["payload"]["data"]["importStatus"]
        canceled = (await ana.ask(CANCEL, id=asked["id"]))["cancelImport"]
        assert [first["status"], canceled["status"]] == ["WAITING", "FAILED"]
        assert canceled["failure"]["code"] == "CANCELED"
        assert [event async for event in events(watcher)] == [canceled]
    assert await site.fetch_import(MemorySources(holiday=MP4))(VideoId(asked["id"])) is None
    assert site.storage.objects == {}


async def test_an_import_is_its_owners_alone(site: Site, ana: Person, bruno: Person):
    asked = await ask(ana)
    for which in (asked["id"], UNKNOWN, "no id"):
        for query in (ONE, CANCEL):
            (answer,) = (await bruno.ask(query, id=which)).values()
            assert answer["code"] == "UPLOAD_NOT_FOUND"
        async with socket(site, bruno.token) as watcher:
            await watcher.subscribe("1", which, WATCH)
            assert [event["code"] async for event in events(watcher)] == ["UPLOAD_NOT_FOUND"]
    assert (await bruno.ask(ALL))["videoImports"] == []


async def test_a_program_with_a_key_to_upload_imports_and_watches(site: Site, ana: Person):
    async with program(site, ana, Scope.UPLOAD) as camera:
        asked = await ask(camera)
        assert (await camera.ask(ONE, id=asked["id"]))["videoImport"]["status"] == "WAITING"


async def test_one_operation_asks_for_one_import(ana: Person):
    twice = (
        IMPORT.replace("importVideo(", "a: importVideo(").removesuffix("}")
        + " b: importVideo(input: $input) { __typename } }"
    )
    answer = await ana.graphql(twice, input={"url": LINK})
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"


async def test_a_list_of_imports_costs_what_it_may_hold(ana: Person):
    four = "{ " + " ".join(f"a{number}: videoImports {{ {SHOWN} }}" for number in range(4)) + " }"
    answer = await ana.graphql(four)
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "points of cost" in answer["errors"][0]["message"]
