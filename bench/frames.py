"""Frames into a ZIP: ours beside the naive way, ffmpeg's bare decoding and other libraries, on many films in one run.

    python -m bench.frames [--quick] [--rounds N] [--material FOLDER] [--peers-python PYTHON] [--film FILM ...]

Processor time is user and system of all processes; each ratio is taken within a round, the contestants alternate, and
the median of the rounds is printed. Memory is the resident set of all processes at the same time, at its highest. Ours
is all that a worker does with a source on its disk: inspect, plan, decode, ZIP, manifest, digests, storyboard. The
others leave files in a folder; of their libraries neither the interpreter's start nor the imports are counted.
Ends with an error where an aim of docs/frames.md is missed, and says by how much.
"""

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from bench.film import starts
from bench.film.materials import Missing, long_materials, materials
from bench.film.measuring import Failed, measured
from bench.film.rows import MIB, Aims, Row, ahead, ratio, same_pictures
from bench.film.runs import Taken, bare, naive, only_needed, ours, peer

WANTED = ("OpenCV loop", "PyAV, seeking", "decord")
INSTALL = {"OpenCV loop": "opencv-python-headless", "PyAV, seeking": "av", "decord": "decord opencv-python-headless"}
DEFAULT = ExtractionOptions()
PNG = ExtractionOptions(format=ImageFormat.PNG)
EVERY_10_S = ExtractionOptions(FrameSelection(SelectionKind.EVERY_SECONDS, 10))
TWELVE = ExtractionOptions(FrameSelection(SelectionKind.COUNT, 12))
PROFILED = ("10 s groups", "10 s groups", "phone", "recorder")
OURS = ("this process", "inspecting", "ffmpeg")
KEYS = ExtractionOptions(FrameSelection(SelectionKind.KEYFRAMES_ONLY))
HEAD = f"  {'':28}{'CPU s':>8}{'wall s':>8}{'MiB':>8}   {'our CPU / its':26}pictures"


def peers(pythons: list[str]) -> dict[str, str]:
    """Find for each peer an interpreter that has it; say which one is absent."""
    script, found = Path(__file__).parent / "film" / "peers.py", dict[str, str]()
    for python in pythons:
        listed = subprocess.run([python, str(script)], capture_output=True, text=True, check=True).stdout
        for name, version in json.loads(listed).items():
            if name not in found:
                found[name] = python
                print(f"{name}: {version}")
    for name in WANTED:
        if name not in found:
            print(f"{name}: not installed: pip install {INSTALL[name]}, anywhere, and name that --peers-python")
    return found


def run(row: Row, job: Callable[[Path], Any]) -> None:
    try:
        row.rounds.append(None if row.failed else measured(job))
    except Failed as failure:
        row.failed = str(failure)
        row.rounds.append(None)


def compare(film: Path, title: str, found: dict[str, str], rounds: int, aims: Aims, *, quick: bool) -> None:
    """Run all contestants on one film, and print its table."""
    jpeg, png, floor, plain = Row("ours, JPEG 90"), Row("ours, PNG"), Row("ffmpeg -f null"), Row("naive (PNG, deflate)")
    kinds = ("JPEG",) if quick else ("JPEG", "PNG")
    others = {(kind, name): Row(f"{name}, {kind}") for kind in kinds for name in found}
    for number in range(rounds):
        run(jpeg, ours(film, DEFAULT))
        run(floor, bare(film))
        run(png, ours(film, PNG))
        run(plain, naive(film))
        for (kind, name), row in others.items():
            if kind == "PNG" and number:
                row.rounds.append(None)  # Slow, and told by one round.
            else:
                run(row, peer(found[name], name, film, kind, jpeg.result.seconds if jpeg.runs else 0))
    if not jpeg.runs or not png.runs:
        aims.missed.append(f"{title}: {jpeg.failed or png.failed}")
        return
    taken: Taken = jpeg.result
    how = f"all: {taken.whole}" if taken.whole else f"{taken.decoded} packets decoded"
    print(f"\n{title}, {film.stat().st_size / 1e6:.0f} MB, {taken.seconds:.0f} s; {how}\n{HEAD}")
    interval = min((b - a for a, b in zip(taken.times, taken.times[1:], strict=False)), default=1.0) / 30
    for own, kind in ((jpeg, "JPEG"), (png, "PNG")):
        print(f"  {own.name:28}{own.figures}   {'':26}{len(own.result.times)}")
        print(f"  {floor.name:28}{floor.figures}   {ratio(own, floor):6.2f}{'':20}-")
        for row in [plain, *(row for (other, _), row in others.items() if other == kind)]:
            if row.failed:
                print(f"  {row.name:28}failed: {row.failed[:110]}")
                continue
            result = row.result
            pictures = same_pictures(taken.times, result["times"], interval) if isinstance(result, dict) else result
            print(f"  {row.name:28}{row.figures}   {ahead(own, row):26}{pictures}")
    whole = measured(ours(film, PNG, decode_all=True)).result
    equal = sum(a == b for a, b in zip(png.result.digests, whole.digests, strict=False))
    aims.at_least(
        f"{film.stem}, PNG: share that equals whole decoding, bit for bit", equal / max(1, len(whole.digests)), 1
    )
    if not quick:  # Of a few seconds of film, starting processes is the larger part.
        aims.at_least(f"{film.stem}, PNG: naive / ours", ratio(plain, png), 2)
        aims.at_least(f"{film.stem}, JPEG: naive / ours", ratio(plain, jpeg), 3)


def beside_bare(films: dict[str, Path], rounds: int, aims: Aims, *, quick: bool) -> None:
    """Measure the choices of pictures for which there is an aim, on long films."""
    asked = {
        "phone": [(DEFAULT, "one a second", 0.25), (EVERY_10_S, "one every 10 s", 0.1)],
        "recorder": [(DEFAULT, "one a second", 0.6), (EVERY_10_S, "one every 10 s", 0.1), (KEYS, "key pictures", 0.1)],
        "long": [
            (DEFAULT, "one a second", 0.95), (EVERY_10_S, "one every 10 s", 0.1),
            *([] if quick else [(TWELVE, "count of twelve", 0.1)]), (KEYS, "key pictures", 0.1),
        ],
    }  # fmt: skip
    print("\nProcessor time beside ffmpeg -f null of the same film")
    profiled: dict[str, tuple[Row, Row]] = {}
    for name, choices in asked.items():
        film, floor = films[name], Row("bare")
        rows, floors = [Row(what) for _, what, _ in choices], [Row(what) for _, what, _ in choices]
        needed = [only_needed(film, options, film.parent) for options, _, _ in choices]
        for _ in range(rounds):
            run(floor, bare(film))
            for row, least, decode, (options, _, _) in zip(rows, floors, needed, choices, strict=True):
                run(row, ours(film, options))
                run(least, decode)
        profiled[name] = rows[0], floor
        for row, least, (_, what, limit) in zip(rows, floors, choices, strict=True):
            if row.failed:
                aims.missed.append(f"{name}, {what}: {row.failed}")
            else:
                aims.at_most(f"{film.stem}: {what} ({len(row.result.times)})", ratio(row, floor), limit)
                alone = "    of which decoding alone: ffmpeg -f null of the same packets"
                print(f"  {alone:66}{ratio(least, floor):8.3f}")
        plans = [planning(a.result) / b.cpu for a, b in zip(rows[0].rounds, floor.rounds, strict=True) if a and b]
        aims.at_most(f"{film.stem}: listing and planning", statistics.median(plans), 0.03)
    short, short_floor = Row("60 s"), Row("bare")
    for _ in range(rounds):
        run(short, ours(films["short"], DEFAULT))
        run(short_floor, bare(films["short"]))
    long, floor = profiled["long"]
    where_it_goes([(short, short_floor), (long, floor), profiled["phone"], profiled["recorder"]])
    print("\nMemory of one a second, MiB at its highest")
    for row in (short, long):
        parts: dict[str, int] = {}
        for one in row.runs:
            parts = {name: max(size, parts.get(name, 0)) for name, size in one.memory.of.items()}
        told = ", ".join(f"{name} {size / MIB:.0f}" for name, size in parts.items() if name in OURS)
        print(f"  {row.result.seconds:.0f} s: all at the same time {row.peak:.0f}; {told}")
    aims.at_most("memory of the long film / of a minute of it", long.peak / short.peak, 1.1)


def planning(taken: Taken) -> float:
    return taken.stages["inspecting child"] + taken.stages["reading and planning"]


def where_it_goes(films: list[tuple[Row, Row]]) -> None:
    """Print the processor time of each stage, and what a mere start of a process takes."""
    print("\nWhere processor time goes, one a second, JPEG: seconds, and per cent of bare decoding")
    names = [f"{title}, {row.result.seconds:.0f} s" for title, (row, _) in zip(PROFILED, films, strict=True)]
    print(f"  {'':28}" + "".join(f"{name:>20}" for name in names))
    for stage in films[0][0].result.stages:
        cells = []
        for row, floor in films:
            spent = statistics.median(one.result.stages[stage] for one in row.runs)
            cells.append(f"{spent:12.3f} {100 * spent / floor.median('cpu'):5.1f} %")
        print(f"  {stage:28}" + "".join(cells))
    print(f"  {'bare decoding':28}" + "".join(f"{floor.median('cpu'):12.3f} {'':7}" for _, floor in films))
    for name, spent in starts.measured_starts().items():
        print(f"  {name:28}{spent:12.3f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter films, one round: a look, not a figure")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--material", type=Path, default=Path.home() / ".cache" / "fiapx-bench")
    parser.add_argument("--peers-python", default=sys.executable, help="an interpreter that has the other libraries")
    parser.add_argument("--film", type=Path, action="append", default=[], help="one more film of your own")
    return parser.parse_args()


def main() -> int:
    chosen, began, aims = arguments(), time.monotonic(), Aims()
    rounds = chosen.rounds or (1 if chosen.quick else 2)
    folder: Path = chosen.material.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    found = peers(list(dict.fromkeys([chosen.peers_python, sys.executable])))
    print(f"{rounds} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; films in {folder}")
    compileall.compile_dir(Path(__file__).parents[1] / "app", quiet=1)  # As the image has it: children compile nothing.
    films: list[tuple[str, Path]] = [(film.name, film.resolve()) for film in chosen.film]
    for material in materials(quick=chosen.quick):
        try:
            films.append((f"{material.name}{' (real)' if material.real else ''}", material.at(folder)))
        except Missing as why:
            print(f"{material.name}: left out: {why}")
    for title, film in films:
        compare(film, title, found, rounds, aims, quick=chosen.quick)
    long = {name: material.at(folder) for name, material in long_materials(quick=chosen.quick).items()}
    beside_bare(long, rounds, aims, quick=chosen.quick)
    print(f"\n{time.monotonic() - began:.0f} s in all, load {os.getloadavg()[0]:.1f}")
    for line in aims.missed:
        print(f"MISSED: {line}")
    return 1 if aims.missed else 0


if __name__ == "__main__":
    sys.exit(main())
