"""The decoder: one ffmpeg child for each video."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions
from app.domain.video import MediaInfo
from app.infra.ffmpeg import arguments
from app.infra.ffmpeg.child import Patience, child
from app.infra.ffmpeg.extraction import FfmpegExtraction
from app.infra.ffmpeg.judge import judge_opening
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.probe import is_turned, read_description
from app.infra.ffmpeg.selection import NEEDS_THE_END, Part, expected_frames
from app.infra.traces import span

_PROBE_SECONDS: Final = 60.0
_DESCRIPTION_BYTES: Final = 1024 * 1024
_TIME_BASE: Final = b"#tb 0: "


@final
@dataclass(frozen=True)
class FfmpegFrameExtractor:
    """``FrameExtractor`` on the ffmpeg that imageio-ffmpeg brings.

    Works in the source's own directory, which must be private to it, and writes nothing there.
    """

    limits: Limits
    executable: str | None = None

    async def probe(self, source: Path) -> MediaInfo:
        """Describe the video; reads the whole file, without decoding, only where its header tells no duration.

        :raises ProcessingError: where it cannot be processed, with the reason
        :raises OSError: where the machine is to blame
        """
        with span("probe video"):
            return await self._probed(source)

    async def _probed(self, source: Path) -> MediaInfo:
        source = await asyncio.to_thread(source.resolve, strict=True)
        said = await self._described(source, Patience(min(_PROBE_SECONDS, self.limits.timeout_seconds)))
        media = read_description(said, source, self.limits.max_pixels)
        if media.duration_seconds is None:
            media = replace(media, duration_seconds=await self._measured(source, Patience(self.limits.timeout_seconds)))
        if (media.duration_seconds or 0.0) > self.limits.max_duration_seconds:
            raise ProcessingError(FailureCode.TOO_LONG)
        return media

    @asynccontextmanager
    async def extract(
        self, source: Path, media: MediaInfo, options: ExtractionOptions
    ) -> AsyncIterator[FfmpegExtraction]:
        """Start to decode; see the port.

        :raises ProcessingError: also here, where it is clear beforehand that the video cannot give these frames
        :raises OSError: where the machine is to blame
        """
        source = await asyncio.to_thread(source.resolve, strict=True)
        patience = Patience(self.limits.timeout_seconds)
        if options.select.kind in NEEDS_THE_END:
            media = replace(media, duration_seconds=await self._measured(source, patience) or media.duration_seconds)
        part = Part.of(options, media.duration_seconds)
        if part.start and part.seconds is not None and part.seconds <= 0:
            raise ProcessingError(FailureCode.NO_FRAMES, "The chosen start is later than the end of this video.")
        expected = expected_frames(options.select, part, media)
        if expected is not None and expected > self.limits.max_frames:
            raise ProcessingError(FailureCode.TOO_MANY_FRAMES)
        turned = is_turned(await self._described(source, patience))
        async with child(
            lambda pipes: [
                self._program(),
                *arguments.extracting(source, media, options, part, self.limits, pipes, turned=turned),
            ],
            outputs=3,
            directory=source.parent,
            memory_bytes=self.limits.memory_bytes,
        ) as running:
            extraction = FfmpegExtraction(running, options.format, part, expected, self.limits, patience)
            try:
                yield extraction
            finally:
                await extraction.stop_listening()

    def _program(self) -> str:
        if self.executable is not None:
            return self.executable
        # Here, because the API is composed with a decoder too, but its image has none.
        import imageio_ffmpeg  # noqa: PLC0415

        return str(imageio_ffmpeg.get_ffmpeg_exe())

    async def _described(self, source: Path, patience: Patience) -> str:
        """Give what ``ffmpeg -i`` prints of the file."""
        async with child(
            lambda _: [self._program(), *arguments.probing(source, self.limits)],
            outputs=0,
            directory=source.parent,
            memory_bytes=self.limits.memory_bytes,
        ) as running:
            said = bytearray()
            while len(said) < _DESCRIPTION_BYTES and (piece := await patience.wait(running.log.read(65536))):
                said += piece
            if len(said) < _DESCRIPTION_BYTES:
                judge_opening(await patience.wait(running.ended()), bytes(said))
        return said.decode(errors="replace")

    async def _measured(self, source: Path, patience: Patience) -> float | None:
        """Give the instant at which the picture ends, or None where not even the packets tell."""
        end = 0
        unit = Fraction(1)
        async with child(
            lambda pipes: [self._program(), *arguments.measuring(source, self.limits, pipes[0])],
            outputs=1,
            directory=source.parent,
            memory_bytes=self.limits.memory_bytes,
        ) as running:
            while line := await patience.wait(running.outputs[0].readline()):
                if line.startswith(_TIME_BASE):
                    unit = Fraction(line.removeprefix(_TIME_BASE).decode().strip())
                elif not line.startswith(b"#"):
                    _, _, shown, lasts, *_ = line.split(b",")
                    end = max(end, int(shown) + int(lasts))  # Not in order where there are B-frames.
            await patience.wait(running.ended())
        return float(end * unit) or None
