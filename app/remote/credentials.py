"""What services are asked with, kept from one command to the next in a file for its owner's eyes only."""

import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self, final

import anyio

from app.remote.failures import CannotGoOn
from fiapx_client import Session

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_MOST_BYTES: Final = 1024**2
_LOCK_SECONDS: Final = 60.0
"""Longer than any answer is waited for."""
_POLL_SECONDS: Final = 0.02


@final
@dataclass(frozen=True, slots=True)
class SignIn:
    """A session, or a key for programs."""

    session: Session | None = None
    key: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, said: Any) -> Self:
        """Read what the file says; raises KeyError or TypeError."""
        if "key" in said:
            return cls(key=str(said["key"]))
        return cls(session=Session(str(said["accessToken"]), str(said["refreshToken"])))

    def document(self) -> Mapping[str, str]:
        """Return what the file is to say."""
        if self.session is None:
            return {"key": self.key or ""}
        return {"accessToken": self.session.access_token, "refreshToken": self.session.refresh_token}


@final
@dataclass(frozen=True, slots=True)
class Credentials:
    """All sign-ins, by the addresses of their services. Whatever makes no sense raises ``CannotGoOn``."""

    folder: Path

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Self:
        """Find them where the XDG Base Directory Specification wants them."""
        base = Path(environment.get("XDG_CONFIG_HOME", ""))
        return cls((base if base.is_absolute() else Path.home() / ".config") / "fiapx")

    @property
    def path(self) -> Path:
        """Where they are."""
        return self.folder / "credentials.json"

    def current(self) -> str | None:
        """Return the address of the service that was signed in at last."""
        return self._read()[0]

    def at(self, url: str) -> SignIn | None:
        """Return what this service is asked with."""
        return self._read()[1].get(url)

    async def keep(self, url: str, key: str) -> None:
        """Keep a key for a service."""
        async with self.alone():
            self.write(url, SignIn(key=key))

    async def forget(self, url: str) -> None:
        """Keep nothing for a service."""
        async with self.alone():
            self.write(url, None)

    async def choose(self, url: str) -> None:
        """Make a service the one that is asked where none is named."""
        async with self.alone():
            self._write(url, self._read()[1])

    def write(self, url: str, sign_in: SignIn | None) -> None:
        """Keep this for a service, or nothing, within ``alone``."""
        current, known = self._read()
        known.pop(url, None)
        if sign_in is not None:
            known[url] = sign_in
        self._write(current, known)

    def _write(self, current: str | None, known: Mapping[str, SignIn]) -> None:
        services = {url: one.document() for url, one in known.items()}
        text = json.dumps({"current": current if current in known else None, "services": services}, indent=1)
        self._replace(f"{text}\n")

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Keep other commands from changing anything until the block is left."""
        self._make_folder()
        lock = os.open(self.folder / "credentials.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            end = time.monotonic() + _LOCK_SECONDS
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                if time.monotonic() > end:
                    raise CannotGoOn(f"Another command has held {self.path} for a minute; try again.")
                await anyio.sleep(_POLL_SECONDS)
            yield
        finally:
            os.close(lock)  # Which ends the lock, as the end of the process does.

    def _read(self) -> tuple[str | None, dict[str, SignIn]]:
        text = self._text()
        if text is None:
            return None, {}
        try:
            said = json.loads(text)
            known = {str(url): SignIn.of(one) for url, one in said["services"].items()}
            current = said["current"]
        except (AttributeError, KeyError, TypeError, ValueError):
            raise CannotGoOn(f"{self.path} makes no sense; remove it and sign in again: fiapx login.") from None
        return current if isinstance(current, str) and current in known else None, known

    def _text(self) -> str | None:
        """Return the file's text, None where there is no file; raises what others may read or have made."""
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CannotGoOn(f"{self.path} cannot be read: {error.strerror}.") from None
        with os.fdopen(file, "rb") as opened:
            found = os.fstat(opened.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                raise CannotGoOn(f"{self.path} is not a file of yours, and is not used.")
            if found.st_mode & _OTHERS:
                raise CannotGoOn(
                    f"Others may read {self.path}, so what is in it may be theirs by now: sign out where you were "
                    "signed in, remove it, and sign in again."
                )
            return opened.read(_MOST_BYTES).decode("utf-8", "replace")

    def _replace(self, text: str) -> None:
        self._make_folder()
        part = self.folder / f".credentials.{secrets.token_hex(8)}.part"
        try:
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(file, "w", encoding="utf-8") as opened:
                opened.write(text)
                opened.flush()
                os.fsync(opened.fileno())
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    def _make_folder(self) -> None:
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.folder.chmod(0o700)


@final
@dataclass(frozen=True, slots=True)
class KeptSession:
    """The session at one service, as the client wants it kept."""

    credentials: Credentials
    url: str

    def load(self) -> Session | None:
        kept = self.credentials.at(self.url)
        return None if kept is None else kept.session

    def save(self, session: Session | None) -> None:
        self.credentials.write(self.url, None if session is None else SignIn(session))

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self.credentials.alone():
            yield
