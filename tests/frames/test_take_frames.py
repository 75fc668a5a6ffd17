"""What ``fiapx frames`` takes is what a worker takes, and it is there as a whole or not at all."""

import asyncio
import io
import os
import tracemalloc
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.decoding_settings import GIB, FramesSettings
from app.domain.errors import DomainError, ProcessingError, UnsupportedFileFormat
from app.domain.failure import FailureCode
from app.domain.frame import Frame
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.video import MediaInfo, Progress
from app.frames.arguments import Wanted
from app.frames.composition import TakeFrames, Taken
from app.infra.ffmpeg.limits import Limits
from app.infra.workspace import Workspace
from app.usecases.ports.frames import DecoderTrial, DecoderUnavailable, Extraction, FrameExtractor
from tests.clips import FFMPEG
from tests.extracting import EVERY_PICTURE, at, so_many
from tests.fakes.extractor import FILM, ScriptedExtraction, ScriptedExtractor, a_frame, a_reading
from tests.films import X264, Films
from tests.frames.worker import CHANGED_AT, by_a_worker

MIB = 1024**2
SETTINGS = FramesSettings.model_validate({})


@pytest.fixture
def film(films: Films, tmp_path: Path) -> Path:
    """A second of sixteen pictures with others that build on them, in a folder of its own."""
    path = tmp_path / "férias 1.mp4"
    path.write_bytes(films.numbered("short.mp4", 16, 16, *X264, "-bf", "2", "-g", "8").read_bytes())
    os.utime(path, (CHANGED_AT, CHANGED_AT))
    return path


async def works() -> None:
    """Try a decoder that does."""


def engine(extractor: FrameExtractor, try_decoder: DecoderTrial = works) -> TakeFrames:
    return TakeFrames(extractor, Workspace(None), try_decoder)


def untold(_progress: Callable[[], Progress]) -> None:
    """Show nobody how far it is."""


async def taken(
    film: Path, options: ExtractionOptions, *, unpacked: bool = False, take: TakeFrames | None = None
) -> tuple[Path, Taken]:
    result = film.with_name("stills" if unpacked else "stills.zip")
    return result, await (take or TakeFrames.of(SETTINGS, FFMPEG))(Wanted(film, result, unpacked), options, untold)


def left_beside(film: Path) -> list[str]:
    return sorted(path.name for path in film.parent.iterdir() if path.is_dir() or path != film)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ExtractionOptions(EVERY_PICTURE, max_width=64),
        ExtractionOptions(so_many(5), ImageFormat.PNG, start_seconds=0.2),
        ExtractionOptions(at(0.1, 0.5, 7)),
    ],
    ids=["every picture, smaller", "five of a part", "at times"],
)
async def test_the_zip_is_that_of_a_worker_byte_for_byte(film: Path, options: ExtractionOptions, tmp_path: Path):
    expected = await by_a_worker(film, options, tmp_path)
    result, told = await taken(film, options)
    assert result.read_bytes() == expected
    assert told.size_bytes == len(expected)
    assert told.frames == len(zipfile.ZipFile(io.BytesIO(expected)).namelist()) - 1
    assert left_beside(film) == ["stills.zip", "work"]


@pytest.mark.slow
async def test_a_folder_holds_what_the_zip_does_and_a_time_without_a_picture_is_a_warning(film: Path):
    options = ExtractionOptions(at(0.1, 0.5, 7))
    result, _ = await taken(film, options)
    folder, told = await taken(film, options, unpacked=True)
    with zipfile.ZipFile(result) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == entries
    assert (told.frames, told.size_bytes) == (2, sum(map(len, entries.values())))
    assert told.warnings == ("7 s is left out: beyond the end of the film.",)


@pytest.mark.slow
async def test_a_wrong_ending_decides_as_little_as_in_the_service(film: Path, tmp_path: Path):
    named = film.rename(film.with_name("a.mpg"))
    expected = await by_a_worker(named, ExtractionOptions(), tmp_path)
    result, _ = await taken(named, ExtractionOptions())
    assert result.read_bytes() == expected


class Looking(ScriptedExtractor):
    """Keeps what it saw of where the film lies."""

    @asynccontextmanager
    async def open(
        self, source: Path, options: ExtractionOptions
    ) -> AsyncIterator[tuple[MediaInfo, ScriptedExtraction]]:
        self.seen = source, [one.name for one in source.parent.iterdir()], source.parent.stat().st_mode & 0o777
        self.content = source.read_bytes()
        async with super().open(source, options) as found:
            yield found


async def test_the_engine_has_the_film_in_a_directory_of_its_own_whatever_it_is_called(film: Path):
    odd = film.rename(film.with_name("concat:a|b %03d\n.mp4"))
    looking = Looking([a_frame(0, b"one")])
    await taken(odd, ExtractionOptions(), take=engine(looking))
    source, beside, mode = looking.seen
    assert (source.name, beside, mode) == ("source", ["source"], 0o700)
    assert looking.content == odd.read_bytes()
    assert not source.parent.exists()


async def test_what_the_service_would_not_take_is_not_taken(film: Path):
    for name, content in (("a.txt", film.read_bytes()), ("b.mp4", b"%PDF-1.7 a document"), ("c.mp4", b"")):
        other = film.with_name(name)
        other.write_bytes(content)
        with pytest.raises(UnsupportedFileFormat):
            await taken(other, ExtractionOptions())
        other.unlink()
    assert left_beside(film) == []


def scripted(failure: Exception | None = None) -> TakeFrames:
    return engine(ScriptedExtractor([a_frame(0, b"one"), a_frame(25, b"two")], failure=failure))


@pytest.mark.parametrize("unpacked", [False, True])
async def test_of_a_film_that_fails_nothing_is_left_and_a_former_result_stays(film: Path, unpacked: bool):
    fails = scripted(ProcessingError(FailureCode.NO_FRAMES))
    with pytest.raises(ProcessingError):
        await taken(film, ExtractionOptions(), unpacked=unpacked, take=fails)
    assert left_beside(film) == []
    result, _ = await taken(film, ExtractionOptions(), unpacked=unpacked, take=scripted())
    before = content(result)
    with pytest.raises(ProcessingError):
        await taken(film, ExtractionOptions(), unpacked=unpacked, take=fails)
    assert left_beside(film) == [result.name]
    assert content(result) == before


def content(result: Path) -> list[tuple[str, bytes]]:
    files: Iterator[Path] = result.iterdir() if result.is_dir() else iter([result])
    return sorted((file.name, file.read_bytes()) for file in files)


@pytest.mark.parametrize("unpacked", [False, True])
async def test_a_result_is_replaced_by_the_new_one_alone(film: Path, unpacked: bool):
    result, _ = await taken(film, ExtractionOptions(), unpacked=unpacked, take=scripted())
    before = content(result)
    other = engine(ScriptedExtractor([a_frame(50, b"another")]))
    await taken(film, ExtractionOptions(), unpacked=unpacked, take=other)
    assert left_beside(film) == [result.name]
    assert content(result) != before
    if unpacked:
        assert [name for name, _ in content(result)] == ["frame_000001_00-00-02.000.jpg", "manifest.json"]


async def test_a_folder_in_which_somebody_puts_a_file_meanwhile_is_not_replaced(film: Path):
    folder, _ = await taken(film, ExtractionOptions(), unpacked=True, take=scripted())
    diary = folder / "diary.txt"
    with pytest.raises(FileExistsError):
        await scripted()(Wanted(film, folder, unpacked=True), ExtractionOptions(), lambda _: diary.write_text("mine"))
    assert left_beside(film) == ["stills"]
    assert diary.read_text() == "mine"


class NeverEnding:
    """A film that gives one picture and then no other."""

    progress = Progress()
    storyboard = None
    latest_tile = None
    reading = a_reading()

    def finished_sheets(self) -> list[bytes]:
        return []

    def __init__(self) -> None:
        self.given = asyncio.Event()

    @asynccontextmanager
    async def open(self, _source: Path, _options: ExtractionOptions) -> AsyncIterator[tuple[MediaInfo, Extraction]]:
        yield FILM, self

    async def __aiter__(self) -> AsyncIterator[Frame]:
        yield a_frame(0, b"one")
        self.given.set()
        await asyncio.Event().wait()


@pytest.mark.parametrize("unpacked", [False, True])
async def test_who_ends_it_finds_nothing_of_it(film: Path, unpacked: bool):
    endless = NeverEnding()
    task = asyncio.create_task(taken(film, ExtractionOptions(), unpacked=unpacked, take=engine(endless)))
    await endless.given.wait()
    (part,) = left_beside(film)
    assert part.endswith(".part")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert left_beside(film) == []


@pytest.mark.parametrize("unpacked", [False, True])
async def test_memory_does_not_grow_with_the_result(film: Path, unpacked: bool):
    picture = bytes(MIB)
    many = engine(ScriptedExtractor([a_frame(number, picture) for number in range(48)]))
    tracemalloc.start()
    try:
        _, told = await taken(film, ExtractionOptions(), unpacked=unpacked, take=many)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told.size_bytes > 48 * MIB
    assert most < 4 * MIB


async def test_a_decoder_that_does_not_work_is_not_the_films_fault(film: Path):
    async def does_not() -> None:
        raise DecoderUnavailable("it is broken")

    corrupt = ScriptedExtractor([a_frame(0, b"one")], failure=ProcessingError(FailureCode.CORRUPT_VIDEO))
    with pytest.raises(DecoderUnavailable):
        await taken(film, ExtractionOptions(), take=engine(corrupt, does_not))
    with pytest.raises(DomainError):
        await taken(film, ExtractionOptions(), take=engine(corrupt))


def test_a_film_may_last_and_take_what_it_does_and_memory_is_given_as_in_the_service():
    service, local = Limits.of(FramesSettings(), GIB), Limits.of(SETTINGS, GIB, unhurried=True)
    assert local.settings.max_duration_seconds > 300 * 24 * 3600
    assert local.inspecting_seconds(1) == local.decoding_seconds(1) == local.settings.extraction_timeout_seconds
    assert local.memory_bytes == service.memory_bytes
    assert local.max_packets == 240 * 6 * 3600
    asked = Limits.of(FramesSettings(extraction_timeout_seconds=60, max_duration_seconds=3600), GIB, unhurried=True)
    assert (asked.inspecting_seconds(1), asked.decoding_seconds(9999)) == (60, 60)
    assert asked.max_packets == 1_000_000
