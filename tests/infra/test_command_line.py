"""What ``fiapx`` answers to whoever starts it wrongly: a sentence and an exit code, never a traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest


def fiapx(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("FIAPX_")}
    run = subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        env=bare | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Traceback" not in run.stderr
    return run


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_service_without_its_secrets_does_not_start_and_names_them(command: str) -> None:
    run = fiapx(command)
    assert run.returncode == 2
    for name in ("FIAPX_JWT_SECRET", "FIAPX_LINK_SECRET", "FIAPX_DATABASE_URL", "FIAPX_S3_SECRET_KEY"):
        assert f"{name}: Field required" in run.stderr


AMAZON = {"FIAPX_S3_URL": "https://s3.us-east-1.amazonaws.com"}


def test_a_role_stands_for_the_keys_of_a_bucket_at_amazon_and_nowhere_else() -> None:
    assert "FIAPX_S3" not in fiapx("api", **AMAZON).stderr
    for elsewhere in ("http://s3.local", "https://amazonaws.com.example", "https://s3amazonaws.com"):
        said = fiapx("api", FIAPX_S3_URL=elsewhere).stderr
        assert "FIAPX_S3_ACCESS_KEY: Field required" in said
        assert "FIAPX_S3_SECRET_KEY: Field required" in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("FIAPX_S3_ACCESS_KEY", "FIAPX_S3_SECRET_KEY: Field required"),
        ("FIAPX_S3_SECRET_KEY", "FIAPX_S3_SECRET_KEY: means nothing without FIAPX_S3_ACCESS_KEY"),
    ],
)
def test_half_a_pair_of_keys_is_refused(given: str, said: str) -> None:
    assert said in fiapx("api", **AMAZON, **{given: "hunter2"}).stderr


def test_a_weak_secret_is_refused_and_not_shown() -> None:
    run = fiapx("api", FIAPX_JWT_SECRET="hunter2")
    assert run.returncode == 2
    assert "FIAPX_JWT_SECRET: " in run.stderr
    assert "hunter2" not in run.stderr


@pytest.mark.parametrize(("name", "value"), [("FIAPX_PORT", "eighty"), ("FIAPX_PORT", "0"), ("FIAPX_WORKERS", "0")])
def test_a_wrong_setting_is_named_before_anything_starts(tmp_path: Path, name: str, value: str) -> None:
    run = fiapx("up", FIAPX_DATA_DIR=str(tmp_path / "data"), **{name: value})
    assert run.returncode == 2
    assert run.stderr.startswith(f"{name}: ")
    assert not (tmp_path / "data").exists()


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", 0))
        somebody.listen(1)
        port = somebody.getsockname()[1]
        run = fiapx("up", FIAPX_DATA_DIR=str(tmp_path), FIAPX_PORT=str(port))
    assert run.returncode == 1
    assert f"127.0.0.1:{port} is taken" in run.stderr
    assert not (tmp_path / "logs").exists()


def test_a_database_out_of_reach_is_a_sentence(tmp_path: Path) -> None:
    run = fiapx("migrate", FIAPX_DATABASE_URL=f"sqlite+aiosqlite:///{tmp_path}/missing/fiapx.db")
    assert run.returncode == 1
    assert run.stderr.startswith("fiapx migrate: the database cannot be reached: ")


def test_migrating_makes_the_tables_and_again_finds_nothing_to_do(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/fiapx.db"
    for _ in range(2):
        assert fiapx("migrate", FIAPX_DATABASE_URL=url).returncode == 0
    assert (tmp_path / "fiapx.db").stat().st_size > 0
