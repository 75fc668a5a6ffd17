"""What pages may do at the bucket, asked as browsers ask it, of two storages that heed the template's rules."""

from collections.abc import Iterator
from secrets import token_hex

import httpx
import pytest

from app.infra.s3.client import s3_client
from tests.aws.templates import cors_rules
from tests.parts.moto_s3 import MotoPart
from tests.parts.stores import S3Part

PAGE, FOREIGN = "https://videos.example", "https://elsewhere.example"


@pytest.fixture(scope="module", params=["embedded", "moto"])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Part | MotoPart]:
    if request.param == "embedded":
        yield request.getfixturevalue("s3")
        return
    with MotoPart(tmp_path_factory.mktemp("moto")) as part:
        yield part


@pytest.fixture
def film(storage: S3Part | MotoPart) -> Iterator[str]:
    """The address of an object in a bucket with the template's rules."""
    key, secret, bucket = storage.access_key, storage.secret_key, f"rules-{token_hex(6)}"
    client = s3_client(storage.url, region="us-east-1", access_key=key, secret_key=secret)
    client.create_bucket(Bucket=bucket)
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": cors_rules(PAGE)})  # type: ignore[typeddict-item]
    client.put_object(Bucket=bucket, Key="film", Body=b"film")
    yield client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "film"})
    client.delete_object(Bucket=bucket, Key="film")
    client.delete_bucket(Bucket=bucket)
    client.close()


def may(film: str, method: str, *names: str, origin: str = PAGE) -> bool:
    """Ask as a browser does before it sends what not every page may (Fetch, 4.8, CORS-preflight fetch)."""
    asked = {"Origin": origin, "Access-Control-Request-Method": method}
    if names:
        asked["Access-Control-Request-Headers"] = ",".join(names)
    answer = httpx.options(film, headers=asked, trust_env=False)
    return (
        answer.is_success
        and answer.headers.get("Access-Control-Allow-Origin") in {origin, "*"}
        and method in words(answer, "Access-Control-Allow-Methods")
        and {name.lower() for name in names} <= words(answer, "Access-Control-Allow-Headers")
    )


def words(answer: httpx.Response, header: str) -> set[str]:
    said = {word.strip() for word in answer.headers.get(header, "").split(",")}
    return said if header.endswith("Methods") else {word.lower() for word in said}


def test_the_page_gets_zips_and_goes_on_with_them_and_puts_parts(film: str):
    # What clients/typescript asks with when it is led from the service to the bucket.
    assert may(film, "GET", "range", "if-range")
    assert may(film, "PUT")
    assert may(film, "PUT", "content-md5")
    assert not may(film, "GET", "authorization")
    assert not may(film, "DELETE")


def test_the_page_reads_what_tells_whether_a_zip_is_still_the_same(film: str):
    answer = httpx.get(film, headers={"Origin": PAGE, "Range": "bytes=1-"}, trust_env=False)
    assert (answer.status_code, answer.content) == (206, b"ilm")
    assert {"etag", "content-range", "content-length"} <= words(answer, "Access-Control-Expose-Headers")


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_foreign_page_may_do_nothing(film: str, method: str):
    assert not may(film, method, origin=FOREIGN)
