"""Which tile stands for which file, how large tiles are, and what players are told."""

import pytest

from app.domain.storyboard import Storyboard, tile_size, track

WIDE = (160, 90)


@pytest.mark.parametrize(
    ("files", "tiles", "grid", "sheets"),
    [(1, 1, (1, 1), 1), (2, 2, (2, 1), 1), (12, 12, (4, 3), 1), (99, 99, (10, 10), 1), (100, 100, (10, 10), 1),
     (101, 101, (10, 10), 2), (2000, 2000, (10, 10), 20), (100_000, 2000, (10, 10), 20)],
)  # fmt: skip
def test_there_is_a_tile_for_each_file_up_to_two_thousand(files: int, tiles: int, grid: tuple[int, int], sheets: int):
    board = Storyboard.of(files, WIDE)
    assert (board.tiles, (board.columns, board.rows), board.sheets) == (tiles, grid, sheets)
    assert sum(stop - first for first, stop in map(board.tiles_on, range(sheets))) == tiles


@pytest.mark.parametrize("files", [1, 7, 1999, 2000, 2001, 4321, 100_000])
def test_files_and_tiles_find_each_other(files: int):
    board = Storyboard.of(files, WIDE)
    shown = [board.file_of(tile) for tile in range(board.tiles)]
    assert shown[0] == 0
    assert len(set(shown)) == board.tiles
    step = max(1, files // 300)
    for first in range(0, files, step):
        begin, stop = board.tiles_of(first, first + step)
        assert list(range(begin, min(stop, board.tiles))) == [
            tile for tile in range(max(0, begin - 2), min(board.tiles, stop + 2)) if first <= shown[tile] < first + step
        ]


@pytest.mark.parametrize(
    ("picture", "tile"),
    [((1920, 1080), (160, 90)), ((1080, 1920), (90, 160)), ((640, 272), (160, 68)), ((1000, 999), (160, 160)),
     ((96, 54), (96, 54)), ((97, 55), (98, 56)), ((65_500, 2), (160, 16)), ((1, 1), (16, 16))],
)  # fmt: skip
def test_a_tile_has_the_shape_of_the_pictures_within_bounds(picture: tuple[int, int], tile: tuple[int, int]):
    assert tile_size(*picture) == tile


def test_players_are_told_which_part_of_which_sheet_is_shown_when():
    board = Storyboard.of(102, WIDE)
    shown = [(float(second), second + 0.04) for second in range(102)]
    cues = track(board, shown, 3725.5).split("\n\n")
    assert cues[0] == "WEBVTT"
    assert cues[1] == "00:00:00.000 --> 00:00:01.000\nstoryboard-1.jpg#xywh=0,0,160,90"
    assert cues[13] == "00:00:12.000 --> 00:00:13.000\nstoryboard-1.jpg#xywh=320,90,160,90"
    assert cues[102] == "00:01:41.000 --> 01:02:05.500\nstoryboard-2.jpg#xywh=160,0,160,90\n"
    assert len(cues) == 103


def test_a_picture_that_stands_for_several_instants_has_one_cue():
    cues = track(Storyboard.of(4, WIDE), [(0.0, 7.0), (0.0, 7.0), (0.0, 7.0), (7.0, 9.25)], 9.0).split("\n\n")
    assert cues[1:] == [
        "00:00:00.000 --> 00:00:07.000\nstoryboard-1.jpg#xywh=0,90,160,90",
        "00:00:07.000 --> 00:00:09.250\nstoryboard-1.jpg#xywh=160,90,160,90\n",
    ]
