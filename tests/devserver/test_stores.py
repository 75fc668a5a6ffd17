"""What ``fiapx up`` promises of its embedded stores, shown with the real ones and without the service."""

import contextlib
import json
import os
import select
import signal
import smtplib
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import boto3
import pytest
import redis
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError
from mypy_boto3_s3 import S3Client

from app.settings import Settings
from devserver import process_record, service
from devserver.data_directory import locked
from devserver.ports import free_pair, is_free
from devserver.program import Program
from devserver.stores import choose_stores

pytestmark = pytest.mark.slow

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 10


class Up:
    """A supervisor in a process of its own, as at a terminal."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        self.settings: Mapping[str, str] = {}
        self.said = ""
        """What it told people, once it has ended."""
        ours = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.parts.stores_only", str(data)],
            env=ours | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        assert self.process.stdout is not None
        readable, _, _ = select.select([self.process.stdout], [], [], START_LIMIT_SECONDS)
        line = self.process.stdout.readline() if readable else ""
        if not line:
            self.process.kill()
            pytest.fail(f"It did not start: {self.process.communicate()[1]}")
        self.settings = json.loads(line)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            _, self.said = self.process.communicate(timeout=STOP_LIMIT_SECONDS * 2)
        finally:
            self.process.kill()

    def pids(self) -> Mapping[str, int]:
        return {name_of(pid): pid for pid in process_record.read(self.data / "children.json")}

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.settings["FIAPX_REDIS_URL"])

    @contextlib.contextmanager
    def s3(self) -> Iterator[S3Client]:
        client = boto3.client(
            "s3",
            endpoint_url=self.settings["FIAPX_S3_URL"],
            region_name="us-east-1",
            aws_access_key_id=self.settings["FIAPX_S3_ACCESS_KEY"],
            aws_secret_access_key=self.settings["FIAPX_S3_SECRET_KEY"],
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )
        with contextlib.closing(client):
            yield client


def name_of(pid: int) -> str:
    command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    return next(name for name in ("valkey", "weed", "mail_sink") if name in command)


def run_to_refusal(data: Path) -> str:
    up = Up(data)
    try:
        _, said = up.process.communicate(timeout=START_LIMIT_SECONDS)
    finally:
        up.process.kill()
    assert up.process.returncode == 1
    return said


def wait_until_gone(pids: Mapping[str, int], limit: float) -> None:
    end = time.monotonic() + limit
    while left := {name: pid for name, pid in pids.items() if process_record.started_at(pid) is not None}:
        assert time.monotonic() < end, f"still running: {left}"
        time.sleep(0.05)


def test_secrets_are_made_once_and_only_their_owner_may_read_them(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    with Up(tmp_path / "data") as first:
        secrets_file = tmp_path / "data" / "secrets.json"
        assert stat.S_IMODE(secrets_file.stat().st_mode) == 0o600
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        made = secrets_file.read_text()
        assert len(first.settings["FIAPX_JWT_SECRET"]) >= 32
        assert first.settings["FIAPX_JWT_SECRET"] != first.settings["FIAPX_LINK_SECRET"]
    with Up(tmp_path / "data") as second:
        assert second.settings == first.settings, "secrets and ports are those of the first start"
    assert secrets_file.read_text() == made


def test_secrets_are_on_no_command_line(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        kept = json.loads((tmp_path / "secrets.json").read_text()).values()
        lines = [Path(f"/proc/{pid}/cmdline").read_text() for pid in up.pids().values()]
        assert len(lines) == 3
        assert not [secret for secret in kept for line in lines if secret in line]


def test_a_second_start_on_the_same_data_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        said = run_to_refusal(tmp_path)
        assert f"The data directory {tmp_path} is in use by another fiapx up (process {up.process.pid})" in said
        assert "Traceback" not in said
        with up.redis() as client:
            assert client.ping(), "the first one goes on"


def test_damaged_secrets_are_not_replaced_behind_our_back(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"jwt_secret": "cut o')
    assert "is damaged" in run_to_refusal(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == '{"jwt_secret": "cut o'


def damage_end(log: Path) -> None:
    with next(log.glob("*.incr.aof")).open("ab") as file:
        file.write(bytes(4096))


def damage_base(log: Path) -> None:
    base = next(log.glob("*.base.rdb"))
    base.write_bytes(base.read_bytes()[: base.stat().st_size // 2].ljust(base.stat().st_size, b"\0"))


def damage_manifest(log: Path) -> None:
    next(log.glob("*.manifest")).write_bytes(b"")


@pytest.mark.parametrize("damage", [damage_end, damage_base, damage_manifest])
def test_a_log_of_redis_that_a_power_cut_damaged_is_put_aside_and_redis_begins_empty(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    with Up(tmp_path) as up, up.redis() as client:
        client.set("before", "1")
        assert client.execute_command("WAITAOF", 1, 0, 5000)[0] == 1
    log = tmp_path / "valkey" / "appendonlydir"
    damage(log)
    kept = {file.name: file.read_bytes() for file in log.iterdir()}
    with Up(tmp_path) as up, up.redis() as client:
        assert client.get("before") is None
        client.set("after", "1")
    (said,) = [line for line in up.said.splitlines() if "aside" in line]
    aside = tmp_path / "valkey" / "appendonlydir.damaged-1"
    assert str(aside) in said
    assert {file.name: file.read_bytes() for file in aside.iterdir()} == kept
    with Up(tmp_path) as up, up.redis() as client:
        assert client.get("after") == b"1"
    assert "aside" not in up.said


def test_a_killed_store_comes_back_with_its_data(tmp_path: Path) -> None:
    with Up(tmp_path) as up, up.redis() as client, up.s3() as s3:
        client.set("before", "kept")
        # Valkey syncs its log once a second; only what is older is promised. WAITAOF says when.
        assert client.execute_command("WAITAOF", 1, 0, 5000)[0] == 1
        s3.put_object(Bucket="fiapx", Key="before", Body=b"kept")
        killed = up.pids()
        for name in ("valkey", "weed"):
            os.kill(killed[name], signal.SIGKILL)
        wait_until_gone({name: killed[name] for name in ("valkey", "weed")}, 5)
        end = time.monotonic() + START_LIMIT_SECONDS
        while True:
            try:
                assert client.get("before") == b"kept"
                assert s3.get_object(Bucket="fiapx", Key="before")["Body"].read() == b"kept"
                break
            except (redis.RedisError, BotoCoreError, ClientError) as error:
                assert time.monotonic() < end, error
                time.sleep(0.1)
        back = up.pids()
        assert set(back) == {"valkey", "weed", "mail_sink"}
        assert back["mail_sink"] == killed["mail_sink"], "what did not die was left alone"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything_within_ten_seconds(tmp_path: Path, number: signal.Signals) -> None:
    with Up(tmp_path) as up:
        pids = up.pids()
        assert set(pids) == {"valkey", "weed", "mail_sink"}
        began = time.monotonic()
        up.process.send_signal(number)
        up.process.communicate(timeout=STOP_LIMIT_SECONDS)
        assert time.monotonic() - began < STOP_LIMIT_SECONDS
        assert up.process.returncode == 0
        wait_until_gone(pids, 0)
        assert not (tmp_path / "children.json").exists()


def test_a_signal_in_the_middle_of_the_start_leaves_nothing_behind(tmp_path: Path) -> None:
    up = Up(tmp_path)
    end = time.monotonic() + START_LIMIT_SECONDS
    while not (pids := process_record.read(tmp_path / "children.json")):
        assert time.monotonic() < end
        time.sleep(0.01)
    up.process.terminate()
    said, _ = up.process.communicate(timeout=STOP_LIMIT_SECONDS)
    assert up.process.returncode == 0
    assert said == "", "it never claimed to be ready"
    wait_until_gone({str(pid): pid for pid in pids}, 0)


def test_a_frozen_store_cannot_hold_up_the_end(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        pids = up.pids()
        for pid in pids.values():
            os.kill(pid, signal.SIGSTOP)
        began = time.monotonic()
        up.process.terminate()
        up.process.communicate(timeout=STOP_LIMIT_SECONDS * 2)
        assert time.monotonic() - began < STOP_LIMIT_SECONDS
        wait_until_gone(pids, 0)


def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        pids = up.pids()
        up.process.kill()
        wait_until_gone(pids, STOP_LIMIT_SECONDS)


def test_the_next_start_ends_what_a_crash_has_left_and_nothing_else(tmp_path: Path) -> None:
    """The leftover ignores SIGTERM; the bystander has a pid that is recorded, with another start time."""
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    command = [sys.executable, "-c", stubborn]
    with (
        subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as leftover,
        subprocess.Popen(command, start_new_session=True, stdout=subprocess.PIPE) as bystander,
    ):
        try:
            for process in (leftover, bystander):
                assert process.stdout is not None
                process.stdout.readline()
            record = tmp_path / "children.json"
            process_record.write(record, [leftover.pid, bystander.pid])
            entries = json.loads(record.read_text())
            entries[str(bystander.pid)] = "another boot 12345"
            record.write_text(json.dumps(entries))

            assert process_record.reap(record, limit_seconds=0.2) == 1

            assert leftover.wait(5) == -signal.SIGKILL
            assert bystander.poll() is None
            assert not record.exists()
        finally:
            for process in (leftover, bystander):
                process.kill()


def test_two_instances_run_side_by_side(tmp_path: Path) -> None:
    with Up(tmp_path / "one") as one, Up(tmp_path / "two") as two:
        with one.redis() as here, two.redis() as there:
            here.set("mine", "1")
            assert there.get("mine") is None
        with one.s3() as here_s3, two.s3() as there_s3:
            here_s3.put_object(Bucket="fiapx", Key="mine", Body=b"1")
            assert "Contents" not in there_s3.list_objects_v2(Bucket="fiapx")
        assert not set(one.pids().values()) & set(two.pids().values())


def test_a_port_that_somebody_took_is_chosen_anew_and_the_data_is_still_there(tmp_path: Path) -> None:
    with Up(tmp_path) as first, first.s3() as s3:
        s3.put_object(Bucket="fiapx", Key="before", Body=b"kept")
    ports = json.loads((tmp_path / "ports.json").read_text())
    with contextlib.ExitStack() as taken:
        for port in ports.values():
            somebody = taken.enter_context(socket.socket())
            somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            somebody.bind(("127.0.0.1", port))
            somebody.listen(1)
        with Up(tmp_path) as second, second.s3() as s3:
            assert s3.get_object(Bucket="fiapx", Key="before")["Body"].read() == b"kept"
            s3.put_object(Bucket="fiapx", Key="after", Body=b"kept")
            assert not set(ports.values()) & set(json.loads((tmp_path / "ports.json").read_text()).values())


def test_a_store_with_an_address_in_the_environment_is_not_embedded(tmp_path: Path) -> None:
    elsewhere = "redis://elsewhere.example:6379/0"
    with Up(tmp_path, FIAPX_REDIS_URL=elsewhere, FIAPX_DATABASE_URL="mysql+asyncmy://db.example/x") as up:
        assert up.settings["FIAPX_REDIS_URL"] == elsewhere
        assert up.settings["FIAPX_DATABASE_URL"] == "mysql+asyncmy://db.example/x"
        assert set(up.pids()) == {"weed", "mail_sink"}


def test_a_data_directory_may_have_any_name(tmp_path: Path) -> None:
    data = tmp_path / "a b%20c?d#e é"
    with Up(data) as up:
        migrating = [sys.executable, "-m", "app.cli", "migrate"]
        subprocess.run(migrating, env={**os.environ, **up.settings}, check=True, timeout=START_LIMIT_SECONDS)
        assert (data / "fiapx.db").stat().st_size > 0
        with up.redis() as client:
            assert client.ping()


def test_the_stores_let_nobody_in_without_the_secret(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        host, _, port = up.settings["FIAPX_REDIS_URL"].rpartition("@")[2].partition("/")[0].partition(":")
        with redis.Redis(host=host, port=int(port)) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        impostor = boto3.client(
            "s3",
            endpoint_url=up.settings["FIAPX_S3_URL"],
            region_name="us-east-1",
            aws_access_key_id=up.settings["FIAPX_S3_ACCESS_KEY"],
            aws_secret_access_key="guessed",
            config=Config(proxies={}, s3={"addressing_style": "path"}),
        )
        with (
            contextlib.closing(impostor),
            pytest.raises(ClientError, match="SignatureDoesNotMatch"),
        ):
            impostor.list_objects_v2(Bucket="fiapx")


def test_the_mail_sink_keeps_a_mail_as_a_file_with_its_envelope(tmp_path: Path) -> None:
    with Up(tmp_path) as up:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@fiapx.local", "b@fiapx.local", "Vídeo"
        mail.set_content("não deu")
        sink = urlsplit(up.settings["FIAPX_SMTP_URL"])
        with smtplib.SMTP(f"{sink.hostname}:{sink.port}") as client:
            client.login(sink.username or "", sink.password or "")
            client.send_message(mail)
        (kept,) = (tmp_path / "mail").glob("*.eml")
        assert "X-RcptTo: b@fiapx.local" in kept.read_text()


def test_a_chosen_port_is_free_and_so_is_its_twin_for_grpc() -> None:
    port = free_pair()
    assert is_free(port)
    assert is_free(port + 10_000)
    assert free_pair(taken=[port]) != port


def test_each_process_is_given_the_settings_that_it_reads_and_no_others() -> None:
    everything = {"FIAPX_JWT_SECRET": "j", "FIAPX_LINK_SECRET": "l", "FIAPX_SMTP_URL": "s", "FIAPX_REDIS_URL": "r"}
    control, video = service.workers(everything | {"PATH": "/bin"}, 1)
    assert {"FIAPX_JWT_SECRET", "FIAPX_SMTP_URL", "FIAPX_REDIS_URL"} == given(control) - {"FIAPX_WORKERS"}
    assert given(video) == {"FIAPX_REDIS_URL", "FIAPX_WORKERS"}
    assert given(service.migration(everything)) == set()
    assert given(service.api(everything, "127.0.0.1", 1)) >= {"FIAPX_JWT_SECRET", "FIAPX_LINK_SECRET"}
    assert video.environment["PATH"] == "/bin"


@pytest.mark.parametrize(
    ("environment", "verified"),
    [
        ({}, "false"),
        ({"FIAPX_VERIFY_EMAIL": "true"}, "true"),
        ({"FIAPX_SMTP_URL": "smtp://mail.example"}, None),
        ({"FIAPX_SMTP_URL": "smtp://mail.example", "FIAPX_VERIFY_EMAIL": "false"}, "false"),
    ],
)
def test_addresses_are_verified_where_mails_arrive(
    tmp_path: Path, environment: dict[str, str], verified: str | None
) -> None:
    """Nobody would find the link in the sink; where the setting is not there it is on."""
    with locked(tmp_path) as data:
        stores = choose_stores(data, environment)
    assert stores.settings.get("FIAPX_VERIFY_EMAIL") == verified
    assert Settings.model_fields["verify_email"].default is True


def given(program: Program) -> set[str]:
    return {name for name in program.environment if name.startswith("FIAPX_")}
