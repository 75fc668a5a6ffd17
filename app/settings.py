"""Every knob, typed, read from FIAPX_*; a missing secret stops the start and is named."""

from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, NonNegativeInt, PositiveInt, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.setting_forms import (
    DatabaseUrl,
    Hosts,
    HttpUrl,
    Mailbox,
    Networks,
    Origins,
    Port,
    Proxies,
    Rate,
    RedisUrl,
    S3Url,
    Secret,
    Secrets,
    SmtpUrl,
)

GIB: Final = 1024**3

_AMAZON: Final = (".amazonaws.com", ".amazonaws.com.cn")


def is_amazon(s3_url: str) -> bool:
    """Whether this address of a storage is Amazon's own, where buckets are hosts and roles stand for keys."""
    return (urlsplit(s3_url).hostname or "").endswith(_AMAZON)


class VideoSettings(BaseSettings):
    """What a video worker reads, and every other process too: no secret but those of its stores.

    Sizes are bytes and times are seconds unless a name says otherwise.
    """

    model_config = SettingsConfigDict(env_prefix="FIAPX_", frozen=True, extra="ignore", secrets_dir=None)

    # Where the parts are.
    database_url: DatabaseUrl
    # The most that one process opens to MySQL; all processes together must stay below its max_connections.
    database_connections: PositiveInt = 10
    redis_url: RedisUrl
    s3_url: S3Url
    s3_bucket: str = "fiapx"
    s3_region: str = "us-east-1"
    # Both may be missing at Amazon, where a role of the machine or pod takes their place.
    s3_access_key: Annotated[SecretStr | None, Field(validate_default=True, description="the id of a key")] = None
    s3_secret_key: Annotated[SecretStr | None, Field(validate_default=True, description="that key's secret")] = None
    s3_public_url: HttpUrl | None = None
    # Where the storage keeps its objects, if that is a disk of this machine; ``fiapx up`` says so of its own. So much
    # of it stays free: whatever would need more is refused with STORAGE_FULL.
    storage_dir: Path | None = None
    disk_reserve_bytes: Annotated[int, Field(ge=0)] = GIB

    # Who we are to the outside.
    host: str = "127.0.0.1"
    port: Port = 8000
    # Where /metrics is, and /livez and /readyz once more; nowhere without it.
    metrics_port: Port | None = None
    # After SIGTERM: for so long all is served as ever, then for so long nothing new, until the last upload has ended.
    drain_seconds: Annotated[float, Field(ge=0)] = 0
    upload_drain_seconds: Annotated[float, Field(ge=0)] = 0
    public_url: HttpUrl | None = None
    allowed_origins: Origins = ()
    allowed_hosts: Hosts = ()
    hsts_seconds: NonNegativeInt = 365 * 24 * 3600
    trusted_proxies: Proxies = ()

    # Sessions. A rate is "number/period" or "number/count period", as in "10/15 minutes".
    session_seconds: int = 3600
    refresh_seconds: int = 30 * 24 * 3600
    longest_session_seconds: PositiveInt = 90 * 24 * 3600
    refresh_grace_seconds: int = 30
    # Of logins, failures are counted.
    login_rate_per_account_and_address: Rate = "10/15 minutes"
    login_rate_per_account: Rate = "100/hour"
    login_rate_per_address: Rate = "100/15 minutes"
    register_rate_per_address: Rate = "30/hour"
    reset_rate_per_account: Rate = "3/hour"
    reset_rate_per_address: Rate = "30/hour"
    reset_seconds: int = 3600
    # Whether an address must be verified before it is sent anything; ``fiapx up`` with its own mail sink says no.
    verify_email: bool = True
    verification_seconds: PositiveInt = 3 * 24 * 3600
    verification_rate_per_account: Rate = "3/hour"

    # Notifications. By default webhooks reach public addresses only, over https.
    webhook_loopback: bool = False
    webhook_denied_networks: Networks = ()
    webhook_seconds: float = 15
    webhook_rate_per_account: Rate = "120/minute"
    webhook_rate_per_host: Rate = "600/minute"
    # Beyond the first two a digest tells of the rest.
    mail_rate_per_recipient: Rate = "20/hour"
    account_mail_rate_per_recipient: Rate = "10/hour"
    unverified_mail_rate_per_recipient: Rate = "5/hour"
    delivery_rate_per_account: Rate = "60/hour"
    rejection_rate_per_account: Rate = "600/hour"
    export_rate_per_account: Rate = "10/hour"

    # What the edges allow; app/server/policy.py says more of each.
    requests_per_minute: int = 6000
    head_seconds: float = 15
    max_head_bytes: int = 64 * 1024
    max_connections: PositiveInt = 10_000
    max_connections_per_address: PositiveInt = 512
    min_upload_bytes_per_second: int = 1024
    upload_memory_bytes: PositiveInt = 960 * 1024**2
    max_uploads_per_user: int = 20
    introspection: bool = True
    suggestions: bool = True
    graphiql: bool = True
    frontend: bool = True
    max_document_bytes: int = 15_000
    max_tokens: int = 1000
    max_depth: int = 10
    max_aliases: int = 15
    max_root_fields: int = 10
    max_directives: int = 50
    max_cost: int = 5000
    max_variable_values: int = 1000
    max_cpu_seconds_per_minute: Annotated[float, Field(gt=0)] = 6
    socket_init_seconds: float = 5
    socket_ping_seconds: float = 20
    socket_stall_seconds: float = 20
    max_sockets_per_user: int = 20
    max_sockets_per_address: int = 200
    socket_messages_per_minute: PositiveInt = 6000
    max_subscriptions_per_socket: int = 20

    # Limits.
    link_seconds: int = 300
    max_file_bytes: int = 50 * GIB
    max_inline_upload_bytes: int = 2 * GIB
    max_duration_seconds: int = 6 * 3600
    max_frames_per_video: int = 100_000
    max_active_videos_per_user: int = 2000
    # Bytes of files and ZIPs, uploads under way included; without a limit where they are not set.
    max_stored_bytes_per_user: int | None = None
    max_stored_bytes: int | None = None
    # For so many days from its end a processing's file and ZIP are kept; for ever where it is not set.
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    max_pixels: int = 35_651_584
    max_output_bytes: int = 100 * GIB
    # A ZIP may be so many times as large as the file it came from, and a gigabyte in any case.
    max_output_ratio: Annotated[float, Field(gt=0)] = 200
    extraction_timeout_seconds: float = 6 * 3600
    # Where it is not set, less on a machine that has less; app/infra/ffmpeg/limits.py says how much.
    extraction_memory_bytes: int = 4 * GIB
    # A kernel without Landlock or seccomp then keeps a worker from starting.
    require_confinement: bool = False
    upload_timeout_seconds: float = 24 * 3600

    # Work.
    work_dir: Path | None = None
    worker_slots: int = 1
    # How many worker processes share this machine; ``fiapx up`` tells them.
    workers: PositiveInt = 1
    worker_port: Port | None = None
    control_slots: int = 4
    ffmpeg_threads: int = 0
    lease_seconds: float = 15
    beat_seconds: float = 5
    sweep_seconds: float = 5
    shutdown_wait_seconds: float = 0
    max_lost_attempts: int = 3
    max_faults: int = 20
    password_threads: int = 2
    storage_threads: int = 16

    @field_validator("s3_access_key", "s3_secret_key")
    @classmethod
    def _only_roles_need_no_key(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        key = key or None  # An empty text is none.
        by_role = is_amazon(info.data.get("s3_url", "")) and info.data.get("s3_access_key") is None
        if key is None and not by_role:
            raise PydanticCustomError("missing", "Field required")
        if key is not None and by_role and info.field_name == "s3_secret_key":
            raise PydanticCustomError("alone", "means nothing without FIAPX_S3_ACCESS_KEY")
        return key


class SigningSettings(BaseSettings):
    """What signs tokens: at least 32 bytes. Tokens of a former key are honoured until they lapse."""

    jwt_secret: Secret
    jwt_former_secrets: Secrets = ()


class ControlSettings(SigningSettings, VideoSettings):
    """What a control worker reads: it writes mails, and links into them that only their reader can use."""

    smtp_url: SmtpUrl
    mail_from: Mailbox = "FIAP X <no-reply@fiapx.local>"


class CheckSettings(VideoSettings):
    """What ``fiapx check`` reads."""

    smtp_url: SmtpUrl | None = None


class Settings(SigningSettings, VideoSettings):
    """What the API reads."""

    link_secret: Secret


class UpSettings(BaseSettings):
    """What ``fiapx up`` itself must know; it makes or passes on all else."""

    model_config = SettingsConfigDict(env_prefix="FIAPX_", frozen=True, extra="ignore")

    data_dir: Path = Path("data")
    host: str = "127.0.0.1"
    port: Port = 8000
    workers: PositiveInt | None = None
    """How many worker processes; one for each core where it is not set."""


class LogSettings(BaseSettings):
    """How much the processes say."""

    model_config = SettingsConfigDict(env_prefix="FIAPX_", frozen=True, extra="ignore")

    log_level: Literal["debug", "info", "warning", "error"] = "info"


class TraceSettings(BaseSettings):
    """Where traces go; without an address they go nowhere."""

    # An empty variable is how some tools spell an unset one.
    model_config = SettingsConfigDict(env_prefix="FIAPX_", frozen=True, extra="ignore", env_ignore_empty=True)

    otlp_endpoint: HttpUrl | None = None
    """A collector's, for OTLP over HTTP; ``/v1/traces`` is added to it."""
    trace_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Which share of all traces is sent; the same ones by every process that has the same share."""


class DatabaseSettings(BaseSettings):
    """What a migration needs, and who waits for one."""

    model_config = SettingsConfigDict(env_prefix="FIAPX_", frozen=True, extra="ignore", env_ignore_empty=True)

    migration_database_url: DatabaseUrl | None = None
    """Of a user who may change tables, where the service's own may not."""
    # Either is enough for a migration.
    database_url: Annotated[DatabaseUrl | None, Field(validate_default=True)] = None

    @field_validator("database_url")
    @classmethod
    def _one_of_the_two(cls, url: str | None, info: ValidationInfo) -> str | None:
        if url is None and info.data.get("migration_database_url") is None:
            raise PydanticCustomError("missing", "Field required")
        return url

    @property
    def migrating(self) -> str:
        """Whose address a migration uses."""
        return next(filter(None, (self.migration_database_url, self.database_url)))

    @property
    def waiting(self) -> str:
        """Whose address is used to see whether there was one."""
        return next(filter(None, (self.database_url, self.migration_database_url)))


EVERY_KIND: Final[tuple[type[BaseSettings], ...]] = (
    Settings,
    ControlSettings,
    VideoSettings,
    CheckSettings,
    UpSettings,
    LogSettings,
    TraceSettings,
    DatabaseSettings,
)
"""All that there is to set."""
