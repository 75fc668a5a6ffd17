"""The service's own programs: the check of its parts, the migration, the API and the workers."""

import http.client
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic_settings import BaseSettings

from app.setting_forms import names_of
from app.settings import (
    CheckSettings,
    ControlSettings,
    DatabaseSettings,
    LogSettings,
    Settings,
    TraceSettings,
    VideoSettings,
)
from devserver.program import LOOPBACK, ROOT, Program

_EVERYWHERE: Final = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  # Whom to ask where it listens on all of them.


def check(environment: Mapping[str, str], parts: Sequence[str]) -> Program:
    """Try these parts of the service, each by its name; it ends by itself."""
    return _fiapx("check", ("check", *parts), environment, CheckSettings)


def migration(environment: Mapping[str, str], *, alone: bool = False) -> Program:
    """Bring the database's tables up to date; it ends by itself.

    Where the database is ours ``alone``, no worker of before lives: what they held when the power went is released.
    """
    return _fiapx("migrate", ("migrate", *(["--alone"] if alone else [])), environment, DatabaseSettings)


def workers(environment: Mapping[str, str], count: int) -> Sequence[Program]:
    """Return so many workers for videos, each of which knows how many share the machine, and one for all else."""
    told = {**environment, "FIAPX_WORKERS": str(count)}
    return [
        _fiapx("control", ("worker", "--only", "control"), environment, ControlSettings),
        *(
            _fiapx(f"worker-{number}", ("worker", "--only", "videos"), told, VideoSettings)
            for number in range(1, count + 1)
        ),
    ]


def api(environment: Mapping[str, str], host: str, port: int) -> Program:
    """The API; it serves once ``/livez`` and ``/readyz`` say so."""
    asked = _EVERYWHERE.get(host, host)

    def serves() -> bool:
        return all(_status(asked, port, path) == http.HTTPStatus.OK for path in ("/livez", "/readyz"))

    return _fiapx("api", ("api",), {**environment, "FIAPX_HOST": host, "FIAPX_PORT": str(port)}, Settings, serves)


def _fiapx(
    name: str,
    command: tuple[str, ...],
    environment: Mapping[str, str],
    reads: type[BaseSettings],
    serves: Callable[[], bool] | None = None,
) -> Program:
    known = names_of(reads, LogSettings, TraceSettings)
    return Program(
        name=name,
        # -P, so that a folder "app" where the user stands is not taken for ours.
        command=(sys.executable, "-P", "-m", "app.cli", *command),
        environment={
            # Many threads with a heap of their own each would keep what they have freed (mallopt(3), M_ARENA_MAX).
            "MALLOC_ARENA_MAX": "2",
            # Of our settings each process gets those that it reads: a decoder's neighbour holds no key of tokens.
            **{key: value for key, value in environment.items() if not key.startswith("FIAPX_") or key in known},
            "PYTHONPATH": str(ROOT),
        },
        folder=Path.cwd(),
        serves=serves,
    )


def _status(host: str, port: int, path: str) -> int | None:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
