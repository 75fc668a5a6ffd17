"""Batches as clients ask for them."""

import json
from typing import Any

import pytest

from app.domain.session import Scope
from tests.graphql.asking import PROBLEM, UNKNOWN, upload
from tests.graphql.test_staged_uploads import COMPLETE, send
from tests.graphql.test_staged_uploads import create as create_upload
from tests.parts.api_keys import program
from tests.parts.site import MP4, Person, Site

BATCH = """id name createdAt status percent counts { pending processing completed failed total }
  options { format quality maxWidth select { framesPerSecond } }
  videos(first: $first, after: $after) { totalCount pageInfo { hasNextPage endCursor } edges { node {
    id status options { format quality } } } }
  download { url expiresAt }"""
PAGED = "$first: Int = 20, $after: String"
CREATE = f"""mutation($input: CreateBatchInput!, {PAGED}) {{
  createBatch(input: $input) {{ ... on Batch {{ {BATCH} }} {PROBLEM} }} }}"""
SHOW = f"query($id: ID!, {PAGED}) {{ batch(id: $id) {{ ... on Batch {{ {BATCH} }} {PROBLEM} }} }}"
CANCEL = f"mutation($id: ID!, {PAGED}) {{ cancelBatch(id: $id) {{ ... on Batch {{ {BATCH} }} {PROBLEM} }} }}"
DELETE = f"mutation($id: ID!) {{ deleteBatch(id: $id) {{ ... on Deleted {{ id }} {PROBLEM} }} }}"
LIST = """query($first: Int, $after: String) { batches(first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } edges { node { name status counts { total } } } } }"""
UPLOAD = f"""mutation($file: Upload!, $batch: ID, $options: ExtractionOptionsInput) {{
  uploadVideo(file: $file, batchId: $batch, options: $options) {{
    ... on VideoProcessing {{ id options {{ format quality }} }} {PROBLEM} }} }}"""


async def create(person: Person, name: str = "Monday", **otherwise: Any) -> Any:
    return (await person.ask(CREATE, input={"name": name, **otherwise}))["createBatch"]


async def show(person: Person, batch: str, **page: Any) -> Any:
    return (await person.ask(SHOW, id=batch, **page))["batch"]


async def joining(person: Person, batch: Any, **otherwise: Any) -> Any:
    operations = {"query": UPLOAD, "variables": {"file": None, "batch": batch, **otherwise}}
    form = {"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'}
    answer = (await person.http.post("/graphql", data=form, files={"0": ("a.mp4", MP4)})).json()
    assert "errors" not in answer, answer
    return answer["data"]["uploadVideo"]


async def test_a_batch_goes_from_empty_to_its_end_and_its_videos_have_its_options(site: Site, ana: Person):
    batch = await create(ana, options={"format": "PNG", "maxWidth": 320})
    assert (batch["status"], batch["percent"], batch["download"]) == ("EMPTY", 0.0, None)
    assert batch["options"] == {"format": "PNG", "quality": None, "maxWidth": 320, "select": {"framesPerSecond": 1.0}}
    first = await joining(ana, batch["id"])
    site.clock.advance(1)
    second = await joining(ana, batch["id"], options={"quality": 10})
    assert [one["options"]["format"] for one in (first, second)] == ["PNG", "JPEG"]
    assert (await show(ana, batch["id"]))["status"] == "PROCESSING"
    await site.completed(first["id"])
    seen = await show(ana, batch["id"], first=1)
    assert (seen["status"], seen["percent"]) == ("PROCESSING", 50.0)
    assert seen["counts"] == {"pending": 1, "processing": 0, "completed": 1, "failed": 0, "total": 2}
    assert [edge["node"]["id"] for edge in seen["videos"]["edges"]] == [second["id"]]
    rest = await show(ana, batch["id"], first=1, after=seen["videos"]["pageInfo"]["endCursor"])
    assert [edge["node"]["id"] for edge in rest["videos"]["edges"]] == [first["id"]]
    assert (rest["videos"]["totalCount"], rest["videos"]["pageInfo"]["hasNextPage"]) == (2, False)
    await site.failed(second["id"])
    ended = await show(ana, batch["id"])
    assert (ended["status"], ended["percent"]) == ("PARTLY_FAILED", 100.0)
    assert ended["download"]["url"].startswith("/files/")


async def test_batches_are_listed_page_by_page_with_how_each_stands(site: Site, ana: Person, bruno: Person):
    for name in ("a", "b", "c"):
        await create(ana, name)
        site.clock.advance(1)
    await joining(ana, (await create(ana, "b"))["id"])
    first = (await ana.ask(LIST, first=2))["batches"]
    rest = (await ana.ask(LIST, first=2, after=first["pageInfo"]["endCursor"]))["batches"]
    listed = [edge["node"] for page in (first, rest) for edge in page["edges"]]
    assert [(one["name"], one["status"], one["counts"]["total"]) for one in listed] == [
        ("c", "EMPTY", 0),
        ("b", "PROCESSING", 1),
        ("a", "EMPTY", 0),
    ]
    assert (first["totalCount"], rest["pageInfo"]["hasNextPage"]) == (3, False)
    assert (await bruno.ask(LIST))["batches"]["edges"] == []


async def test_an_upload_in_parts_and_one_by_rest_join_a_batch(site: Site, ana: Person):
    batch = (await create(ana, options={"format": "WEBP"}))["id"]
    staged = (await create_upload(ana, batchId=batch))["id"]
    send(site)
    assert (await ana.ask(COMPLETE, id=staged))["completeUpload"]["id"] == staged
    answer = await ana.http.post(
        "/videos/upload", files={"batchId": (None, batch.upper().encode()), "file": ("a.mp4", MP4)}
    )
    seen = await show(ana, batch)
    assert {edge["node"]["id"] for edge in seen["videos"]["edges"]} == {staged, answer.json()["id"]}
    assert {edge["node"]["options"]["format"] for edge in seen["videos"]["edges"]} == {"WEBP"}


async def test_a_batch_that_is_named_after_the_file_is_refused_and_nothing_is_kept(site: Site, ana: Person):
    batch = (await create(ana))["id"]
    files = {"file": ("a.mp4", MP4), "batchId": (None, batch.encode())}
    answer = await ana.http.post("/videos/upload", files=files)
    assert (answer.status_code, answer.json()["field"]) == (400, ["batchId"])
    assert "before the file" in answer.json()["detail"]
    assert (await show(ana, batch))["status"] == "EMPTY"
    assert (await ana.http.get("/videos")).json()["items"] == []


@pytest.mark.parametrize("batch", [UNKNOWN, "", "x", "theirs"])
async def test_a_batch_that_is_not_the_viewers_takes_no_upload(site: Site, ana: Person, bruno: Person, batch: str):
    theirs = (await create(bruno))["id"]
    named = theirs if batch == "theirs" else batch
    assert (await joining(ana, named))["code"] == "BATCH_NOT_FOUND"
    assert (await create_upload(ana, batchId=named))["code"] == "BATCH_NOT_FOUND"
    answer = await ana.http.post("/videos/upload", files={"batchId": (None, named.encode()), "file": ("a.mp4", MP4)})
    assert (answer.status_code, answer.json()["code"]) == (404, "BATCH_NOT_FOUND")
    assert (site.storage.objects, (await show(bruno, theirs))["counts"]["total"]) == ({}, 0)


async def test_a_deleted_batch_takes_no_upload_and_its_videos_are_gone(site: Site, ana: Person):
    batch, outside = (await create(ana))["id"], await ana.uploaded()
    inside = (await joining(ana, batch))["id"]
    await site.completed(inside)
    assert (await ana.ask(DELETE, id=batch))["deleteBatch"] == {"id": batch}
    assert (await ana.ask(DELETE, id=batch))["deleteBatch"]["code"] == "BATCH_NOT_FOUND"
    assert (await show(ana, batch))["code"] == "BATCH_NOT_FOUND"
    assert (await joining(ana, batch))["code"] == "BATCH_NOT_FOUND"
    assert [item["id"] for item in (await ana.http.get("/videos")).json()["items"]] == [outside]


async def test_a_batch_is_canceled_as_one(site: Site, ana: Person):
    batch = (await create(ana))["id"]
    for _ in range(2):
        await joining(ana, batch)
    canceled = (await ana.ask(CANCEL, id=batch))["cancelBatch"]
    assert (canceled["status"], canceled["counts"]["failed"]) == ("FAILED", 2)
    assert (await ana.ask(CANCEL, id=batch))["cancelBatch"] == canceled


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x07b"])
async def test_a_name_that_is_none_is_refused(ana: Person, name: str):
    refused = await create(ana, name)
    assert (refused["code"], refused["field"]) == ("INVALID_INPUT", ["name"])


async def test_a_batch_has_options_or_a_preset_of_the_viewers(ana: Person, bruno: Person):
    save = f"mutation($input: PresetInput!) {{ savePreset(input: $input) {{ ... on Preset {{ id }} {PROBLEM} }} }}"
    preset = {"name": "small", "options": {"maxWidth": 320}}
    mine, theirs = [(await who.ask(save, input=preset))["savePreset"]["id"] for who in (ana, bruno)]
    assert (await create(ana, presetId=mine))["options"]["maxWidth"] == 320
    for other in (theirs, UNKNOWN, "x"):
        assert (await create(ana, "b", presetId=other))["code"] == "PRESET_NOT_FOUND"
    both = await create(ana, "b", presetId=mine, options={})
    assert (both["code"], both["field"]) == ("INVALID_INPUT", ["presetId"])
    bad = await create(ana, "b", options={"quality": 0})
    assert (bad["code"], bad["field"]) == ("INVALID_INPUT", ["options", "quality"])


async def test_a_key_that_only_sends_videos_makes_a_batch_and_downloads_none(site: Site, ana: Person):
    batch = (await create(ana))["id"]
    await site.completed((await joining(ana, batch))["id"])
    query = (
        "mutation($input: CreateBatchInput!) { createBatch(input: $input) { ... on Batch { id download { url } } } }"
    )
    async with program(site, ana, Scope.UPLOAD) as sender:
        answer = await sender.graphql(query, input={"name": "Monday"})
        assert answer["errors"][0]["extensions"]["code"] == "INSUFFICIENT_SCOPE"
        assert "/files/" not in json.dumps(answer)
        made = await sender.ask(query, input={"name": "Tuesday"})
        assert made["createBatch"]["download"] is None


async def test_batches_are_in_the_export_of_ones_data(ana: Person):
    batch = await create(ana, options={"maxWidth": 320})
    url = await ana.ask("mutation { exportMyData { ... on DataExport { downloadUrl } } }")
    exported = json.loads((await ana.http.get(url["exportMyData"]["downloadUrl"])).content)
    assert [(one["id"], one["name"], one["options"]["max_width"]) for one in exported["batches"]] == [
        (batch["id"], "Monday", 320)
    ]


async def test_an_upload_without_a_batch_is_in_none(ana: Person):
    batch = (await create(ana, options={"format": "PNG"}))["id"]
    assert (await upload(ana))["options"]["format"] == "JPEG"
    assert (await joining(ana, None))["options"]["format"] == "JPEG"
    assert (await show(ana, batch))["status"] == "EMPTY"
