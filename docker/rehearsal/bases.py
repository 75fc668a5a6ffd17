"""Stand-ins for the base images, made from Debian's packages and this machine's Python and Node.js.

They show that the Dockerfile's steps work and what the images do; what the real bases hold, they do not show.
"""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from buildah import CERTIFICATES, Buildah

# What CPython's own modules link to, what Node.js does, and what Docker's slim images of Python add to Debian.
PACKAGES = [
    "ca-certificates",
    "libbz2-1.0",
    "libexpat1",
    "libffi8",
    "liblzma5",
    "libncursesw6",
    "libreadline8",
    "libsqlite3-0",
    "libssl3",
    "libstdc++6",
    "libuuid1",
    "netbase",
    "tzdata",
    "zlib1g",
]
PATH = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
# The images of Python leave these out too.
NOT_COPIED = shutil.ignore_patterns("__pycache__", "site-packages", "test", "idlelib", "turtledemo", "config-*", "*.a")


def base_images(dockerfile: Path) -> dict[str, str]:
    """Give the stand-in for each image that the Dockerfile begins with, by argument.

    Its name says that it comes from this machine and no registry, and has no digest.
    """
    images = re.findall(r"^ARG (PYTHON_IMAGE|NODE_IMAGE)=([^@\s]+)", dockerfile.read_text(), re.MULTILINE)
    return {argument: f"localhost/{name}" for argument, name in images}


def make_bases(buildah: Buildah, images: Mapping[str, str], folder: Path, python: Path, debian: Path | None) -> None:
    """Make the images; ``debian`` is a folder where the bare system is kept for the next time."""
    bare = debian or folder / "debian"
    if not (bare / "etc/debian_version").exists():
        release = images["PYTHON_IMAGE"].rpartition("-")[2]
        command = ["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", release, str(bare)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for argument, add, environment in (
        ("PYTHON_IMAGE", partial(_add_python, prefix=python), f"PATH={PATH}"),
        ("NODE_IMAGE", _add_node, f"NODE_EXTRA_CA_CERTS={CERTIFICATES}/ca-certificates.crt"),
    ):
        root = folder / "base"
        subprocess.run(["cp", "--archive", str(bare), str(root)], check=True)
        add(root)
        buildah.stand_in(images[argument], root, environment)
        shutil.rmtree(root)


def _add_python(root: Path, prefix: Path) -> None:
    version = subprocess.run(
        [prefix / "bin/python3", "-c", "import sys; print('python%d.%d' % sys.version_info[:2])"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    local, library = root / "usr/local", Path("lib") / version
    shutil.copytree(prefix / library, local / library, ignore=NOT_COPIED, symlinks=True)
    shutil.copytree(
        prefix / library / "site-packages/pip",
        local / library / "site-packages/pip",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    for shared in (prefix / "lib").glob("libpython3*.so*"):
        shutil.copy2(shared, local / "lib", follow_symlinks=False)
    shutil.copy2(prefix / "bin" / version, local / "bin" / version)
    for name in ("python", "python3"):
        (local / "bin" / name).symlink_to(version)
    subprocess.run(["chroot", str(root), "ldconfig"], check=True)


def _add_node(root: Path) -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        sys.exit("The rehearsal needs Node.js and npm on the PATH.")
    local = root / "usr/local"
    shutil.copy2(Path(node).resolve(), local / "bin/node")
    shutil.copytree(Path(npm).resolve().parents[1], local / "lib/node_modules/npm", symlinks=True)
    (local / "bin/npm").symlink_to("../lib/node_modules/npm/bin/npm-cli.js")
