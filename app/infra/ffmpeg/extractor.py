"""The port's decoder: inspects a file, plans its pictures, and decodes just those, each in a confined child."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

import structlog

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.film import Film
from app.domain.options import ExtractionOptions
from app.domain.plan import Plan, needs_survey, plan, without_dropping
from app.domain.presentation import Presentation, present
from app.domain.video import MediaInfo
from app.infra.container_structure import structure_of
from app.infra.containers.reading import Range, Structure
from app.infra.ffmpeg.asking import Asking
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import child
from app.infra.ffmpeg.confinement import python_paths
from app.infra.ffmpeg.ending import fault_of
from app.infra.ffmpeg.extraction import FfmpegExtraction
from app.infra.ffmpeg.feasibility import by_exact_times, refuse_too_much, settled
from app.infra.ffmpeg.inspection import BrokenInspection, Inspected, read_inspection
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.look import displayed_size
from app.infra.ffmpeg.program import program
from app.infra.ffmpeg.recipe import Recipe
from app.infra.ffmpeg.validation import validated_film
from app.infra.traces import span

log = structlog.get_logger(__name__)

_INSPECTOR: Final = str(Path(__file__).with_name("inspect_child.py"))


def _structure(source: Path) -> Structure | None:
    with source.open("rb", buffering=0) as file:
        return structure_of(file)


@final
@dataclass(frozen=True)
class FfmpegFrameExtractor:
    """``FrameExtractor`` on PyAV, which inspects, and on the ffmpeg that imageio-ffmpeg brings, which decodes.

    Works in the source's own directory, which must be private to it, and writes nothing there.
    """

    limits: Limits
    executable: str | None = None
    decode_all: bool = False
    """Whether all packets of every film are decoded, to compare with what the plan's alone give."""
    with_storyboard: bool = True
    """Whether one is made."""

    @asynccontextmanager
    async def open(self, source: Path, options: ExtractionOptions) -> AsyncIterator[tuple[MediaInfo, FfmpegExtraction]]:
        """Inspect, plan and start to decode; see the port.

        :raises ProcessingError: also here, where it is clear beforehand that the video cannot give these pictures
        :raises OSError: where the machine is to blame
        """
        source = await asyncio.to_thread(source.absolute)  # A link's own directory is private, not the film's.
        with span("inspect video"):
            structure = await asyncio.to_thread(_structure, source)
            found = await self._inspect(source, structure.damage if structure is not None else ())
            film, shown = await asyncio.to_thread(self._film, structure, found)
        recipe = Recipe(self.executable or program(), source, film, options, self.limits)
        planned = await asyncio.to_thread(self._plan, film, shown, options, found.distrust)
        length = shown.seconds(shown.end)
        media = MediaInfo(length, *displayed_size(film.look), film.stream.codec, film.frames_per_second)
        del shown  # Planned extractions need it no more, and it takes 16 bytes for each picture.
        budget = TimeBudget(self.limits.decoding_seconds(length), self.limits.settings.stall_seconds)
        extraction = FfmpegExtraction(recipe, planned, budget, with_storyboard=self.with_storyboard)
        # A consumer may leave its loop early, and nobody else would end the decoder before memory is tidied.
        async with aclosing(extraction.frames):
            yield media, extraction

    def _film(self, structure: Structure | None, found: Inspected) -> tuple[Film, Presentation]:
        """Return the film that was found, and its pictures.

        :raises ProcessingError: where there is none, where it is longer than is allowed, or has no picture
        """
        film = validated_film(structure, found, self.limits.settings.max_pixels)
        shown = present(film)
        if shown.seconds(shown.end) > self.limits.settings.max_duration_seconds:
            if film.losses:
                raise ProcessingError(FailureCode.CORRUPT_VIDEO)  # Times of what is no packet may be any.
            raise ProcessingError(FailureCode.TOO_LONG)
        return film, shown

    def _plan(self, film: Film, shown: Presentation, options: ExtractionOptions, distrust: str | None) -> Plan | Asking:
        """Return the plan, or what makes it where the decoder must be asked first.

        :raises ProcessingError: where nothing can be taken, or too much
        """
        most = self.limits.settings.max_frames_per_video
        pixels = self.limits.settings.max_decoded_pixels
        if needs_survey(film, options):
            refuse_too_much(film, None, pixels)
            return Asking(shown, distrust, self.decode_all)
        if options.is_culled:
            return Asking(shown, distrust, self.decode_all)
        chosen = plan(film, options, most=most, shown=shown)
        planned = by_exact_times(settled(chosen, film, distrust), film)
        refuse_too_much(film, planned, pixels)
        return without_dropping(planned, "all is decoded to compare") if self.decode_all else planned

    async def _inspect(self, source: Path, damage: Sequence[Range]) -> Inspected:
        size = (await asyncio.to_thread(source.stat)).st_size
        seconds = self.limits.inspecting_seconds(size)
        budget = TimeBudget(seconds, self.limits.settings.stall_seconds)
        async with child(
            lambda outputs, _: [
                sys.executable,
                "-I",
                "-B",
                _INSPECTOR,
                str(source),
                str(self.limits.settings.max_pixels),
                str(outputs[0]),
                ",".join(f"{start}-{stop}" for start, stop in damage),
            ],
            outputs=1,
            readable=[source, *python_paths()],
            directory=source.parent,
            limits=self.limits.of_child(seconds),
            budget=budget,
        ) as running:
            try:
                return await read_inspection(running.outputs[0], budget, self.limits.max_packets)
            except BrokenInspection as error:
                log.warning("the inspection broke", error=str(error))
                raise await fault_of(running, budget) or ProcessingError(FailureCode.CORRUPT_VIDEO) from None
