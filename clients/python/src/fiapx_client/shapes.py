"""What the service answers, as objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Self, TypeVar

from fiapx_client.inputs import BatchStatus, ImportStatus, ProcessingStatus, Scope
from fiapx_client.refused import Refused, no_sense

Json = Mapping[str, Any]
_Shape = TypeVar("_Shape")
_FINAL: Final = frozenset({"COMPLETED", "IMPORTED", "FAILED"})

Phase = Literal["starting", "sending", "completing", "receiving", "checking", "waiting", "paused"]
"""What an upload or a download does now: "waiting" until it tries again, for ``problem``'s sake."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an upload or a download is; ``done_bytes`` never falls, also where something must be sent again."""

    phase: Phase
    done_bytes: int
    total_bytes: int
    problem: Refused | None = None


OnProgress = Callable[[Progress], object]
"""Is told each step, in the thread of the client's event loop."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a processing failed: ``code`` is for programs, ``reason`` is a sentence."""

    code: str
    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Frames:
    """The ZIP; its URLs authorise themselves until ``expires_at``, and may be relative to the service."""

    frame_count: int
    size_bytes: int
    download_url: str
    contact_sheet_url: str | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Video:
    """One processing of one video, as it was when it was asked for.

    ``frames`` is None unless it is completed and its ZIP is kept, and in what ``upload``, ``cancel`` and ``reprocess``
    return.
    """

    id: str
    name: str
    size_bytes: int
    status: ProcessingStatus
    version: int
    percent: float
    frames_extracted: int
    frames_expected: int | None
    failure: Failure | None
    created_at: datetime
    completed_at: datetime | None
    expires_at: datetime | None
    frames: Frames | None

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.status in _FINAL

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        failure, frames, progress = said["failure"], said.get("result"), said["progress"]
        return cls(
            id=said["id"],
            name=said["originalFileName"],
            size_bytes=said["sizeBytes"],
            status=said["status"],
            version=said["version"],
            percent=progress["percent"],
            frames_extracted=progress["framesExtracted"],
            frames_expected=progress["framesExpected"],
            failure=Failure(failure["code"], failure["reason"], failure["retryable"]) if failure else None,
            created_at=datetime.fromisoformat(said["createdAt"]),
            completed_at=_time(said["completedAt"]),
            expires_at=_time(said["expiresAt"]),
            frames=_frames(frames) if frames else None,
        )


@dataclass(frozen=True, slots=True)
class VideoImport:
    """A film that the service fetches from a link. Once it is IMPORTED there is a video of the same id."""

    id: str
    url: str
    name: str | None
    status: ImportStatus
    version: int
    fetched_bytes: int
    total_bytes: int | None
    failure: Failure | None
    created_at: datetime
    ended_at: datetime | None

    @property
    def ended(self) -> bool:
        """Whether it will not change any more."""
        return self.status in _FINAL

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        failure = said["failure"]
        return cls(
            id=said["id"],
            url=said["url"],
            name=said["fileName"],
            status=said["status"],
            version=said["version"],
            fetched_bytes=said["fetchedBytes"],
            total_bytes=said["totalBytes"],
            failure=Failure(failure["code"], failure["reason"], failure["retryable"]) if failure else None,
            created_at=datetime.fromisoformat(said["createdAt"]),
            ended_at=_time(said["endedAt"]),
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page of videos, and what to ask the next one with; None after the last."""

    videos: tuple[Video, ...]
    after: str | None

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        info = said["pageInfo"]
        after = info["endCursor"] if info["hasNextPage"] else None
        return cls(tuple(Video.of(edge["node"]) for edge in said["edges"]), after)


@dataclass(frozen=True, slots=True)
class Batch:
    """Several videos under one name, and how many of them were in each state when it was asked for.

    ``percent`` is how far all of them are; what has ended counts whole, however it ended.
    """

    id: str
    name: str
    status: BatchStatus
    percent: float
    pending: int
    processing: int
    completed: int
    failed: int
    created_at: datetime

    @property
    def total(self) -> int:
        """How many videos are in it."""
        return self.pending + self.processing + self.completed + self.failed

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        counts = said["counts"]
        return cls(
            id=said["id"],
            name=said["name"],
            status=said["status"],
            percent=said["percent"],
            pending=counts["pending"],
            processing=counts["processing"],
            completed=counts["completed"],
            failed=counts["failed"],
            created_at=datetime.fromisoformat(said["createdAt"]),
        )


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A page of batches, and what to ask the next one with; None after the last."""

    batches: tuple[Batch, ...]
    after: str | None

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        info = said["pageInfo"]
        after = info["endCursor"] if info["hasNextPage"] else None
        return cls(tuple(Batch.of(edge["node"]) for edge in said["edges"]), after)


@dataclass(frozen=True, slots=True)
class Frame:
    """A picture of a ZIP, as the manifest tells of it; times are seconds from the start of the film.

    ``index`` is its place in the ZIP, from 1, ``number`` that among the film's pictures, from 0. It is on the screen
    from ``time_seconds`` until ``until_seconds``, and stands for ``instant_seconds``, which was asked for. ``url``
    gives its bytes without a key or a session, for a few minutes.
    """

    index: int
    number: int
    time_seconds: float
    until_seconds: float
    instant_seconds: float
    file_name: str
    size_bytes: int
    sha256: str
    width: int
    height: int
    url: str

    @classmethod
    def of(cls, said: Json, join: Callable[[str], object]) -> Self:
        """Read the service's answer; ``join`` makes an address of one that may be relative."""
        return cls(
            index=said["index"],
            number=said["number"],
            time_seconds=said["timeSeconds"],
            until_seconds=said["untilSeconds"],
            instant_seconds=said["instantSeconds"],
            file_name=said["fileName"],
            size_bytes=said["sizeBytes"],
            sha256=said["sha256"],
            width=said["width"],
            height=said["height"],
            url=str(join(said["url"])),
        )


@dataclass(frozen=True, slots=True)
class FramePage:
    """A page of pictures, and what to ask the next one with; None after the last."""

    frames: tuple[Frame, ...]
    after: str | None

    @classmethod
    def of(cls, said: Json, join: Callable[[str], object]) -> Self:
        """Read the service's answer."""
        return cls(tuple(Frame.of(one, join) for one in said["items"]), said["next"])


@dataclass(frozen=True, slots=True)
class Key:
    """A key for programs, without what opens anything."""

    id: str
    name: str
    scopes: tuple[Scope, ...]
    ending: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        return cls(
            id=said["id"],
            name=said["name"],
            scopes=tuple(said["scopes"]),
            ending=said["ending"],
            created_at=datetime.fromisoformat(said["createdAt"]),
            expires_at=_time(said["expiresAt"]),
            last_used_at=_time(said["lastUsedAt"]),
        )


@dataclass(frozen=True, slots=True)
class NewKey:
    """A new key: ``secret`` is the key itself, and is told this once."""

    secret: str = field(repr=False)
    key: Key

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        return cls(said["secret"], Key.of(said["key"]))


@dataclass(frozen=True, slots=True)
class StagedUpload:
    """An unfinished upload; ``urls`` are those of the next parts, by their numbers."""

    id: str
    part_size_bytes: int
    done: frozenset[int]
    numbers: tuple[int, ...]
    urls: Mapping[int, str]
    urls_expire_at: datetime

    @classmethod
    def of(cls, said: Json) -> Self:
        """Read the service's answer."""
        parts = said["parts"]
        return cls(
            id=said["id"],
            part_size_bytes=int(said["partSizeBytes"]),
            done=frozenset(part["number"] for part in parts if part["done"]),
            numbers=tuple(part["number"] for part in parts),
            urls={part["number"]: part["url"] for part in parts if part["url"] and not part["done"]},
            urls_expire_at=datetime.fromisoformat(said["urlsExpireAt"]),
        )


def read(shape: Callable[[Any], _Shape], said: Any) -> _Shape:
    """Read an answer; raises ``Refused`` with ``INTERNAL`` where it is not what the schema promises."""
    try:
        return shape(said)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise no_sense() from error


def _frames(said: Json) -> Frames:
    return Frames(
        frame_count=said["frameCount"],
        size_bytes=said["sizeBytes"],
        download_url=said["downloadUrl"],
        contact_sheet_url=said["contactSheetUrl"],
        expires_at=datetime.fromisoformat(said["expiresAt"]),
    )


def _time(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)
