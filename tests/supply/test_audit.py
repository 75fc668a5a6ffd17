"""What the registries say of what we ship, as the two tools write it down."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from supply.audit import PAGES, REQUIREMENTS, ROOT, NoAnswer, npm_findings, python_findings

CLEAN = {"name": "starlette", "version": "1.10.0", "vulns": []}
UNKNOWN = {"name": "ours", "skip_reason": "Dependency not found on PyPI and could not be audited: ours (1)"}
HOLED = {
    "name": "pyjwt",
    "version": "2.10.0",
    "vulns": [
        {"id": "PYSEC-2026-1", "fix_versions": ["2.12.0", "2.13.0"], "aliases": []},
        {"id": "PYSEC-2026-2", "fix_versions": [], "aliases": []},
    ],
}


def test_each_finding_is_named_with_what_mends_it():
    assert python_findings({"dependencies": [CLEAN, HOLED, UNKNOWN]}) == [
        "pyjwt 2.10.0: PYSEC-2026-1, fixed in 2.12.0, 2.13.0",
        "pyjwt 2.10.0: PYSEC-2026-2, fixed in none",
        "ours: not audited",
    ]
    assert python_findings({"dependencies": [CLEAN]}) == []


def test_a_registry_that_knows_none_of_them_does_not_pass_for_a_clean_bill():
    with pytest.raises(NoAnswer):
        python_findings({"dependencies": [UNKNOWN, UNKNOWN]})


def test_npm_says_which_package_is_vulnerable_and_how_badly():
    found = {"vite": {"name": "vite", "severity": "high", "range": "<=8.0.1"}}
    assert npm_findings({"auditReportVersion": 2, "vulnerabilities": found}) == ["vite <=8.0.1: high"]
    assert npm_findings({"auditReportVersion": 2, "vulnerabilities": {}}) == []


def test_an_endpoint_that_refuses_does_not_pass_for_a_clean_bill():
    with pytest.raises(NoAnswer):
        npm_findings({"message": "405 Method Not Allowed", "method": "POST", "statusCode": 405})


def test_what_is_audited_is_there():
    assert all((ROOT / file).is_file() for file in REQUIREMENTS)
    # The audit reads each file by itself: what a file begins with has to be named too.
    begun_with = {
        name for file in REQUIREMENTS for name in re.findall(r"^-r (\S+)$", (ROOT / file).read_text(), re.MULTILINE)
    }
    assert begun_with < set(REQUIREMENTS)
    assert all((ROOT / page / "package-lock.json").is_file() for page in PAGES)


def locks() -> list[Path]:
    found = [path for path in ROOT.glob("**/package-lock.json") if "node_modules" not in path.parts]
    return [path for path in found if not any(part.startswith(".") for part in path.relative_to(ROOT).parts)]


def test_every_lock_of_npm_has_a_checksum_for_each_package_and_no_address():
    assert len(locks()) >= 4
    for lock in locks():
        packages: dict[str, Any] = json.loads(lock.read_text())["packages"]
        for name, package in packages.items():
            if name and not package.get("link"):
                assert package["integrity"].startswith("sha512-"), f"{lock}: {name}"
            assert "resolved" not in package, f"{lock}: {name}"


def test_every_requirement_is_pinned_with_hashes_and_no_address():
    files = sorted(ROOT.glob("requirements*.txt"))
    assert len(files) >= 4
    for file in files:
        text = file.read_text()
        assert "://" not in text, file
        for requirement in text.replace("\\\n", " ").splitlines():
            if requirement.startswith("-r "):
                assert ROOT / requirement.removeprefix("-r ") in files, f"{file}: {requirement}"
            elif requirement.strip() and not requirement.lstrip().startswith("#"):
                assert "==" in requirement, f"{file}: {requirement}"
                assert "--hash=sha256:" in requirement, f"{file}: {requirement}"
