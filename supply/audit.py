"""Ask the registries whether anything that we ship is known to be vulnerable: ``make audit``.

Ends with 1 where something is, and with 0 where nothing is or where a registry gives no such answers; it says which.
"""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
REQUIREMENTS = ("requirements-webapi.txt", "requirements-worker.txt", "requirements.txt")
"""All that runs anywhere. pip-audit does not follow what a file begins with, so each is named."""
PAGES = ("frontend-sample", "graphiql")


class NoAnswer(Exception):
    """The registry does not say."""


def python_findings(report: Mapping[str, Any]) -> list[str]:
    """Read pip-audit's JSON: a line for each finding, and for each package that could not be looked up.

    :raises NoAnswer: where not one of the packages could be looked up
    """
    packages: Sequence[Mapping[str, Any]] = report["dependencies"]
    if packages and all("skip_reason" in package for package in packages):
        raise NoAnswer
    return [
        f"{package['name']} {package['version']}: {found['id']}, fixed in {', '.join(found['fix_versions']) or 'none'}"
        for package in packages
        for found in package.get("vulns", ())
    ] + [f"{package['name']}: not audited" for package in packages if "skip_reason" in package]


def npm_findings(report: Mapping[str, Any]) -> list[str]:
    """Read the JSON of ``npm audit``: a line for each package that has a finding.

    :raises NoAnswer: where the endpoint for audits failed
    """
    if "auditReportVersion" not in report:
        raise NoAnswer
    return [f"{name} {found['range']}: {found['severity']}" for name, found in report["vulnerabilities"].items()]


def _report(command: Sequence[str], folder: Path) -> Mapping[str, Any]:
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    try:
        report: Mapping[str, Any] = json.loads(run.stdout)
    except ValueError:
        raise NoAnswer(run.stderr.strip()[-500:]) from None
    return report


def _python(file: str) -> list[str]:
    command = [sys.executable, "-m", "pip_audit", "--requirement", file, "--require-hashes", "--disable-pip"]
    return python_findings(_report([*command, "--format", "json", "--progress-spinner", "off"], ROOT))


def _npm(page: str) -> list[str]:
    return npm_findings(_report(["npm", "audit", "--omit", "dev", "--json"], ROOT / page))


def main() -> int:
    """Audit all; give the exit code."""
    findings = 0
    for audit, names in ((_python, REQUIREMENTS), (_npm, PAGES)):
        for name in names:
            try:
                found = audit(name)
            except NoAnswer:
                print(f"{name}: not audited, the registry gives no answer.")
                continue
            findings += len(found)
            print("\n".join([f"{name}: {len(found)} findings.", *(f"  {line}" for line in found)]))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
