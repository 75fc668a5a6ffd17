"""An object that others send in parts, each to a URL of its own; all that is here runs in the storage's threads."""

import base64
import binascii
from collections.abc import Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from app.infra.s3.faults import S3_FAULTS, passed_over
from app.infra.s3.tries import Tries
from app.usecases.ports.storage import StoredPart

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def begun_parts(client: "S3Client", bucket: str, key: str, content_type: str) -> str:
    """Begin a multipart upload and return its id."""
    return client.create_multipart_upload(Bucket=bucket, Key=key, ContentType=content_type)["UploadId"]


def sent_part(
    client: "S3Client", bucket: str, key: str, upload_id: str, number: int, data: bytes, tries: Tries
) -> None:
    """Send a part of ours; what passes is borne for as long as there are tries."""
    tries.begin()
    while True:
        try:
            client.upload_part(Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=data)
        except S3_FAULTS as fault:
            if not tries.again(fault):
                raise
        else:
            return


def stored_parts(client: "S3Client", bucket: str, key: str, upload_id: str) -> Sequence[StoredPart]:
    """List the parts that came, in the order of their numbers; of one that came twice the last.

    SeaweedFS lists both, and takes that one of the two whose ETag it is told in the end.
    """
    pages = client.get_paginator("list_parts").paginate(Bucket=bucket, Key=key, UploadId=upload_id)
    found = sorted((part for page in pages for part in page.get("Parts", ())), key=itemgetter("LastModified"))
    last = {part["PartNumber"]: part for part in found}
    return [
        StoredPart(number, last[number]["Size"], last[number]["ETag"], _md5(last[number]["ETag"]))
        for number in sorted(last)
    ]


def completed(client: "S3Client", bucket: str, key: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
    """Complete a multipart upload; one that was completed or aborted is no longer found, and stays as it is."""
    with passed_over("NoSuchUpload"):
        client.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": [{"PartNumber": part.number, "ETag": part.etag} for part in parts]},
        )


def _md5(etag: str) -> str | None:
    """Return a part's MD5 in base64, where the ETag is that: with keys of AWS KMS, or of others, it is not."""
    try:
        digest = binascii.unhexlify(etag.strip('"'))
    except (binascii.Error, ValueError):
        return None
    return base64.b64encode(digest).decode() if len(digest) == 16 else None  # noqa: PLR2004 - an MD5's bytes
