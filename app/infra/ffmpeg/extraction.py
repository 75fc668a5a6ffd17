"""One run of the decoder: its pictures, their instants, and the judgement at its end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final, final

from app.domain.errors import ProcessingError
from app.domain.failure import FailureCode
from app.domain.options import ImageFormat
from app.domain.video import Progress
from app.infra.ffmpeg.child import PIPE_BYTES, Child, Patience
from app.infra.ffmpeg.judge import LOG_BYTES, complaints, judge
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.selection import Part
from app.infra.ffmpeg.split import BrokenStream, Splitter
from app.usecases.ports import Frame

_SHEET_BYTES: Final = 16 * 1024 * 1024
_LAST_WORDS_SECONDS: Final = 1.0
_BYTES_PER_PIXEL: Final = 9  # Four channels of 16 bits, and what PNG adds.
_BYTES_BESIDE: Final = 65_536
_ALMOST: Final = 99.0
_NO_TIME: Final = 2**62  # AV_NOPTS_VALUE, -2**63, and its opposite lie beyond.


@final
class FfmpegExtraction:
    """The port's ``Extraction``; to be iterated once.

    Holds one picture and what the pipes hold: the decoder stands still while its consumer does.
    """

    def __init__(
        self,
        child: Child,
        image_format: ImageFormat,
        part: Part,
        expected: int | None,
        limits: Limits,
        patience: Patience,
    ) -> None:
        self._child = child
        self._pictures, self._instants, sheet = child.outputs
        self._splitter = Splitter(image_format, limits.max_pixels * _BYTES_PER_PIXEL + _BYTES_BESIDE)
        self._part = part
        self._limits = limits
        self._patience = patience
        self._progress = Progress(frames_expected=expected)
        self._sheet: bytes | None = None
        self._log_task = asyncio.create_task(_listen(child))
        self._sheet_task = asyncio.create_task(_whole(sheet, _SHEET_BYTES))

    @property
    def progress(self) -> Progress:
        return self._progress

    @property
    def contact_sheet(self) -> bytes | None:
        return self._sheet

    def __aiter__(self) -> AsyncIterator[Frame]:
        return self._frames()

    async def stop_listening(self) -> None:
        """End the tasks that read the lesser pipes."""
        for task in (self._log_task, self._sheet_task):
            task.cancel()
        await asyncio.gather(self._log_task, self._sheet_task, return_exceptions=True)

    async def _frames(self) -> AsyncIterator[Frame]:
        index = 0
        try:
            while piece := await self._patience.wait(self._pictures.read(PIPE_BYTES)):
                for picture in self._splitter.feed(piece):
                    index += 1
                    yield await self._frame(index, picture)
        except BrokenStream:
            self._child.kill()
            raise RuntimeError("ffmpeg's pictures could not be told apart") from None
        await self._judge(index)

    async def _frame(self, index: int, picture: bytes) -> Frame:
        if index > self._limits.max_frames:
            raise ProcessingError(FailureCode.TOO_MANY_FRAMES)
        # ffmpeg writes a frame's line before it encodes the frame.
        ticks, base, shown = (await self._patience.wait(self._instants.readline())).split()
        numerator, _, denominator = base.partition(b"/")
        at = float(shown)  # On the grid; the true instant is that of the source's frame, where it is known.
        since_start = int(ticks) * int(numerator) / int(denominator) if abs(int(ticks)) < _NO_TIME else at
        time = self._part.start + since_start
        if max(time, self._part.start + at) > self._limits.max_duration_seconds:
            raise ProcessingError(FailureCode.TOO_LONG)
        part = self._part.seconds
        percent = min(_ALMOST, max(self._progress.percent, 100 * at / part)) if part else 0.0
        self._progress = Progress(percent, index, self._progress.frames_expected)
        return Frame(index, max(0.0, round(time, 6)), picture)

    async def _judge(self, count: int) -> None:
        exit_code = await self._patience.wait(self._child.ended())
        judge(exit_code, await self._patience.wait(self._log_task), killed=self._child.killed)
        if self._splitter.rest:
            raise ProcessingError(FailureCode.CORRUPT_VIDEO)
        if count == 0:
            raise ProcessingError(FailureCode.NO_FRAMES)
        self._sheet = await self._patience.wait(self._sheet_task)
        self._progress = Progress(100.0, count, self._progress.frames_expected)


async def _listen(child: Child) -> bytes:
    """Keep what the child complains of, and end it then: whatever follows cannot make the video whole again."""
    said = bytearray()
    while piece := await child.log.read(LOG_BYTES):
        said += piece
        if complaints(bytes(said)):
            break
        del said[: said.rfind(b"\n") + 1]  # What is harmless need not be kept.
    if said:
        with suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):  # The next lines often tell the cause.
                while len(said) < LOG_BYTES and (piece := await child.log.read(LOG_BYTES)):
                    said += piece
        child.kill()
    return bytes(said)


async def _whole(reader: asyncio.StreamReader, most: int) -> bytes | None:
    """Read to the end; None where there is nothing or more than ``most`` bytes."""
    data = bytearray()
    size = 0
    while piece := await reader.read(PIPE_BYTES):
        size += len(piece)
        if size <= most:
            data += piece
    return bytes(data) if 0 < size <= most else None
