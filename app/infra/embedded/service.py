"""The service's own programs: the migration, the API and the workers."""

import http.client
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from app.infra.embedded.program import LOOPBACK, ROOT, Program

_EVERYWHERE: Final = {"0.0.0.0": LOOPBACK, "::": "::1"}  # noqa: S104  # Whom to ask where it listens on all of them.


def migration(environment: Mapping[str, str]) -> Program:
    """Bring the database's tables up to date; it ends by itself."""
    return _fiapx("migrate", "migrate", environment)


def workers(environment: Mapping[str, str], count: int) -> Sequence[Program]:
    """Give so many workers, each of which knows how many share the machine."""
    told = {**environment, "FIAPX_WORKERS": str(count)}
    return [_fiapx(f"worker-{number}", "worker", told) for number in range(1, count + 1)]


def api(environment: Mapping[str, str], host: str, port: int) -> Program:
    """The API; it serves once ``/livez`` and ``/readyz`` say so."""
    asked = _EVERYWHERE.get(host, host)

    def serves() -> bool:
        return all(_status(asked, port, path) == http.HTTPStatus.OK for path in ("/livez", "/readyz"))

    return _fiapx("api", "api", {**environment, "FIAPX_HOST": host, "FIAPX_PORT": str(port)}, serves)


def _fiapx(
    name: str, command: str, environment: Mapping[str, str], serves: Callable[[], bool] | None = None
) -> Program:
    return Program(
        name=name,
        # -P, so that a folder "app" where the user stands is not taken for ours.
        command=(sys.executable, "-P", "-m", "app.cli", command),
        # Many threads with a heap of their own each would keep what they have freed (mallopt(3), M_ARENA_MAX).
        environment={"MALLOC_ARENA_MAX": "2", **environment, "PYTHONPATH": str(ROOT)},
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
