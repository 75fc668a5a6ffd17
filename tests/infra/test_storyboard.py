"""Storyboards of films whose pictures tell their own number: each tile shows the file that it stands for."""

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import ProcessingError
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.storyboard import PER_SHEET
from app.infra.ffmpeg.split import picture_size
from tests.clips import ffmpeg
from tests.extracting import EVERY_PICTURE, EXTRACTOR, Taken, a_second, at, every_nth, take
from tests.films import VP8, X264, Films, decoded

pytestmark = pytest.mark.slow

NO_STORYBOARD = replace(EXTRACTOR, with_storyboard=False)
JPEG = ImageFormat.JPEG


def told(taken: Taken) -> list[int]:
    """What the tiles say, one after the other, by plain ffmpeg, which takes each sheet apart."""
    board = taken.storyboard
    assert board is not None
    assert len(taken.sheets) == board.sheets
    across, down = board.tile_width, board.tile_height
    said = []
    for number, sheet in enumerate(taken.sheets):
        assert picture_size(JPEG, sheet) == (board.columns * across, board.rows * down)
        cut = f"untile={board.columns}x{board.rows},crop={across}:{down // 3}:0:0,scale=16:1:flags=area,format=gray"
        levels = decoded([sheet], JPEG, cut)
        first, stop = board.tiles_on(number)
        rows = [levels[16 * place : 16 * place + 16] for place in range(stop - first)]
        said += [sum((level > 127) << bit for bit, level in enumerate(row)) for row in rows]
    return said


def shown(taken: Taken) -> list[int]:
    """Which pictures they must be, by the rule that clients go by: tile k is the file 1 + floor(k * files / tiles)."""
    files = [frame.number for frame in taken.frames for _ in frame.instants]
    assert taken.storyboard is not None
    tiles = min(2000, len(files))
    assert (taken.storyboard.tiles, taken.storyboard.files) == (tiles, len(files))
    return [files[tile * len(files) // tiles] for tile in range(tiles)]


@pytest.mark.parametrize(
    ("count", "grid", "sheets"),
    [(1, (1, 1), 1), (7, (3, 3), 1), (100, (10, 10), 1), (101, (10, 10), 2), (230, (10, 10), 3)],
)
async def test_each_tile_shows_its_file(films: Films, count: int, grid: tuple[int, int], sheets: int):
    film = films.numbered("board.mp4", 230, 25, *X264, "-bf", "2", "-g", "30")
    taken = await take(film, ExtractionOptions(EVERY_PICTURE, end_seconds=count / 25))
    board = taken.storyboard
    assert board is not None
    assert ((board.columns, board.rows), board.sheets) == (grid, sheets)
    assert (board.tile_width, board.tile_height) == (128, 96)  # As the pictures are: none is made larger.
    assert told(taken) == shown(taken) == list(range(count))


async def test_of_more_than_two_thousand_files_tiles_are_spread_evenly(films: Films):
    film = films.numbered("many.mkv", 2500, 25, *VP8, size=(64, 48))
    taken = await take(film, ExtractionOptions(EVERY_PICTURE))
    assert len(taken.sheets) == 20
    assert told(taken) == shown(taken)
    assert shown(taken)[-1] == 2498


async def test_a_picture_that_is_several_files_has_as_many_tiles(films: Films):
    """Pictures 0 to 3 are on the screen from 0, 1, 41 and 150 s on; at 200 s the film ends."""
    times = "if(lt(N,2),N,if(lt(N,3),41,if(lt(N,4),150,200)))"
    film = films.at("still.mkv", 5, times, *X264)
    taken = await take(film, ExtractionOptions(a_second(1), JPEG, end_seconds=200))
    assert told(taken) == shown(taken) == [0] + [1] * 40 + [2] * 109 + [3] * 50


async def test_an_end_that_was_asked_for_ends_the_decoding_with_a_storyboard_too(films: Films):
    """The last sheet is not full: who waited for that would decode the film to its end, which is damaged."""
    film = films.numbered("ends.avi", 300, 25, "-c:v", "mpeg4", "-bf", "2", "-q:v", "2")
    data = bytearray(film.read_bytes())
    late = data.index(b"00dc", len(data) * 3 // 4) + 8
    data[late + 40 : late + 140] = bytes(100)
    options = ExtractionOptions(EVERY_PICTURE, end_seconds=4.8)
    taken = await take(films.written("hurt.avi", bytes(data)), options)
    assert taken.reading.whole is not None
    assert told(taken) == list(range(120))
    with pytest.raises(ProcessingError):
        await take(films.written("hurt.avi", bytes(data)), EVERY_PICTURE)


@pytest.mark.parametrize("image_format", list(ImageFormat))
async def test_pictures_are_the_same_bytes_with_a_storyboard_and_without(films: Films, image_format: ImageFormat):
    film = films.numbered("same.mp4", 130, 25, *X264, "-bf", "2", "-g", "20")
    options = ExtractionOptions(every_nth(1), image_format)
    with_it, without = await take(film, options), await take(film, options, NO_STORYBOARD)
    assert with_it.frames == without.frames
    assert with_it.reading == without.reading
    assert (without.storyboard, without.sheets) == (None, [])
    assert told(with_it) == shown(with_it)


@pytest.mark.parametrize(
    ("size", "tile"),
    [
        ("640x360", (160, 90)),
        ("360x640", (90, 160)),
        ("1280x16", (160, 16)),
        ("16x1280", (16, 160)),
        ("97x55", (98, 56)),
    ],
)
async def test_a_tile_has_the_shape_of_the_picture_within_bounds(films: Films, size: str, tile: tuple[int, int]):
    film = films.made(f"{size}.mkv", "-f", "lavfi", "-i", f"testsrc=s={size}:r=1:d=3", "-pix_fmt", "yuv444p", *X264[:4])
    board = (await take(film, EVERY_PICTURE)).storyboard
    assert board is not None
    assert (board.tile_width, board.tile_height) == tile


async def test_sheets_and_the_newest_small_picture_can_be_seen_while_it_runs(films: Films):
    count = 6 * PER_SHEET
    film = films.numbered("newest.mp4", count, 25, *X264)
    seen, finished = set[bytes](), []
    async with EXTRACTOR.open(film, ExtractionOptions(EVERY_PICTURE)) as (_, extraction):
        async for frame in extraction:
            finished.append((frame.number, len(extraction.finished_sheets())))
            if (tile := extraction.latest_tile) is not None:
                seen.add(tile)
        left = len(extraction.finished_sheets())
    assert 1 <= len(seen) <= count
    assert all(picture_size(JPEG, tile) == (128, 96) for tile in seen)
    # How far the sheets are behind their pictures is the machine's affair; all of it is less than five of them.
    early = next(number for number, sheets in finished if sheets)
    assert PER_SHEET - 1 <= early < count
    assert sum(sheets for _, sheets in finished) + left == 6


async def test_instants_of_one_picture_have_a_tile_each(films: Films):
    film = films.numbered("instants.mp4", 50, 25, *X264)
    taken = await take(film, ExtractionOptions(at(0, 0.2, 0.21, 1.5), JPEG))
    assert told(taken) == shown(taken)


async def test_a_film_that_changes_has_one_storyboard(films: Films, tmp_path: Path):
    """Its runs meet in the middle of a sheet; tiles of another shape stand in the middle of theirs."""
    parts = [
        films.numbered(f"part{first}.ts", count, 25, *X264, first=first, size=size)
        for first, count, size in ((0, 60, (128, 96)), (60, 90, (256, 192)), (150, 80, (64, 48)))
    ]
    film = tmp_path / "changing.ts"
    ffmpeg("-i", "concat:" + "|".join(map(str, parts)), "-c", "copy", film)
    taken = await take(film, ExtractionOptions(EVERY_PICTURE))
    assert len({(frame.width, frame.height) for frame in taken.frames}) == 3
    board = taken.storyboard
    assert board is not None
    assert len(taken.sheets) == 3
    assert told(taken)[:150] == shown(taken)[:150] == list(range(150))
