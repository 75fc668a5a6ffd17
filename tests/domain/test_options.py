import pytest

from app.domain.errors import InvalidInput
from app.domain.manifest import frame_file_name
from app.domain.options import Aspect, Crop, ExtractionOptions, FrameSelection, ImageFormat, SelectionKind


def test_the_default_is_one_frame_a_second_as_jpeg_of_quality_90():
    options = ExtractionOptions()
    assert options.select == FrameSelection(SelectionKind.FRAMES_PER_SECOND, 1.0)
    assert (options.format, options.quality) == (ImageFormat.JPEG, 90)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (SelectionKind.FRAMES_PER_SECOND, 0),
        (SelectionKind.FRAMES_PER_SECOND, 241),
        (SelectionKind.FRAMES_PER_SECOND, float("nan")),
        (SelectionKind.EVERY_SECONDS, 0),
        (SelectionKind.EVERY_NTH_FRAME, 1.5),
        (SelectionKind.COUNT, 0),
        (SelectionKind.SCENE_CHANGE, 1.1),
    ],
)
def test_a_selection_outside_its_range_is_refused_by_its_field(kind: SelectionKind, value: float):
    with pytest.raises(InvalidInput) as refused:
        FrameSelection(kind, value)
    assert refused.value.field == ("options", "select", kind.value)


@pytest.mark.parametrize("times", [(), (2.0, 1.0), (1.0, 1.0), (-1.0,), (float("inf"),)])
def test_timestamps_rise_and_are_real(times: tuple[float, ...]):
    with pytest.raises(InvalidInput):
        FrameSelection(SelectionKind.TIMESTAMPS, 0, times)


@pytest.mark.parametrize(
    "bad",
    [
        {"quality": 0},
        {"quality": 101},
        {"max_width": 0},
        {"max_height": 100_000},
        {"start_seconds": -1.0},
        {"start_seconds": 5.0, "end_seconds": 5.0},
        {"end_seconds": float("inf")},
        {"end_seconds": 1e-9},
        {"distinct": 0.0},
        {"distinct": float("nan")},
        {"min_scene_seconds": 1.0},
        {"sharpest": True, "select": FrameSelection(SelectionKind.KEYFRAMES_ONLY)},
        {"aspect": Aspect.FILL, "max_width": 64},
    ],
)
def test_an_option_outside_its_range_is_refused(bad: dict[str, float]):
    with pytest.raises(InvalidInput):
        ExtractionOptions(**bad)  # type: ignore[arg-type]  # the story is that the value is wrong


@pytest.mark.parametrize(
    "part", [(0, 0, 0, 1), (-0.1, 0, 1, 1), (0.5, 0, 0.6, 1), (0, 0.5, 1, 0.6), (0, 0, float("nan"), 1)]
)
def test_a_part_of_a_picture_lies_within_it(part: tuple[float, float, float, float]):
    with pytest.raises(InvalidInput):
        Crop(*part)
    Crop(0.7, 0.1, 0.3, 0.9)  # In binary more than the whole.


@pytest.mark.parametrize(
    ("index", "seconds", "name"),
    [
        (1, 0.0, "frame_000001_00-00-00.000.jpg"),
        (12, 11.0, "frame_000012_00-00-11.000.jpg"),
        (3661, 3660.9996, "frame_003661_01-01-01.000.jpg"),
        (100_000, 359_999.25, "frame_100000_99-59-59.250.jpg"),
    ],
)
def test_a_picture_is_named_by_its_place_and_its_time(index: int, seconds: float, name: str):
    assert frame_file_name(index, seconds, ImageFormat.JPEG) == name
