"""A decoder that a hostile file has taken over can do nothing: a test program runs in its place."""

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.infra.ffmpeg.confinement import Confinement, available
from app.worker import insist_on

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere nothing confines a decoder.")

HERE = Path(__file__).parent
APP = HERE.parents[1] / "app"
NOBODY = 65534
# Root can be an ordinary user as well, while an ordinary user can be but itself.
USERS = sorted({os.geteuid(), NOBODY} if os.geteuid() == 0 else {os.geteuid()})
FOREIGN = ["40000027", *(["i386"] if platform.machine() == "x86_64" else [])]
FILES = ("source", "beside", "third")
CHANGES = ("read a file", "list", "make", "rename", "remove")
YOUNGER = {"clone by the younger call", "open by the younger call", "call what is younger than the table"}


@dataclass
class Prison:
    """A user, a Python that it can run, and a folder with a copy of our package, from which a layer can be taken."""

    user: int
    python: str
    folder: Path

    @property
    def files(self) -> Path:
        return self.folder / "private"

    def run(self, how: str, program: str, *more: str) -> dict[str, Any]:
        self.files.mkdir(mode=0o700)
        for name in FILES:
            (self.files / name).write_bytes(b"bytes")
        for path in (self.files, *self.files.iterdir()):
            os.chown(path, self.user, -1)
        keeper = [self.python, "keeper_process.py", how, str(self.files / "source"), str(self.folder / program), *more]
        user = None if self.user == os.geteuid() else self.user
        done = subprocess.run(keeper, user=user, cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def without(self, layer: str) -> None:
        """Make this layer do nothing."""
        with (self.folder / f"app/infra/ffmpeg/{layer}.py").open("a") as file:
            file.write("\n\ndef restrict_self(*_):\n    return 0\n")


def python_of(user: int) -> str:
    """Find an interpreter that this user can reach: root's own may lie in its home."""
    if user == os.geteuid():
        return sys.executable
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    for candidate in (sys.executable, "/usr/local/bin/python3", "/usr/bin/python3"):
        try:
            if subprocess.run([candidate, "-c", check], user=user, capture_output=True, check=False).returncode == 0:
                return candidate
        except OSError:
            continue
    pytest.fail("There is no Python 3.11 that an ordinary user could run.")


@pytest.fixture(params=USERS, ids=lambda user: "as root" if user == 0 else "as a user")
def prison(request: pytest.FixtureRequest) -> Iterator[Prison]:
    with tempfile.TemporaryDirectory() as name:  # Not pytest's, which is for one user's eyes only.
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("domain", "infra/ffmpeg"):
            shutil.copytree(APP / part, folder / "app" / part, ignore=shutil.ignore_patterns("__pycache__"))
        for program in HERE.glob("*_process.py"):
            shutil.copy(program, folder)
        yield Prison(request.param, python_of(request.param), folder)


def names(tried: dict[str, str], *outcomes: str) -> set[str]:
    return {name for name, outcome in tried.items() if outcome in outcomes}


def test_a_decoder_can_do_nothing_but_decode(prison: Prison):
    ended = prison.run("confined", "prisoner_process.py")
    needed, possible, others, became = ended["told"]
    assert names(needed, "done") == needed.keys()
    assert names(possible, "EACCES", "EPERM") == possible.keys()
    assert names(others, "EACCES", "EPERM") == others.keys() - YOUNGER
    assert names(others, "ENOSYS") == YOUNGER  # So that the C library takes the older way, which is looked at.
    assert set(became) == {"EACCES"}
    assert ended["code"] == 0
    assert {path.name: path.read_bytes() for path in prison.files.iterdir()} == dict.fromkeys(FILES, b"bytes")


def test_an_unconfined_process_can_do_all_of_that(prison: Prison):
    """So that a refusal means something; what is here of ``OTHERS`` depends on the container that the tests run in."""
    needed, possible, *_ = prison.run("free", "prisoner_process.py")["told"]
    assert names(needed | possible, "done") == needed.keys() | possible.keys()


def test_landlock_holds_where_there_is_no_seccomp(prison: Prison):
    prison.without("seccomp")
    _, possible, _, became = prison.run("confined", "prisoner_process.py")["told"]
    refused = names(possible, "EACCES", "EPERM")
    assert {name for name in possible if name.startswith(CHANGES)} <= refused
    assert {"read its parent's environment", "open the source to write", "cut the source"} <= refused
    abi = available().landlock_abi
    assert abi < 4 or "connect to the loopback" in refused
    assert abi < 6 or "signal its parent" in refused
    # In a network namespace of its own there is none of this name.
    assert abi < 6 or possible["connect to an abstract socket"] != "done"
    assert "fork" not in refused
    assert set(became) == {"EACCES"}


@pytest.mark.parametrize("layer", [None, "seccomp"])
def test_signals_of_others_are_ignored_and_those_of_a_crash_are_not(prison: Prison, layer: str | None):
    if layer:
        prison.without(layer)
    ((*deaf_to,),) = prison.run("confined", "deaf_process.py")["told"]
    meant_for_the_worker = {
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGQUIT,
        signal.SIGUSR1,
        signal.SIGALRM,
    }
    assert meant_for_the_worker <= set(deaf_to)
    assert not {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGBUS, signal.SIGSYS} & set(
        deaf_to
    )
    # It could catch this one, where no filter keeps it from that, and end as if all were well: then it is killed.
    assert (signal.SIGXCPU in deaf_to) is (layer == "seccomp")


def test_seccomp_holds_where_there_is_no_landlock(prison: Prison):
    prison.without("landlock")
    _, possible, others = prison.run("confined", "prisoner_process.py")["told"]
    left = {"read a file beside", "read a file of the system", "list the source's folder", "open the source to write"}
    left |= {"read its parent's command line", "read its parent's environment"}
    assert names(possible, "done") <= left
    assert names(others, "EPERM", "ENOSYS") >= others.keys() - {"open its parent's memory"}


@pytest.mark.parametrize("kind", FOREIGN)
def test_calls_by_the_numbers_of_another_architecture_end_it(prison: Prison, kind: str):
    assert prison.run("confined", "foreign_call_process.py", kind)["code"] == -signal.SIGSYS


@pytest.mark.slow
def test_its_keeper_sees_from_outside_that_it_works_and_reads_nothing(prison: Prison):
    assert prison.run("impatient", "spinning_process.py")["fault"] == "ProcessingError"


def test_this_machine_has_all_layers():
    found = available()
    assert found.landlock_abi >= 1
    assert found.seccomp
    assert not found.missing


def on_an_old_kernel(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(HERE / "old_kernel_process.py"), sys.executable, *arguments],
        env={**os.environ, **environment}, cwd=APP.parent, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def test_a_kernel_without_landlock_is_found_out():
    tell = "from app.infra.ffmpeg.confinement import available; print(available())"
    assert on_an_old_kernel("-c", tell).stdout.startswith("Confinement(landlock_abi=0, seccomp=True, ")


@pytest.mark.slow
def test_the_worker_itself_does_not_start_on_such_a_kernel_where_it_must_not():
    schemes = {"DATABASE_URL": "mysql+asyncmy", "REDIS_URL": "redis", "S3_URL": "http", "SMTP_URL": "smtp"}
    places = {name: f"{scheme}://[::1]:1" for name, scheme in schemes.items()}
    secrets = dict.fromkeys(("JWT_SECRET", "LINK_SECRET", "S3_ACCESS_KEY", "S3_SECRET_KEY"), 32 * "x")
    given = {f"FIAPX_{name}": value for name, value in {**places, **secrets, "REQUIRE_CONFINEMENT": "true"}.items()}
    worker = on_an_old_kernel("-m", "app.cli", "worker", **given)
    assert worker.returncode == 1
    assert worker.stderr.startswith("fiapx worker: this kernel (Linux ")
    assert "has no Landlock" in worker.stderr


BARE = Confinement(landlock_abi=0, seccomp=True, network_namespace=False)


def test_a_worker_says_once_which_layer_is_missing_and_starts():
    with capture_logs() as said:
        insist_on(BARE, required=False)
        insist_on(Confinement(landlock_abi=1, seccomp=True, network_namespace=False), required=True)
    (line,) = said
    assert line["log_level"] == "warning"
    assert line["missing"] == "Landlock"
    assert os.uname().release in line["kernel"]


def test_a_worker_that_requires_all_layers_does_not_start_without_one_and_says_why():
    with pytest.raises(SystemExit) as refused:
        insist_on(Confinement(landlock_abi=0, seccomp=False, network_namespace=True), required=True)
    assert "has no Landlock and seccomp" in str(refused.value)
    assert "FIAPX_REQUIRE_CONFINEMENT" in str(refused.value)
