"""The ZIP and what it says of itself, held against the schema that programs read."""

import hashlib
import io
import json
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

from app.domain.culling import Culled
from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.frame import Frame, Scores
from app.domain.manifest import Manifest, Reading, frame_file_name
from app.domain.options import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.scenes import Scene
from app.domain.video import FramesArchive, Progress, VideoProcessing, contact_sheet_key
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from tests.fakes.clock import SettableClock
from tests.fakes.extractor import FILM, ScriptedExtractor, a_frame, a_reading
from tests.fakes.storage import MemoryStorage
from tests.parts.videos import a_video, new_owner

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "frames.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)

STILL = a_frame(0, b"still", 0.0, 1.0, 2.0)
LATER = {"distinct", "sharpest", "skipBlack", "minSceneSeconds", "aspect", "crop"}
LAST = a_frame(70, b"the last", 2.8)


async def made(
    *frames: Frame, reading: Reading | None = None, options: ExtractionOptions | None = None
) -> tuple[FramesArchive, bytes]:
    storage = MemoryStorage(SettableClock())
    video = a_video(new_owner(), options=options or ExtractionOptions())
    async with ScriptedExtractor(frames, reading).open(Path("source"), video.options) as (media, extraction):
        archive = await GenerateZipFile(storage, StoredZip, 2**30, 200)(video, media, extraction)
    return archive, storage.objects[archive.key].data


def read(data: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        beside = ["scenes.csv"] if "scenes" in manifest else []
        assert [entry["file"] for entry in manifest["frames"]] + [*beside, "manifest.json"] == archive.namelist()
        for entry in manifest["frames"]:
            assert len(archive.read(entry["file"])) == entry["sizeBytes"]
    VALIDATOR.validate(manifest)
    return manifest


async def test_a_picture_that_stands_for_three_seconds_is_three_files():
    archive, data = await made(STILL, LAST)
    manifest = read(data)
    assert archive.frame_count == 4
    assert archive.size_bytes == len(data)
    assert archive.sha256 == hashlib.sha256(data).hexdigest()
    assert [(f["file"], f["number"], f["timeSeconds"], f["instants"]) for f in manifest["frames"]] == [
        ("frame_000001_00-00-00.000.jpg", 0, 0, [0]),
        ("frame_000002_00-00-00.000.jpg", 0, 0, [1]),
        ("frame_000003_00-00-00.000.jpg", 0, 0, [2]),
        ("frame_000004_00-00-02.800.jpg", 70, 2.8, [2.8]),
    ]
    assert {f["untilSeconds"] for f in manifest["frames"]} == {0.04, 2.84}
    assert {(f["width"], f["height"]) for f in manifest["frames"]} == {(640, 272)}


CHOSEN = ExtractionOptions(
    FrameSelection(SelectionKind.SCENE_CHANGE, 0.4),
    max_width=64,
    max_height=48,
    distinct=0.02,
    sharpest=True,
    skip_black=True,
    min_scene_seconds=2.5,
    aspect=Aspect.EXACT,
    crop=Crop(0.25, 0, 0.5, 1),
)


async def test_scores_scenes_and_what_was_left_out_stand_in_the_manifest_and_scenes_in_a_table_too():
    first = replace(a_frame(3, b"first", 0.0), scores=Scores(None, 40.5, 0.0))
    last = replace(LAST, scores=Scores(0.25, 41.0, 0.03))
    scenes = (Scene(0.0, 1.0, 3), Scene(1.0, 2.8, None), Scene(2.8, 3.0, 70))
    _, data = await made(first, last, reading=a_reading(culled=Culled(36, 1, 2), scenes=scenes), options=CHOSEN)
    manifest = read(data)
    assert [frame["scores"] for frame in manifest["frames"]] == [
        {"difference": None, "sharpness": 40.5, "blackness": 0.0},
        {"difference": 0.25, "sharpness": 41.0, "blackness": 0.03},
    ]
    assert manifest["culled"] == {"seen": 36, "black": 1, "alike": 2}
    files = ["frame_000001_00-00-00.120.jpg", None, "frame_000002_00-00-02.800.jpg"]
    assert [scene["file"] for scene in manifest["scenes"]] == files
    later = {name: value for name, value in manifest["options"].items() if name in LATER}
    assert later == {
        "distinct": 0.02, "sharpest": True, "skipBlack": True, "minSceneSeconds": 2.5, "aspect": "EXACT",
        "crop": {"left": 0.25, "top": 0, "width": 0.5, "height": 1},
    }  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.read("scenes.csv").decode().splitlines()[1:] == [
            f"1,0.0,1.0,{files[0]},0.12",
            "2,1.0,2.8,,",
            f"3,2.8,3.0,{files[2]},2.8",
        ]


async def test_options_that_were_not_used_are_not_in_the_manifest():
    _, data = await made(STILL)
    assert not LATER & read(data)["options"].keys()


async def test_the_bytes_of_a_range_are_the_picture_and_its_sum_is_theirs():
    _, data = await made(STILL, a_frame(5, b"x" * 70_000), LAST)
    frames = read(data)["frames"]
    pieces = [data[f["range"]["first"] : f["range"]["last"] + 1] for f in frames]
    assert pieces == [b"still", b"still", b"still", b"x" * 70_000, b"the last"]
    assert [f["sha256"] for f in frames] == [hashlib.sha256(piece).hexdigest() for piece in pieces]


async def test_what_was_left_out_is_named_with_its_reason():
    times = FrameSelection(SelectionKind.TIMESTAMPS, 0, (0.0, 12.0, 13.5))
    _, data = await made(
        a_frame(0, b"first", 0.0),
        reading=a_reading(left_out=(12.0, 13.5)),
        options=ExtractionOptions(times, ImageFormat.PNG),
    )
    manifest = read(data)
    assert manifest["leftOut"] == [
        {"timeSeconds": 12, "reason": "beyond the end of the film"},
        {"timeSeconds": 13.5, "reason": "beyond the end of the film"},
    ]
    assert manifest["options"]["select"] == {"timestamps": [0, 12, 13.5]}
    assert manifest["options"]["quality"] is None


async def test_a_time_outside_of_the_part_is_told_from_one_beyond_the_end():
    times = FrameSelection(SelectionKind.TIMESTAMPS, 0, (0.5, 1.5, 2.5, 2.9, 3.0))
    _, data = await made(
        a_frame(37, b"one", 1.5),
        reading=a_reading(left_out=(0.5, 2.5, 2.9, 3.0)),
        options=ExtractionOptions(times, start_seconds=1.0, end_seconds=2.5),
    )
    part, end = "outside of the chosen part", "beyond the end of the film"
    assert [left["reason"] for left in read(data)["leftOut"]] == [part, part, part, end]


async def test_how_the_film_was_read_is_told():
    planned = read((await made(LAST))[1])["reading"]
    assert (planned["decoding"], planned["why"]) == ("planned", None)
    assert (planned["packets"], planned["packetsDecoded"]) == (75, 40)
    reason = "this container has no times"
    told = a_reading(whole=reason, packets_decoded=75, tone_mapping="PQ to SDR", notes=("Dolby Vision 5",))
    whole = read((await made(LAST, reading=told))[1])["reading"]
    assert (whole["decoding"], whole["why"], whole["packetsDecoded"]) == ("whole", reason, 75)
    assert (whole["toneMapping"], whole["notes"]) == ("PQ to SDR", ["Dolby Vision 5"])


async def test_what_version_1_told_has_kept_its_place():
    manifest = read((await made(LAST))[1])
    assert manifest["version"] == 2
    assert manifest["source"] == {
        "fileName": "férias.mp4",
        "sizeBytes": 1024,
        "durationSeconds": 3.0,
        "width": 640,
        "height": 272,
        "codec": "h264",
        "framesPerSecond": 25.0,
    }
    assert manifest["options"] == {
        "select": {"framesPerSecond": 1},
        "format": "JPEG",
        "quality": 90,
        "maxWidth": None,
        "maxHeight": None,
        "startSeconds": None,
        "endSeconds": None,
    }


@pytest.mark.parametrize("kind", list(SelectionKind))
@pytest.mark.parametrize("image_format", list(ImageFormat))
async def test_every_choice_and_format_is_as_the_schema_says(kind: SelectionKind, image_format: ImageFormat):
    select = FrameSelection(kind, 1, (0.0,) if kind is SelectionKind.TIMESTAMPS else ())
    read((await made(LAST, options=ExtractionOptions(select, image_format, 90, 640, 480, 0.5, 2.9)))[1])


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the paths of all objects in a document, the document itself first."""
    if isinstance(value, dict):
        yield path
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else ()):
        yield from objects(inner, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


async def test_the_schema_refuses_any_unknown_field_and_any_missing_one():
    manifest = read((await made(STILL, reading=a_reading(left_out=(12.0,))))[1])
    paths = list(objects(manifest))
    assert len(paths) == 12  # The whole, source, options, select, three frames with a range each, leftOut, reading.
    for path in paths:
        more = deepcopy(manifest)
        at(more, path)["unknown"] = 1
        assert not VALIDATOR.is_valid(more), path
        for name in at(manifest, path):
            less = deepcopy(manifest)
            del at(less, path)[name]
            assert not VALIDATOR.is_valid(less), (*path, name)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("version",), 1),
        (("frames",), []),
        (("frames", 0, "instants"), [0, 1]),
        (("frames", 0, "sha256"), "0" * 63),
        (("frames", 0, "file"), "../frame_000001_00-00-00.000.jpg"),
        (("frames", 0, "range", "first"), "0"),
        (("options", "select"), {"count": 1, "keyframesOnly": True}),
        (("reading", "why"), "a reason, though decoding is planned"),
        (("reading", "decoding"), "whole"),  # Without a reason.
        (("leftOut",), [{"timeSeconds": 1, "reason": "who knows"}]),
    ],
)
async def test_the_schema_refuses_what_is_never_written(path: tuple[Any, ...], wrong: object):
    manifest = read((await made(STILL))[1])
    at(manifest, path[:-1])[path[-1]] = wrong
    with pytest.raises(ValidationError):
        VALIDATOR.validate(manifest)


def test_the_schema_is_valid_json_schema():
    Draft202012Validator.check_schema(SCHEMA)


async def test_a_film_that_fails_at_its_end_leaves_no_zip():
    storage = MemoryStorage(SettableClock())
    video = a_video(new_owner())
    extractor = ScriptedExtractor([LAST], failure=ProcessingError(FailureCode.CORRUPT_VIDEO))
    async with extractor.open(Path("source"), video.options) as (media, extraction):
        with pytest.raises(ProcessingError):
            await GenerateZipFile(storage, StoredZip, 2**30, 200)(video, media, extraction)
    # What was finished of its storyboard could be seen meanwhile; housekeeping removes it.
    assert list(storage.objects) == [contact_sheet_key(video.id, video.attempt)]


class Still:
    """Obeys ports.Extraction: one picture that stands for a thousand instants, of which each is a file."""

    storyboard = None
    latest_tile = None
    progress = Progress()

    def finished_sheets(self) -> list[bytes]:
        return []

    def __init__(self) -> None:
        self.reading = a_reading()

    async def __aiter__(self) -> AsyncIterator[Frame]:
        yield a_frame(0, b"x" * 1000, *map(float, range(1000)))


async def test_repeats_of_a_picture_count_against_the_limit():
    storage = MemoryStorage(SettableClock())
    with pytest.raises(ProcessingError) as refused:
        await GenerateZipFile(storage, StoredZip, 500_000, 200)(a_video(new_owner()), FILM, Still())
    assert refused.value.failure is FailureCode.OUTPUT_TOO_LARGE
    assert storage.objects == {}


async def test_a_zip_that_outgrows_its_source_is_given_up():
    storage, video = MemoryStorage(SettableClock()), a_video(new_owner(), size_bytes=1_000_000)
    archive = await GenerateZipFile(storage, StoredZip, 2**30, 2, small_bytes=1000)(video, FILM, Still())
    assert 1_000_000 < archive.size_bytes < 2_000_000
    for ratio, small in ((1, 1000), (0.5, 999_999)):
        with pytest.raises(ProcessingError) as refused:
            await GenerateZipFile(storage, StoredZip, 2**30, ratio, small)(video, FILM, Still())
        assert refused.value.failure is FailureCode.OUTPUT_TOO_LARGE


PICTURE = bytes(250_000)


def add(manifest: Manifest, index: int, video: VideoProcessing) -> None:
    time = index / 25
    frame = Frame(index, time, time + 0.04, (time,), 1920, 1080, PICTURE)
    name = frame_file_name(index + 1, time, video.options.format)
    manifest.add(name, frame, time, f"{index:064x}", ends_at=index * 250_100 + 250_060)


@pytest.mark.slow
def test_the_manifest_and_its_index_keep_less_than_450_bytes_of_each_file():
    video = a_video(new_owner())
    tracemalloc.start()
    try:
        manifest = Manifest(video, replace(FILM, width=1920, height=1080))
        for index in range(20_000):
            add(manifest, index, video)
        document = manifest.end(a_reading())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(json.loads(document)["frames"]) == 20_000
    assert sum(map(len, manifest.index())) < 20_000 * 89
    assert peak < 20_000 * 450


@pytest.mark.parametrize(("source_bytes", "gigabytes", "most"), [(1000, 5, 1), (10**9, 5, 2), (10**9, 1, 1)])
def test_a_zip_may_be_so_many_times_its_source_and_a_gigabyte_in_any_case(source_bytes: int, gigabytes: int, most: int):
    generate = GenerateZipFile(MemoryStorage(SettableClock()), StoredZip, gigabytes * 1024**3, 2 * 1.073741824)
    assert generate.allowed_bytes(source_bytes) == most * 1024**3
