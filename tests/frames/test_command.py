"""``fiapx frames`` as a process: what it says, how it ends, and what it leaves."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
import sysconfig
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import ClassVar

import pytest

from app.domain.errors import ProcessingError
from app.domain.failure import CUT_OFF, FailureCode
from app.domain.options import ExtractionOptions
from app.domain.user import Locale
from app.domain.video import MediaInfo
from app.frames.arguments import parsed
from app.frames.command import take_all
from app.frames.composition import TakeFrames
from app.frames.shown import locale_of
from app.infra.workspace import Workspace
from app.usecases.ports.frames import Extraction
from tests.fakes.extractor import ScriptedExtractor, a_frame, a_reading
from tests.films import X264, Films
from tests.parts.waiting import until

ROOT = Path(__file__).parents[2]
HEAD = b"\0\0\0\x18ftypmp42"
FRAMES = [a_frame(0, b"one"), a_frame(25, b"two")]


class ByName:
    """Films that are told apart by their names: bad.mp4 fails, full.mp4 finds no room, broken.mp4 meets a bug."""

    _FAULTS: ClassVar[Mapping[str, Exception]] = {
        "bad.mp4": ProcessingError(FailureCode.CORRUPT_VIDEO, CUT_OFF),
        "full.mp4": OSError(28, "No space left on device", "/somewhere"),
        "broken.mp4": ZeroDivisionError(),
    }

    @asynccontextmanager
    async def open(self, source: Path, options: ExtractionOptions) -> AsyncIterator[tuple[MediaInfo, Extraction]]:
        fault = self._FAULTS.get(source.resolve().name)
        reading = a_reading(notes=("Dolby Vision 5.",))
        async with ScriptedExtractor(FRAMES, reading, failure=fault).open(source, options) as found:
            yield found


async def works() -> None:
    """Try a decoder that does."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five films in the current folder, of which two can be taken."""
    monkeypatch.chdir(tmp_path)
    for name in ("LANG", "LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name in ("bad", "broken", "full", "good", "other\x1b[2J"):
        (tmp_path / f"{name}.mp4").write_bytes(HEAD)
    return tmp_path


async def all_of(*words: str) -> int:
    return await take_all(parsed(words), TakeFrames(ByName(), Workspace(None), works))


async def test_a_film_that_fails_is_told_and_the_others_give_their_frames(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    assert await all_of("*.mp4") == 1
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "good.frames.zip: 2 frames, 1.6 kB",
        "other\ufffd[2J.frames.zip: 2 frames, 1.6 kB",
    ]
    failures = [line for line in told.err.splitlines() if line.startswith("fiapx frames: ")]
    assert failures == [
        f"fiapx frames: bad.mp4: CORRUPT_VIDEO: {CUT_OFF}",
        "fiapx frames: broken.mp4: INTERNAL: Something went wrong on our side; try again later.",
        "fiapx frames: full.mp4: WORK_DIRECTORY_FULL: No space left on device: /somewhere",
        "fiapx frames: good.mp4: Dolby Vision 5.",
        "fiapx frames: other\ufffd[2J.mp4: Dolby Vision 5.",
    ]
    assert sorted(path.name for path in folder.glob("*frames*")) == ["good.frames.zip", "other\x1b[2J.frames.zip"]


async def test_programs_get_an_object_a_line(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert await all_of("bad.mp4", "good.mp4", "other*", "--json", "-o", "all") == 1
    told = capsys.readouterr()
    assert told.err == ""
    bad, good, other = map(json.loads, told.out.splitlines())
    failure = {"code": "CORRUPT_VIDEO", "reason": CUT_OFF}
    assert bad == {"file": "bad.mp4", "result": None, "frames": 0, "bytes": 0, "warnings": [], "failure": failure}
    size = (folder / "all" / "good.frames.zip").stat().st_size
    assert good == {
        "file": "good.mp4", "result": "all/good.frames.zip", "frames": 2, "bytes": size,
        "warnings": ["Dolby Vision 5."], "failure": None,
    }  # fmt: skip
    assert (folder / other["result"]).exists()


async def test_who_wants_quiet_hears_of_failures_alone(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert await all_of("good.mp4", "--quiet") == 0
    assert await all_of("bad.mp4", "--quiet", "-o", "new/bad.zip") == 1
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"fiapx frames: bad.mp4: CORRUPT_VIDEO: {CUT_OFF}\n")
    assert not (folder / "new").exists()


async def test_a_brazilian_reads_why_in_portuguese(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")
    await all_of("bad.mp4", "full.mp4", "--json")
    bad, full = (json.loads(line)["failure"]["reason"] for line in capsys.readouterr().out.splitlines())
    assert bad.startswith("Este arquivo termina antes do fim do vídeo")
    assert full == "No space left on device: /somewhere"  # The system's own words.


@pytest.mark.parametrize(
    ("environment", "locale"),
    [
        ({}, Locale.EN),
        ({"LANG": "pt_BR"}, Locale.PT_BR),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "C"}, Locale.EN),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": ""}, Locale.PT_BR),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8"}, Locale.PT_BR),
        ({"LANG": "pt_PT.UTF-8"}, Locale.EN),
    ],
)
def test_the_language_is_that_of_messages(environment: dict[str, str], locale: Locale):
    assert locale_of(environment) is locale


# ------------------------------------------------------------ processes

FIAPX = ["-P", "-m", "app.cli", "frames"]


def environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


def short(films: Films, folder: Path) -> Path:
    path = folder / "short.mp4"
    path.write_bytes(films.numbered("short.mp4", 16, 16, *X264, "-bf", "2", "-g", "8").read_bytes())
    return path


@pytest.mark.slow
@pytest.mark.parametrize(("number", "kind"), [(signal.SIGINT, "--zip"), (signal.SIGTERM, "--folder")])
async def test_a_signal_ends_it_with_its_code_and_nothing_is_left(
    number: signal.Signals, kind: str, samples: Path, tmp_path: Path
):
    film = samples / "bigbuckbunny.mp4"
    words = [str(film), "--nth", "1", "--format", "webp", "--quality", "100", kind, "-o", str(tmp_path / "out")]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *FIAPX, *words, cwd=tmp_path, env=environment(), stderr=asyncio.subprocess.PIPE,
        # Where the tests run in the background SIGINT is ignored, and would be here.
        preexec_fn=partial(signal.signal, number, signal.SIG_DFL),
    )  # fmt: skip
    await until(lambda: list(tmp_path.glob("out.*.part")), 60)
    process.send_signal(number)
    _, said = await asyncio.wait_for(process.communicate(), 30)
    assert (process.returncode, said) == (128 + number, b"")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_terminal_sees_how_far_it_is_in_one_line_that_goes(films: Films, tmp_path: Path):
    film, (ours, terminal) = short(films, tmp_path), pty.openpty()
    run = subprocess.run(
        [sys.executable, *FIAPX, film.name, "--nth", "4"],
        cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=terminal, check=True, text=True, timeout=60,
    )  # fmt: skip
    os.close(terminal)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert run.stdout.startswith("short.frames.zip: 4 frames, ")
    assert shown.startswith("\r\x1b[Kshort.mp4    0 %  0 of 4 frames")
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


@pytest.mark.slow
def test_who_asks_for_the_log_reads_what_a_worker_would_have_written(films: Films, tmp_path: Path):
    film = short(films, tmp_path)
    run = subprocess.run(
        [sys.executable, *FIAPX, film.name],
        cwd=tmp_path, env=environment(FIAPX_LOG_LEVEL="debug"), capture_output=True, check=True, text=True, timeout=60,
    )  # fmt: skip
    assert '"event": "pictures planned"' in run.stderr


@pytest.mark.slow
def test_without_the_extra_it_says_what_installs_it(films: Films, tmp_path: Path):
    film, packages = short(films, tmp_path), tmp_path / "packages"
    packages.mkdir()
    for path in Path(sysconfig.get_paths()["purelib"]).iterdir():
        if path.name not in {"av", "imageio_ffmpeg"}:
            (packages / path.name).symlink_to(path)
    run = subprocess.run(
        [sys.executable, "-S", *FIAPX, film.name],
        cwd=tmp_path, env=environment(PYTHONPATH=f"{ROOT}:{packages}"), capture_output=True, check=False, text=True,
        timeout=60,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (3, "")
    assert run.stderr == "fiapx frames: av is missing here: pip install 'fiapx[worker]'\n"


@pytest.mark.slow
@pytest.mark.parametrize("required", ["false", "true"])
def test_where_the_kernel_cannot_confine_the_decoder_one_line_says_so(required: str, films: Films, tmp_path: Path):
    film = short(films, tmp_path)
    run = subprocess.run(
        [sys.executable, str(ROOT / "tests/infra/old_kernel_process.py"), sys.executable, *FIAPX, film.name],
        cwd=tmp_path, env=environment(FIAPX_REQUIRE_CONFINEMENT=required), capture_output=True, check=False, text=True,
        timeout=60,
    )  # fmt: skip
    (line,) = run.stderr.splitlines()
    assert "has no Landlock" in line
    assert run.returncode == (3 if required == "true" else 0)
    assert (tmp_path / "short.frames.zip").exists() == (required == "false")
