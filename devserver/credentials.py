"""The secrets that ``fiapx up`` makes for itself, once for a data directory."""

import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self, final

from devserver.data_directory import sync_folder


class SecretsDamaged(Exception):
    """The file with the secrets is there but cannot be read as such."""


@final
@dataclass(frozen=True, slots=True)
class Credentials:
    """What the parts of one instance prove themselves with to each other."""

    jwt_secret: str = field(repr=False)
    link_secret: str = field(repr=False)
    redis_password: str = field(repr=False)
    s3_access_key: str
    s3_secret_key: str = field(repr=False)

    @property
    def smtp_password(self) -> str:
        """Derived rather than kept, so that a former version still reads the file and a new one reads a former's."""
        return hmac.digest(self.redis_password.encode(), b"smtp", "sha256").hex()

    @classmethod
    def made_up(cls) -> Self:
        """Make new ones; 48 bytes where Settings ask for 32."""
        return cls(
            jwt_secret=secrets.token_urlsafe(48),
            link_secret=secrets.token_urlsafe(48),
            redis_password=secrets.token_hex(32),
            s3_access_key=secrets.token_hex(10).upper(),
            s3_secret_key=secrets.token_hex(20),
        )

    @classmethod
    def kept_in(cls, file: Path) -> Self:
        """Read them, or make and keep them; raises ``SecretsDamaged`` rather than invalidate what they have signed."""
        if not file.exists():
            write_privately(file, json.dumps(asdict(cls.made_up()), indent=1))
        file.chmod(0o600)  # A copied or restored data directory may have lost it.
        try:
            return cls(**json.loads(file.read_text()))
        except (ValueError, TypeError) as error:
            raise SecretsDamaged(
                f"{file} is damaged ({error}). Restore it, or remove it; then everybody has to sign in again."
            ) from error


def write_privately(file: Path, text: str) -> None:
    """Write a file that only its owner may read, and that appears as a whole or not at all."""
    unfinished = file.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as part:
        part.write(text)
        part.flush()
        os.fsync(part.fileno())
    unfinished.replace(file)
    sync_folder(file.parent)  # What these secrets will have signed must not outlive them in a power cut.
