"""What ``fiapx`` answers to whoever starts it wrongly: a sentence and an exit code, never a traceback."""

import json
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import redis

from app.infra.checks import PARTS
from devserver.ports import free_pair
from tests.parts.stores import S3Part, SmtpSinkPart

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


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


def test_the_version_is_that_of_the_package_and_of_the_changelog() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    newest = re.search(
        r"^## (\d+\.\d+\.\d+) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE
    )
    assert newest is not None
    assert fiapx("--version").stdout == f"fiapx {package}\n"
    assert newest[1] == package


STORES = {"FIAPX_DATABASE_URL", "FIAPX_REDIS_URL", "FIAPX_S3_URL", "FIAPX_S3_ACCESS_KEY", "FIAPX_S3_SECRET_KEY"}


@pytest.mark.parametrize(
    ("command", "needed"),
    [
        (["api"], STORES | {"FIAPX_JWT_SECRET", "FIAPX_LINK_SECRET"}),
        (["worker", "--only", "videos"], STORES),
        (["worker", "--only", "control"], STORES | {"FIAPX_JWT_SECRET", "FIAPX_SMTP_URL"}),
        (["worker"], STORES | {"FIAPX_JWT_SECRET", "FIAPX_SMTP_URL"}),
    ],
)
def test_a_process_without_what_it_needs_does_not_start_and_names_it(command: list[str], needed: set[str]) -> None:
    run = fiapx(*command)
    assert run.returncode == 2
    assert {line.partition(" is missing: it must be ")[0] for line in run.stderr.splitlines()} == needed


WRONG = {
    "FIAPX_PORT": ("eighty", "a whole number from 1 to 65535, such as 8000."),
    "FIAPX_FRONTEND": ("perhaps", "true or false."),
    "FIAPX_REDIS_URL": ("localhost:6379", "redis[s]://[user:password@]host[:port][/number] or unix://path, such as "),
    "FIAPX_DATABASE_URL": ("mysql://u:hunter2@db/x", "mysql+asyncmy://[user:password@]host[:port]/database or "),
    "FIAPX_ALLOWED_ORIGINS": ("https://a.example/", "origins, which are scheme://host[:port] with nothing after it, "),
    "FIAPX_TRUSTED_PROXIES": ('["10.0.0.0/8"', "addresses or networks, separated by commas, such as 10.0.0.0/8,"),
    "FIAPX_WEBHOOK_DENIED_NETWORKS": ("10.0.0.0/8,home", "networks, separated by commas, such as 10.0.0.0/8,fd00::/8."),
    "FIAPX_LOGIN_RATE_PER_ADDRESS": ("often", '"number/period" or "number/count period", such as 10/15 minutes.'),
    "FIAPX_JWT_SECRET": ("hunter2", "a secret of at least 32 characters, such as what openssl rand -hex 32 gives."),
    "FIAPX_JWT_FORMER_SECRETS": ("hunter2,hunter2", "secrets of at least 32 characters each, separated by commas, "),
}


def test_each_wrong_setting_is_one_sentence_with_its_form_and_an_example() -> None:
    run = fiapx("api", **{name: value for name, (value, _) in WRONG.items()})
    assert run.returncode == 2
    for name, (_, form) in WRONG.items():
        (line,) = [line for line in run.stderr.splitlines() if line.startswith(f"{name} ")]
        assert line.startswith(f"{name} must be {form}")
        assert line.endswith(".")
    assert "hunter2" not in run.stderr


@pytest.mark.parametrize(
    "text", ["https://a.example, http://b.example:81", '["https://a.example", "http://b.example:81"]']
)
def test_a_list_may_be_plain_or_json(text: str) -> None:
    shown = "from app.settings import Settings; print(Settings().allowed_origins)"
    needed = dict.fromkeys(STORES, "http://here") | {
        "FIAPX_DATABASE_URL": "sqlite+aiosqlite:///x",
        "FIAPX_REDIS_URL": "redis://here",
        "FIAPX_JWT_SECRET": "x" * 32,
        "FIAPX_LINK_SECRET": "x" * 32,
    }
    run = subprocess.run(
        [sys.executable, "-c", shown],
        env=os.environ | needed | {"FIAPX_ALLOWED_ORIGINS": text},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert run.stdout.strip() == "('https://a.example', 'http://b.example:81')"


def test_a_name_that_is_no_setting_is_pointed_out_with_the_nearest_that_is(tmp_path: Path) -> None:
    url = {"FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/missing/fiapx.db"}
    said = fiapx("migrate", **url, FIAPX_ALOWED_ORIGINS="x", FIAPX_LINK_SECRET_FILE="x", FIAPX_PORT="1").stderr
    assert "FIAPX_ALOWED_ORIGINS is no setting and changes nothing: FIAPX_ALLOWED_ORIGINS is one." in said
    assert said.count("is no setting") == 1


AMAZON = {"FIAPX_S3_URL": "https://s3.us-east-1.amazonaws.com"}


def test_a_role_stands_for_the_keys_of_a_bucket_at_amazon_and_nowhere_else() -> None:
    assert "FIAPX_S3" not in fiapx("api", **AMAZON).stderr
    for elsewhere in ("http://s3.local", "https://amazonaws.com.example", "https://s3amazonaws.com"):
        said = fiapx("api", FIAPX_S3_URL=elsewhere).stderr
        assert "FIAPX_S3_ACCESS_KEY is missing: " in said
        assert "FIAPX_S3_SECRET_KEY is missing: " in said


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("FIAPX_S3_ACCESS_KEY", "FIAPX_S3_SECRET_KEY is missing: "),
        ("FIAPX_S3_SECRET_KEY", "FIAPX_S3_SECRET_KEY means nothing without FIAPX_S3_ACCESS_KEY"),
    ],
)
def test_half_a_pair_of_keys_is_refused(given: str, said: str) -> None:
    assert said in fiapx("api", **AMAZON, **{given: "hunter2"}).stderr


@pytest.mark.parametrize(("name", "value"), [("FIAPX_PORT", "eighty"), ("FIAPX_PORT", "0"), ("FIAPX_WORKERS", "0")])
def test_a_wrong_setting_is_named_before_anything_starts(tmp_path: Path, name: str, value: str) -> None:
    run = fiapx("up", FIAPX_DATA_DIR=str(tmp_path / "data"), **{name: value})
    assert run.returncode == 2
    assert run.stderr.startswith(f"{name} must be a whole number ")
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


def test_a_check_tries_every_part_and_says_of_each_how_it_is(
    redis_url: str, s3: S3Part, bucket: str, smtp_sink: SmtpSinkPart, tmp_path: Path
) -> None:
    settings = {
        "FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/fiapx.db",
        "FIAPX_REDIS_URL": redis_url,
        "FIAPX_S3_URL": s3.url,
        "FIAPX_S3_BUCKET": bucket,
        "FIAPX_S3_ACCESS_KEY": s3.access_key,
        "FIAPX_S3_SECRET_KEY": s3.secret_key,
        "FIAPX_SMTP_URL": smtp_sink.url,
        "FIAPX_WORK_DIR": str(tmp_path / "work"),
    }
    assert fiapx("migrate", **settings).returncode == 0
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            careless = fiapx("check", **settings)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert careless.returncode == 1
    (wrong,) = [line for line in careless.stdout.splitlines() if line.startswith("WRONG")]
    assert "set its maxmemory-policy to noeviction" in wrong

    well = fiapx("check", "--json", **settings, FIAPX_SMPT_URL="x")
    found = json.loads(well.stdout)
    assert well.returncode == 0, found
    assert [one["part"] for one in found["parts"] if one["works"]] == list(PARTS)
    assert found["unknown"] == ["FIAPX_SMPT_URL is no setting and changes nothing: FIAPX_SMTP_URL is one."]


def test_a_check_names_the_variable_of_every_part_that_does_not_do_and_no_password(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings = {
        "FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/fiapx.db",
        "FIAPX_REDIS_URL": "redis://:hunter2@127.0.0.1:1",
        "FIAPX_S3_URL": "http://127.0.0.1:1",
        "FIAPX_S3_ACCESS_KEY": "key",
        "FIAPX_S3_SECRET_KEY": "hunter2",
        "FIAPX_SMTP_URL": "smtp://ana:hunter2@127.0.0.1:1",
        "FIAPX_WORK_DIR": str(tmp_path / "file" / "work"),
    }
    run = fiapx("check", **settings)
    assert run.returncode == 1
    wrong = [line for line in run.stdout.splitlines() if line.startswith("WRONG")]
    for name in ("FIAPX_DATABASE_URL", "FIAPX_REDIS_URL", "FIAPX_S3_URL", "FIAPX_SMTP_URL", "FIAPX_WORK_DIR"):
        assert [line for line in wrong if f"check {name}" in line], name
    assert "hunter2" not in run.stdout + run.stderr


def test_a_check_of_one_part_tries_no_other_and_knows_its_name(tmp_path: Path) -> None:
    settings = {
        "FIAPX_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/fiapx.db",
        "FIAPX_REDIS_URL": "redis://127.0.0.1:1",
        "FIAPX_S3_URL": "http://127.0.0.1:1",
        "FIAPX_S3_ACCESS_KEY": "key",
        "FIAPX_S3_SECRET_KEY": "secret",
    }
    assert [line.split()[0] for line in fiapx("check", "mail", **settings).stdout.splitlines()] == ["ok"]
    (wrong,) = fiapx("check", "redis", **settings).stdout.splitlines()
    assert wrong.startswith("WRONG  Redis does not do")
    assert "no part is called valkey; there are database, redis" in fiapx("check", "valkey", **settings).stderr


def test_everything_does_not_start_on_a_store_that_is_not_there(tmp_path: Path) -> None:
    run = fiapx(
        "up", FIAPX_DATA_DIR=str(tmp_path), FIAPX_PORT=str(free_pair()), FIAPX_REDIS_URL="redis://127.0.0.1:1/0"
    )
    assert run.returncode == 1
    assert "Redis does not do" in run.stderr
    assert "check FIAPX_REDIS_URL" in run.stderr
    assert "ready" not in run.stdout
    assert not (tmp_path / "logs").exists(), "nothing was started"
