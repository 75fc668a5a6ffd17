"""Frames into a ZIP: our pipeline beside the naive one and beside ffmpeg's bare decode, on one real film, in one run.

    python -m bench.frames [film] [rounds]

CPU is user + system of Python and ffmpeg together; each ratio is taken within a round, and the median is printed.
Without a film it takes Big Buck Bunny (720p, H.264) from the samples, twelve times in a row.
"""

import asyncio
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import imageio_ffmpeg

from app.domain.options import ExtractionOptions, ImageFormat
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.infra.zip import StoredZip

FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
QUIET = ["-nostdin", "-hide_banner", "-v", "error", "-y"]
LIMITS = Limits(6 * 3600, 100_000, 35_651_584, 6 * 3600, 4 * 1024**3)
MIB = 1024**2


def naive(film: Path, folder: Path) -> int:
    """PNG files in a folder, then a deflated ZIP: what most do."""
    frames = folder / "frames"
    frames.mkdir()
    subprocess.run([FFMPEG, *QUIET, "-i", film, "-vf", "fps=1", frames / "%06d.png"], check=True)
    with zipfile.ZipFile(folder / "naive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for picture in sorted(frames.iterdir()):
            archive.write(picture, picture.name)
    return len(list(frames.iterdir()))


def decode(film: Path, _folder: Path) -> int:
    """Nothing but ffmpeg's decoder: the floor."""
    subprocess.run([FFMPEG, *QUIET, "-i", film, "-map", "0:V:0", "-f", "null", "-"], check=True)
    return 0


def pipeline(image_format: ImageFormat) -> Callable[[Path, Path], int]:
    """Probe, decode over a pipe, store into a ZIP, with the contact sheet."""

    async def run(film: Path, folder: Path) -> int:
        extractor = FfmpegFrameExtractor(LIMITS)
        media = await extractor.probe(film)
        archive = StoredZip()
        options = ExtractionOptions(format=image_format)
        count = 0
        with (folder / "ours.zip").open("wb") as sink:
            async with extractor.extract(film, media, options) as frames:
                async for frame in frames:
                    count += 1
                    name = f"frame_{frame.index:06}.{image_format.extension}"
                    sink.writelines(archive.entry(name, frame.data, datetime.now(UTC)))
            sink.writelines(archive.end())
        return count

    return lambda film, folder: asyncio.run(run(film, folder))


def cpu() -> float:
    return sum(
        used.ru_utime + used.ru_stime
        for used in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def measured(run: Callable[[Path, Path], int], film: Path) -> tuple[float, float, int, int]:
    """Give wall and CPU seconds, frames, and the bytes of the ZIP."""
    folder = Path(tempfile.mkdtemp(prefix="frames-"))
    try:
        wall, spent = time.perf_counter(), cpu()
        count = run(film, folder)
        wall, spent = time.perf_counter() - wall, cpu() - spent
        return wall, spent, count, sum(path.stat().st_size for path in folder.glob("*.zip"))
    finally:
        shutil.rmtree(folder)


def long_film(folder: Path) -> Path:
    clip = Path(__file__).resolve().parents[1] / ".samples" / "bigbuckbunny.mp4"
    film = folder / "film.mp4"
    subprocess.run([FFMPEG, *QUIET, "-stream_loop", "11", "-i", clip, "-map", "0:V:0", "-c", "copy", film], check=True)
    return film


def main() -> None:
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    runs = {
        "naive PNG + deflate": naive,
        "ours PNG": pipeline(ImageFormat.PNG),
        "ours JPEG 90 (default)": pipeline(ImageFormat.JPEG),
        "ours WEBP 90": pipeline(ImageFormat.WEBP),
        "bare decode": decode,
    }
    figures: dict[str, list[tuple[float, float, int, int]]] = {name: [] for name in runs}
    with tempfile.TemporaryDirectory(prefix="frames-") as folder:
        film = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else long_film(Path(folder))
        print(f"{film.name}, {film.stat().st_size / MIB:.1f} MiB; {rounds} rounds, load {os.getloadavg()[0]:.1f}")
        for _ in range(rounds):
            for name, run in runs.items():
                figures[name].append(measured(run, film))
    print(
        f"{'':24}{'wall s':>8}{'CPU s':>8}{'frames':>8}{'ZIP MiB':>9}{'x naive (CPU, wall)':>22}{'x decode (CPU)':>16}"
    )
    for name, found in figures.items():
        wall, spent = (statistics.median(figure[n] for figure in found) for n in (0, 1))
        gain = [
            statistics.median(a[n] / b[n] for a, b in zip(figures["naive PNG + deflate"], found, strict=True))
            for n in (1, 0)
        ]
        floor = statistics.median(b[1] / a[1] for a, b in zip(figures["bare decode"], found, strict=True))
        count, size = found[0][2], found[0][3] / MIB
        print(f"{name:24}{wall:8.2f}{spent:8.2f}{count:8}{size:9.1f}{gain[0]:13.2f}, {gain[1]:.2f}{floor:17.2f}")
    for who, what in (("this Python", resource.RUSAGE_SELF), ("largest ffmpeg", resource.RUSAGE_CHILDREN)):
        print(f"peak memory of {who}: {resource.getrusage(what).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
