"""The bucket: Amazon S3 or whatever speaks its protocol."""

from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage

__all__ = ["S3Storage", "s3_client"]
