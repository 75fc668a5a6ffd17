"""What may never be, found in what a campaign left behind, by pure functions of it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from app.domain.video import NEXT, ProcessingStatus, frame_index_key

Event = Mapping[str, Any]
"""One line of the history: its ``kind``, ``at`` in seconds from the start, and what belongs to that kind."""

CANCELED: Final = "CANCELED"
_RANK: Final = {"Pending": 0, "Processing": 1, "Completed": 2, "Failed": 2}


@dataclass(frozen=True, slots=True)
class Row:
    """A processing as the record has it at the end."""

    id: str
    owner: str
    idempotency_key: str | None
    file_name: str
    status: str
    source_key: str
    log: tuple[str, ...]
    failure_code: str | None = None
    archive_key: str | None = None
    archive_bytes: int | None = None
    archive_sha256: str | None = None
    contact_sheet_key: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """An object as the storage has it at the end; ``pictures`` of a ZIP that is whole, None of anything else."""

    size_bytes: int
    sha256: str
    pictures: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """One promise that was broken."""

    kind: str
    """lost, stuck, doubled, backward, half, foreign, orphan or untold."""
    what: str
    sentence: str


def check(history: Sequence[Event], rows: Sequence[Row], objects: Mapping[str, Stored]) -> list[Violation]:
    """Return all violations of what was promised; none is what everybody hopes for."""
    return [
        *_lost(history, rows, objects),
        *_doubled(rows),
        *_backward(history, rows),
        *_half(history, rows, objects),
        *_foreign(history),
        *_orphans(rows, objects),
        *_untold(history, rows),
    ]


def _of(history: Iterable[Event], kind: str) -> Iterator[Event]:
    return (event for event in history if event["kind"] == kind)


def _pictures(history: Sequence[Event]) -> dict[str, int | None]:
    """Return how many pictures each film has by its name; None of one that is damaged."""
    return {event["film"]: event["pictures"] for event in _of(history, "film")}


def _lost(history: Sequence[Event], rows: Sequence[Row], objects: Mapping[str, Stored]) -> Iterator[Violation]:
    """Find what was acknowledged and is not there, has not ended, or ended as its film does not deserve."""
    by_id = {row.id: row for row in rows}
    deleted = {event["video"] for event in _of(history, "deleted")}
    pictures = _pictures(history)
    for event in _of(history, "acknowledged"):
        video, row = event["video"], by_id.get(event["video"])
        if row is None:
            if video not in deleted:
                yield Violation("lost", video, "it was acknowledged, and there is no such row")
            continue
        if row.status not in {"Completed", "Failed"}:
            yield Violation("stuck", video, f"it never ended and is {row.status}")
        elif row.status == "Failed" and row.failure_code != CANCELED and pictures[event["film"]] is not None:
            yield Violation("lost", video, f"its film is sound, and it failed with {row.failure_code}")
        elif row.status == "Completed" and pictures[event["film"]] is None:
            yield Violation("half", video, "its film is damaged, and it was completed")
        if row.source_key not in objects:
            yield Violation("lost", video, "its source is gone")


def _doubled(rows: Sequence[Row]) -> Iterator[Violation]:
    """Find what was accepted or ended more than once."""
    for (owner, key), count in Counter((row.owner, row.idempotency_key) for row in rows if row.idempotency_key).items():
        if count > 1:
            yield Violation("doubled", key or "", f"{count} rows of {owner} come from one upload")
    for row in rows:
        ends = [status for status in row.log if status in {"Completed", "Failed"}]
        if len(ends) > 1:
            yield Violation("doubled", row.id, f"it ended {len(ends)} times: {', '.join(ends)}")


def _backward(history: Sequence[Event], rows: Sequence[Row]) -> Iterator[Violation]:
    """Find states that were recorded, or seen by one reader, in an order that the life of a processing has not."""
    for row in rows:
        states = [ProcessingStatus(status) for status in row.log]
        legal = states[:1] == [ProcessingStatus.PENDING] and all(b in NEXT[a] for a, b in pairwise(states))
        if not legal or states[-1:] != [ProcessingStatus(row.status)]:
            yield Violation("backward", row.id, f"its log is {', '.join(row.log) or 'empty'}, and it is {row.status}")
    seen: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in _of(history, "seen"):
        seen[event["reader"], event["video"]].append(event)
    for (_, video), events in seen.items():
        for earlier, later in pairwise(events):
            ended = _RANK[earlier["status"]] == 2 and later["status"] != earlier["status"]
            if ended or _RANK[later["status"]] < _RANK[earlier["status"]]:
                yield Violation("backward", video, f"a reader saw {later['status']} after {earlier['status']}")


def _half(history: Sequence[Event], rows: Sequence[Row], objects: Mapping[str, Stored]) -> Iterator[Violation]:
    """Find what says Completed and has no whole ZIP with every picture."""
    pictures = _pictures(history)
    films = {event["video"]: event["film"] for event in _of(history, "acknowledged")}
    for row in rows:
        if row.status != "Completed":
            continue
        found = objects.get(row.archive_key or "")
        if found is None:
            yield Violation("half", row.id, "it is Completed, and there is no ZIP")
        elif (found.size_bytes, found.sha256) != (row.archive_bytes, row.archive_sha256):
            yield Violation("half", row.id, "its ZIP is not the one that the row tells of")
        elif row.id in films and found.pictures != pictures[films[row.id]]:
            yield Violation("half", row.id, f"its ZIP has {found.pictures} of {pictures[films[row.id]]} pictures")


def _foreign(history: Sequence[Event]) -> Iterator[Violation]:
    for event in _of(history, "foreign"):
        yield Violation("foreign", event["video"], f"{event['reader']} could read what is another's")


def _orphans(rows: Sequence[Row], objects: Mapping[str, Stored]) -> Iterator[Violation]:
    """Find objects that no row names; it is asked after housekeeping, so there is no excuse."""
    named = {key for row in rows for key in (row.source_key, row.archive_key, row.contact_sheet_key) if key}
    named |= {frame_index_key(row.archive_key) for row in rows if row.archive_key}
    for key in sorted(objects.keys() - named):
        yield Violation("orphan", key, "no row names it")


def _untold(history: Sequence[Event], rows: Sequence[Row]) -> Iterator[Violation]:
    """Find failures that nobody was told of; who cancels knows."""
    told = {event["file"] for event in _of(history, "mail")}
    for row in rows:
        if row.status == "Failed" and row.failure_code != CANCELED and row.file_name not in told:
            yield Violation("untold", row.id, f"it failed with {row.failure_code}, and no mail says so")
