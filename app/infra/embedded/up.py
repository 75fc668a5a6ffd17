"""``fiapx up``: everything on one machine, from an empty folder to a service that answers."""

import asyncio
import os
from collections.abc import Callable, Mapping
from typing import Final

from app.infra.embedded import ports, service
from app.infra.embedded.child import DidNotStart
from app.infra.embedded.credentials import SecretsDamaged
from app.infra.embedded.data_directory import DataDirectory, DataDirectoryInUse, locked
from app.infra.embedded.stores import choose_stores
from app.infra.embedded.supervisor import Supervisor, reap_leftovers
from app.setting_forms import PREFIX
from app.settings import CheckSettings, UpSettings

_OTHERS: Final = {"FIAPX_REDIS_URL": "redis", "FIAPX_S3_URL": "storage", "FIAPX_SMTP_URL": "mail"}


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
            stores = choose_stores(data, named)
            everything = {**named, **stores.settings}
            _insist_on_others(named, everything)
            Supervisor(
                data,
                stores=stores.programs,
                steps=[service.migration(everything)],
                service=[
                    service.api(everything, settings.host, settings.port),
                    *service.workers(everything, settings.workers or os.cpu_count() or 1),
                ],
                say=say,
            ).run(ready=lambda: say(_where_everything_is(settings, data, stores.settings)))
    except (DataDirectoryInUse, DidNotStart, OSError, SecretsDamaged) as error:
        raise CannotStart(str(error)) from error
    say("Everything has ended; the data is kept for the next start.")


def _insist_on_others(named: Mapping[str, str], everything: Mapping[str, str]) -> None:
    """See that each store that is not embedded is there; the database, too, is asked by the migration."""
    parts = [part for name, part in _OTHERS.items() if name in named]
    if not parts:
        return  # And nothing of what it takes to ask is loaded.
    from app.infra.checks import check  # noqa: PLC0415

    settings = CheckSettings.model_validate(
        {name.removeprefix(PREFIX).lower(): everything[name] for name in everything}
    )
    wrong = [one.sentence for one in asyncio.run(check(settings, parts)) if not one.works]
    if wrong:
        raise CannotStart("\n".join(wrong))


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
