"""What clients send."""

from typing import Any

import strawberry
from strawberry.scalars import Base64

from app.domain import options
from app.domain.errors import InvalidInput
from app.domain.options import SelectionKind
from app.domain.places import MOST_RUNS, Places
from app.domain.staged_upload import HEAD_BYTES
from app.graphql.enums import Aspect, ExportKind, ImageFormat, Locale
from app.graphql.scalars import BigInt
from app.usecases.notifications import Keep, SettingsChange
from app.usecases.several_videos import MOST_AT_ONCE


def _left_out(description: str) -> Any:
    """Return a field of which it is known whether it was sent at all."""
    return strawberry.field(default=strawberry.UNSET, description=description)


def _optional(description: str) -> Any:
    return strawberry.field(default=None, description=description)


@strawberry.input(one_of=True, description="Which frames to take; exactly one field.")
class FrameSelectionInput:
    """One way of choosing frames."""

    frames_per_second: float | None = _left_out("Frames for each second of video, 0.001 to 240.")
    every_seconds: float | None = _left_out("One frame every so many seconds.")
    every_nth_frame: int | None = _left_out("Every n-th frame of the video; 1 takes all.")
    count: int | None = _left_out("So many frames, evenly spread.")
    timestamps: list[float] | None = _left_out("At these times, in seconds from the start.")
    keyframes_only: bool | None = _left_out("Only the frames that are coded whole: by far the fastest.")
    scene_change: float | None = _left_out("Where the picture changes by more than this share, 0 to 1.")

    def to_domain(self) -> options.FrameSelection:
        """Return what was chosen; raises ``InvalidInput`` where it is out of range."""
        kind = next(kind for kind in SelectionKind if vars(self)[kind.name.lower()] not in (None, strawberry.UNSET))
        value = vars(self)[kind.name.lower()]
        match kind:
            case SelectionKind.TIMESTAMPS:
                return options.FrameSelection(kind, 0.0, tuple(value))
            case SelectionKind.KEYFRAMES_ONLY:
                if not value:
                    raise InvalidInput("This can only be true.", field=("options", "select", "keyframesOnly"))
                return options.FrameSelection(kind, 0.0)
            case _:
                return options.FrameSelection(kind, float(value))


@strawberry.input(description="The part of a picture that is taken, as shares of it as it is shown, 0 to 1.")
class CropInput:
    """As ``app.domain.options.Crop``."""

    left: float = strawberry.field(description="Where it begins, from the left.")
    top: float = strawberry.field(description="Where it begins, from the top.")
    width: float = strawberry.field(description="How wide it is.")
    height: float = strawberry.field(description="How high it is.")

    def to_domain(self) -> options.Crop:
        """Return the part; raises ``InvalidInput`` where it is none."""
        return options.Crop(**vars(self))


@strawberry.input(
    description="How the frames are taken and stored; what is left out is one frame a second, JPEG of quality 90, "
    "no scaling, the whole video."
)
class ExtractionOptionsInput:
    """As ``app.domain.options.ExtractionOptions``."""

    select: FrameSelectionInput | None = _optional("Which frames to take.")
    format: ImageFormat | None = _optional("The format of the pictures.")
    quality: int | None = _optional("1 (smallest) to 100 (best); JPEG and WEBP.")
    max_width: int | None = _optional("Pixels. The picture is scaled down, never up, to fit; its shape is kept.")
    max_height: int | None = _optional("Pixels. The picture is scaled down, never up, to fit; its shape is kept.")
    start_seconds: float | None = _optional("Only the part of the video from here ...")
    end_seconds: float | None = _optional("... to here.")
    distinct: float | None = _optional(
        "Leave out a picture of which less than this share, 0.001 to 1, has changed since the last one that was kept."
    )
    sharpest: bool | None = _optional(
        "Near each instant, half a second before or after at most, the sharpest picture; of each scene its sharpest."
    )
    skip_black: bool | None = _optional("Leave out pictures that are black.")
    min_scene_seconds: float | None = _optional("With sceneChange: no scene is shorter.")
    aspect: Aspect | None = _optional("What becomes of a picture whose shape is not that of maxWidth and maxHeight.")
    crop: CropInput | None = _optional("The part of the picture that is taken; the rest is cut off first.")

    def to_domain(self) -> options.ExtractionOptions:
        """Fill in the defaults; raises ``InvalidInput`` where a value is out of range."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        if self.select:
            given["select"] = self.select.to_domain()
        if self.crop:
            given["crop"] = self.crop.to_domain()
        return options.ExtractionOptions(**given)


@strawberry.input(description="Options under a name.")
class PresetInput:
    """What a preset is of."""

    name: str = strawberry.field(description="What it is called, 1 to 100 characters.")
    options: ExtractionOptionsInput = strawberry.field(description="How frames are taken; defaults are filled in.")


@strawberry.input(description="A file that is to be sent in parts.")
class CreateUploadInput:
    """As ``app.usecases.planned_upload.PlannedUpload``, with what is to be done with it."""

    file_name: str = strawberry.field(description="Its name, with its ending.")
    size_bytes: BigInt = strawberry.field(description="How large it is.")
    first_bytes: Base64 = strawberry.field(
        description=f"Its first {HEAD_BYTES} bytes, or all of a smaller one: is it a video? It has to begin so when it "
        "is completed."
    )
    fingerprint: str | None = _optional(
        "What tells this file apart, such as name:size:mtime; the same unfinished upload is then returned again."
    )
    options: ExtractionOptionsInput | None = _optional(
        "How its frames are taken; by default as its batch says, where that has options."
    )
    batch_id: strawberry.ID | None = _optional("The batch that its processing joins.")


@strawberry.input(description="Several uploads under one name.")
class CreateBatchInput:
    """What a batch is made of."""

    name: str = strawberry.field(description="What it is called, 1 to 100 characters.")
    options: ExtractionOptionsInput | None = _optional(
        "How frames are taken of its videos that are sent without options of their own."
    )
    preset_id: strawberry.ID | None = _optional("A preset that is taken in their place, as it is now.")


@strawberry.input(description="A film that is to be fetched.")
class ImportVideoInput:
    """As ``app.usecases.imports.ImportUseCases.create`` takes it."""

    url: str = strawberry.field(
        description="An https URL whose host the whole internet reaches, on port 443 or above 1023, and that gives "
        "anybody the file itself; or s3://bucket/key, of buckets that this service imports from."
    )
    options: ExtractionOptionsInput | None = _optional("How its frames are taken.")
    file_name: str | None = _optional("What the film is called, with its ending; else what its server or link says.")
    idempotency_key: str | None = _optional("1 to 255 printable characters; the same key again is the same import.")


@strawberry.input(description="Pictures that follow each other in the ZIP.")
class FrameRangeInput:
    """A run of places."""

    first: int = strawberry.field(description="The place of the first, from 1.")
    last: int = strawberry.field(description="The place of the last, which is in it.")


@strawberry.input(description="Pictures of a completed video: numbers or ranges, one of both; each picture once.")
class SelectFramesInput:
    """As ``app.domain.places.Places``."""

    video_id: strawberry.ID = strawberry.field(description="The processing's id.")
    numbers: list[int] | None = _optional(f"Their places in the ZIP, as Frame.index tells them; 1 to {MOST_RUNS}.")
    ranges: list[FrameRangeInput] | None = _optional(f"Ranges of places, 1 to {MOST_RUNS}, each as long as you like.")

    def to_domain(self) -> Places:
        """Return which pictures; raises ``InvalidInput`` where that is said not at all, twice, or wrongly."""
        return _places(self.numbers, self.ranges)


def _places(numbers: list[int] | None, ranges: list[FrameRangeInput] | None) -> Places:
    if (numbers is None) == (ranges is None):
        raise InvalidInput("Name pictures by numbers or by ranges, by one of both.", field=("numbers",))
    if numbers is not None:
        return Places.of_numbers(numbers)
    return Places.of_runs([(one.first, one.last) for one in ranges or []])


@strawberry.input(description="What is to be made of a completed video's pictures.")
class CreateFramesExportInput:
    """As ``app.usecases.frames_exports.ExportUseCases.create`` takes it."""

    video_id: strawberry.ID = strawberry.field(description="The processing's id.")
    kind: ExportKind = strawberry.field(description="What is made.")
    numbers: list[int] | None = _optional(
        f"Which pictures, by their places in the ZIP as Frame.index tells them, 1 to {MOST_RUNS}; all by default."
    )
    ranges: list[FrameRangeInput] | None = _optional(f"Ranges of places in place of numbers, 1 to {MOST_RUNS}.")

    def to_domain(self) -> Places | None:
        """Return which pictures, None for all; raises ``InvalidInput`` where that is said wrongly, or twice."""
        return None if self.numbers is None and self.ranges is None else _places(self.numbers, self.ranges)


@strawberry.input(description="A part that is about to be sent.")
class UploadPartInput:
    """As ``app.usecases.ports.storage.PartToSend``."""

    number: int = strawberry.field(description="Which one, from 1.")
    md5: str | None = _optional(
        "The MD5 of its content in base64: its URL then takes nothing else, and wants the same as Content-MD5."
    )


@strawberry.input(description="A new account.")
class RegisterInput:
    """What an account needs."""

    name: str = strawberry.field(description="How the user is addressed, 1 to 255 characters.")
    email: str = strawberry.field(description="Where notifications go; one account for each address.")
    password: str = strawberry.field(description="12 to 128 characters; only its salted hash is kept.")
    locale: Locale | None = _optional("The language of mails; by default what Accept-Language prefers.")


@strawberry.input(description="Who signs in.")
class LoginInput:
    """An account's address and its password."""

    email: str = strawberry.field(description="The account's address.")
    password: str = strawberry.field(description="The account's password.")


@strawberry.input(description="What is to change of a profile; what is left out stays as it is.")
class ProfileInput:
    """A name, a language, or both."""

    name: str | None = _optional("How the user is addressed, 1 to 255 characters.")
    locale: Locale | None = _optional("The language of mails.")


@strawberry.input(description="Another address for the viewer's account.")
class ChangeEmailInput:
    """An address, and the password, since whoever has the address can choose a new one."""

    email: str = strawberry.field(description="The new address; the present one withdraws what was asked for before.")
    password: str = strawberry.field(description="The account's password.")


@strawberry.input(
    description="What is to change of the notifications. What is left out stays as it is; a null webhookUrl removes "
    "the webhook."
)
class NotificationSettingsInput:
    """As ``app.usecases.notifications.SettingsChange``."""

    email_on_failure: bool | None = _optional("A mail when a video fails or a file is refused.")
    email_on_completion: bool | None = _optional("A mail when a ZIP can be downloaded.")
    webhook_url: str | None = _left_out(
        "An https URL whose host the whole internet reaches, on port 443 or above 1023."
    )

    def to_change(self) -> SettingsChange:
        """Distinguish what was left out from what is to be removed."""
        url = self.webhook_url
        return SettingsChange(
            self.email_on_failure, self.email_on_completion, Keep.AS_IT_IS if url is strawberry.UNSET else url
        )


@strawberry.input(description="Several processings.")
class VideosInput:
    """Their ids."""

    ids: list[strawberry.ID] = strawberry.field(
        description=f"Their ids, 1 to {MOST_AT_ONCE}; one that is named twice counts once."
    )
