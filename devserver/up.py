"""``fiapx up``: everything on one machine, from an empty folder to a service that answers."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from app.settings import UpSettings
from devserver import ports, service
from devserver.child import DidNotStart
from devserver.credentials import SecretsDamaged
from devserver.data_directory import DataDirectory, DataDirectoryInUse, locked
from devserver.kept_settings import keep_settings
from devserver.stores import choose_stores
from devserver.supervisor import Supervisor, reap_leftovers

_OTHERS: Final = {"FIAPX_REDIS_URL": "redis", "FIAPX_S3_URL": "storage", "FIAPX_SMTP_URL": "mail"}

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


class CannotStart(Exception):
    """The start failed for a reason that its sentence tells; everything started has ended again."""


def up(settings: UpSettings, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Run until SIGINT, SIGTERM or a hang-up; raises ``CannotStart``."""
    # An empty variable is how some tools spell an unset one.
    named = {name: value for name, value in environment.items() if value or not name.startswith("FIAPX_")}
    try:
        with locked(settings.data_dir) as data:
            reap_leftovers(data, say)
            if not ports.is_free(settings.port, settings.host):
                raise CannotStart(
                    f"{settings.host}:{settings.port} is taken or not ours to take: set FIAPX_PORT to a free port."
                )
            stores = choose_stores(data, named, pages_on_this_machine(settings, named))
            everything = {**named, **stores.settings}
            _insist_on_others(named, everything)
            keep_settings(data, everything)
            Supervisor(
                data,
                stores=stores.programs,
                steps=[service.migration(everything, alone="FIAPX_DATABASE_URL" not in named)],
                service=[
                    service.api(everything, settings.host, settings.port),
                    *service.workers(everything, settings.workers or os.cpu_count() or 1),
                ],
                room=stores.room,
                say=say,
            ).run(ready=lambda: say(_where_everything_is(settings, data, stores.settings)))
    except (DataDirectoryInUse, DidNotStart, OSError, SecretsDamaged) as error:
        raise CannotStart(str(error)) from error
    say("Everything has ended; the data is kept for the next start.")


def pages_on_this_machine(settings: UpSettings, named: Mapping[str, str]) -> Sequence[str]:
    """Return the origins of the pages that reach our own storage: none where they may be on other machines."""
    public, allowed = urlsplit(named.get("FIAPX_PUBLIC_URL", "")), named.get("FIAPX_ALLOWED_ORIGINS", "")
    if not {settings.host, public.hostname or settings.host} <= _LOOPBACK:
        return ()
    own = [f"http://{host}:{settings.port}" for host in ("127.0.0.1", "localhost", "[::1]")]
    known_as = [f"{public.scheme}://{public.netloc}"] if public.netloc else []
    return [*own, *known_as, *(origin.strip() for origin in allowed.split(",") if origin.strip())]


def _insist_on_others(named: Mapping[str, str], everything: Mapping[str, str]) -> None:
    """See that each store that is not ours is there; the database, too, is asked by the migration."""
    parts = [part for name, part in _OTHERS.items() if name in named]
    if not parts:
        return
    check = service.check(everything, parts)
    found = subprocess.run(  # noqa: S603  # The command comes from this package.
        check.command, env=dict(check.environment), capture_output=True, text=True, check=False
    )
    if found.returncode != 0:
        said = [line for line in found.stdout.splitlines() if not line.startswith("ok")]
        raise CannotStart("\n".join(["Not every part is there.", *said, found.stderr]).rstrip())


def _where_everything_is(settings: UpSettings, data: DataDirectory, chosen: Mapping[str, str]) -> str:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    base = f"http://{host}:{settings.port}"
    rows = [
        ("GraphQL", f"{base}/graphql"),
        ("GraphiQL", f"{base}/graphiql"),
        ("REST", f"{base}/auth/register, /auth/login, /videos, /videos/upload"),
        ("Health", f"{base}/readyz"),
        ("Mail", f"{data.mail} (.eml files)" if "127.0.0.1" in chosen["FIAPX_SMTP_URL"] else "by FIAPX_SMTP_URL"),
        ("Data", str(data.root)),
        ("Logs", str(data.logs)),
    ]
    lines = "\n".join(f"  {name:<9}{place}" for name, place in rows)
    return f"\nFIAP X is ready.\n\n{lines}\n\nCtrl-C ends it and keeps the data.\n"
