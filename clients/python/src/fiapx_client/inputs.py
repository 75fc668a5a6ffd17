"""The schema's input types and enums, as mappings and words: their names are those of ``schema.graphql``."""

from collections.abc import Sequence
from typing import Literal, TypedDict

ImageFormat = Literal["JPEG", "PNG", "WEBP"]
"""The format of the pictures in the ZIP."""

Aspect = Literal["FIT", "FILL", "EXACT"]
"""What becomes of a picture whose shape is not that of maxWidth and maxHeight."""

ProcessingStatus = Literal["PENDING", "PROCESSING", "COMPLETED", "FAILED"]
"""The states of a processing; the last two are final."""

ImportStatus = Literal["WAITING", "FETCHING", "IMPORTED", "FAILED"]
"""The states of an import; the last two are final."""

BatchStatus = Literal["EMPTY", "PROCESSING", "COMPLETED", "PARTLY_FAILED", "FAILED"]
"""How the videos of a batch stand together; more of them may join it at any time."""

Scope = Literal["READ", "UPLOAD", "DELETE"]
"""What a key for programs may do."""


class FrameSelection(TypedDict, total=False):
    """Which frames to take (``FrameSelectionInput``); exactly one field."""

    framesPerSecond: float
    everySeconds: float
    everyNthFrame: int
    count: int
    timestamps: Sequence[float]
    keyframesOnly: bool
    sceneChange: float


class Crop(TypedDict):
    """The part of a picture that is taken, as shares of it (``CropInput``)."""

    left: float
    top: float
    width: float
    height: float


class ExtractionOptions(TypedDict, total=False):
    """How the frames are taken and stored (``ExtractionOptionsInput``).

    What is left out is one frame a second, JPEG of quality 90, no scaling, the whole video.
    """

    select: FrameSelection | None
    format: ImageFormat | None
    quality: int | None
    maxWidth: int | None
    maxHeight: int | None
    startSeconds: float | None
    endSeconds: float | None
    distinct: float | None
    sharpest: bool | None
    skipBlack: bool | None
    minSceneSeconds: float | None
    aspect: Aspect | None
    crop: Crop | None
