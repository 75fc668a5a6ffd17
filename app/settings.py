"""Every knob, typed, read from FIAPX_*; a missing secret stops the start and is named."""

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.decoding_settings import GIB, DecodingSettings, FramesSettings, ServiceSettings
from app.setting_forms import (
    Buckets,
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
    is_amazon,
)


class VideoSettings(DecodingSettings):
    """What a video worker reads, and every other process too: no secret but those of its stores.

    Sizes are bytes and times are seconds unless a name says otherwise.
    """

    # Where the parts are
    database_url: DatabaseUrl
    """The database that everything is recorded in."""
    database_connections: PositiveInt = 10
    """The most that one process opens to MySQL; all together must stay below its ``max_connections``."""
    redis_url: RedisUrl
    """The queue, the live updates and the counts of rate limits."""
    s3_url: S3Url
    """The storage, as the service itself reaches it."""
    s3_bucket: str = "fiapx"
    """The bucket of sources and results."""
    s3_region: str = "us-east-1"
    """The region that requests to the storage are signed for."""
    s3_access_key: Annotated[SecretStr | None, Field(validate_default=True, description="the id of a key")] = None
    """With the secret below; both may be missing at Amazon, where a role of the machine or pod takes their place."""
    s3_secret_key: Annotated[SecretStr | None, Field(validate_default=True, description="that key's secret")] = None
    """Set together with the key's id, or not at all."""
    s3_public_url: HttpUrl | None = None
    """The storage as clients reach it: links then lead there. Without it, objects go through the API."""
    s3_upload_url: HttpUrl | None = None
    """The same for uploads in parts, where that is another address. Without either, a file comes in one request."""
    storage_dir: Path | None = None
    """Where the storage keeps its objects, if on a disk of this machine; ``fiapx up`` sets it for its own. What is
    stored is then flushed to that disk before it is recorded."""
    disk_reserve_bytes: Annotated[int, Field(ge=0)] = GIB
    """So much of that disk stays free: what would need more is refused with STORAGE_FULL. ``fiapx up`` leaves at least
    what its own storage needs to tidy itself up."""

    # Who we are to the outside
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Port = 8000
    """The API's port."""
    metrics_port: Port | None = None
    """Where ``/metrics`` is, and ``/livez`` and ``/readyz`` once more; nowhere without it."""
    drain_seconds: Annotated[float, Field(ge=0)] = 0
    """After SIGTERM all is served as ever for so long, until who routes requests has noticed."""
    upload_drain_seconds: Annotated[float, Field(ge=0)] = 0
    """After that, nothing new is begun for so long, or until the last upload has ended."""
    public_url: HttpUrl | None = None
    """How the outside reaches this service: the links in mails lead there, and every URL that the API gives begins with
    it. Without it, URLs that lead to the API itself are paths."""

    # Sessions and accounts
    session_seconds: int = 3600
    """How long an access token is valid."""
    refresh_seconds: int = 30 * 24 * 3600
    """How long a refresh token is valid; each use gives a new one."""
    longest_session_seconds: PositiveInt = 90 * 24 * 3600
    """After so long one has to sign in again, however often the session was refreshed."""
    login_rate_per_account_and_address: Rate = "10/15 minutes"
    """Failed logins to one account from one network."""
    login_rate_per_account: Rate = "100/hour"
    """Failed logins to one account from everywhere."""
    login_rate_per_address: Rate = "100/15 minutes"
    """Failed logins from one network."""
    register_rate_per_address: Rate = "30/hour"
    """New accounts from one network."""
    reset_rate_per_account: Rate = "3/hour"
    """Links to reset the password of one account."""
    reset_rate_per_address: Rate = "30/hour"
    """Requests for such links from one network."""
    reset_seconds: int = 3600
    """How long such a link is valid."""
    verify_email: bool = True
    """Whether an address must be verified before it is sent anything; ``fiapx up`` with its own mail sink says no."""
    verification_seconds: PositiveInt = 3 * 24 * 3600
    """How long the link that verifies an address is valid."""
    verification_rate_per_account: Rate = "3/hour"
    """Links to verify the address of one account."""
    request_rate_per_key: Rate = "600/minute"
    """Requests by one key for programs; each operation over a WebSocket is one."""

    # Notifications
    webhook_loopback: bool = False
    """Whether webhooks may be on this very machine, over http too; else only at public addresses, over https."""
    webhook_denied_networks: Networks = ()
    """Networks that no webhook and no import may reach, beside all that are not public."""
    webhook_rate_per_account: Rate = "120/minute"
    """Webhooks of one account; more wait."""
    webhook_rate_per_host: Rate = "600/minute"
    """Webhooks to one host; more wait."""
    mail_rate_per_recipient: Rate = "20/hour"
    """Mails about videos to one mailbox; a digest tells of the rest."""
    account_mail_rate_per_recipient: Rate = "10/hour"
    """Mails about the account to one mailbox; a digest tells of the rest."""
    unverified_mail_rate_per_recipient: Rate = "5/hour"
    """Mails to one mailbox that was not verified."""
    delivery_rate_per_account: Rate = "60/hour"
    """Test webhooks and redeliveries that one account asks for."""
    rejection_rate_per_account: Rate = "600/hour"
    """Notifications of refused files to one account."""
    export_rate_per_account: Rate = "10/hour"
    """Exports of one account's data."""

    # Imports by link
    import_loopback: bool = False
    """Whether a link may lead to this very machine, over http too; else only to public addresses, over https, and to
    none of ``FIAPX_WEBHOOK_DENIED_NETWORKS``."""
    import_buckets: Buckets = ()
    """Buckets of the same storage from which everybody who may upload may import ``s3://bucket/key``, by the service's
    own key; none where it is empty, and never the service's own bucket."""
    import_slots: PositiveInt = 2
    """Files that one control worker fetches at once."""
    min_import_bytes_per_second: PositiveInt = 64 * 1024
    """What a link must come with at least, on the whole; it has an hour in any case."""

    export_slots: PositiveInt = 1
    """Previews and contact sheets that one worker makes at once, beside the videos in its slots."""

    # Limits of videos
    link_seconds: int = 300
    """How long a download's link is valid; one to a single picture ends between half of that and that."""
    max_file_bytes: int = 50 * GIB
    """How large a source may be."""
    max_inline_upload_bytes: int = 2 * GIB
    """How large a file may be that is sent in one request."""
    max_active_videos_per_user: int = 2000
    """Videos of one user that are not finished; more are refused with QUOTA_EXCEEDED."""
    max_backlog_seconds: PositiveInt = 6 * 3600
    """Where a video waits for longer, whoever has one waiting may send no more, and others none at twice as long."""
    max_backlog_bytes: PositiveInt | None = None
    """The same by the bytes of all that wait; no limit where it is not set."""
    max_stored_bytes_per_user: int | None = None
    """Bytes of one user's files and ZIPs, uploads under way included; no limit where it is not set."""
    max_stored_bytes: int | None = None
    """The same of all users together."""
    retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """For so many days from its end a processing's file and ZIP are kept; for ever where it is not set."""
    audit_retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """For so many days what operators did stays in the audit log; for ever where it is not set."""
    max_output_bytes: int = 100 * GIB
    """How large a ZIP may become."""
    max_output_ratio: Annotated[float, Field(gt=0)] = 200
    """A ZIP may be so many times as large as the file it came from, and a gigabyte in any case."""
    require_confinement: bool = False
    """A kernel without Landlock or seccomp then keeps a worker from starting."""
    upload_timeout_seconds: float = 24 * 3600
    """Whatever its size, an upload has no longer."""

    # Work
    work_dir: Path | None = None
    """Where a worker keeps the video in hand; a temporary folder without it."""
    worker_port: Port | None = None
    """Where a worker answers ``/livez`` and ``/metrics``; nowhere without it."""
    control_slots: int = 4
    """Jobs of the control queue that one worker does at once."""
    lease_seconds: float = 15
    """After so long without a heartbeat another worker takes a video over."""
    heartbeat_seconds: float = 5
    """How often a worker says that it still holds a video."""
    sweep_seconds: float = 5
    """How often a worker looks in the database for what is due and was not queued."""
    shutdown_wait_seconds: float = 0
    """How long a worker that is told to end goes on with the video in hand before it hands it back."""
    max_transient_failures: int = 20
    """A video that met passing faults so often fails."""
    password_threads: int = 2
    """Passwords that a process hashes at once."""
    storage_threads: int = 16
    """Requests to the storage that a process has under way at once."""

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

    @property
    def upload_url(self) -> str | None:
        """Where clients send the parts of an upload; None where they cannot."""
        return self.s3_upload_url or self.s3_public_url


class ServerSettings(ServiceSettings):
    """What the API takes, and from whom."""

    allowed_origins: Origins = ()
    """Pages of these origins may call the API from a browser (CORS) and open WebSockets; our own always may."""
    allowed_hosts: Hosts = ()
    """What a request's Host may name, whatever its port; all where it is empty. ``localhost`` is every name of this
    very machine. Where none are set and the service is on loopback, that and the host of the public URL are."""
    hsts_seconds: NonNegativeInt = 365 * 24 * 3600
    """For so long a browser that came by TLS comes by nothing else (RFC 6797); with 0 it is told nothing."""
    trusted_proxies: Proxies = ()
    """Addresses and networks whose word on the client's address counts (X-Forwarded-For)."""
    requests_per_minute: int = 6000
    """By one network, in one process; each operation over a WebSocket is one."""
    head_seconds: float = 15
    """A request's head must have come so long after its connection was opened, or after its own first byte."""
    max_head_bytes: int = 64 * 1024
    """How large a request's head may be."""
    max_connections: PositiveInt = 10_000
    """At once, in one process; fewer where it may not open so many files (RLIMIT_NOFILE)."""
    max_connections_per_address: PositiveInt = 512
    """By one network; a trusted proxy may have as many as there are."""
    min_upload_bytes_per_second: int = 1024
    """What an upload must come with at least; the fuller the memory for uploads, the more."""
    upload_memory_bytes: PositiveInt = 960 * 1024**2
    """What all uploads of a process may hold of its memory: one holds three parts of 5 MiB at most (16 beyond 2.9 GiB).
    Of a pod's 2 GiB in Kubernetes as much is left to the program itself, its sockets and its documents."""
    max_uploads_per_user: int = 20
    """Uploads under way at once, in one process."""
    introspection: bool = True
    """Whether clients may ask for the GraphQL schema and for ``/openapi.json``."""
    suggestions: bool = True
    """Whether a misspelled field is answered with those that it may have meant."""
    graphiql: bool = True
    """Whether the page at ``/graphiql`` is served."""
    frontend: bool = True
    """Whether the pages at ``/`` and ``/operate`` are served."""
    max_document_bytes: int = 15_000
    """How large a GraphQL document may be."""
    max_tokens: int = 1000
    """Of a document."""
    max_depth: int = 10
    """How deep its fields may be nested."""
    max_cost: int = 5000
    """What an operation's answer may cost, in fields that it may have."""
    max_variable_values: int = 3500
    """Values of one operation's variables, those in lists and objects counted."""
    max_cpu_seconds_per_minute: Annotated[float, Field(gt=0)] = 6
    """What GraphQL documents that are new to a process may take of its time: of one network (/24, /64), and of one
    user, whose answers count too. Each has so much at once, and it comes back evenly."""
    socket_ping_seconds: float = 20
    """How often a WebSocket's client is asked whether it is there, and how long it may take to say so."""
    socket_stall_seconds: float = 20
    """A client that takes nothing for so long is dropped."""
    max_sockets_per_user: int = 20
    """At once, in one process; a stream over plain HTTP is one."""
    max_sockets_per_address: int = 200
    """At once, in one process, from one network."""
    socket_messages_per_minute: PositiveInt = 6000
    """By one network, whatever they are, in one process."""
    max_subscriptions_per_socket: int = 20
    """At once, over one WebSocket."""


class SigningSettings(ServiceSettings):
    """What signs tokens: at least 32 bytes. Tokens of a former key are honoured until they expire."""

    jwt_secret: Secret
    """What access tokens are signed with."""
    jwt_former_secrets: Secrets = ()
    """Secrets of before, whose tokens are honoured until they expire."""


class ControlSettings(SigningSettings, VideoSettings):
    """What a control worker reads: it writes mails, and links into them that only their reader can use."""

    smtp_url: SmtpUrl
    """The mail server."""
    mail_from: Mailbox = "FIAP X <no-reply@fiapx.local>"
    """Whom mails are from."""


class CheckSettings(ServerSettings, VideoSettings):
    """What ``fiapx check`` and ``fiapx doctor`` read."""

    smtp_url: SmtpUrl | None = None
    """The mail server to try, if there is one."""


class Settings(SigningSettings, ServerSettings, VideoSettings):
    """What the API reads."""

    link_secret: Secret
    """What the links to single pictures are signed with, and, where objects go through the API, those to files."""


class UpSettings(ServiceSettings):
    """What ``fiapx up`` itself must know; it makes or passes on all else."""

    data_dir: Path = Path("data")
    """Where everything is kept."""
    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Port = 8000
    """The API's port."""
    workers: PositiveInt | None = None
    """How many worker processes; one for each core where it is not set."""


class LogSettings(ServiceSettings):
    """How much the processes say."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least important lines that are written."""


class TraceSettings(ServiceSettings):
    """Where traces go; without an address they go nowhere."""

    # An empty variable is how some tools spell an unset one.
    model_config = SettingsConfigDict(env_ignore_empty=True)

    otlp_endpoint: HttpUrl | None = None
    """A collector's, for OTLP over HTTP; ``/v1/traces`` is added to it."""
    trace_ratio: Annotated[float, Field(ge=0, le=1)] = 1.0
    """Which share of all traces is sent; the same ones by every process that has the same share."""


class DatabaseSettings(ServiceSettings):
    """What a migration needs, and who waits for one."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    migration_database_url: DatabaseUrl | None = None
    """Of a user who may change tables, where the service's own may not."""
    database_url: Annotated[DatabaseUrl | None, Field(validate_default=True)] = None
    """The service's own, which is enough for a migration where its user may change tables."""

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
    FramesSettings,
    UpSettings,
    LogSettings,
    TraceSettings,
    DatabaseSettings,
)
"""All that there is to set."""
