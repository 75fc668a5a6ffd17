"""The service as operators run it: one process for the API and one for a worker, on real stores."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ops.deployment import Deployment, running_deployment
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart


@pytest.fixture
def deployment(
    redis_url: str, valkey: ValkeyPart, s3: S3Part, bucket: str, smtp_sink: SmtpSinkPart, tmp_path: Path
) -> Iterator[Deployment]:
    with running_deployment(tmp_path, valkey, s3, bucket, smtp_sink) as running:
        yield running
