"""What may be typed behind ``fiapx`` by users of a service, and what is loaded for it."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
import typer

from app.option_words import ASPECTS, FORMATS, OTHERS, SELECTIONS, part
from app.remote import COMMANDS, NAMES
from app.remote.application import application
from app.remote.connection import address
from app.remote.failures import CannotGoOn
from app.remote.films import films_of, named, refuse_clashes, result_of
from app.remote.options import options_of
from app.service_commands import _known_names
from app.setting_forms import unknown_names
from fiapx_client import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat
from tests.clients.conftest import PYTHON

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "command-line.md").read_text("utf-8")
NOT_CHOSEN = dict.fromkeys([*SELECTIONS, *OTHERS])
root: Any = typer.main.get_command(application)


def commands() -> dict[str, Any]:
    """Every command, by its words."""
    keys = root.commands["keys"].commands
    return {**{name: one for name, one in root.commands.items() if name != "keys"},
            **{f"keys {name}": one for name, one in keys.items()}}  # fmt: skip


def test_what_is_listed_is_what_there_is_and_says_the_same():
    assert {name: one.help.partition("\n")[0] for name, one in root.commands.items()} == {
        name: f"{what[0].upper()}{what[1:]}." for name, what in COMMANDS.items()
    }


@pytest.mark.parametrize("name", commands())
def test_the_page_has_each_option_of_each_command(name: str):
    section = re.search(rf"^## `fiapx {name}`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section is not None
    rows = [row.split("|")[1] for row in section[1].splitlines() if row.startswith("| `-")]
    told = {word for row in rows for word in re.findall(r"--?[a-z][a-z-]*", row)}
    there = {option for one in commands()[name].params for option in one.opts if option.startswith("-")}
    assert told == there - {"-h", "--help", "--url", "--json", "--quiet"}


def test_the_page_says_which_commands_take_what_all_may_take():
    rows = dict(re.findall(r"^\| `(--url|--json|--quiet)`[^|]*\|.*\| (.*)\|$", PAGE, re.MULTILINE))
    for option, told in rows.items():
        without = {name for name, one in commands().items() if not any(option in param.opts for param in one.params)}
        assert set(re.findall(r"`([a-z ]+)`", told)) == without, option
    assert len(rows) == 3


def test_options_are_those_of_the_api():
    def snake(names: object) -> set[str]:
        return {re.sub(r"([A-Z])", r"_\1", name).lower() for name in get_type_hints(names)}

    assert set(SELECTIONS) == snake(FrameSelection)
    assert set(OTHERS) == snake(ExtractionOptions) - {"select"}
    assert set(FORMATS) == set(get_args(ImageFormat))
    assert set(ASPECTS) == set(get_args(Aspect))
    assert set(part("0,0,1,1")) == set(get_type_hints(Crop))


def test_words_become_what_the_api_takes_and_what_was_not_chosen_is_left_to_the_service():
    assert options_of(NOT_CHOSEN | {"keyframes_only": False}) == {}
    chosen = {"every_nth_frame": 3, "max_width": 640, "format": "WEBP"}
    expected = {"select": {"everyNthFrame": 3}, "maxWidth": 640, "format": "WEBP"}
    assert options_of(NOT_CHOSEN | chosen) == expected
    assert options_of(NOT_CHOSEN | {"sharpest": False, "skip_black": True}) == {"skipBlack": True}
    assert options_of(NOT_CHOSEN | {"keyframes_only": True}) == {"select": {"keyframesOnly": True}}
    with pytest.raises(CannotGoOn, match="--count and --scene-change are two ways"):
        options_of(NOT_CHOSEN | {"count": 3, "scene_change": 0.5})


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("https://Videos.Example/", "https://videos.example"),
        ("HTTP://localhost:8000", "http://localhost:8000"),
        ("https://videos.example/fiapx/", "https://videos.example/fiapx"),
    ],
)
def test_an_address_has_one_form(text: str, same: str):
    assert address(text) == same


@pytest.mark.parametrize("text", ["videos.example", "ftp://a", "https://", "https://ana:secret@a", "https://a:b"])
def test_what_is_no_address_is_said(text: str):
    with pytest.raises(CannotGoOn, match="no address of a service") as ended:
        address(text)
    assert ended.value.exit_code == 2


def test_a_folder_has_its_films_and_no_more_than_once(tmp_path: Path):
    for name in ("a.mp4", "b.MOV", "c.txt", ".d.mp4", "older/e.mp4", ".trash/f.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "g.mp4").symlink_to("a.mp4")
    (tmp_path / "empty").mkdir()

    def found(*words: str, recursive: bool = False) -> list[str]:
        films = films_of(named([str(tmp_path / word) for word in words]), ("mp4", "mov"), recursive=recursive)
        return [str(film.relative_to(tmp_path)) for film in films]

    assert found(".") == ["a.mp4", "b.MOV"]
    assert found(".", recursive=True) == ["a.mp4", "b.MOV", "older/e.mp4"]
    assert found("*.txt", "a.mp4", ".") == ["c.txt", "a.mp4", "b.MOV"]
    for words, sentence in (("none.mp4", "There is no file"), ("*.avi", "No file is like"), ("empty", "no film in")):
        with pytest.raises(CannotGoOn, match=sentence):
            found(words)


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("film.mp4", "film.frames.zip"),
        ("../../etc/cron.d/x.mp4", "x.frames.zip"),
        ("C:\\films\\x.mov", "x.frames.zip"),
        ("..", "id.frames.zip"),
        (".mp4", "id.frames.zip"),
        ("a\x1b[2J.mp4", "a[2J.frames.zip"),
        ("é" * 255, f"{'é' * 100}.frames.zip"),
    ],
)
def test_a_result_is_named_after_its_film_whatever_that_is_called(name: str, result: str):
    assert result_of(name, "id") == result


def test_two_results_are_never_one(tmp_path: Path):
    with pytest.raises(CannotGoOn, match="2 of the videos would give"):
        refuse_clashes([tmp_path / "a", tmp_path / "a"], overwrite=True)


def test_what_only_users_commands_read_is_no_unknown_setting():
    assert list(unknown_names(NAMES, _known_names())) == []


@pytest.mark.slow
def test_nothing_of_the_service_is_loaded(tmp_path: Path):
    code = (
        "import sys; from app.cli import main\n"
        "try: main(['list'])\n"
        "except SystemExit: print(*{name.partition('.')[0] for name in sys.modules})"
    )
    own = {"PYTHONPATH": f"{ROOT}:{PYTHON / 'src'}", "XDG_CONFIG_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-P", "-c", code], env=own, capture_output=True, check=True, text=True)
    of_the_service = {
        "alembic",
        "arq",
        "av",
        "boto3",
        "limits",
        "pydantic_settings",
        "redis",
        "sqlalchemy",
        "starlette",
    }
    loaded = set(run.stdout.split())
    assert loaded & (of_the_service | {"strawberry", "structlog", "uvicorn", "jobs", "devserver"}) == set()
    assert {"typer", "httpx", "fiapx_client"} <= loaded


@pytest.mark.slow
def test_without_the_extra_it_says_what_installs_it(tmp_path: Path):
    code = "import sys; sys.modules['typer'] = None; from app.cli import main; main(['list'])"
    own = {"PYTHONPATH": f"{ROOT}:{PYTHON / 'src'}", "XDG_CONFIG_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-P", "-c", code], env=own, capture_output=True, check=False, text=True)
    assert (run.returncode, run.stderr) == (3, "fiapx list: typer is missing here: pip install 'fiapx[client]'.\n")
