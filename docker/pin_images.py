"""Writes down which digests the tags of our base images stand for now: ``python docker/pin_images.py [FILE ...]``.

Docker knows where images come from and asks there. Where one cannot be had, this says so and changes nothing.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Final

FILES: Final = ("Dockerfile", ".devcontainer/Dockerfile", "compose.yaml")
# An image of others with its tag, and with the digest of a former time where that was written down.
_REFERENCE: Final = re.compile(
    r"^(?P<before>ARG \w+_IMAGE=|\s+image: )"
    r"(?P<image>(?!fiapx-)[\w./-]+(?::\d+/[\w./-]+)?:[\w.-]+)"
    r"(?:@sha256:[0-9a-f]{64})?$",
    re.MULTILINE,
)
# Of the list of an image for all platforms where there is one, since not everybody's machine is like ours.
_INSPECT: Final = ("docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def main(files: list[str]) -> None:
    """Pin the images of all files, or of none."""
    pinned = {}
    for path in map(Path, files or FILES):
        try:
            pinned[path] = _REFERENCE.sub(_pinned, path.read_text())
        except OSError as error:
            sys.exit(f"Nothing is pinned: {error}")
    for path, text in pinned.items():
        path.write_text(text)


def _pinned(found: re.Match[str]) -> str:
    image = found["image"]
    asked = subprocess.run([*_INSPECT, image], check=False, capture_output=True, text=True)
    digest = asked.stdout.strip()
    if asked.returncode != 0 or not _DIGEST.fullmatch(digest):
        raise OSError(f"no digest of {image} can be had: {(asked.stderr or asked.stdout).strip()}")
    print(f"{image}@{digest}")
    return f"{found['before']}{image}@{digest}"


if __name__ == "__main__":
    main(sys.argv[1:])
