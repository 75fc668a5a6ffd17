"""What ``fiapx up`` promises of its embedded stores, shown with the real ones and without the service."""

import contextlib
import json
import os
import smtplib
import socket
import stat
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
import redis
from botocore.client import Config
from botocore.exceptions import ClientError

from app.settings import Settings
from devserver import service
from devserver.data_directory import locked
from devserver.ports import free_pair, is_free
from devserver.program import Program
from devserver.stores import choose_stores
from tests.devserver.embedded import START_LIMIT_SECONDS, Up, failed_start

pytestmark = pytest.mark.slow


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
        said = failed_start(tmp_path)
        assert f"The data directory {tmp_path} is in use by another fiapx up (process {up.process.pid})" in said
        assert "Traceback" not in said
        with up.redis() as client:
            assert client.ping(), "the first one goes on"


def test_damaged_secrets_are_not_replaced_behind_our_back(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"jwt_secret": "cut o')
    assert "is damaged" in failed_start(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == '{"jwt_secret": "cut o'


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
