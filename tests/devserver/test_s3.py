import httpx
import pytest

from tests.parts.stores import S3Part


@pytest.mark.parametrize("part", ["master", "filer", "admin"])
def test_the_parts_behind_the_embedded_s3_speak_to_nobody_without_a_certificate(s3: S3Part, part: str):
    port = getattr(s3.ports, part)
    for path in ("/", "/col/delete?collection=fiapx", "/buckets/fiapx/sources/x"):
        assert httpx.get(f"http://127.0.0.1:{port}{path}").status_code == 400
    with pytest.raises(httpx.TransportError):
        httpx.get(f"https://127.0.0.1:{port}/", verify=False)


def test_the_volume_server_reads_and_writes_for_nobody_without_a_key(s3: S3Part):
    for method in ("GET", "PUT", "DELETE"):
        assert httpx.request(method, f"http://127.0.0.1:{s3.ports.volume}/1,01637037d6").status_code == 401
