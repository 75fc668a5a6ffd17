from fractions import Fraction

import pytest

from app.domain.options import MAX_TIMESTAMPS, ExtractionOptions, FrameSelection, SelectionKind
from app.infra.ffmpeg.extractor import FfmpegFrameExtractor
from app.infra.ffmpeg.limits import Limits
from app.infra.ffmpeg.selection import rate

LIMITS = Limits(
    max_duration_seconds=600, max_frames=1000, max_pixels=35_651_584, timeout_seconds=60, memory_bytes=4 * 1024**3
)


@pytest.mark.parametrize("seconds", [1 / 240, 0.3, 1, 15_000, 20_000, 86_400])
def test_an_interval_is_exact_however_long_it_is(seconds: float):
    assert rate(FrameSelection(SelectionKind.EVERY_SECONDS, seconds)) == pytest.approx(Fraction(1) / Fraction(seconds))


async def test_as_many_times_may_be_named_as_the_options_allow(samples, tmp_path):
    source = tmp_path / "source"
    source.write_bytes((samples / "bikes.mp4").read_bytes())
    times = tuple(n * 0.019 for n in range(MAX_TIMESTAMPS))  # Half a frame apart: each frame of it is named.
    options = ExtractionOptions(FrameSelection(SelectionKind.TIMESTAMPS, 0, times), max_width=64)
    extractor = FfmpegFrameExtractor(LIMITS)
    async with extractor.extract(source, await extractor.probe(source), options) as extraction:
        found = [frame.time_seconds async for frame in extraction]
    assert len(found) > 200
    assert found == sorted(found)
