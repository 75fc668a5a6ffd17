"""Runs a program on a kernel that seems to have no Landlock: ``old_kernel_process.py <program> ...``."""

import ctypes
import os
import platform
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from app.infra.ffmpeg import seccomp

CREATE_RULESET = 444

ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # No new privileges.
unknown = seccomp._if_equal(CREATE_RULESET, [seccomp._answer(seccomp._UNKNOWN)])
number = {"x86_64": 317, "aarch64": 277}[platform.machine()]
assert seccomp.install([seccomp._load(seccomp._NUMBER), *unknown, seccomp._answer(seccomp._ALLOW)], number)
os.execv(sys.argv[1], sys.argv[1:])
