"""createUpload, refreshUpload, completeUpload and abortUpload, as clients ask them."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from tests.graphql.asking import PROBLEM, UNKNOWN
from tests.parts.site import MAX_BYTES, MP4, Person, Site, running_site

PARTS = "id fileName sizeBytes partSizeBytes parts { number done md5 url } urlsExpireAt expiresAt"
CREATE = f"""mutation($input: CreateUploadInput!) {{
  createUpload(input: $input) {{ ... on StagedUpload {{ {PARTS} }} {PROBLEM} }} }}"""
REFRESH = f"""mutation($id: ID!, $parts: [UploadPartInput!]) {{
  refreshUpload(id: $id, parts: $parts) {{ ... on StagedUpload {{ {PARTS} }} {PROBLEM} }} }}"""
COMPLETE = f"""mutation($id: ID!) {{
  completeUpload(id: $id) {{ ... on VideoProcessing {{ id status originalFileName }} {PROBLEM} }} }}"""
ABORT = f"mutation($id: ID!) {{ abortUpload(id: $id) {{ ... on Deleted {{ id }} {PROBLEM} }} }}"


def described(content: bytes = MP4, **otherwise: Any) -> dict[str, Any]:
    head = base64.b64encode(content[: 64 * 1024]).decode()
    return {"fileName": "a.mp4", "sizeBytes": len(content), "firstBytes": head} | otherwise


async def create(person: Person, content: bytes = MP4, **otherwise: Any) -> Any:
    return (await person.ask(CREATE, input=described(content, **otherwise)))["createUpload"]


def send(site: Site, content: bytes = MP4) -> None:
    """Put the one part that there is into the storage, as its URL would."""
    (name,) = site.storage.in_parts
    site.storage.send_part(name, 1, content)


async def test_a_file_is_sent_in_parts_and_watched_like_any_other(site: Site, ana: Person):
    upload = await create(ana, options={"quality": 50}, fingerprint="a.mp4:1")
    (part,) = upload.pop("parts")
    assert part.pop("url").startswith("https://files.example/sources/")
    assert part == {"number": 1, "done": False, "md5": None}
    assert (upload["fileName"], upload["sizeBytes"], upload["partSizeBytes"]) == ("a.mp4", len(MP4), 8 * 1024**2)
    assert (upload["urlsExpireAt"], upload["expiresAt"]) == ("2026-11-23T12:05:00.000Z", "2026-11-24T12:00:00.000Z")
    send(site)
    again = (await ana.ask(REFRESH, id=upload["id"]))["refreshUpload"]
    assert [(one["done"], one["url"]) for one in again["parts"]] == [(True, None)]
    video = (await ana.ask(COMPLETE, id=upload["id"]))["completeUpload"]
    assert video == {"id": upload["id"], "status": "PENDING", "originalFileName": "a.mp4"}
    await site.completed(upload["id"])
    assert (await ana.ask(COMPLETE, id=upload["id"]))["completeUpload"]["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("file", "code", "field"),
    [
        ({"fileName": "a.txt"}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"firstBytes": base64.b64encode(b"a letter" * 1000).decode()}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"sizeBytes": 60 * 1024**3}, "FILE_TOO_LARGE", ["file"]),
        ({"sizeBytes": 10**9}, "INVALID_INPUT", ["firstBytes"]),
        ({"options": {"quality": 101}}, "INVALID_INPUT", ["options", "quality"]),
        ({"fingerprint": ""}, "INVALID_INPUT", ["fingerprint"]),
    ],
)
async def test_a_refusal_comes_before_the_first_byte(
    site: Site, ana: Person, file: dict[str, Any], code: str, field: list[str]
):
    refused = await create(ana, **file)
    assert (refused["code"], refused["field"]) == (code, field)
    assert site.storage.in_parts == {}


async def test_missing_parts_are_named_and_an_aborted_upload_is_gone(site: Site, ana: Person):
    upload = await create(ana)
    refused = (await ana.ask(COMPLETE, id=upload["id"]))["completeUpload"]
    assert refused["code"] == "UPLOAD_INCOMPLETE"
    assert "Of 1 parts the storage lacks 1;" in refused["message"]
    assert (await ana.ask(ABORT, id=upload["id"]))["abortUpload"] == {"id": upload["id"]}
    for query in (REFRESH, COMPLETE, ABORT):
        (answer,) = (await ana.ask(query, id=upload["id"])).values()
        assert answer["code"] == "UPLOAD_NOT_FOUND"
    assert site.storage.in_parts == {}


@pytest.mark.parametrize("upload", [UNKNOWN, "no id", "../sources/x"])
async def test_a_malformed_id_is_not_found_like_an_unknown_one(ana: Person, upload: str):
    for query in (REFRESH, COMPLETE, ABORT):
        (answer,) = (await ana.ask(query, id=upload)).values()
        assert answer["code"] == "UPLOAD_NOT_FOUND"


async def test_a_part_may_be_bound_to_its_content(ana: Person):
    upload = await create(ana)
    md5 = base64.b64encode(bytes(16)).decode()
    bound = (await ana.ask(REFRESH, id=upload["id"], parts=[{"number": 1, "md5": md5}]))["refreshUpload"]
    assert bound["parts"][0]["url"].endswith(f"&size={len(MP4)}&md5={md5}")
    for part, field in (({"number": 2}, "number"), ({"number": 1, "md5": "x"}, "md5")):
        refused = (await ana.ask(REFRESH, id=upload["id"], parts=[part]))["refreshUpload"]
        assert (refused["code"], refused["field"]) == ("INVALID_INPUT", ["parts", field])


async def test_ten_completions_at_once_are_one_processing(site: Site, ana: Person):
    upload = await create(ana)
    send(site)
    answers = await asyncio.gather(*(ana.ask(COMPLETE, id=upload["id"]) for _ in range(10)))
    assert {answer["completeUpload"]["id"] for answer in answers} == {upload["id"]}
    assert site.queue.videos.count(upload["id"]) >= 1
    (video,) = (await ana.http.get("/videos")).json()["items"]
    assert video["id"] == upload["id"]


async def test_limits_say_whether_files_can_be_sent_in_parts(
    site: Site, ana: Person, empty_database: Path, tmp_path: Path
):
    limits = "{ serviceLimits { maxFileBytes maxInlineUploadBytes stagedUploads } }"
    told = (await ana.ask(limits))["serviceLimits"]
    assert told == {"maxFileBytes": 50 * 1024**3, "maxInlineUploadBytes": MAX_BYTES, "stagedUploads": True}
    async with running_site(empty_database, tmp_path, part_links=None) as other, other.person() as bruno:
        told = (await bruno.ask(limits))["serviceLimits"]
        assert told == {"maxFileBytes": MAX_BYTES, "maxInlineUploadBytes": MAX_BYTES, "stagedUploads": False}
        assert (await create(bruno))["code"] == "STAGING_UNAVAILABLE"


async def test_one_operation_begins_one_upload(ana: Person):
    twice = (
        CREATE.replace("createUpload(", "a: createUpload(").removesuffix("}")
        + " b: createUpload(input: $input) { __typename } }"
    )
    answer = await ana.graphql(twice, input=described())
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
