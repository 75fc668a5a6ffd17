"""Buckets of the real S3 part, and what is put into them."""

from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from tests.parts.stores import S3Part


def storage_at(
    url: str,
    part: S3Part,
    bucket: str,
    *,
    secret_key: str | None = None,
    threads: int = 8,
    retry_seconds: float = 1,
) -> S3Storage:
    client = s3_client(
        url,
        region="us-east-1",
        access_key=part.access_key,
        secret_key=secret_key or part.secret_key,
        threads=threads,
        connect_timeout=2,
        read_timeout=5,
    )
    return S3Storage(client, bucket, region="us-east-1", threads=threads, retry_seconds=retry_seconds)


async def write(storage: S3Storage, content: bytes) -> None:
    async with storage.writer("sources/x", "video/mp4") as writer:
        await writer.write(content)


async def put(storage: S3Storage, key: str, data: bytes) -> None:
    async with storage.writer(key, "video/mp4") as writer:
        await writer.write(data)
