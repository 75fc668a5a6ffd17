"""Instants as they are written for the outside."""

from datetime import UTC, datetime


def iso8601(instant: datetime) -> str:
    """Write an instant in UTC with milliseconds and a trailing Z (RFC 3339)."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
