"""What becomes of the embedded stores where they, their supervisor or the machine end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import redis
from botocore.exceptions import BotoCoreError, ClientError

from devserver import process_record
from tests.devserver.embedded import OTHERS_ELSEWHERE, START_LIMIT_SECONDS, STOP_LIMIT_SECONDS, Up, wait_until_gone

pytestmark = pytest.mark.slow


def damage_end(log: Path) -> None:
    with next(log.glob("*.incr.aof")).open("ab") as file:
        file.write(bytes(4096))


def damage_base(log: Path) -> None:
    base = next(log.glob("*.base.rdb"))
    base.write_bytes(base.read_bytes()[: base.stat().st_size // 2].ljust(base.stat().st_size, b"\0"))


def damage_manifest(log: Path) -> None:
    next(log.glob("*.manifest")).write_bytes(b"")


def test_a_log_of_redis_that_a_power_cut_damaged_is_put_aside_and_redis_begins_empty(tmp_path: Path) -> None:
    log = tmp_path / "valkey" / "appendonlydir"

    def keep(client: Any, value: int) -> None:
        client.set("before", value)
        assert client.execute_command("WAITAOF", 1, 0, 5000)[0] == 1

    with Up(tmp_path, **OTHERS_ELSEWHERE) as up, up.redis() as client:
        keep(client, 0)
    for number, damage in enumerate((damage_end, damage_base, damage_manifest), 1):
        damage(log)
        kept = {file.name: file.read_bytes() for file in log.iterdir()}
        with Up(tmp_path, **OTHERS_ELSEWHERE) as up, up.redis() as client:
            assert client.get("before") is None, damage
            keep(client, number)
        (said,) = [line for line in up.said.splitlines() if "aside" in line]
        aside = tmp_path / "valkey" / f"appendonlydir.damaged-{number}"
        assert str(aside) in said
        assert {file.name: file.read_bytes() for file in aside.iterdir()} == kept
    with Up(tmp_path, **OTHERS_ELSEWHERE) as up, up.redis() as client:
        assert client.get("before") == b"3"
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
