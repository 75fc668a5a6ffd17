"""Between rows and the domain's records: a column is named as its field is, behind the name of its part of the row."""

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, RowMapping, Select, or_

from app.domain.failure import Failure
from app.domain.lease import Lease
from app.domain.options import ExtractionOptions, unused
from app.domain.search import folded
from app.domain.storyboard import Storyboard
from app.domain.video import VERSION_STEP, FramesArchive, MediaInfo, ProcessingStatus, Progress, VideoProcessing
from app.infra.sql.types import EARLIEST, LATEST, instant
from app.usecases.paging import Slice

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

R = TypeVar("R", bound="DataclassInstance")

_OF_THEIR_OWN: Final = ("id", "owner", "progress", "failure", "media", "archive", "storyboard")
_OPTIONS: Final = TypeAdapter(ExtractionOptions)
_STORYBOARD: Final = TypeAdapter(Storyboard)
_KNOWN: Final = frozenset(option.name for option in fields(ExtractionOptions))


@lru_cache(maxsize=64)
def _columns(kind: "type[DataclassInstance]", part: str) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, part + field.name) for field in fields(kind))


@lru_cache(maxsize=64)
def _values(kind: "type[DataclassInstance]", part: str) -> Callable[[RowMapping], tuple[Any, ...]]:
    return itemgetter(*(column for _, column in _columns(kind, part)))


def columns_of(record: "DataclassInstance | None", part: str = "", *, but: Collection[str] = ()) -> dict[str, Any]:
    """Return what a row says of a record, ``but`` for these fields; nothing of one that there is not."""
    if record is None:
        return {}
    return {column: getattr(record, name) for name, column in _columns(type(record), part) if name not in but}


def record_of(kind: type[R], row: RowMapping, part: str = "", **otherwise: Any) -> R:
    """Read what ``columns_of`` wrote; ``otherwise`` are the fields that need more than their column."""
    if not otherwise:
        return kind(*_values(kind, part)(row))
    return kind(**{name: row[column] for name, column in _columns(kind, part) if name not in otherwise}, **otherwise)


def part_of(kind: type[R], row: RowMapping, part: str, *, known_by: str) -> R | None:
    """Read a part of a row that may be missing, which this one of its fields tells."""
    return None if row[part + known_by] is None else record_of(kind, row, part)


def failure_of(row: RowMapping) -> Failure | None:
    """Read the failure of a video or of a notification."""
    return part_of(Failure, row, "failure_", known_by="code")


def video_of(row: RowMapping) -> VideoProcessing:
    """Read a row of ``video_processings`` with its owner's public id as ``owner``."""
    return record_of(
        VideoProcessing,
        row,
        id=row["public_id"],
        options=options_of(row["options"]),
        version=row["version"] * VERSION_STEP,
        progress=record_of(Progress, row, "progress_"),
        failure=failure_of(row),
        media=part_of(MediaInfo, row, "media_", known_by="codec"),
        archive=part_of(FramesArchive, row, "archive_", known_by="key"),
        storyboard=storyboard_of(row),
    )


def lease_of(row: RowMapping) -> Lease:
    """Read such a row, with whether it is ``paused``, as what a claim has to know of it."""
    broken_by = tuple((row["broken_by"] or "").split())
    return record_of(
        Lease,
        row,
        video=video_of(row),
        wake_at=instant(row["wake_at"]),
        broken_by=broken_by,
        understood=_are_known(row["options"]),
    )


def video_columns(video: VideoProcessing) -> dict[str, Any]:
    """Return what a row says of a video, without its owner; ``version`` begins at one."""
    return {
        **columns_of(video, but=_OF_THEIR_OWN),
        "public_id": video.id,
        "source_hash": source_hash(video.source_key),
        "folded_name": folded(video.original_file_name),
        "options": options_text(video.options),
        "version": max(1, video.version // VERSION_STEP),
        **columns_of(video.progress, "progress_"),
        **columns_of(video.failure, "failure_"),
        **columns_of(video.media, "media_"),
        **columns_of(video.archive, "archive_"),
        "storyboard": storyboard_text(video.storyboard),
    }


def storyboard_text(storyboard: Storyboard | None) -> str | None:
    """Write what is stored of a storyboard as JSON."""
    return None if storyboard is None else _STORYBOARD.dump_json(storyboard).decode()


def storyboard_of(row: RowMapping) -> Storyboard | None:
    """Read it, where it is of the row's attempt, and that one did not fail."""
    if row["storyboard"] is None or row["status"] is ProcessingStatus.FAILED:
        return None
    found = _STORYBOARD.validate_json(row["storyboard"])
    return found if found.attempt == row["attempt"] else None


def options_text(options: ExtractionOptions) -> str:
    """Write options as JSON; what came after the first version only where it is used."""
    return _OPTIONS.dump_json(options, exclude=unused(options)).decode()


@lru_cache(maxsize=1024)  # A page of videos mostly has one text, and reading it is a third of reading a row.
def options_of(text: str) -> ExtractionOptions:
    """Read options that were written as JSON, by this version or another.

    Keys of a newer version are passed over, and keys that an older one did not know have their defaults, so that two
    versions can run side by side while the service is updated. Whoever works on a video
    is told by its lease whether there are any.
    """
    return _OPTIONS.validate_json(text)


@lru_cache(maxsize=1024)
def _are_known(text: str) -> bool:
    return _KNOWN.issuperset(json.loads(text))


def source_hash(key: str) -> str:
    """Return the form of an object key that fits into an index."""
    return hashlib.sha256(key.encode()).hexdigest()


def slice_of(
    rows: Select[Any],
    by: ColumnElement[Any],
    entry: ColumnElement[Any],
    part: Slice,
    *,
    ascending: bool = False,
) -> Select[Any]:
    """Return what selects a part of rows that lie by a value of theirs and their id, the least or the most first.

    One from the back is read from there, so its rows come in the opposite order. Where both are columns of one table,
    its index over them is walked.
    """
    for place, later in ((part.after, ascending), (part.before, not ascending)):
        if place is not None:
            # A cursor may name any year.
            at = storable(place.value) if isinstance(place.value, datetime) else place.value
            # The first half alone bounds the range of the index.
            if later:
                rows = rows.where(by >= at, or_(by > at, entry > place.id))
            else:
                rows = rows.where(by <= at, or_(by < at, entry < place.id))
    forward = ascending is not part.from_back
    order = (by, entry) if forward else (by.desc(), entry.desc())
    return rows.order_by(*order).limit(part.limit)


def storable(at: datetime) -> datetime:
    """Return the nearest time that a TIMESTAMP can be: with no other does MySQL compare one."""
    return min(max(at, EARLIEST), LATEST)
