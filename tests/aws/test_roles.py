"""Our own storage adapter under the roles of the service accounts, with moto asking IAM before each step."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from moto.core.authorization import ActionAuthenticatorMixin

from app.domain.errors import StorageError
from app.infra.s3.client import s3_client
from app.infra.s3.storage import S3Storage
from tests.aws.account import REGION, client, stack

Step = Callable[[S3Storage], Awaitable[object]]
BIG = 6 * 1024 * 1024
"""More than one part, so that it is a multipart upload."""


def put(key: str, size: int = BIG) -> Step:
    async def step(storage: S3Storage) -> None:
        async with storage.writer(key, "application/octet-stream") as writer:
            await writer.write(bytes(size))

    return step


def give_up(key: str) -> Step:
    async def step(storage: S3Storage) -> None:
        with suppress(ZeroDivisionError):
            async with storage.writer(key, "application/octet-stream") as writer:
                await writer.write(bytes(BIG))
                raise ZeroDivisionError

    return step


def read(key: str) -> Step:
    async def step(storage: S3Storage) -> None:
        assert b"".join([piece async for piece in storage.read(key)])

    return step


def fetch(key: str, folder: Path) -> Step:
    return lambda storage: storage.download(key, folder / "source")


def stat(key: str) -> Step:
    return lambda storage: storage.stat(key)


def delete(key: str) -> Step:
    """Delete one object, not a list of one: for a list moto asks for an action of a name that IAM does not know."""
    return lambda storage: asyncio.to_thread(storage._client.delete_object, Bucket=storage._bucket, Key=key)


def walk(prefix: str) -> Step:
    async def step(storage: S3Storage) -> None:
        assert [found async for found in storage.list(prefix)]

    return step


def tidy(prefix: str) -> Step:
    return lambda storage: storage.abort_writes(prefix, datetime.now(UTC))


def in_parts(key: str) -> Step:
    async def step(storage: S3Storage) -> None:
        upload = await storage.begin_parts(key, "application/octet-stream")
        assert await storage.parts(key, upload) == []
        await storage.abort_parts(key, upload)

    return step


def fetched(key: str) -> Step:
    """Store what came from a link."""

    async def step(storage: S3Storage) -> None:
        upload = await storage.begin_parts(key, "application/octet-stream")
        await storage.put_part(key, upload, 1, b"whole")
        await storage.complete_parts(key, upload, await storage.parts(key, upload))
        found = await storage.stat(key)
        assert found is not None
        assert found.size_bytes == 5

    return step


class Pods:
    """The roles' keys as pods find them, and the bucket."""

    def __init__(self) -> None:
        cloudformation, iam, sts = client("cloudformation"), client("iam"), client("sts")
        told = cloudformation.describe_stacks(StackName=stack("storage"))["Stacks"][0]["Outputs"]
        outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in told}
        self.bucket, self.url = outputs["Bucket"], outputs["S3Url"]
        self.keys: dict[str, dict[str, str]] = {}
        for found in cloudformation.describe_stack_resources(StackName=stack("identities"))["StackResources"]:
            arn = iam.get_role(RoleName=found["PhysicalResourceId"])["Role"]["Arn"]
            keys = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
            self.keys[found["LogicalResourceId"].removesuffix("Role")] = {
                "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
                "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
                "AWS_SESSION_TOKEN": keys["SessionToken"],
            }
        self.s3 = client("s3")


@pytest.fixture(scope="module")
def pods(account: object) -> Pods:
    return Pods()


def carried_out(step: Step, bucket: str, url: str) -> None:
    async def whole() -> None:
        s3 = s3_client(url, region=REGION, access_key=None, secret_key=None)
        storage = S3Storage(s3, bucket, region=REGION, threads=2)
        try:
            await step(storage)
        finally:
            await storage.aclose()

    asyncio.run(whole())


@pytest.fixture
def acting(pods: Pods, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Step], None]:
    """Carry out a step with a role's keys; there are a source, a result and an export already."""
    for key in ("sources/1", "results/1/1.zip", "exports/1/1.json"):
        pods.s3.put_object(Bucket=pods.bucket, Key=key, Body=b"whole")

    def act(who: str, step: Step) -> None:
        for name, value in pods.keys[who].items():
            monkeypatch.setenv(name, value)
        ActionAuthenticatorMixin.set_initial_no_auth_action_count(0)(carried_out)(step, pods.bucket, pods.url)

    return act


@pytest.mark.parametrize(
    ("who", "step"),
    [
        ("WebApi", put("sources/2")),
        ("WebApi", put("exports/2/2.json", 10)),
        ("WebApi", in_parts("sources/3")),
        ("WebApi", stat("results/1/1.zip")),
        ("WebApi", read("results/1/1.zip")),
        ("WebApi", read("exports/1/1.json")),
        ("Worker", read("sources/1")),
        ("Worker", put("results/1/2.zip")),
        ("Control", fetched("sources/4")),
        ("Control", walk("sources/")),
        ("Control", tidy("results/")),
        ("Control", delete("results/1/1.zip")),
        ("Control", delete("sources/1")),
        ("Control", delete("exports/1/1.json")),
    ],
)
def test_each_may_do_what_its_work_takes(acting: Callable[[str, Step], None], who: str, step: Step):
    acting(who, step)


def test_a_worker_may_download_the_source(acting: Callable[[str, Step], None], tmp_path: Path):
    acting("Worker", fetch("sources/1", tmp_path))
    assert (tmp_path / "source").read_bytes() == b"whole"


@pytest.mark.parametrize(("who", "key"), [("WebApi", "sources/2"), ("Worker", "results/1/2.zip")])
def test_an_upload_that_is_given_up_is_aborted(acting: Callable[[str, Step], None], pods: Pods, who: str, key: str):
    acting(who, give_up(key))
    assert "Uploads" not in pods.s3.list_multipart_uploads(Bucket=pods.bucket)


@pytest.mark.parametrize(
    ("who", "step"),
    [
        ("WebApi", put("results/1/9.zip", 10)),
        ("WebApi", delete("sources/1")),
        ("Worker", put("sources/9", 10)),
        ("Worker", put("exports/1/9.json", 10)),
        ("Worker", stat("exports/1/1.json")),
        ("Worker", delete("results/1/1.zip")),
        ("Control", put("results/1/9.zip", 10)),
        ("Control", read("results/1/1.zip")),
        ("ExternalSecrets", stat("sources/1")),
        ("LoadBalancers", stat("sources/1")),
        ("Autoscaler", stat("sources/1")),
    ],
)
def test_nobody_may_do_another_ones_work(acting: Callable[[str, Step], None], who: str, step: Step):
    with pytest.raises((StorageError, ClientError)):
        acting(who, step)
