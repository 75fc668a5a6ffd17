"""Valkey stopped for a whole minute, in real time: who looks dead, and what the alert rules make of it.

An API and a worker run as processes of their own and are scraped every 15 s, as Prometheus would. promtool (Debian:
prometheus) then plays the recording to ops/prometheus/rules.yaml.

Repeat: PYTHONPATH=. python bench/redis_away.py [SECONDS]
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import boto3
from botocore.client import Config

from tests.ops.deployment import running_deployment
from tests.ops.recording import SCRAPE_SECONDS, Recording
from tests.ops.redis_away import REDIS, checks, recorded
from tests.parts.stores import S3Part, SmtpSinkPart, ValkeyPart

BUCKET = "bench"


def make_bucket(s3: S3Part) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3.url,
        region_name="us-east-1",
        aws_access_key_id=s3.access_key,
        aws_secret_access_key=s3.secret_key,
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
    client.create_bucket(Bucket=BUCKET)
    client.close()


def main(seconds: float) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with ValkeyPart(folder) as valkey, S3Part(folder) as s3, SmtpSinkPart(folder) as sink:
            make_bucket(s3)
            with running_deployment(folder, valkey, s3, BUCKET, sink) as deployment:
                recording = Recording(deployment.targets)
                outage = asyncio.run(
                    recorded(recording, deployment, before=30, away=seconds, after=45, every=SCRAPE_SECONDS)
                )
        print(
            f"Valkey was stopped for {seconds:g} s: scrapes {outage.start} to {outage.stop - 1} of {recording.scrapes}"
        )
        print(f"liveness failures: {', '.join(recording.dead) or 'none'}")
        try:
            recording.hold_against_the_rules(checks(outage, recording.scrapes), folder)
        except AssertionError as said:
            print(said)
            return 1
        print(f"{REDIS} fired by the last of them and not before the first; it ended, and no other alert fired")
        print(f"repeat: PYTHONPATH=. python bench/redis_away.py {seconds:g}")
        return 1 if recording.dead else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 60))
