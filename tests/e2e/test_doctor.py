"""``fiapx doctor`` beside a ``fiapx up``, as an operator calls both."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.client import Config

from tests.e2e.client import Person
from tests.e2e.conftest import ROOT, Up
from tests.e2e.test_whole_way import new_email


def fiapx(up: Up, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command that is told nothing but where the data is."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        cwd=ROOT,
        env=bare | {"FIAPX_DATA_DIR": str(up.data)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def lines(run: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run.stdout.splitlines()]


def lose_zip_of(up: Up, video: str) -> None:
    """Take an object away behind the service's back."""
    secrets = json.loads((up.data / "secrets.json").read_text())
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{json.loads((up.data / 'ports.json').read_text())['s3']}",
        region_name="us-east-1",
        aws_access_key_id=secrets["s3_access_key"],
        aws_secret_access_key=secrets["s3_secret_key"],
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
    client.delete_object(Bucket="fiapx", Key=f"results/{video}/1.zip")
    client.close()


async def test_a_doctor_finds_the_stores_of_the_service_beside_it_and_mends_what_they_lost(up: Up, samples: Path):
    check = fiapx(up, "check")
    assert check.returncode == 0, check.stdout + check.stderr
    async with Person(up.url, new_email()) as ana:
        await ana.register()
        video = await ana.upload(samples / "carphone_pristine.mp4")
        assert (await ana.until_final(video["id"]))["status"] == "COMPLETED"
        well = fiapx(up, "doctor")
        assert (well.returncode, well.stderr) == (0, ""), well.stdout
        assert well.stdout.startswith("Looked at ")
        assert well.stdout.endswith("objects: nothing is wrong.\n")
        lose_zip_of(up, video["id"])
        mended = fiapx(up, "doctor", "--json", "--fix")
        assert mended.returncode == 1
        found, repair = lines(mended)
        assert (found["code"], found["video"]) == ("ZIP_MISSING", video["id"])
        assert (repair["repair"], repair["count"]) == ("replace_lost_zips", 1)
        again = (await ana.videos())["edges"][0]["node"]
        assert again["id"] != video["id"]
        assert (await ana.until_final(again["id"]))["status"] == "COMPLETED"
