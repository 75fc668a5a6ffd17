"""uploadVideo and uploadRefusal: what is taken, what is refused, and what both say."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.graphql.asking import PROBLEM, UPLOAD, upload
from tests.parts.site import MAX_BYTES, MP4, Person, Site, problem, running_site


async def test_option_ranges_are_exactly_those_that_are_accepted(site: Site):
    async with site.person() as ana:
        told = await ana.ask("{ serviceLimits { optionRanges { option minimum maximum wholeNumber } } }")
        ranges = {one["option"]: one for one in told["serviceLimits"]["optionRanges"]}
        selected = {"framesPerSecond", "everySeconds", "everyNthFrame", "count", "sceneChange"}
        assert ranges.keys() - selected == {
            *("quality", "maxWidth", "maxHeight", "startSeconds", "endSeconds", "distinct", "minSceneSeconds")
        }

        async def refused(option: str, value: float) -> bool:
            options: dict[str, Any] = {"select": {option: value}} if option in selected else {option: value}
            options |= {"select": {"sceneChange": 0.4}} if option == "minSceneSeconds" else {}
            query = """query($options: ExtractionOptionsInput) {
              uploadRefusal(fileName: "a.mp4", sizeBytes: 9, options: $options) { code field } }"""
            refusal = (await ana.ask(query, options=options))["uploadRefusal"]
            assert refusal is None or (refusal["code"] == "INVALID_INPUT" and refusal["field"][-1] == option)
            return refusal is not None

        for option, one in ranges.items():
            least, most, step = one["minimum"], one["maximum"], 1 if one["wholeNumber"] else 0.0001
            # The end alone has a rule besides: it is later than the start.
            assert await refused(option, least) == (option == "endSeconds")
            assert await refused(option, least - step)
            assert most is None or not await refused(option, most)
            assert most is None or await refused(option, most + step)


REFUSAL = f"""query($name: String!, $size: BigInt!, $head: Base64, $options: ExtractionOptionsInput, $key: String) {{
  uploadRefusal(fileName: $name, sizeBytes: $size, firstBytes: $head, options: $options, idempotencyKey: $key)
  {PROBLEM.removeprefix("... on Problem ")}
}}"""


async def refusal(person: Person, content: bytes = MP4, name: str = "a.mp4", **variables: Any) -> Any:
    head = base64.b64encode(content[:1024]).decode()
    asked = {"name": name, "size": len(content), "head": head} | variables
    return (await person.ask(REFUSAL, **asked))["uploadRefusal"]


@pytest.mark.parametrize(
    ("file", "code", "field"),
    [
        ({"content": MP4}, None, None),
        ({"content": MP4, "head": None}, None, None),
        ({"content": MP4[:100]}, None, None),
        ({"content": b"a letter, whatever its name may say" * 100}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"content": b""}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"content": MP4, "name": "a.txt"}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"content": MP4, "name": "/"}, "INVALID_INPUT", ["file"]),
        ({"content": MP4, "size": MAX_BYTES}, None, None),
        ({"content": MP4, "size": MAX_BYTES + 1}, "FILE_TOO_LARGE", ["file"]),
        ({"content": MP4, "size": -1}, "INVALID_INPUT", ["sizeBytes"]),
        ({"content": MP4, "head": "AAAA"}, "INVALID_INPUT", ["firstBytes"]),
        ({"content": MP4, "key": "a key"}, "INVALID_INPUT", ["idempotencyKey"]),
        ({"content": MP4, "options": {"quality": 101}}, "INVALID_INPUT", ["options", "quality"]),
    ],
)
async def test_upload_refusal_answers_what_an_upload_would(
    ana: Person, file: dict[str, Any], code: str | None, field: list[str] | None
):
    refused = await refusal(ana, **file)
    assert (refused and (refused["code"], refused["field"])) == (code and (code, field))


async def test_a_full_quota_refuses_other_uploads_but_not_the_repeat_of_the_last(empty_database: Path, tmp_path: Path):
    async with running_site(empty_database, tmp_path, max_active=1) as site, site.person() as ana:
        assert await refusal(ana, key="first") is None
        assert (await upload(ana, key="first"))["status"] == "PENDING"
        assert (await refusal(ana, key="second"))["code"] == "QUOTA_EXCEEDED"
        assert await refusal(ana, key="first") is None


@pytest.mark.parametrize(
    "select",
    [
        {"framesPerSecond": 0.5},
        {"everySeconds": 2.0},
        {"everyNthFrame": 3},
        {"count": 7},
        {"timestamps": [0.0, 1.5]},
        {"keyframesOnly": True},
        {"sceneChange": 0.4},
    ],
)
async def test_a_choice_of_frames_comes_back_as_it_was_sent(ana: Person, select: dict[str, Any]):
    video = await upload(ana, options={"select": select, "quality": 50, "maxWidth": 320, "startSeconds": 1.5})
    chosen = {name: value for name, value in video["options"]["select"].items() if value is not None}
    assert chosen == select
    assert (video["options"]["quality"], video["options"]["maxWidth"]) == (50, 320)


async def test_choices_by_what_is_seen_come_back_as_they_were_sent(ana: Person):
    sent = {
        "select": {"sceneChange": 0.4}, "distinct": 0.02, "sharpest": True, "skipBlack": True, "minSceneSeconds": 2.5,
        "maxWidth": 64, "maxHeight": 48, "aspect": "FILL", "crop": {"left": 0.25, "top": 0, "width": 0.5, "height": 1},
    }  # fmt: skip
    video = await upload(ana, options=sent)
    asked = """query($id: ID!) { video(id: $id) { ... on VideoProcessing { options {
      select { sceneChange } distinct sharpest skipBlack minSceneSeconds maxWidth maxHeight aspect
      crop { left top width height } } } } }"""
    assert (await ana.ask(asked, id=video["id"]))["video"]["options"] == sent


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"select": {"framesPerSecond": 0}}, ["options", "select", "framesPerSecond"]),
        ({"select": {"timestamps": []}}, ["options", "select", "timestamps"]),
        ({"select": {"keyframesOnly": False}}, ["options", "select", "keyframesOnly"]),
        ({"quality": 0}, ["options", "quality"]),
        ({"maxWidth": 0}, ["options", "maxWidth"]),
        ({"startSeconds": 5, "endSeconds": 5}, ["options", "endSeconds"]),
        ({"minSceneSeconds": 5}, ["options", "minSceneSeconds"]),
        ({"sharpest": True, "select": {"keyframesOnly": True}}, ["options", "sharpest"]),
        ({"aspect": "EXACT", "maxWidth": 64}, ["options", "aspect"]),
        ({"crop": {"left": 0.5, "top": 0, "width": 0.6, "height": 1}}, ["options", "crop", "width"]),
    ],
)
async def test_options_out_of_range_are_refused_before_the_file_is_read(
    site: Site, ana: Person, options: object, field: list[str]
):
    answer = await upload(ana, options=options)
    assert (answer["code"], answer["field"]) == ("INVALID_INPUT", field)
    assert site.storage.objects == {}


@pytest.mark.parametrize("select", [{}, {"count": 1, "everySeconds": 2}, {"count": None}])
async def test_two_frame_selections_at_once_are_refused(ana: Person, select: object):
    operations = {"query": UPLOAD, "variables": {"file": None, "options": {"select": select}}}
    answer = await ana.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'},
        files={"0": ("a.mp4", MP4)},
    )
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", MP4, "UNSUPPORTED_FILE_FORMAT"),
        ("notes.mp4", b"Dear diary, today I renamed a file.", "UNSUPPORTED_FILE_FORMAT"),
        ("empty.mp4", b"", "UNSUPPORTED_FILE_FORMAT"),
        ("large.mp4", MP4 + bytes(MAX_BYTES), "FILE_TOO_LARGE"),
    ],
)
async def test_what_is_no_video_or_too_large_is_a_problem(
    site: Site, ana: Person, name: str, content: bytes, code: str
):
    answer = await upload(ana, content, name)
    assert (answer["code"], answer["field"]) == (code, ["file"])
    assert site.storage.objects == {}


async def test_the_same_key_gets_the_same_answer_and_another_file_a_conflict(ana: Person):
    first = await upload(ana, key="once")
    assert (await upload(ana, key="once"))["id"] == first["id"]
    assert (await upload(ana, MP4 + b"!", key="once"))["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await upload(ana, key="once", options={"quality": 10}))["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await upload(ana, key=""))["field"] == ["idempotencyKey"]


async def test_too_many_unfinished_videos_are_told_when_to_come_back(site: Site, ana: Person):
    for _ in range(site.max_active):
        await ana.uploaded()
    answer = await upload(ana)
    assert answer["code"] == "QUOTA_EXCEEDED"
    assert answer["retryAfterSeconds"] > 0


async def test_an_upload_while_the_storage_is_away_is_a_problem(site: Site, ana: Person):
    site.storage.away = True
    answer = await upload(ana)
    assert (answer["code"], answer["retryAfterSeconds"]) == ("STORAGE_ERROR", 5)
    site.transactions.lose("rolled back")
    assert (await upload(ana))["code"] == "STORAGE_ERROR"


async def test_stored_bytes_are_shown_and_a_full_quota_refuses_before_the_file(empty_database: Path, tmp_path: Path):
    asked = "{ me { storedBytes } serviceLimits { maxStoredBytesPerUser maxStoredBytes } }"
    async with running_site(empty_database, tmp_path, max_stored=30_000) as site, site.person() as ana:
        await ana.uploaded()
        shown = await ana.ask(asked)
        assert shown["serviceLimits"] == {"maxStoredBytesPerUser": 30_000, "maxStoredBytes": None}
        assert shown["me"] == {"storedBytes": len(MP4)}
        refused = await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4 + bytes(28_000))})
        assert problem(refused) == {"status": 429, "code": "QUOTA_EXCEEDED"}
        assert int(refused.headers["retry-after"]) > 0
        problem_before = await ana.ask('{ uploadRefusal(fileName: "a.mp4", sizeBytes: 29000) { code message } }')
        assert problem_before["uploadRefusal"]["code"] == "QUOTA_EXCEEDED"
        assert "delete some videos first" in problem_before["uploadRefusal"]["message"]


async def test_a_full_disk_is_told_before_a_file_is_sent(site: Site, ana: Person):
    assert await refusal(ana, MP4) is None
    site.storage.full = True
    assert (await refusal(ana, MP4))["code"] == "STORAGE_FULL"
