"""What ``app/wiring.py`` is handed in tests: the settings as they are shipped, and fakes."""

from functools import lru_cache
from pathlib import Path
from typing import Any
from uuid import uuid4

from app.infra.attempt_reports import WorkerReports
from app.infra.mail_address import IdnaMailAddresses
from app.infra.secret_tokens import HmacLinkTokens, HmacRefreshTokens
from app.infra.tokens import JwtAccessTokens
from app.infra.worker_metrics import WorkerMetrics
from app.infra.workspace import Workspace
from app.infra.zip import StoredZip
from app.settings import Settings
from app.usecases.ports.clock import Clock
from app.usecases.ports.frames import DecoderTrial, FrameExtractor
from app.usecases.ports.rate_limits import RateLimits
from app.usecases.ports.sessions import EndedSessions
from app.usecases.ports.tokens import PasswordHasher
from app.usecases.worker_health import WorkerHealth
from app.wiring import DecodingParts, IdentityParts
from tests.fakes.extractor import ScriptedExtractor

SECRET = "only for tests, and long enough for any"


@lru_cache(maxsize=64)
def shipped(**changes: Any) -> Settings:
    """Return the settings as they are shipped, but for these; no part is where they say."""
    nowhere = {
        "database_url": "sqlite+aiosqlite:///nowhere",
        "redis_url": "redis://nowhere",
        "s3_url": "http://nowhere",
    }
    secrets = {"s3_access_key": "key", "s3_secret_key": SECRET, "jwt_secret": SECRET, "link_secret": SECRET}
    return Settings.model_validate({**nowhere, **secrets, **changes})


def identity_parts(
    clock: Clock,
    passwords: PasswordHasher,
    ended: EndedSessions,
    limits: RateLimits,
    *refresh_keys: str,
    session_seconds: int = 3600,
) -> IdentityParts:
    """Return the real ones around these."""
    return IdentityParts(
        passwords=passwords,
        tokens=JwtAccessTokens(SECRET, clock=clock, lifetime_seconds=session_seconds),
        refresh_tokens=HmacRefreshTokens(*refresh_keys or [SECRET]),
        reset_tokens=HmacLinkTokens("password resets", SECRET),
        verification_tokens=HmacLinkTokens("email verifications", SECRET),
        ended=ended,
        limits=limits,
        addresses=IdnaMailAddresses(),
    )


def decoding_parts(
    extractor: FrameExtractor | None = None,
    work_dir: Path | None = None,
    metrics: WorkerMetrics | None = None,
    try_decoder: DecoderTrial | None = None,
) -> DecodingParts:
    """Return a worker's parts; without an extractor there is no film."""
    return DecodingParts(
        extractor=extractor or ScriptedExtractor([]),
        workspaces=Workspace(work_dir),
        new_zip=StoredZip,
        reports=WorkerReports(metrics or WorkerMetrics()),
        health=WorkerHealth(str(uuid4())),
        try_decoder=try_decoder or it_decodes,
    )


async def it_decodes() -> None:
    """Obeys the port of a decoder's trial: the one that there is does."""
