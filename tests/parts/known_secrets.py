"""What no log may hold though its form tells nothing: passwords and keys that tests use."""

KNOWN = {"correct horse battery", "only for tests, and long enough for any"}
"""The password of those who register here, and the key that signs their tokens where a test composes the service."""


def remember(*secrets: str | None) -> None:
    """Search the logs for these too; ``tests/secrets_in_logs.py`` does it at the end."""
    KNOWN.update(secret for secret in secrets if secret)
