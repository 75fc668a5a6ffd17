"""The port ``FramesRenderer``: pictures are made small, then put together, each by a confined child.

What a child is given was encoded by one of ours before, but it lay in a storage that others may write to.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.frame import ArchivedFrame
from app.domain.frames_export import ExportKind
from app.domain.manifest import clock_time
from app.domain.options import ImageFormat
from app.domain.video import VideoProcessing
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import PIPE_BYTES, Child, child
from app.infra.ffmpeg.ending import broken_by, fault_of
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.look import ON_WHITE
from app.infra.ffmpeg.program import program
from app.infra.ffmpeg.split import BrokenStream, Splitter, picture_size
from app.infra.pdf import Tile, contact_sheet
from app.usecases.ports.frames_exports import ChosenPicture
from app.usecases.ports.workspaces import Workspaces

_SECONDS: Final = 600.0
_QUIET_SECONDS: Final = 60.0
_PREVIEW_SECONDS: Final = 6.0
_LONGEST_DELAY: Final = 50
"""Hundredths of a second, in which GIF counts: of a few pictures each is shown no longer."""
_SIDES: Final = {ExportKind.PREVIEW_WEBP: 480, ExportKind.PREVIEW_GIF: 320, ExportKind.CONTACT_SHEET_PDF: 400}
"""Pixels of the longer side; a sheet's picture is 1.7 inches wide."""
_AT_ONCE_BYTES: Final = 32 * 1024 * 1024
"""So much of the pictures is in memory together, and at least one of them."""
_SMALL_BYTES: Final = 4 * 1024 * 1024
_MOST_BYTES: Final = 64 * 1024 * 1024
"""What nobody would wait for in a browser."""
_DEMUXER: Final = {ImageFormat.JPEG: "jpeg_pipe", ImageFormat.PNG: "png_pipe", ImageFormat.WEBP: "webp_pipe"}
_DECODER: Final = {ImageFormat.JPEG: "mjpeg", ImageFormat.PNG: "png", ImageFormat.WEBP: "webp"}
_INPUT: Final = "the pipe of the pictures"
"""What stands in a command for a number that is not known yet."""
_TOO_LARGE: Final = "This would be too large; choose fewer pictures."
_BIT_EXACT: Final = ("-flags:v", "+bitexact", "-fflags", "+bitexact")


@dataclass(frozen=True, slots=True)
class _Small:
    """A picture made small: a JPEG, of so many pixels."""

    frame: ArchivedFrame
    jpeg: bytes
    size: tuple[int, int]


@final
@dataclass(frozen=True, slots=True)
class FfmpegFramesRenderer:
    """See the port. An animation lasts as long as so many pictures need, each half a second at most, 6 s in all."""

    limits: Limits
    executable: str | None
    """The one that imageio-ffmpeg brings where it is None."""
    workspaces: Workspaces

    async def __call__(self, kind: ExportKind, video: VideoProcessing, pictures: AsyncIterator[ChosenPicture]) -> bytes:
        budget = TimeBudget(_SECONDS, _QUIET_SECONDS)
        async with self.workspaces.directory() as directory:
            run = _Run(self.limits, self.executable or program(), directory, budget)
            small = [one async for one in run.small(video.options.format, _SIDES[kind], pictures)]
            if kind is not ExportKind.CONTACT_SHEET_PDF:
                return await run.animation(kind, small)
        return await asyncio.to_thread(_sheet, video, small)


@final
@dataclass(frozen=True, slots=True)
class _Run:
    """The children of one export."""

    limits: Limits
    executable: str
    directory: Path
    budget: TimeBudget

    async def small(
        self, image_format: ImageFormat, side: int, pictures: AsyncIterator[ChosenPicture]
    ) -> AsyncIterator[_Small]:
        """Yield a small JPEG of each, on white where it is transparent."""
        waiting, size = list[ChosenPicture](), 0
        async for picture in pictures:
            if waiting and size + len(picture.data) > _AT_ONCE_BYTES:
                for made in await self._shrunk(image_format, side, waiting):
                    yield made
                waiting, size = [], 0
            waiting.append(picture)
            size += len(picture.data)
        for made in await self._shrunk(image_format, side, waiting):
            yield made

    async def _shrunk(self, image_format: ImageFormat, side: int, some: Sequence[ChosenPicture]) -> list[_Small]:
        """Shrink pictures that fit into memory together, by one child.

        :raises ProcessingError: where they do not become as many
        """
        over_white = "" if image_format is ImageFormat.JPEG else f"{ON_WHITE},"
        # Where the film's size changes on the way, so does that of what is scaled.
        fitted = f"scale='min({side},iw)':'min({side},ih)':force_original_aspect_ratio=decrease:out_range=full"
        command = [
            *_quietly(self.limits, _DEMUXER[image_format], _DECODER[image_format]),
            "-vf", f"{over_white}{fitted}:out_color_matrix=bt601,format=yuvj420p,setsar=1",
            "-fps_mode", "passthrough", "-c:v", "mjpeg", "-q:v", "3", *_BIT_EXACT, "-f", "mpjpeg",
        ]  # fmt: skip
        splitter, made = Splitter(ImageFormat.JPEG, _SMALL_BYTES), list[bytes]()
        async with self._child(command, b"".join(one.data for one in some)) as running:
            try:
                while piece := await self.budget.wait(running.outputs[0].read(PIPE_BYTES)):
                    made += splitter.feed(piece)
                sizes = [picture_size(ImageFormat.JPEG, jpeg) for jpeg in made]
            except BrokenStream as nonsense:
                running.kill()
                raise broken_by(nonsense) from None
            await self._well_ended(running)
        if len(made) != len(some):
            raise ProcessingError(FailureCode.CORRUPT_VIDEO)
        return [_Small(one.frame, jpeg, size) for one, jpeg, size in zip(some, made, sizes, strict=True)]

    async def animation(self, kind: ExportKind, small: Sequence[_Small]) -> bytes:
        """Put small pictures one after the other; all as large as the first, into which others are fitted."""
        width, height = (side + side % 2 for side in small[0].size)
        delay = min(_LONGEST_DELAY, int(_PREVIEW_SECONDS * 100) // len(small))
        fitted = f"scale={width}:{height}:force_original_aspect_ratio=decrease,pad={width}:{height}:-1:-1:eval=frame"
        if kind is ExportKind.PREVIEW_GIF:
            graph = f"{fitted},split[a][b];[a]palettegen[colours];[b][colours]paletteuse=dither=bayer:bayer_scale=4"
            encoded = ["-c:v", "gif", "-final_delay", str(delay), "-f", "gif"]
        else:
            graph = f"{fitted},format=yuv420p"
            encoded = ["-c:v", "libwebp_anim", "-quality", "75", "-compression_level", "4", "-f", "webp"]
        command = [
            *_quietly(self.limits, "jpeg_pipe", "mjpeg", "-framerate", f"100/{delay}"),
            "-vf", graph, "-fps_mode", "passthrough", *_BIT_EXACT, *encoded[:-2], "-loop", "0", *encoded[-2:],
        ]  # fmt: skip
        made = bytearray()
        async with self._child(command, b"".join(one.jpeg for one in small)) as running:
            while piece := await self.budget.wait(running.outputs[0].read(PIPE_BYTES)):
                made += piece
                if len(made) > _MOST_BYTES:
                    raise ProcessingError(FailureCode.OUTPUT_TOO_LARGE, _TOO_LARGE)
            await self._well_ended(running)
        return bytes(made)

    def _child(self, command: Sequence[str], data: bytes) -> AbstractAsyncContextManager[Child]:
        return child(
            lambda outputs, inputs: [
                self.executable,
                *(f"pipe:{inputs[0]}" if one is _INPUT else one for one in command),
                f"pipe:{outputs[0]}",
            ],
            outputs=1,
            inputs=[data],
            readable=[],
            limits=self.limits.of_child(_SECONDS),
            budget=self.budget,
            directory=self.directory,
        )

    async def _well_ended(self, running: Child) -> None:
        if (fault := await fault_of(running, self.budget)) is not None:
            raise fault


def _quietly(limits: Limits, demuxer: str, codec: str, *of_the_input: str) -> list[str]:
    """Read pictures of one kind, one after the other, out of a pipe."""
    return [
        "-nostdin", "-hide_banner", "-nostats", "-v", "error", "-protocol_whitelist", "pipe",
        "-format_whitelist", demuxer, "-codec_whitelist", codec, "-max_pixels", str(limits.settings.max_pixels),
        "-threads", str(limits.settings.ffmpeg_threads), "-xerror", "-reinit_filter", "0",
        *of_the_input, "-f", demuxer, "-i", _INPUT,
    ]  # fmt: skip


def _sheet(video: VideoProcessing, small: Sequence[_Small]) -> bytes:
    """Lay them out, each with its place in the ZIP and its time."""
    of = video.archive.frame_count if video.archive else len(small)
    tiles = [
        Tile(one.jpeg, *one.size, f"{one.frame.index}   {clock_time(one.frame.name_milliseconds)}") for one in small
    ]
    return contact_sheet(video.original_file_name, f"{len(small)} / {of}", tiles)
