"""How long one picture takes that is read out of the stored ZIP, beside a plain file of the same size.

A film of 1080 lines goes through the API and a worker, each a process of its own, to the embedded storage. Then each
of its pictures is fetched by its link over one connection, and in turn with it a plain file of the picture's own bytes
from Starlette's StaticFiles, by the same uvicorn in a process of its own. Last, the same range from the storage itself.

Repeat: PYTHONPATH=. python bench/one_frame.py [PICTURES]
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import boto3
import httpx
from botocore.client import Config

from bench.api_memory import ACCOUNT
from bench.film.materials import FFMPEG, QUIET, SAMPLES
from bench.redis_away import BUCKET, make_bucket
from devserver.ports import free_pair
from tests.ops.deployment import running_deployment
from tests.parts.loopback import answers
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

PATIENCE_SECONDS = 300
MOST_MILLISECONDS: Final = 15.0
ROUNDS: Final = 5
PLAIN: Final = """
import sys, uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
app = Starlette(routes=[Mount("/", StaticFiles(directory=sys.argv[1]))])
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="error")
"""
UPLOAD: Final = """mutation($file: Upload!, $options: ExtractionOptionsInput) {
  uploadVideo(file: $file, options: $options) { ... on VideoProcessing { id } } }"""
FRAMES: Final = """query($id: ID!, $after: String) { video(id: $id) { ... on VideoProcessing { status result {
  frames(first: 100, after: $after) { edges { node { fileName sizeBytes url } } pageInfo { endCursor hasNextPage } }
} } } }"""


@dataclass(frozen=True)
class Picture:
    """One of the ZIP: where it is, and what must come."""

    path: str
    name: str
    content: bytes


def film(folder: Path, pictures: int) -> Path:
    """Make one of 1080 lines out of a real clip, with the noise of a sensor, of so many pictures."""
    path = folder / "film.mp4"
    look = "fps=25,scale=1920:1080:flags=bicubic,noise=alls=4:allf=t"
    subprocess.run(
        [FFMPEG, *QUIET, "-stream_loop", "-1", "-i", SAMPLES / "bigbuckbunny.mp4", "-map", "0:V:0", "-vf", look,
         "-frames:v", str(pictures), "-c:v", "libx264", "-preset", "ultrafast", "-crf", "18", path],
        check=True,
    )  # fmt: skip
    return path


def taken(source: Path, http: httpx.Client) -> list[Picture]:
    """Let the service take all pictures of the film; fetch each once."""
    http.post("/auth/register", json={"name": "Ana", **ACCOUNT}).raise_for_status()
    token = http.post("/auth/login", json=ACCOUNT).raise_for_status().json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    asked = {"query": UPLOAD, "variables": {"file": None, "options": {"select": {"everyNthFrame": 1}}}}
    form = {"operations": json.dumps(asked), "map": '{"0": ["variables.file"]}'}
    sent = http.post("/graphql", data=form, files={"0": ("film.mp4", source.read_bytes())}).raise_for_status()
    video, nodes, after = sent.json()["data"]["uploadVideo"]["id"], list[Any](), None
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = http.post("/graphql", json={"query": FRAMES, "variables": {"id": video, "after": after}}).json()
        if (said := found["data"]["video"])["status"] != "COMPLETED":
            if said["status"] == "FAILED" or time.monotonic() > end:
                raise SystemExit(f"The film was not taken: {said['status']}")
            time.sleep(0.5)
            continue
        nodes += [edge["node"] for edge in said["result"]["frames"]["edges"]]
        if not (info := said["result"]["frames"]["pageInfo"])["hasNextPage"]:
            break
        after = info["endCursor"]
    pictures = [Picture(urlsplit(one["url"]).path, one["fileName"], http.get(one["url"]).content) for one in nodes]
    assert [len(one.content) for one in pictures] == [node["sizeBytes"] for node in nodes]
    return pictures


@contextmanager
def plain_files(folder: Path, pictures: Sequence[Picture]) -> Iterator[str]:
    """Serve the same bytes as plain files, in a process of its own."""
    for picture in pictures:
        (folder / picture.name).write_bytes(picture.content)
    port = free_pair()
    process = subprocess.Popen([sys.executable, "-c", PLAIN, str(folder), str(port)])
    try:
        url = f"http://127.0.0.1:{port}"
        while not answers(f"{url}/{pictures[0].name}"):
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def fetched(line: http.client.HTTPConnection, path: str, content: bytes, headers: dict[str, str]) -> float:
    """Return how many milliseconds it takes until the last byte is there; it must be the right one."""
    began = time.perf_counter()
    line.request("GET", path, headers=headers)
    body = line.getresponse().read()
    took = time.perf_counter() - began
    assert body == content, path
    return took * 1000


def connection(url: str) -> http.client.HTTPConnection:
    parts = urlsplit(url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)


def told(what: str, took: Sequence[float]) -> float:
    p50, p95 = statistics.median(took), statistics.quantiles(took, n=20)[-1]
    print(f"{what}: p50 {p50:.2f} ms, p95 {p95:.2f} ms, of {len(took)}", flush=True)
    return p50


def compared(api: str, plain: str, pictures: Sequence[Picture]) -> tuple[float, float]:
    ours, theirs, by_us, by_them = list[float](), list[float](), connection(api), connection(plain)
    for _ in range(ROUNDS):
        for one in pictures:
            ours.append(fetched(by_us, one.path, one.content, {}))
            theirs.append(fetched(by_them, f"/{one.name}", one.content, {}))
    return told("by its link", ours), told("as a plain file", theirs)


def by_the_storage(s3: S3Part, pictures: Sequence[Picture], whole: bytes, key: str) -> None:
    """Fetch the same ranges from the storage alone, by a URL that opens all of the ZIP."""
    client = boto3.client(
        "s3", endpoint_url=s3.url, region_name="us-east-1", aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key, config=Config(proxies={}, s3={"addressing_style": "path"}),
    )  # fmt: skip
    url = client.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
    line, took = connection(url), []
    for one in pictures:
        start = whole.index(one.content)
        part = {"Range": f"bytes={start}-{start + len(one.content) - 1}"}
        took.append(fetched(line, url.removeprefix(s3.url), one.content, part))
    told("as a range of the storage's own", took)


def main(count: int) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "plain").mkdir()
        with ValkeyPart(folder) as valkey, S3Part(folder) as s3, SmtpSinkPart(folder) as sink:
            make_bucket(s3)
            with running_deployment(folder, valkey, s3, BUCKET, sink) as deployment:
                source = film(folder, count)
                with httpx.Client(base_url=deployment.api, trust_env=False, timeout=60) as http:
                    pictures = taken(source, http)
                    listed = http.get("/videos").json()["items"][0]
                    whole = http.get(f"/videos/{listed['id']}/download").content
                sizes = [len(one.content) for one in pictures]
                print(
                    f"{len(pictures)} JPEGs of 1080 lines, {min(sizes) // 1000} to {max(sizes) // 1000} kB, median "
                    f"{statistics.median(sizes) / 1000:.0f}; load {os.getloadavg()[0]:.1f}",
                    flush=True,
                )
                with plain_files(folder / "plain", pictures) as plain:
                    ours, theirs = compared(deployment.api, plain, pictures)
                by_the_storage(s3, pictures, whole, listed["s3OutputPath"])
    print(f"{ours / theirs:.1f} times a plain file; p50 {ours:.2f} ms (at most {MOST_MILLISECONDS:g})")
    print(f"load {os.getloadavg()[0]:.1f}; repeat: PYTHONPATH=. python bench/one_frame.py {count}")
    return ours > MOST_MILLISECONDS


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
