"""How we talk to S3."""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from boto3.session import Session
from botocore.config import Config
from botocore.loaders import create_loader
from botocore.session import Session as BotocoreSession

from app.infra.s3.spans import trace_requests
from app.setting_forms import is_amazon
from app.settings import VideoSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_LOADER: Final = create_loader()
"""Keeps what botocore knows of S3, which takes a fifth of a second to read, for all clients of the process."""


def client_of(settings: VideoSettings, url: str, **how: int) -> "S3Client":
    """Make a client with the region and the keys of the settings; see ``s3_client``."""
    access_key, secret_key = (
        key.get_secret_value() if key else None for key in (settings.s3_access_key, settings.s3_secret_key)
    )
    return s3_client(url, region=settings.s3_region, access_key=access_key, secret_key=secret_key, **how)


def s3_client(
    url: str,
    *,
    region: str,
    access_key: str | None,
    secret_key: str | None,
    threads: int = 1,
    connect_timeout: float = 5,
    read_timeout: float = 20,
) -> "S3Client":
    """Make a client that ``threads`` threads may share; making it asks nothing of the network.

    Timeouts are seconds, the second one for each silence and not for a whole answer. Without an access key the
    client finds its credentials itself, as pods with a role of their own need it.

    Buckets of Amazon are part of the host's name; elsewhere they are part of the path, since nobody's DNS knows them.
    Checksums are sent where the protocol demands them: what Amazon's clients add on their own since 2025 (trailing
    checksums in chunked bodies) is refused by other servers, and every body is covered by TLS or by the signature.
    """
    host = urlsplit(url).hostname or ""
    config = Config(
        signature_version="s3v4",
        connect_timeout=connect_timeout,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=threads,
        tcp_keepalive=True,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        # A proxy of the environment cannot reach our own machine.
        proxies={} if host in _LOOPBACK else None,
        s3={"addressing_style": "virtual" if is_amazon(url) else "path"},
    )
    core = BotocoreSession()
    core.register_component("data_loader", _LOADER)
    client = Session(botocore_session=core).client(
        "s3",
        endpoint_url=url,
        region_name=region,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        config=config,
    )
    trace_requests(client)
    return client
