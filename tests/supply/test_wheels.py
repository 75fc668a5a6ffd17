"""What an installer gets: the whole project, and the Python client alone."""

import ast
import os
import shutil
import subprocess
import sys
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.parts.wheels import built, of_the_project

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "python"
PACKAGE = CLIENT / "src" / "fiapx_client"
IMPORT = "from fiapx_client import FiapX; import fiapx_client; print(fiapx_client.__file__)"


def described(wheel: Path) -> dict[str, list[str]]:
    """Return a wheel's METADATA, each header with all that it says."""
    with ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        headers = HeaderParser().parsestr(archive.read(name).decode())
    return {name: headers.get_all(name, []) for name in headers}


def files_of(wheel: Path) -> set[str]:
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


SOURCES = {f"fiapx_client/{path.name}" for path in PACKAGE.glob("*.py")} | {"fiapx_client/py.typed"}


@pytest.mark.slow
def test_the_clients_wheel_has_the_package_with_its_types_and_needs_httpx_alone(tmp_path: Path):
    source = shutil.copytree(CLIENT, tmp_path / "client", ignore=shutil.ignore_patterns("__pycache__"))
    wheel = built(source, tmp_path / "built")
    said = described(wheel)
    assert wheel.name == "fiapx_client-0.1.0-py3-none-any.whl"
    assert files_of(wheel) == SOURCES
    assert said["Requires-Dist"] == ["httpx<1,>=0.28"]
    assert (said["Requires-Python"], said["License-Expression"]) == ([">=3.11"], ["MIT"])
    started = subprocess.run(
        [sys.executable, "-P", "-c", IMPORT],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(wheel)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert started.stdout.startswith(str(wheel))


@pytest.mark.slow
def test_the_projects_wheel_has_the_client_beside_the_service(tmp_path: Path):
    wheel = of_the_project(tmp_path)
    files = files_of(wheel)
    assert {name for name in files if name.startswith("fiapx_client/")} == SOURCES
    assert {name.partition("/")[0] for name in files} == {"app", "devserver", "fiapx_client", "jobs", "migrations"}
    assert 'httpx<1,>=0.28; extra == "client"' in described(wheel)["Requires-Dist"]


def test_the_client_knows_nothing_but_the_standard_library_and_what_httpx_brings():
    allowed = sys.stdlib_module_names | {"anyio", "fiapx_client", "httpx"}
    imported = set[str]()
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or ".")
    assert len(imported) > 10
    assert {name for name in imported if name.partition(".")[0] not in allowed} == set()
    assert (PACKAGE.parent.parent / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
