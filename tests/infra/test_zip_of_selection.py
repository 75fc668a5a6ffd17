"""ZIPs of chosen pictures: the same bytes as in the whole, at any range, reading no more than is needed."""

import asyncio
import hashlib
import io
import json
import random
import zipfile
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.domain.errors import FramesUnreadable
from app.domain.frame import ArchivedFrame, Frame
from app.domain.frame_index import FrameIndex
from app.domain.manifest import file_name_at, manifest_line
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.places import Places
from app.domain.video import FramesArchive, VideoProcessing
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.made_zip import DamagedArchive, MadeZip
from app.infra.zip import StoredZip
from app.infra.zip_of_selection import SelectedZips
from app.usecases.chosen_frames import ChosenFrames
from app.usecases.generate_zip_file import GenerateZipFile
from app.usecases.ports.storage import ObjectMissing
from tests.fakes.clock import SettableClock
from tests.fakes.extractor import ScriptedExtractor, a_frame
from tests.fakes.storage import MemoryStorage
from tests.infra.huge_zips import GIB, Huge, HugeBucket, Lazily
from tests.parts.pictures import many
from tests.parts.videos import a_video, new_owner

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/frames.schema.json").read_text("utf-8"))


class Counting(MemoryStorage):
    """The bucket's twin, which remembers what was read of which object."""

    def __init__(self) -> None:
        super().__init__(SettableClock())
        self.reads: list[tuple[str, int, int]] = []

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for piece in super().read(key, start, end):
                size += len(piece)
                yield piece
        finally:
            self.reads.append((key, start, start + size))


@dataclass
class Stored:
    """A finished video, and what chooses of its pictures."""

    storage: Counting
    video: VideoProcessing
    archive: FramesArchive

    @property
    def data(self) -> bytes:
        return self.storage.objects[self.archive.key].data

    async def selected(self, places: str) -> MadeZip:
        """By a process that has seen nothing of it before."""
        chosen = ChosenFrames(self.video, self.archive, Places.parsed(places))
        return await SelectedZips(self.storage, StoredFrameIndexes(self.storage)).selected(chosen)


async def stored(frames: Sequence[Frame]) -> Stored:
    """Let a worker make a ZIP of these pictures."""
    storage, video = Counting(), a_video(new_owner(), attempt=1, options=ExtractionOptions())
    async with ScriptedExtractor(frames).open(Path("source"), video.options) as (media, extraction):
        archive = await GenerateZipFile(storage, StoredZip, 2**30, 10**6)(video, media, extraction)
    return Stored(storage, replace(video, media=media), archive)


async def whole(made: MadeZip, start: int = 0, end: int | None = None) -> bytes:
    return b"".join([piece async for piece in made.read(start, end)])


def entries(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {one.filename: archive.read(one) for one in archive.infolist()}


def manifest(files: dict[str, bytes]) -> Any:
    document = json.loads(files["manifest.json"])
    Draft202012Validator(SCHEMA).validate(document)
    return document


def chosen_of(files: dict[str, bytes], places: str) -> dict[str, bytes]:
    """The same choice, by Python's own hand."""
    runs = [part.partition("-") for part in places.split(",")]
    wanted = {place for first, _, last in runs for place in range(int(first), int(last or first) + 1)}
    return {name: data for name, data in files.items() if name != "manifest.json" and int(name[6:12]) in wanted}


CHOICES = ("1", "1500", "3,7-9", "1-1500", "511-514,1023-1026,1400", ",".join(map(str, range(1, 1500, 2))))


@pytest.mark.parametrize("places", CHOICES, ids=lambda text: text[:12])
async def test_the_chosen_pictures_are_in_it_bit_for_bit_and_no_others(places: str):
    film = await stored(list(many(1500)))
    made = await film.selected(places)
    data = await whole(made)
    assert len(data) == made.size_bytes
    files = entries(data)
    document = manifest(files)
    assert {name: content for name, content in files.items() if name != "manifest.json"} == chosen_of(
        entries(film.data), places
    )
    assert [*files][-1] == "manifest.json"
    assert [line["file"] for line in document["frames"]] == [*files][:-1]
    for line in document["frames"]:
        picture = data[line["range"]["first"] : line["range"]["last"] + 1]
        assert hashlib.sha256(picture).hexdigest() == line["sha256"]
        assert picture == files[line["file"]]
    of_all = manifest(entries(film.data))
    assert {name: document[name] for name in document if name != "frames"} == {
        name: of_all[name] for name in of_all if name != "frames"
    }


async def test_any_range_is_a_part_of_the_whole():
    film, chance = await stored(list(many(1100))), random.Random(19)
    made = await film.selected("2,5-40,500-520,1099")
    data = await whole(made)
    for _ in range(150):
        start, end = sorted(chance.sample(range(made.size_bytes + 1), 2))
        assert await whole(made, start, end) == data[start:end], (start, end)
    for at in range(made.size_bytes - 120, made.size_bytes):
        assert await whole(made, at) == data[at:]


async def test_no_byte_of_a_picture_is_read_that_was_not_asked_for():
    film = await stored([a_frame(number, bytes([number]) * 5000) for number in range(40)])
    lines = manifest(entries(film.data))["frames"]
    made = await film.selected("3,7-9")
    film.storage.reads.clear()
    await whole(made)
    header = 30 + len(lines[0]["file"])
    pictures = [(lines[2]["range"]["first"] - header, lines[2]["range"]["last"] + 1)]
    pictures.append((lines[6]["range"]["first"] - header, lines[8]["range"]["last"] + 1))
    last = lines[39]["range"]["last"]
    read = [(start, end) for key, start, end in film.storage.reads if key == film.archive.key]
    assert [part for part in read if part[0] <= last] == pictures
    film.storage.reads.clear()
    within = 5000 + header + 7
    await whole(made, within, within + 10)
    assert [part for part in film.storage.reads if part[0] == film.archive.key] == [
        (film.archive.key, pictures[1][0] + 7, pictures[1][0] + 17)
    ]


async def test_how_large_it_is_is_found_out_once():
    film = await stored(list(many(600)))
    zips = SelectedZips(film.storage, StoredFrameIndexes(film.storage))
    chosen = ChosenFrames(film.video, film.archive, Places.parsed("1-600"))
    first = await zips.selected(chosen)
    film.storage.reads.clear()
    assert (await zips.selected(chosen)).size_bytes == first.size_bytes
    assert film.storage.reads == []


async def test_the_same_pictures_are_named_alike_and_others_otherwise():
    film, other = await stored(list(many(10))), await stored(list(many(11)))
    digests = [
        ChosenFrames(one.video, one.archive, Places.parsed(places)).digest
        for one, places in ((film, "1-3"), (film, "3,2,1"), (film, "1-2"), (other, "1-3"))
    ]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


async def test_a_directory_that_tells_of_other_pictures_than_the_index_is_no_zip():
    film = await stored(list(many(20)))
    made = await film.selected("4-6")
    stored_object = film.storage.objects[film.archive.key]
    at = film.data.rindex(b"frame_000005_")
    stored_object.data = film.data[:at] + b"other_000005_" + film.data[at + 13 :]
    with pytest.raises(DamagedArchive):
        await whole(made)


async def test_an_index_that_leads_elsewhere_is_believed_by_nobody():
    film = await stored(list(many(20)))
    index = film.storage.objects[film.archive.index_key]
    records = len(index.data) - 20 * 88
    index.data = index.data[:records] + film.archive.size_bytes.to_bytes(8, "little") + index.data[records + 8 :]
    with pytest.raises(FramesUnreadable):
        await film.selected("1")
    assert (await film.selected("2")).size_bytes


async def test_a_zip_that_is_gone_is_missed_before_the_first_byte():
    film = await stored(list(many(20)))
    film.storage.objects.clear()
    with pytest.raises(ObjectMissing):
        await film.selected("1")


async def test_a_zip_of_a_former_version_has_no_index_and_can_be_chosen_of_all_the_same():
    film = await stored(list(many(700)))
    by_index = await whole(await film.selected("3,600-650"))
    del film.storage.objects[film.archive.index_key]
    assert await whole(await film.selected("3,600-650")) == by_index


def test_pictures_beyond_4_gib_are_found_wherever_they_were_stored():
    """Of zeros: what is read is what a reader of ZIPs looks for."""
    stored_zip, index, lines = Huge(), FrameIndex(), []
    for place in range(1, 8):
        name = file_name_at(place, 0, ImageFormat.JPEG)
        at = stored_zip.size + 30 + len(name)
        stored_zip.add(name, GIB, b"picture %d" % place)
        frame = ArchivedFrame(place, place, 0.0, 1.0, 0.0, 0, 8, 8, at, GIB, f"{place:064x}")
        index.add(frame)
        lines.append(manifest_line(name, frame))
    document = '{\n"version": 2,\n"frames": [\n' + ",\n".join(lines) + '\n],\n"leftOut": []\n}\n'
    stored_zip.add("manifest.json", len(document), document.encode())
    stored_zip.end()
    bucket = HugeBucket([stored_zip])
    indexed = Huge()
    indexed.parts.append((0, b"".join(index.pieces())))
    bucket.archives["0.frames"] = indexed
    archive = FramesArchive("0.zip", stored_zip.size, "0" * 64, 7)
    chosen = ChosenFrames(a_video(new_owner()), archive, Places.parsed("1,3-7"))
    made = asyncio.run(SelectedZips(bucket, StoredFrameIndexes(bucket)).selected(chosen))
    with zipfile.ZipFile(Lazily(made)) as read:
        assert read.namelist() == [
            *(file_name_at(place, 0, ImageFormat.JPEG) for place in (1, 3, 4, 5, 6, 7)),
            "manifest.json",
        ]
        for entry, place in zip(read.infolist(), (1, 3, 4, 5, 6, 7), strict=False):
            assert entry.file_size == GIB
            with read.open(entry) as picture:
                assert picture.read(9) == b"picture %d" % place
        told = json.loads(read.read("manifest.json"))["frames"]
        assert [line["range"]["last"] - line["range"]["first"] + 1 for line in told] == [GIB] * 6
        assert told[5]["range"]["first"] > 5 * GIB
