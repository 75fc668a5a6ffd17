"""The operators' page: its commands are really carried out, and do what it says."""

import asyncio
import base64
import io
import json
import re
import subprocess
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import yaml

from app.domain.failure import STOPPED
from app.domain.user import UserId, pseudonym
from app.setting_forms import names_of
from app.settings import EVERY_KIND
from devserver.ports import free_pair
from tests.e2e.client import Person
from tests.ops.page import Shell, blocks
from tests.ops.promtool import ROOT, alerts
from tests.parts.mariadb import MariaDbPart
from tests.parts.stores import S3Part, SmtpSinkPart

_FIAPX = re.compile(r"FIAPX_[A-Z0-9_]+")
# Every frame many times over, as PNG: some seconds of work.
SLOW = {"select": {"framesPerSecond": 20}, "format": "PNG"}


@pytest.fixture
def shell(
    redis_url: str, mariadb: MariaDbPart, s3: S3Part, bucket: str, smtp_sink: SmtpSinkPart, tmp_path: Path
) -> Iterator[Shell]:
    """An operator's folder with ``fiapx.env`` and ``my.cnf``, and a shell in it."""
    port, inside, database = free_pair(), free_pair(), urlsplit(mariadb.url)
    settings = {
        "FIAPX_DATABASE_URL": f"{mariadb.url}/fiapx",
        "FIAPX_REDIS_URL": redis_url,
        "FIAPX_S3_URL": s3.url,
        "FIAPX_S3_BUCKET": bucket,
        "FIAPX_S3_ACCESS_KEY": s3.access_key,
        "FIAPX_S3_SECRET_KEY": s3.secret_key,
        "FIAPX_SMTP_URL": smtp_sink.url,
        "FIAPX_VERIFY_EMAIL": "false",
        "FIAPX_JWT_SECRET": uuid4().hex * 2,
        "FIAPX_LINK_SECRET": uuid4().hex * 2,
        "FIAPX_WORK_DIR": str(tmp_path / "work"),
        "FIAPX_PORT": str(port),
        "FIAPX_METRICS_PORT": str(inside),
    }
    (tmp_path / "work").mkdir()
    (tmp_path / "fiapx.env").write_text("".join(f"{name}='{value}'\n" for name, value in settings.items()))
    (tmp_path / "my.cnf").write_text(
        f"[client]\nhost={database.hostname}\nport={database.port}\nuser={database.username}\n"
        f"password={database.password}\nprotocol=tcp\n"
    )
    with Shell(tmp_path, {"API": f"http://127.0.0.1:{port}", "METRICS": f"http://127.0.0.1:{inside}"}) as shell:
        shell.do("mariadb --defaults-extra-file=my.cnf -e 'CREATE DATABASE fiapx'")
        yield shell
        shell.do("mariadb --defaults-extra-file=my.cnf -e 'DROP DATABASE fiapx'")


async def processed(ana: Person, film: Path) -> str:
    video = str((await ana.upload(film))["id"])
    await until_status(ana, video, "COMPLETED")
    return video


async def until_status(ana: Person, video: str, status: str) -> None:
    """Ask now and then: what is looked at shares the machine's cores with who looks."""
    async with asyncio.timeout(120):
        while (seen := await ana.video(video))["status"] != status:
            assert seen["status"] not in {"FAILED", "COMPLETED"}, seen
            await asyncio.sleep(0.2)


async def zip_of(ana: Person, video: str) -> bytes:
    answer = await ana.http.get(f"/videos/{video}/download", headers={"Authorization": f"Bearer {ana.token}"})
    assert answer.status_code == 200
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
    return answer.content


async def status_of(ana: Person, token: str) -> int:
    return (await ana.http.get("/videos", headers={"Authorization": f"Bearer {token}"})).status_code


def key_of(token: str) -> str:
    head = token.partition(".")[0]
    return str(json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))["kid"])


async def test_everything_that_the_page_tells_an_operator_to_do_does_what_it_says(
    shell: Shell, samples: Path, s3: S3Part
):
    said = shell.run("What there is to run")
    assert '"ready"' in said
    assert 'fiapx_backlog{what="videos_pending"}' in said
    shell.run("Whether anything is wrong")
    async with Person(shell.variables["API"], f"{uuid4().hex}@example.com") as ana:
        await ana.register()
        await _backup_and_restore(shell, ana, samples / "bikes.mp4")
        shell.run("Upgrading")
        assert await status_of(ana, ana.token) == 200
        await _rotation(shell, ana)
        await _drain(shell, ana, samples / "bikes.mp4")
        await _empty_queue(shell, ana, samples / "bikes.mp4")
        await _stop_intake(shell, ana, samples / "bikes.mp4")
        await _operators(shell, ana, samples / "bikes.mp4")
        await _logs(shell, ana, samples / "bikes.mp4", s3)
    assert [block.text for block in shell.ran] == [block.text for block in blocks() if not block.kind]


async def _backup_and_restore(shell: Shell, ana: Person, film: Path) -> None:
    kept = await processed(ana, film)
    whole = await zip_of(ana, kept)
    shell.run("Backing up")
    later = await processed(ana, film)
    # The disaster: no table, no object.
    shell.do("mariadb --defaults-extra-file=my.cnf -e 'DROP DATABASE fiapx'")
    shell.do("python -c '" + _EMPTY_BUCKET + "'")
    shell.run("Restoring")
    assert await zip_of(ana, kept) == whole
    assert (await ana.video(later))["code"] == "VIDEO_NOT_FOUND"
    assert (await ana.videos())["totalCount"] == 1
    await processed(ana, film)


_EMPTY_BUCKET = """
import os, boto3
bucket = boto3.resource("s3", endpoint_url=os.environ["FIAPX_S3_URL"], region_name="us-east-1",
    aws_access_key_id=os.environ["FIAPX_S3_ACCESS_KEY"], aws_secret_access_key=os.environ["FIAPX_S3_SECRET_KEY"],
).Bucket(os.environ["FIAPX_S3_BUCKET"])
assert list(bucket.objects.all())
for one in bucket.objects.all():
    one.delete()
"""


async def _rotation(shell: Shell, ana: Person) -> None:
    first = ana.token
    shell.run("Rotating keys", 0)
    await ana.login()
    assert key_of(ana.token) == key_of(first), "the old key still signs"
    shell.run("Rotating keys", 1)
    assert await status_of(ana, first) == 200, "a token of the former key is honoured"
    await ana.login()
    second = ana.token
    assert key_of(second) != key_of(first)
    shell.run("Rotating keys", 2)
    assert [await status_of(ana, token) for token in (first, second)] == [401, 200]
    link = await link_to_the_last(ana)
    assert status_by_curl(shell, link) == "200"
    shell.do("echo FIAPX_DRAIN_SECONDS=3 >>fiapx.env")  # For the drain, which comes next.
    shell.run("Rotating keys", 3)
    assert status_by_curl(shell, link) == "404"
    assert status_by_curl(shell, await link_to_the_last(ana)) == "200"


async def link_to_the_last(ana: Person) -> str:
    edge = (await ana.videos())["edges"][0]
    return f"{ana.url}{edge['node']['result']['downloadUrl']}"


def status_by_curl(shell: Shell, url: str) -> str:
    """Ask as a user would; httpx would write the link, which is a key, into the log."""
    return shell.do(f"curl -s -o /dev/null -w '%{{http_code}}' '{url}'").strip()


async def _drain(shell: Shell, ana: Person, film: Path) -> None:
    video = str((await ana.upload(film, options=SLOW))["id"])
    await until_status(ana, video, "PROCESSING")
    shell.run("Draining", 0)
    await until_status(ana, video, "COMPLETED")
    history = [(change["status"], change["attempt"]) for change in (await ana.video(video))["history"]]
    assert history == [("PENDING", 0), ("PROCESSING", 1), ("PROCESSING", 2), ("COMPLETED", 2)]
    assert "given back unfinished" in (shell.folder / "worker.log").read_text()
    shell.do("echo FIAPX_DRAIN_SECONDS=0 >>fiapx.env")  # The next one need not wait for anybody.
    said = shell.run("Draining", 1)
    assert '"draining"' in said, "it answers while it drains, and says that it does"


async def _empty_queue(shell: Shell, ana: Person, film: Path) -> None:
    running = str((await ana.upload(film, options=SLOW))["id"])
    waiting = str((await ana.upload(film))["id"])
    await until_status(ana, running, "PROCESSING")
    shell.run("Emptying Redis")
    for video in (running, waiting):
        await until_status(ana, video, "COMPLETED")


async def _stop_intake(shell: Shell, ana: Person, film: Path) -> None:
    shell.run("Stopping intake", 0)
    assert (await ana.upload(film))["code"] == "QUOTA_EXCEEDED"
    assert (await ana.videos())["totalCount"] > 0
    shell.run("Stopping intake", 1)
    await processed(ana, film)


async def _operators(shell: Shell, ana: Person, film: Path) -> None:
    section = "Jobs, users, and what operators did"
    cut = shell.folder / "cut.mp4"
    cut.write_bytes(film.read_bytes()[:300_000])
    failed = str((await ana.upload(cut))["id"])
    await until_status(ana, failed, "FAILED")
    shell.do(f"EMAIL={ana.email} FAILED={failed}")
    said = shell.run(section, 0)
    assert "CORRUPT_VIDEO  1" in said
    assert "attempt 1  ProcessingFailed" in said
    assert shell.run(section, 1).count(f"{failed}  processed again as ") == 1

    running = str((await ana.upload(film, options=SLOW))["id"])
    await until_status(ana, running, "PROCESSING")
    shell.do(f"RUNNING={running}; kill -STOP $WORKER_PID")  # It hangs.
    try:
        assert "taken from attempt 1" in shell.run(section, 2)
    finally:
        shell.do("kill -CONT $WORKER_PID")
    assert (await ana.video(running))["failure"]["reason"] == STOPPED

    shell.run(section, 3)
    paused = str((await ana.upload(film))["id"])
    shell.run(section, 4)
    await until_status(ana, paused, "COMPLETED")

    before = ana.token
    assert "Disabled" in shell.run(section, 5)
    assert await status_of(ana, before) == 401, "the sessions ended"
    await ana.login()
    said = shell.run(section, 6)
    deeds = [entry["deed"] for entry in json.loads(said[said.index("\n[\n") :])]
    assert deeds == ["role", "role", "enable", "disable", "quota", "quota", "resume", "pause"]


async def _logs(shell: Shell, ana: Person, film: Path, s3: S3Part) -> None:
    video, request = await processed(ana, film), uuid4().hex
    s3.kill()
    try:
        headers = {"Authorization": f"Bearer {ana.token}", "X-Request-Id": request}
        refused = await ana.http.post("/videos/upload", files={"file": ("a.mp4", film.read_bytes())}, headers=headers)
    finally:
        s3.start()
    assert refused.status_code == 503
    user = UserId((await ana.ask("{ me { id } }"))["me"]["id"])
    shell.do(f"REQUEST={request} VIDEO={video}")

    def lines(number: int) -> list[Any]:
        return [json.loads(line) for line in shell.run("Logs", number).splitlines() if line]

    assert "storage_unavailable" in [line["event"] for line in lines(0)]
    assert [line["event"] for line in lines(1)] == ["attempt started", "pictures planned", "attempt completed"]
    assert {line["video"] for line in lines(2) if "video" in line} == {video}
    assert {"attempt started", "storage_unavailable"} <= {line["event"] for line in lines(3)}
    assert {line["user"] for line in lines(3)} == {pseudonym(user)}
    del shell.ran[-1]  # The last block was run twice.


def test_every_command_that_the_test_cannot_run_says_why_not():
    for block in blocks():
        assert block.kind in {"", "cluster", "aws"}
        if block.kind:
            reason = {"cluster": "cluster", "aws": "Amazon"}[block.kind]
            assert reason in block.before, block


def kubectl_lines() -> list[list[str]]:
    return [line.split() for block in blocks() if block.kind == "cluster" for line in block.text.splitlines()]


def test_kubectl_knows_each_command_and_each_of_its_options():
    kubectl = Path(sysconfig.get_path("scripts")) / "kubectl"
    for words in kubectl_lines():
        assert words[0] == "kubectl"
        bare = [word for word in words[1:] if not word.startswith("-") and word != "fiapx"]
        options = [word.partition("=")[0] for word in words if word.startswith("--")]
        verb = bare[:2] if bare[0] in {"rollout", "set"} else bare[:1]
        told = subprocess.run([kubectl, *verb, "--help"], capture_output=True, text=True, check=True).stdout
        general = subprocess.run([kubectl, "options"], capture_output=True, text=True, check=True).stdout
        for option in options:
            assert f"{option}=" in told + general, (words, option)


def in_k8s() -> Iterator[dict[str, Any]]:
    for file in (ROOT / "k8s" / "base").glob("*.yaml"):
        yield from (document for document in yaml.safe_load_all(file.read_text()) if document)


def test_every_object_that_they_name_is_in_k8s():
    there = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in in_k8s() if "metadata" in one}
    lines = "\n".join(" ".join(words) for words in kubectl_lines())
    named = re.findall(r"\b(deployment|scaledobject|job)[/ ](fiapx-\w+)", lines)
    assert {f"{kind}/{name}" for kind, name in named} <= there
    assert {name for _, name in named} == {"fiapx-webapi", "fiapx-worker", "fiapx-control", "fiapx-migrate"}


def test_every_container_that_they_name_has_the_image_that_they_give_it():
    containers = {
        (one["metadata"]["name"], container["name"], container["image"])
        for one in in_k8s()
        if one["kind"] == "Deployment"
        for kind in ("initContainers", "containers")
        for container in one["spec"]["template"]["spec"][kind]
    }
    named = {
        (words[5].removeprefix("deployment/"), *container.partition(":")[0].split("="))
        for words in kubectl_lines()
        if words[3:5] == ["set", "image"]
        for container in words[6:]
    }
    assert named == containers


def test_every_file_that_they_name_is_there():
    for words in kubectl_lines():
        for word in words:
            if word.startswith("k8s/") and word.endswith(".yaml"):
                assert (ROOT / word.replace("secrets.yaml", "secrets.example.yaml")).is_file()
            elif word.startswith("k8s/"):
                assert (ROOT / word / "kustomization.yaml").is_file()


def test_the_page_lists_each_alert_with_its_severity():
    table = (ROOT / "docs" / "operations.md").read_text().partition("| Severity | Alerts |")[2]
    for name, alert in alerts().items():
        (row,) = (line for line in table.splitlines() if f"[{name}](runbooks.md#{name.lower()})" in line)
        assert row.startswith(f"| {alert['labels']['severity']} |")


def test_every_setting_that_the_page_names_is_one():
    settings = names_of(*EVERY_KIND)
    pages = [(ROOT / "docs" / name).read_text() for name in ("operations.md", "runbooks.md")]
    for page in pages:
        for name in {word.rstrip("_") for word in _FIAPX.findall(page)}:
            assert any(setting.startswith(name) for setting in settings), name
