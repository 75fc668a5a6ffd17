"""What both processes open, as the documentation of each library has it."""

import os
from datetime import UTC, datetime
from typing import Any, Final

import boto3
from arq.connections import RedisSettings
from botocore.config import Config
from sqlalchemy import insert, make_url, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from app.domain.events import EventType
from app.domain.video import ProcessingStatus
from app.infra.sql.tables import domain_events, video_processings

BUCKET: Final = os.environ["FIAPX_S3_BUCKET"]
REDIS: Final = RedisSettings.from_dsn(os.environ["FIAPX_REDIS_URL"])
UNFINISHED: Final = (ProcessingStatus.PENDING, ProcessingStatus.PROCESSING)
videos: Final = video_processings.c


def database() -> AsyncEngine:
    url = make_url(os.environ["FIAPX_DATABASE_URL"])
    waits = {"timeout": 30} if url.get_backend_name() == "sqlite" else {"connect_timeout": 5}
    return create_async_engine(url, pool_pre_ping=True, pool_recycle=1800, connect_args=waits)


def storage() -> Any:
    return boto3.client(
        "s3",
        endpoint_url=os.environ["FIAPX_S3_URL"],
        region_name="us-east-1",
        aws_access_key_id=os.environ["FIAPX_S3_ACCESS_KEY"],
        aws_secret_access_key=os.environ["FIAPX_S3_SECRET_KEY"],
        config=Config(proxies={}, s3={"addressing_style": "path"}, retries={"mode": "standard"}),
    )


async def move(
    connection: AsyncConnection, video: str, event: EventType, *, of: tuple[ProcessingStatus, ...], **columns: Any
) -> bool:
    """Change the status of a row that has one of these, and log it; return False where it has none of them."""
    changed = await connection.execute(
        update(video_processings)
        .where(videos.public_id == video, videos.status.in_(of))
        .values({"status": event.status, **columns})
    )
    if changed.rowcount:
        await log(connection, video, event)
    return bool(changed.rowcount)


async def log(connection: AsyncConnection, video: str, event: EventType) -> None:
    row = select(videos.id).where(videos.public_id == video).scalar_subquery()
    await connection.execute(insert(domain_events).values(video_id=row, type=event, at=datetime.now(UTC), attempt=0))
