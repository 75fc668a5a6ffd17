"""What an upload in parts costs beside bare boto3, and what of it the API notices.

A sparse film goes to the embedded storage by createUpload, PUTs of ten at a time, and completeUpload, and beside it by
boto3's ``upload_file`` as it comes, three times each in turn; of the three ratios the middle one counts. The API is a
process of its own, whose resident memory is watched, and whose received bytes are those that the client sends it. In
the end a film of 60 GiB is refused.

Repeat: PYTHONPATH=. python bench/staged_upload.py [GIBIBYTES]
"""

import base64
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3
import httpx
import urllib3
from botocore.client import Config

from bench.api_memory import ACCOUNT, OPERATIONS, resident_mib
from bench.redis_away import BUCKET, make_bucket
from tests.ops.deployment import Deployment, running_deployment
from tests.parts.site import MP4
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

GIB: Final = 1024**3
AT_ONCE: Final = 10
"""As many as boto3 has under way."""
RUNS: Final = 3
LEAST_RATIO: Final = 0.8
MOST_MIB: Final = 16.0


@dataclass
class Somebody:
    """Who sends a film in parts, and counts what of it the API is sent."""

    http: httpx.Client
    pool: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=AT_ONCE))
    to_the_api: int = 0

    def asks(self, operation: str, **variables: object) -> Any:
        query = (OPERATIONS / f"{operation}.graphql").read_text("utf-8")
        answer = self.http.post("/graphql", json={"query": query, "variables": variables}).raise_for_status()
        self.to_the_api += len(answer.request.content)
        (found,) = answer.json()["data"].values()
        return found

    def begins(self, film: Path, size: int) -> Any:
        with film.open("rb") as file:
            head = base64.b64encode(file.read(64 * 1024)).decode()
        return self.asks("create-upload", input={"fileName": "film.mp4", "sizeBytes": size, "firstBytes": head})

    def sends(self, film: Path) -> str:
        upload = self.begins(film, film.stat().st_size)
        descriptor, size = os.open(film, os.O_RDONLY), int(upload["partSizeBytes"])

        def put(part: dict[str, Any]) -> None:
            data = os.pread(descriptor, size, (part["number"] - 1) * size)
            answer = self.pool.request("PUT", part["url"], body=data)
            assert answer.status == httpx.codes.OK, answer.data

        with ThreadPoolExecutor(AT_ONCE) as threads:
            while missing := [part for part in upload["parts"] if not part["done"]]:
                list(threads.map(put, [part for part in missing if part["url"]]))
                upload = self.asks("refresh-upload", id=upload["id"])
        os.close(descriptor)
        video = self.asks("complete-upload", id=upload["id"])
        assert video.get("status") == "PENDING", video
        return f"sources/{video['id']}"


@contextmanager
def most_resident(process: int) -> Iterator[list[float]]:
    """Watch a process; the list has its MiB of before, and in the end also the most."""
    seen, over = [resident_mib(process)], threading.Event()

    def watch() -> None:
        most = seen[0]
        while not over.wait(0.05):
            most = max(most, resident_mib(process))
        seen.append(most)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def measured(deployment: Deployment, s3: S3Part, film: Path) -> Sequence[bool]:
    bare = boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        config=Config(proxies={}, max_pool_connections=AT_ONCE, s3={"addressing_style": "path"}),
    )
    api, size = deployment.processes[0].pid, film.stat().st_size
    with httpx.Client(base_url=deployment.api, trust_env=False, timeout=120) as http:
        http.post("/auth/register", json={"name": "Ana", **ACCOUNT}).raise_for_status()
        token = http.post("/auth/login", json=ACCOUNT).raise_for_status().json()["access_token"]
        http.headers["Authorization"] = f"Bearer {token}"
        ana, ours, theirs, added = Somebody(http), [], [], []
        for run in range(RUNS):
            began = time.monotonic()
            bare.upload_file(str(film), BUCKET, "bare")
            theirs.append(time.monotonic() - began)
            bare.delete_object(Bucket=BUCKET, Key="bare")
            with most_resident(api) as seen:
                began = time.monotonic()
                key = ana.sends(film)
                ours.append(time.monotonic() - began)
            assert bare.head_object(Bucket=BUCKET, Key=key)["ContentLength"] == size
            bare.delete_object(Bucket=BUCKET, Key=key)
            added.append(seen[1] - seen[0])
            told = f"boto3 {theirs[-1]:6.1f} s, in parts {ours[-1]:6.1f} s, API {seen[0]:.1f} MiB + {added[-1]:.1f}"
            print(f"{run + 1}: {told}", flush=True)
        began = time.monotonic()
        refused = ana.begins(film, 60 * GIB)
        said = time.monotonic() - began
    bare.close()
    ratio = statistics.median(bare_one / one for bare_one, one in zip(theirs, ours, strict=True))
    print(f"in parts: {ratio:.2f} of the speed of boto3 (at least {LEAST_RATIO:g}), {size * RUNS / GIB:.3g} GiB in all")
    held, sent = max(added), ana.to_the_api / 1024
    print(f"the API held at most {held:.1f} MiB more (at most {MOST_MIB:g}) and was sent {sent:.0f} KiB")
    print(f"60 GiB: {refused.get('code')} after {said * 1000:.0f} ms, before the first byte")
    return [ratio >= LEAST_RATIO, held <= MOST_MIB, refused.get("code") == "FILE_TOO_LARGE", said < 1]


def main(gibibytes: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        film = folder / "film.mp4"
        with film.open("wb") as file:
            file.write(MP4)
            file.truncate(int(gibibytes * GIB))
        with ValkeyPart(folder) as valkey, S3Part(folder) as s3, SmtpSinkPart(folder) as sink:
            make_bucket(s3)
            with running_deployment(folder, valkey, s3, BUCKET, sink) as deployment:
                deployment.processes[1].terminate()  # Nobody is to decode a film that is none.
                deployment.processes[1].wait(20)
                kept = measured(deployment, s3, film)
    print(f"repeat: PYTHONPATH=. python bench/staged_upload.py {gibibytes:g}")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 5))
