"""Copies every object of the service's bucket into a folder, or back: ``python ops/bucket.py save|load FOLDER``.

For a storage without a copying tool of its own; at Amazon, ``aws s3 sync`` does it better. Objects are never changed
once they are written, so one that is there already with the same size is passed over. FIAPX_S3_* say where.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import boto3
from botocore.client import Config

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_USAGE: Final = "python ops/bucket.py save|load FOLDER"


def main(arguments: list[str]) -> None:
    """Copy, and say how many objects went over."""
    if len(arguments) != 2 or arguments[0] not in {"save", "load"}:  # noqa: PLR2004 - the two of the usage
        sys.exit(_USAGE)
    folder, bucket = Path(arguments[1]), os.environ.get("FIAPX_S3_BUCKET", "fiapx")
    client = boto3.client(
        "s3",
        endpoint_url=os.environ["FIAPX_S3_URL"],
        region_name=os.environ.get("FIAPX_S3_REGION", "us-east-1"),
        aws_access_key_id=os.environ["FIAPX_S3_ACCESS_KEY"],
        aws_secret_access_key=os.environ["FIAPX_S3_SECRET_KEY"],
        config=Config(s3={"addressing_style": "path"}),
    )
    count = save(client, bucket, folder) if arguments[0] == "save" else load(client, bucket, folder)
    sys.stdout.write(f"{count} objects copied\n")


def save(client: "S3Client", bucket: str, folder: Path) -> int:
    """Copy from the bucket into the folder."""
    missing = [key for key, size in objects(client, bucket) if size_of(folder / key) != size]
    for key in missing:
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        client.download_file(bucket, key, str(folder / key))
    return len(missing)


def load(client: "S3Client", bucket: str, folder: Path) -> int:
    """Copy from the folder into the bucket."""
    there = dict(objects(client, bucket))
    files = {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}
    missing = [key for key, file in files.items() if there.get(key) != size_of(file)]
    for key in missing:
        client.upload_file(str(files[key]), bucket, key)
    return len(missing)


def objects(client: "S3Client", bucket: str) -> Iterator[tuple[str, int]]:
    """Give each object's key and size."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for entry in page.get("Contents", []):
            yield entry["Key"], entry["Size"]


def size_of(file: Path) -> int | None:
    """Give a file's size, or None where there is none."""
    return file.stat().st_size if file.is_file() else None


if __name__ == "__main__":
    main(sys.argv[1:])
