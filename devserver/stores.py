"""Chooses the stores of one instance: an embedded part for each address that the environment does not name."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final
from urllib.parse import quote

from app.decoding_settings import GIB
from devserver import ports
from devserver.certificate import Certificate
from devserver.credentials import Credentials
from devserver.data_directory import DataDirectory
from devserver.disk_room import DiskRoom
from devserver.mail_sink import MailSink
from devserver.program import Program
from devserver.seaweed import Seaweed, SeaweedPorts
from devserver.valkey import Valkey

_PORTS = ("redis", "s3", "s3_master", "s3_volume", "s3_filer", "s3_admin", "smtp")


@final
@dataclass(frozen=True, slots=True)
class Stores:
    """The programs to start first, and the settings by which the service finds every store, embedded or not."""

    programs: Sequence[Program]
    settings: Mapping[str, str]
    room: DiskRoom | None
    """The room on the disk under embedded objects."""


def choose_stores(data: DataDirectory, environment: Mapping[str, str], pages: Sequence[str] = ()) -> Stores:
    """Return the stores for this environment; what it sets itself is never overridden.

    ``pages`` are the origins of those that may send files straight to an embedded storage; it is on the loopback
    interface, so where there are none nobody is told of it.
    """
    credentials = Credentials.kept_in(data.secrets)
    port = _remembered_ports(data.ports)
    programs: list[Program] = []
    room: DiskRoom | None = None
    named: Mapping[str, str] = {name: value for name, value in environment.items() if name.startswith("FIAPX_")}
    settings = {
        "FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{quote(str(data.database))}",
        "FIAPX_JWT_SECRET": credentials.jwt_secret,
        "FIAPX_LINK_SECRET": credentials.link_secret,
        "FIAPX_WORK_DIR": str(data.work),
    }
    if "FIAPX_REDIS_URL" not in environment:
        valkey = Valkey(data.root / "valkey", port["redis"], credentials.redis_password)
        programs.append(valkey.program())
        settings["FIAPX_REDIS_URL"] = valkey.url
    if "FIAPX_S3_URL" not in environment:
        seaweed = Seaweed(
            data.root / "s3",
            SeaweedPorts(port["s3"], port["s3_master"], port["s3_volume"], port["s3_filer"], port["s3_admin"]),
            environment.get("FIAPX_S3_ACCESS_KEY", credentials.s3_access_key),
            environment.get("FIAPX_S3_SECRET_KEY", credentials.s3_secret_key),
            environment.get("FIAPX_S3_BUCKET", "fiapx"),
            Certificate.made_in(data.certificate),
            pages,
        )
        programs.append(seaweed.program())
        room = DiskRoom(data.root, seaweed.folder, seaweed.tidying, data.log("tidying"))
        named = _with_reserve(named, room.reserve_bytes)
        settings |= {
            "FIAPX_S3_URL": seaweed.url,
            "FIAPX_STORAGE_DIR": str(seaweed.folder),
            "FIAPX_S3_ACCESS_KEY": seaweed.access_key,
            "FIAPX_S3_SECRET_KEY": seaweed.secret_key,
        }
        if pages:
            settings["FIAPX_S3_UPLOAD_URL"] = seaweed.url
    if "FIAPX_SMTP_URL" not in environment:
        sink = MailSink(data.mail, port["smtp"], credentials.smtp_password)
        programs.append(sink.program())
        # A sink delivers nothing, so nobody would find the link.
        settings |= {"FIAPX_SMTP_URL": sink.url, "FIAPX_VERIFY_EMAIL": "false"}
    return Stores(programs, {**settings, **named}, room)


def _with_reserve(named: Mapping[str, str], least: int) -> Mapping[str, str]:
    """Return the settings with no smaller a reserve than this; a value that is none is left for the service to name."""
    asked = named.get("FIAPX_DISK_RESERVE_BYTES", str(GIB))
    return {**named, "FIAPX_DISK_RESERVE_BYTES": str(max(int(asked), least)) if asked.isdecimal() else asked}


def _remembered_ports(file: Path) -> Mapping[str, int]:
    """Return the ports of the last start, and new ones for those that somebody has taken since."""
    try:
        before: dict[str, int] = json.loads(file.read_text())
    except (FileNotFoundError, ValueError):
        before = {}
    chosen = {name: before[name] for name in _PORTS if name in before and ports.is_free_pair(before[name])}
    for name in _PORTS:
        if name not in chosen:
            chosen[name] = ports.free_pair(chosen.values())
    if chosen != before:
        file.write_text(json.dumps(chosen, indent=1))
    return chosen
