"""What choosing pictures by what they show costs, beside the same choice without it and ffmpeg's bare decoding.

    make samples && python -m bench.choices [--rounds N]

Of a real film of ten seconds, joined to itself to a minute. Processor time is user and system of all processes; the
contestants alternate, each ratio is taken within a round, and the median of the rounds is printed.
"""

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

from app.domain.options import ExtractionOptions, FrameSelection, SelectionKind
from bench.film.measuring import Failed, measured
from bench.film.rows import Row, ratio
from bench.film.runs import bare, ours
from tests.clips import SAMPLES, ffmpeg

SECOND = ExtractionOptions()
EVERY = ExtractionOptions(FrameSelection(SelectionKind.EVERY_NTH_FRAME, 5))
SCENES = ExtractionOptions(FrameSelection(SelectionKind.SCENE_CHANGE, 0.3))


def main() -> None:
    """Measure all, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "minute.mp4"
        ffmpeg("-stream_loop", "5", "-i", SAMPLES / "bikes.mp4", "-c", "copy", film)
        floor = Row("ffmpeg -f null")
        asked = {
            "one a second": [
                ("as it is", SECOND),
                ("distinct", replace(SECOND, distinct=0.02)),
                ("skipBlack", replace(SECOND, skip_black=True)),
                ("sharpest", replace(SECOND, sharpest=True)),
                ("all three", replace(SECOND, distinct=0.02, skip_black=True, sharpest=True)),
            ],
            "every fifth": [("as it is", EVERY), ("distinct", replace(EVERY, distinct=0.02))],
            "scenes": [("as it is", SCENES), ("sharpest", replace(SCENES, sharpest=True))],
        }
        rows = {choice: [Row(name) for name, _ in options] for choice, options in asked.items()}
        for _ in range(rounds):
            floor.rounds.append(measured(bare(film)))
            for choice, options in asked.items():
                for row, (_, one) in zip(rows[choice], options, strict=True):
                    try:
                        row.rounds.append(measured(ours(film, one)))
                    except Failed as failure:
                        raise SystemExit(f"{choice}, {row.name}: {failure}") from None
        print(f"{'':16}{'':12}{'CPU s':>8}{'wall s':>8}{'MiB':>8}   of bare   of the same   files")
        for choice, contestants in rows.items():
            for row in contestants:
                beside = f"{ratio(row, floor):8.2f}{ratio(row, contestants[0]):12.2f}{len(row.result.times):11}"
                print(f"{choice:16}{row.name:12}{row.figures}   {beside}")


if __name__ == "__main__":
    main()
