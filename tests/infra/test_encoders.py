import pytest

from app.domain.options import ExtractionOptions, ImageFormat
from app.infra.ffmpeg.arguments import encoding, jpeg_scale


def test_the_usual_jpeg_qualities_become_mjpegs_scale():
    assert [jpeg_scale(quality) for quality in (100, 90, 75, 50, 25, 1)] == [1, 2, 5, 10, 19, 31]
    assert all(jpeg_scale(a) >= jpeg_scale(a + 1) for a in range(1, 100))


@pytest.mark.parametrize(
    ("image_format", "expected"),
    [
        (ImageFormat.JPEG, ["-c:v", "mjpeg", "-qmin", "1", "-q:v", "5"]),
        (ImageFormat.PNG, ["-c:v", "png", "-compression_level", "1"]),
        (ImageFormat.WEBP, ["-c:v", "libwebp", "-quality", "75", "-compression_level", "2"]),
    ],
)
def test_each_format_has_its_encoder_and_its_own_scale_of_quality(image_format: ImageFormat, expected: list[str]):
    assert encoding(ExtractionOptions(format=image_format, quality=75)) == expected
