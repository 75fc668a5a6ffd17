"""What may be typed behind ``fiapx frames``: the API's options, and a sentence where they make no sense."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app.domain.options import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.frames.arguments import Wanted, make_parser, parsed
from app.graphql.inputs import ExtractionOptionsInput, FrameSelectionInput
from app.option_words import option_of

FRAMES = Path(__file__).parents[2] / "docs" / "frames.md"


@pytest.fixture(autouse=True)
def films(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.mp4", "b.mp4", "c.mov"):
        (tmp_path / name).write_bytes(b"")


def options(words: str) -> ExtractionOptions:
    return parsed(["a.mp4", *words.split()]).options


def option_names() -> set[str]:
    return {name for action in make_parser()._actions for name in action.option_strings}


def test_each_option_of_the_api_is_there_under_its_name_and_no_other_is_about_frames():
    of_api = {one.name for kind in (FrameSelectionInput, ExtractionOptionsInput) for one in fields(kind)} - {"select"}
    of_domain = {kind.name.lower() for kind in SelectionKind} | {one.name for one in fields(ExtractionOptions)}
    assert of_api == of_domain - {"select"}
    about_frames = [
        action for group in make_parser()._action_groups[2:] for action in group._group_actions if action.option_strings
    ]
    assert {action.option_strings[0] for action in about_frames} == {option_of(name) for name in of_api}


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ("", {}),
        ("--frames-per-second 2", {"select": FrameSelection(SelectionKind.FRAMES_PER_SECOND, 2)}),
        ("--every 10", {"select": FrameSelection(SelectionKind.EVERY_SECONDS, 10)}),
        ("--nth 3", {"select": FrameSelection(SelectionKind.EVERY_NTH_FRAME, 3)}),
        ("--count 5", {"select": FrameSelection(SelectionKind.COUNT, 5)}),
        ("--at 0.5,3,12", {"select": FrameSelection(SelectionKind.TIMESTAMPS, 0, (0.5, 3, 12))}),
        ("--keyframes-only", {"select": FrameSelection(SelectionKind.KEYFRAMES_ONLY, 0)}),
        ("--scene-change 0.3", {"select": FrameSelection(SelectionKind.SCENE_CHANGE, 0.3)}),
        ("--scenes 0", {"select": FrameSelection(SelectionKind.SCENE_CHANGE, 0)}),
        (
            "--format webp --quality 5 --max-width 640 --max-height 480",
            {"format": ImageFormat.WEBP, "quality": 5, "max_width": 640, "max_height": 480},
        ),
        ("--from 1.5 --to 9", {"start_seconds": 1.5, "end_seconds": 9}),
        ("--distinct 0.02 --skip-black --sharpest", {"distinct": 0.02, "skip_black": True, "sharpest": True}),
        (
            "--scenes 0.4 --min-scene 2",
            {"select": FrameSelection(SelectionKind.SCENE_CHANGE, 0.4), "min_scene_seconds": 2},
        ),
        (
            "--aspect fill --max-width 64 --max-height 48 --crop 0.25,0,0.5,1",
            {"aspect": Aspect.FILL, "max_width": 64, "max_height": 48, "crop": Crop(0.25, 0, 0.5, 1)},
        ),
    ],
)
def test_words_become_the_options_that_the_api_would_make(words: str, same: dict[str, Any]):
    assert options(words) == ExtractionOptions(**same)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--count 0", "--count: This must be from 1 to 100000."),
        ("--count 2.5", "2.5 is no whole number."),
        ("--fps nan", "--frames-per-second: This must be from 0.001 to 240."),
        ("--at 3,1", "--timestamps: Give 1 to 500 times in seconds, each later than the last."),
        ("--at 1,soon", "soon is no number."),
        ("--every soon", "soon is no number."),
        ("--quality 101", "--quality: Quality is 1 to 100."),
        ("--quality 1.5", "1.5 is no whole number."),
        ("--max-width 0", "--max-width: This must be 1 to 16384 pixels."),
        ("--distinct 0", "--distinct: This must be from 0.001 to 1."),
        ("--min-scene 2", "--min-scene-seconds: Only sceneChange finds scenes."),
        ("--aspect fill --max-width 64", "--aspect: This needs both maxWidth and maxHeight."),
        ("--aspect cover", "cover is none of fit, fill, exact."),
        ("--crop 0,0,1", "0,0,1 are not the four shares left,top,width,height."),
        ("--from -1", "--start-seconds: The start is a time in seconds, 0 or later."),
        ("--from 5 --to 5", "--end-seconds: The end must be later than the start."),
        ("--format gif", "gif is no format; there are jpeg, png, webp."),
        ("--count 3 --every 2", "not allowed with argument --count."),
        ("--cou 3", "unrecognized arguments: --cou 3."),
        ("--zip --folder", "not allowed with argument --zip."),
        ("none.mp4", "there is no file none.mp4."),
        ("*.avi", "no file is like *.avi."),
        (".", ". is a folder; name films, such as *.mp4."),
        ("b.mp4 -o both.zip", "both.zip cannot be the ZIP of 2 films: name a folder for their results."),
        ("a.mp4", "a.frames.zip: take them one by one, with --out."),
        ("-o a.mp4", "a.mp4 is there already; --force replaces it."),
        ("-o a.mp4 --zip --force", "a.mp4 is not replaced: it is no former result, or is the film itself."),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(words: str, said: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as ended:
        parsed(["a.mp4", *words.split()])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("fiapx frames: ")
    assert line.endswith(said)


@pytest.mark.parametrize(
    ("words", "results"),
    [
        ("a.mp4", [("a.mp4", "a.frames.zip", False)]),
        ("a.mp4 --folder", [("a.mp4", "a.frames", True)]),
        ("a.mp4 -o x.ZIP", [("a.mp4", "x.ZIP", False)]),
        ("a.mp4 -o x", [("a.mp4", "x", True)]),
        ("a.mp4 -o x --zip", [("a.mp4", "x", False)]),
        ("a.mp4 -o x.zip --folder", [("a.mp4", "x.zip", True)]),
        ("*.mp4 c.mov", [(name, f"{name[0]}.frames.zip", False) for name in ("a.mp4", "b.mp4", "c.mov")]),
        ("*.mp4 -o x", [("a.mp4", "x/a.frames.zip", False), ("b.mp4", "x/b.frames.zip", False)]),
        ("*.mp4 -o x --folder", [("a.mp4", "x/a.frames", True), ("b.mp4", "x/b.frames", True)]),
    ],
)
def test_each_film_has_its_result(words: str, results: list[tuple[str, str, bool]]):
    expected = [Wanted(Path(film), Path(result), unpacked) for film, result, unpacked in results]
    assert parsed(words.split()).wanted == expected


def test_a_result_that_is_there_is_replaced_only_by_force_and_a_folder_only_where_it_holds_frames(tmp_path: Path):
    folder = tmp_path / "x"
    folder.mkdir()
    assert parsed(["a.mp4", "-o", "x"]).wanted  # It is empty, and so nobody's result.
    (folder / "manifest.json").write_text("{}")
    (folder / "frame_000001_00-00-00.000.jpg").write_bytes(b"")
    with pytest.raises(SystemExit):
        parsed(["a.mp4", "-o", "x"])
    assert parsed(["a.mp4", "-o", "x", "--force"]).wanted
    with pytest.raises(SystemExit):
        parsed(["a.mp4", "-o", "x", "--zip", "--force"])
    (folder / "diary.txt").write_text("of somebody")
    with pytest.raises(SystemExit):
        parsed(["a.mp4", "-o", "x", "--force"])


def test_the_page_has_each_option_and_each_exit_code():
    page = FRAMES.read_text("utf-8").partition("## Without the service")[2].partition("\n## ")[0]
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `")]
    told = {name for row in rows for name in row.replace("`", " ").replace(",", " ").split()}
    assert {name for name in told if name.startswith("-")} == option_names() - {"-h", "--help"}
    assert {name for name in told if name.isdigit()} == {"0", "1", "2", "3", "130"}
