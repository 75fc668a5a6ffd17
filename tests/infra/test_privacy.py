"""A process of the same user, as a decoder that was taken over, tries to read the environment of whoever started it."""

import subprocess
import sys
from pathlib import Path

import pytest

READS_ITS_PARENT = """
import ctypes, os, sys
from app.infra.ffmpeg.confinement import keep_private
if os.geteuid() == 0:
    os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # As an ordinary process is; a change of users makes it private.
if sys.argv[1] == "private":
    keep_private()
if os.fork() == 0:
    try:
        open(f"/proc/{os.getppid()}/environ", "rb").read()
        print("read")
    except PermissionError:
        print("refused")
else:
    os.wait()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere there is no such call.")
@pytest.mark.parametrize(("kind", "outcome"), [("ordinary", "read"), ("private", "refused")])
def test_a_worker_that_keeps_private_cannot_be_read(kind: str, outcome: str):
    command = [sys.executable, "-c", READS_ITS_PARENT, kind]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == outcome
