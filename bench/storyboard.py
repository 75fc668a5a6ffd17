"""What a storyboard costs: the processor time and the bytes of a job with one, beside the same job without.

Each film is taken in turn with and without, all that a worker does with a source on its disk: inspect, plan, decode,
ZIP, manifest, digests, and the sheets and the WebVTT. Processor time is user and system of all processes; the ratio is
taken within a round, and the median of the rounds is printed. Pictures are compared, byte by byte.

Repeat: PYTHONPATH=. python bench/storyboard.py [ROUNDS] [FILM ...]
"""

import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from bench.film.materials import SAMPLES
from bench.film.measuring import measured
from bench.film.runs import ours

MOST: Final = 1.05
EVERY_PICTURE: Final = ExtractionOptions(FrameSelection(SelectionKind.EVERY_NTH_FRAME, 1))
CHOICES: Final = {
    "one a second": ExtractionOptions(),
    "every picture": EVERY_PICTURE,
    "every fifth, 640 wide": ExtractionOptions(FrameSelection(SelectionKind.EVERY_NTH_FRAME, 5), max_width=640),
}


def job(film: Path, options: ExtractionOptions, *, storyboard: bool) -> Callable[[Path], Any]:
    """Return what runs it and tells the digests of its pictures, and the sizes of the ZIP and of all beside it."""
    run = ours(film, options, with_storyboard=storyboard)

    def done(folder: Path) -> tuple[list[str], int, int]:
        taken = run(folder)
        sizes = {path.suffix: 0 for path in folder.iterdir()}
        for path in folder.iterdir():
            sizes[path.suffix] += path.stat().st_size
        return taken.digests, sizes[".zip"], sizes.get(".jpg", 0) + sizes.get(".vtt", 0)

    return done


def compared(film: Path, name: str, options: ExtractionOptions, rounds: int) -> float:
    """Print one line, and return the ratio of processor time."""
    without = [measured(job(film, options, storyboard=False))]
    with_it = [measured(job(film, options, storyboard=True))]
    for _ in range(rounds - 1):
        without.append(measured(job(film, options, storyboard=False)))
        with_it.append(measured(job(film, options, storyboard=True)))
    digests, zip_bytes, board_bytes = with_it[0].result
    assert {run.result[1] for run in (*without, *with_it)} == {zip_bytes}
    assert all(run.result[0] == digests for run in (*without, *with_it)), "the storyboard changed a picture"
    ratio = statistics.median(one.cpu / other.cpu for one, other in zip(with_it, without, strict=True))
    cpu = [statistics.median(run.cpu for run in runs) for runs in (without, with_it)]
    print(
        f"  {film.name:26}{name:24}{len(digests):>7}{cpu[0]:>9.2f}{cpu[1]:>9.2f}{ratio:>8.3f}"
        f"{board_bytes / 1024:>9.0f} KiB{100 * board_bytes / zip_bytes:>7.2f} %",
        flush=True,
    )
    return ratio


def main() -> int:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    films = [Path(name).resolve() for name in sys.argv[2:]] or sorted(SAMPLES.glob("*.mp4"))
    print(f"{rounds} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    print(f"  {'':50}{'files':>7}{'CPU s':>9}{'with':>9}{'ratio':>8}{'sheets':>13}{'of ZIP':>9}")
    ratios = [compared(film, name, options, rounds) for film in films for name, options in CHOICES.items()]
    median = statistics.median(ratios)
    print(f"median {median:.3f}, most {max(ratios):.3f} (aim: at most {MOST}); load {os.getloadavg()[0]:.1f}")
    return 0 if median <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
