"""What is measured: our pipeline as a worker runs it, the naive way, and ffmpeg's bare decoding."""

import asyncio
import hashlib
import json
import logging
import resource
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from app.decoding_settings import GIB, DecodingSettings
from app.domain.options import ExtractionOptions
from app.domain.user import UserId
from app.domain.video import ProcessingStatus, VideoProcessing, new_video_id
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.filters import packet_filter
from app.infra.ffmpeg.limits import Limits
from app.infra.files import Files
from app.infra.zip import StoredZip
from app.usecases.generate_zip_file import GenerateZipFile
from bench.film.materials import FFMPEG, QUIET
from bench.film.measuring import cpu

LIMITS = Limits.of(DecodingSettings(extraction_memory_bytes=4 * GIB))
OURS, CHILDREN = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN


@dataclass
class Taken:
    """What one of our runs gave: where each picture was in the film, its digest, and where processor time went."""

    numbers: list[int] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    whole: str | None = None
    decoded: str = ""
    seconds: float = 0.0


def ours(
    film: Path, options: ExtractionOptions, *, decode_all: bool = False, with_storyboard: bool = True
) -> Callable[[Path], Taken]:
    """Inspect, plan, decode, and write ZIP, manifest and storyboard, as a worker does with a downloaded source."""
    extractor = FfmpegFrameExtractor(LIMITS, decode_all=decode_all, with_storyboard=with_storyboard)
    return lambda folder: asyncio.run(_ours(film, options, folder, extractor))


async def _ours(film: Path, options: ExtractionOptions, folder: Path, extractor: FfmpegFrameExtractor) -> Taken:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    taken, marks = Taken(), {"begin": (cpu(OURS), cpu(CHILDREN))}

    generate = GenerateZipFile(Files(lambda key: folder / Path(key).name), StoredZip, 1024**4, 10**9)
    async with extractor.open(film, options) as (media, extraction):
        marks["planned"] = cpu(OURS), cpu(CHILDREN)
        archive = await generate(_video(film, options), media, extraction)
        reading = extraction.reading
    marks["end"] = cpu(OURS), cpu(CHILDREN)
    taken.stages = _stages(marks)
    taken.whole, taken.decoded = reading.whole, f"{reading.packets_decoded} of {reading.packets}"
    taken.seconds = media.duration_seconds or 0.0
    with zipfile.ZipFile(folder / Path(archive.key).name) as stored:
        frames = json.loads(stored.read("manifest.json"))["frames"]
    for frame in frames:
        taken.numbers.append(frame["number"])
        taken.times.append(frame["timeSeconds"])
        taken.digests.append(frame["sha256"])
    return taken


def _stages(marks: dict[str, tuple[float, float]]) -> dict[str, float]:
    begin, planned, end = (marks[name] for name in ("begin", "planned", "end"))
    return {
        "inspecting child": planned[1] - begin[1],
        "reading and planning": planned[0] - begin[0],
        "decoding child": end[1] - planned[1],
        "splitting, ZIP, manifest": end[0] - planned[0],
    }


def _video(film: Path, options: ExtractionOptions) -> VideoProcessing:
    return VideoProcessing(
        id=new_video_id(), owner=UserId("bench"), original_file_name=film.name, size_bytes=film.stat().st_size,
        status=ProcessingStatus.PROCESSING, source_key="source", options=options, attempt=1, version=1000,
        created_at=datetime.now(UTC),
    )  # fmt: skip


def naive(film: Path) -> Callable[[Path], int]:
    """PNG files in a folder, then a deflated ZIP: what most do."""

    def run(folder: Path) -> int:
        frames = folder / "frames"
        frames.mkdir()
        subprocess.run(
            [FFMPEG, *QUIET, "-i", film, "-map", "0:V:0", "-vf", "fps=1", frames / "%06d.png"], check=True
        )  # fmt: skip
        pictures = sorted(frames.iterdir())
        with zipfile.ZipFile(folder / "naive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for picture in pictures:
                archive.write(picture, picture.name)
        return len(pictures)

    return run


def bare(film: Path) -> Callable[[Path], int]:
    """Nothing but ffmpeg's decoder."""

    def run(_folder: Path) -> int:
        subprocess.run(
            [FFMPEG, *QUIET, "-i", film, "-map", "0:V:0", "-f", "null", "-"], check=True, stderr=subprocess.DEVNULL
        )  # fmt: skip
        return 0

    return run


def only_needed(film: Path, options: ExtractionOptions, folder: Path) -> Callable[[Path], int]:
    """Nothing but ffmpeg's decoder on the packets that our plan needs: the floor of whoever has the plan already."""
    text = asyncio.run(_packet_filter(film, options))
    dropped = folder / f"{hashlib.sha256(text.encode()).hexdigest()}.packets"
    dropped.write_text(text)

    def run(_folder: Path) -> int:
        subprocess.run(
            [FFMPEG, *QUIET, "-copyts", "-/bsf:v:0", dropped, "-i", film, "-map", "0:V:0", "-f", "null", "-"],
            check=True, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        return 0

    return run


async def _packet_filter(film: Path, options: ExtractionOptions) -> str:
    async with FfmpegFrameExtractor(LIMITS).open(film, options) as (_, extraction):
        planned = vars(extraction)  # The port tells what was planned, not the plan.
        return packet_filter(planned["_recipe"].film, planned["_planned"]) or "null"


def peer(python: str, name: str, film: Path, image_format: str, until: float) -> Callable[[Path], Any]:
    """Another library, one picture a second, in its own interpreter."""
    script = Path(__file__).with_name("peers.py")

    def run(folder: Path) -> Any:
        command = [python, str(script), name, str(film), image_format, str(folder), "1", str(until)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
        if done.returncode:
            raise RuntimeError((done.stderr.strip() or f"exit code {done.returncode}").splitlines()[-1])
        return json.loads(done.stdout.splitlines()[-1])

    return run
