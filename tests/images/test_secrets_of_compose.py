"""The script of the service ``secrets``, run as it stands in compose.yaml, in a folder of the test's."""

import subprocess
import sys
from pathlib import Path

from tests.images.test_compose import SERVICES


def made(folder: Path) -> dict[str, str]:
    shell, options, script = SERVICES["secrets"]["command"]
    here = script.replace("$$", "$").replace("/secrets/", f"{folder}/")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    subprocess.run([shell, options, here], check=True, env={"PATH": path})
    return {file.name: file.read_text().strip() for file in folder.iterdir()}


def test_secrets_are_long_and_differ(tmp_path: Path):
    secrets = made(tmp_path)
    assert secrets.keys() == {"jwt", "link"}
    assert secrets["jwt"] != secrets["link"]
    assert all(len(secret) >= 64 for secret in secrets.values())


def test_a_second_start_keeps_them(tmp_path: Path):
    assert made(tmp_path) == made(tmp_path)
