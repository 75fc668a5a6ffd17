"""What operators' commands print: for people, or as JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from app.domain.audit import AuditEntry
from app.domain.times import iso8601
from app.domain.user import User
from app.usecases.job_operations import JobHistory, WorkOverview
from app.usecases.ports.jobs import Job
from app.usecases.user_operations import UserOverview

_UNPRINTABLE: Final = "\N{REPLACEMENT CHARACTER}"


def plain(text: object) -> str:
    """Return a stranger's text on one line, without what a terminal would obey."""
    return "".join(c if c.isprintable() else _UNPRINTABLE for c in str(text))


def say(line: str = "") -> None:
    """Print a line at once, whoever reads."""
    print(line, flush=True)


def say_json(document: object) -> None:
    """Print a document for programs."""
    say(json.dumps(document, indent=1))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows under their head, each column as wide as it must be."""
    lines = [head, *([plain(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        say("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def age(since: datetime, now: datetime) -> str:
    """Return how long ago something was, in its largest unit."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def job_row(job: Job, now: datetime) -> Sequence[object]:
    """Return a processing's line of a list."""
    video = job.video
    return (video.id, video.status.value, video.attempt, age(video.created_at, now), job.owner_email, how_far(job))


JOB_HEAD: Final = ("ID", "STATE", "ATTEMPT", "AGE", "OWNER", "")


def how_far(job: Job) -> str:
    """Return what else there is to say of a processing in few words."""
    video = job.video
    if video.failure is not None:
        return video.failure.code
    if video.status.final:
        return "" if video.expired_at is None else "expired"
    waits = "paused" if job.lease.paused else ""
    held = f"{video.progress.percent:.0f} %" if video.attempt and not job.lease.released else ""
    return ", ".join(filter(None, (held, waits)))


def say_change(now: datetime, job: Job) -> None:
    """Print how a processing stands now."""
    video = job.video
    say(f"{iso8601(now)}  {video.id}  attempt {video.attempt}  {video.status.value:<10}  {how_far(job)}".rstrip())


def job_document(job: Job) -> dict[str, Any]:
    """Return a processing for programs; ``wakeAt`` is until when its lease holds, or when it may be looked at."""
    video, lease = job.video, job.lease
    return {
        "id": video.id,
        "status": video.status.value,
        "owner": job.owner_email,
        "ownerId": video.owner,
        "originalFileName": video.original_file_name,
        "sizeBytes": video.size_bytes,
        "attempt": video.attempt,
        "percent": video.progress.percent,
        "failure": video.failure and {"code": video.failure.code.value, "reason": video.failure.reason},
        "createdAt": iso8601(video.created_at),
        "startedAt": video.started_at and iso8601(video.started_at),
        "completedAt": video.completed_at and iso8601(video.completed_at),
        "expiredAt": video.expired_at and iso8601(video.expired_at),
        "paused": lease.paused,
        "released": lease.released,
        "wakeAt": iso8601(lease.wake_at),
        "lostAttempts": lease.lost_attempts,
        "transientFailures": lease.transient_failures,
        "brokenBy": list(lease.broken_by),
    }


def history_document(seen: JobHistory) -> dict[str, Any]:
    """Return a processing with all that happened to it."""
    events = [
        {"type": event.type.value, "at": iso8601(event.at), "attempt": event.attempt, "said": event.said}
        for event in seen.events
    ]
    return {**job_document(seen.job), "processedAgainAs": seen.processed_again_as, "events": events}


def say_history(seen: JobHistory) -> None:
    """Print a processing with all that happened to it."""
    for name, value in job_document(seen.job).items():
        if value not in (None, [], ""):
            told = f"{value['code']}: {value['reason']}" if isinstance(value, dict) else value
            say(f"{name:<18}{plain(told)}")
    if seen.processed_again_as is not None:
        say(f"{'processedAgainAs':<18}{seen.processed_again_as}")
    say()
    for event in seen.events:
        say(f"{iso8601(event.at)}  attempt {event.attempt}  {event.type.value}")
        for line in (event.said or "").splitlines():
            say(f"    {plain(line)}")


def overview_document(seen: WorkOverview) -> dict[str, Any]:
    """Return how the work stands."""
    backlog = seen.backlog
    return {
        "pending": backlog.pending,
        "processing": backlog.processing,
        "expiredLeases": backlog.expired_leases,
        "oldestPending": backlog.oldest_pending and iso8601(backlog.oldest_pending),
        "paused": seen.paused,
        "pauses": [{"ownerId": pause.owner, "since": iso8601(pause.since)} for pause in seen.pauses],
        "failures": {code.value: count for code, count in sorted(seen.failures.items())},
    }


def say_facts(facts: Mapping[str, object]) -> None:
    """Print facts, one a line; those in a list or a mapping below their name."""
    for name, value in facts.items():
        if isinstance(value, Mapping | list):
            say(f"{name}:")
            for one in value.items() if isinstance(value, Mapping) else value:
                said = one.values() if isinstance(one, Mapping) else one
                say("  " + plain("  ".join(str(part) for part in said if part is not None)))
        else:
            say(f"{name:<18}{'' if value is None else plain(value)}")


USER_HEAD: Final = ("E-MAIL", "ROLE", "SINCE", "VIDEOS", "BYTES", "")


def user_row(user: User) -> Sequence[object]:
    """Return a user's line of a list; their own limits, where an operator set any."""
    own = ("" if most is None else most for most in (user.max_active_videos, user.max_stored_bytes))
    return (user.email, user.role.value, f"{user.created_at:%Y-%m-%d}", *own, "disabled" if user.disabled_at else "")


def user_document(user: User) -> dict[str, Any]:
    """Return a user for programs."""
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "role": user.role.value,
        "createdAt": iso8601(user.created_at),
        "emailVerifiedAt": user.email_verified_at and iso8601(user.email_verified_at),
        "disabledAt": user.disabled_at and iso8601(user.disabled_at),
        "maxActiveVideos": user.max_active_videos,
        "maxStoredBytes": user.max_stored_bytes,
    }


def user_overview_document(seen: UserOverview) -> dict[str, Any]:
    """Return a user with what is theirs."""
    return {
        **user_document(seen.user),
        "storedBytes": seen.stored_bytes,
        "sessions": seen.sessions,
        "paused": seen.paused,
        "videos": {status.value: count for status, count in seen.videos.items()},
    }


def entry_document(entry: AuditEntry) -> dict[str, Any]:
    """Return an entry of the audit log."""
    return {
        "at": iso8601(entry.created_at),
        "operator": entry.operator,
        "deed": entry.deed,
        "target": entry.target_kind,
        "targetId": entry.target_id,
        "outcome": entry.outcome,
        "reason": entry.reason,
        "details": dict(entry.details),
    }


ENTRY_HEAD: Final = ("AT", "OPERATOR", "DEED", "TARGET", "OUTCOME", "REASON")


def entry_row(entry: AuditEntry) -> Sequence[object]:
    """Return an entry's line of the log."""
    target = " ".join(filter(None, (entry.target_kind, entry.target_id)))
    return (iso8601(entry.created_at), entry.operator, entry.deed, target, entry.outcome, entry.reason or "")
