"""What a newcomer reads first names only what there is."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md", "docs/adr/README.md"])
def test_each_link_of_the_page_leads_to_something(page: str):
    file = ROOT / page
    for place in re.findall(r"\]\(([^)#]+)\)", file.read_text("utf-8")):
        assert (file.parent / place).exists(), place


def commands(page: str) -> Iterator[str]:
    """Find what a page tells its readers to type: lines of its blocks, and what stands between backquotes."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    yield from "".join(blocks).splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE))


def test_contributing_names_targets_and_files_that_there_are():
    asked = [words for line in commands(CONTRIBUTING) if (words := re.findall(r"(?:^|=\S+ )make (.+)", line))]
    assert len(asked) > 10
    for words in asked:
        assert {word for word in words[0].split() if "=" not in word} <= TARGETS, words
    for file, name in re.findall(r"TEST=([\w/.]+)(?:::(\w+))?", CONTRIBUTING):
        assert f"def {name or 'test_'}" in (ROOT / file).read_text("utf-8"), file
    for path in re.findall(r"`((?:app|docs|jobs|migrations|operations|tests|\.ci)/[\w/.]+)`", CONTRIBUTING):
        assert (ROOT / path).exists(), path


def test_every_pytest_mark_is_declared_and_explained():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["pytest"]["ini_options"]["markers"]
    table = CONTRIBUTING.partition("| Mark |")[2].partition("\n\n")[0]
    assert {line.partition(":")[0] for line in declared} == set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))


def test_the_quick_tests_are_of_folders_that_there_are():
    (folders,) = re.findall(r"^UNIT := \$\(addprefix tests/,(.+)\)$", MAKEFILE, re.MULTILINE)
    assert [folder for folder in folders.split() if not (ROOT / "tests" / folder).is_dir()] == []


def test_the_way_of_one_video_is_twelve_files_at_most_and_the_picture_has_the_same():
    rows = re.findall(r"^\| \d+ \| \[([\w/.]+)\]\(\.\./\1\) \|", ARCHITECTURE, re.MULTILINE)
    assert 0 < len(rows) <= 12
    picture = re.sub(r"<[^>]+>", "", (ROOT / "docs" / "architecture.svg").read_text("utf-8"))
    for row in rows:
        assert (ROOT / row).is_file()
        assert Path(row).name in picture


def test_git_runs_only_programs_of_this_checkout():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repository["repo"] for repository in hooks["repos"]] == ["local"]
    for hook in hooks["repos"][0]["hooks"]:
        assert hook["language"] == "system"
        if hook["entry"].startswith("make --silent "):
            assert hook["entry"].removeprefix("make --silent ") in TARGETS
        else:
            assert hook["entry"].startswith(".venv/bin/python -")
