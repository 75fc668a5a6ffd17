import httpx
import pytest

from tests.parts.stores import S3Part


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_the_filer_behind_the_embedded_s3_serves_nobody_without_a_key(s3: S3Part, bucket: str, method: str):
    answer = httpx.request(method, f"http://127.0.0.1:{s3.ports.filer}/buckets/{bucket}/sources/x", content=b"hacked")
    assert answer.status_code == 401


def test_neither_does_the_volume_server(s3: S3Part):
    assert httpx.get(f"http://127.0.0.1:{s3.ports.volume}/1,01637037d6").status_code == 401
