"""What ``fiapx frames`` takes for a JPEG a second beside ``ffmpeg -vf fps=1``, on the same film in the same run.

Both from the start of the process to its end. Ours inspects the film, confines the decoder, and leaves a ZIP with a
manifest and digests that is on the disk; ffmpeg leaves loose files, which it chooses by another rule and whose colours
it does not convert. The film is 5.3 s long, where starting is the larger part of both; so it is measured once more
twenty times over.

Repeat: PYTHONPATH=. python bench/local_frames.py [FILE]
"""

import compileall
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import imageio_ffmpeg

ROOT = Path(__file__).parents[1]
FFMPEG = str(imageio_ffmpeg.get_ffmpeg_exe())
ROUNDS, TIMES_OVER = 3, 20
MOST = {"once": 5.0, "twenty times over": 1.3}
"""The most processor time that ours may take of ffmpeg's."""


def ours(film: Path, folder: Path) -> Sequence[str]:
    return [sys.executable, "-P", "-m", "app.cli", "frames", str(film), "--quiet", "-o", str(folder / "frames.zip")]


def theirs(film: Path, folder: Path) -> Sequence[str]:
    return [FFMPEG, "-nostdin", "-v", "error", "-i", str(film), "-vf", "fps=1", "-q:v", "2", str(folder / "%06d.jpg")]


def took(command: Callable[[Path, Path], Sequence[str]], film: Path) -> tuple[float, float]:
    """Return the seconds of the clock, and of processors."""
    with tempfile.TemporaryDirectory() as folder:
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command(film, Path(folder)), env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
        seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
        assert any(Path(folder).iterdir())
    return seconds, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def compare(film: Path, what: str) -> bool:
    """Print both, and their ratios within each round; return whether the aim was missed."""
    rounds = [(took(ours, film), took(theirs, film)) for _ in range(ROUNDS)]
    wall, cpu = (statistics.median(own[at] / its[at] for own, its in rounds) for at in (0, 1))
    figures = [[statistics.median(one[who][at] for one in rounds) for at in (0, 1)] for who in (0, 1)]
    told = ", ".join(
        f"{name} {seconds:.2f} s ({processors:.2f} s of processors)"
        for name, (seconds, processors) in zip(("fiapx frames", "ffmpeg -vf fps=1"), figures, strict=True)
    )
    print(f"{what}: {told}; ours is {wall:.2f} of its time, {cpu:.2f} of its processor time (aim {MOST[what]:g})")
    return cpu > MOST[what]


def main() -> None:
    film = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / ".samples" / "bigbuckbunny.mp4"
    compileall.compile_dir(ROOT / "app", quiet=1)  # As what is installed is.
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / f"long{film.suffix}"
        again = ["-stream_loop", str(TIMES_OVER - 1), "-i", str(film), "-map", "0:v:0", "-c", "copy", str(long)]
        subprocess.run([FFMPEG, "-nostdin", "-v", "error", *again], check=True)
        missed = [compare(film, "once"), compare(long, "twenty times over")]
    if any(missed):
        sys.exit("The aim is missed.")


if __name__ == "__main__":
    main()
