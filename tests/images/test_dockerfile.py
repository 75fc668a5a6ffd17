"""What the Dockerfile promises. That its steps work, docker/rehearsal shows."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.images.dockerfile import ROOT, ancestry, instructions, let_through, stages

FINAL = ("webapi", "worker")


@pytest.mark.parametrize("name", ["Dockerfile", ".devcontainer/Dockerfile"])
def test_hadolint_has_nothing_to_say_and_was_told_to_overlook_nothing(name: str):
    hadolint = Path(sys.executable).with_name("hadolint")
    said = subprocess.run([hadolint, ROOT / name], check=False, capture_output=True)
    assert (said.returncode, said.stdout) == (0, b"")
    assert "hadolint" not in (ROOT / name).read_text()
    assert not list(ROOT.glob(".hadolint*"))


def test_a_build_without_a_target_gives_the_api():
    assert list(stages())[-1] == "webapi"


@pytest.mark.parametrize("target", FINAL)
def test_an_image_runs_as_nobody_and_hears_sigterm(target):
    said = {word: rest for stage in ancestry(target) for word, rest in stage.instructions}
    assert said["USER"] == "10001:10001"
    assert said["STOPSIGNAL"] == "SIGTERM"
    # A list is run as it is; a sentence would be run by a shell, which keeps the signal to itself.
    assert json.loads(said["CMD"])[0] == "fiapx"
    assert "ENTRYPOINT" not in said
    assert set(json.loads(said["HEALTHCHECK"].split(" CMD ")[1])) >= {"python", "livez.py"}


@pytest.mark.parametrize(("target", "variable"), [("webapi", "FIAPX_PORT"), ("worker", "FIAPX_WORKER_PORT")])
def test_an_image_is_asked_for_its_health_where_it_answers(target, variable):
    [check] = stages()[target].all("HEALTHCHECK")
    assert json.loads(check.split(" CMD ")[1])[-1] == variable
    [port] = stages()[target].all("EXPOSE")
    assert f"{variable}={port}" in " ".join(stages()[target].all("ENV"))


@pytest.mark.parametrize("target", FINAL)
def test_an_image_says_what_it_is(target):
    labels = " ".join(rest for stage in ancestry(target) for rest in stage.all("LABEL"))
    for name in ("title", "description", "licenses", "version", "revision"):
        assert f"org.opencontainers.image.{name}=" in labels
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert ("ARG", f"VERSION={version}") in instructions()


def test_what_stands_in_for_a_base_image_bears_the_name_of_this_machine_and_of_no_registry():
    told = "import json, pathlib, bases; print(json.dumps(bases.base_images(pathlib.Path('Dockerfile'))))"
    said = subprocess.run(
        [sys.executable, "-c", told],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT / "docker" / "rehearsal")},
        check=True,
        capture_output=True,
    )
    stand_ins = json.loads(said.stdout)
    begun_with = {rest.split()[0] for word, rest in instructions() if word == "FROM"} - set(stages())
    assert {f"${{{argument}}}" for argument in stand_ins} == begun_with
    for name in stand_ins.values():
        assert re.fullmatch(r"localhost/[a-z]+:[\w.-]+", name)


def test_no_secret_is_in_an_argument_or_a_variable():
    for word, rest in instructions():
        if word in {"ARG", "ENV"}:
            assert not re.search(r"secret|password|token|access_key|_url", rest, re.IGNORECASE), rest


def test_bases_are_arguments_with_a_tag():
    arguments = dict(rest.split("=", 1) for word, rest in instructions() if word == "ARG" and "=" in rest)
    known = stages()
    for stage in known.values():
        if stage.base in known:
            continue
        image = arguments[stage.base.removeprefix("${").removesuffix("}")]
        _, colon, tag = image.partition(":")
        assert colon, image
        assert not tag.startswith("latest"), image


@pytest.mark.parametrize("target", FINAL)
def test_a_final_stage_installs_nothing_and_takes_from_those_before_it_only_what_runs(target):
    for stage in ancestry(target):
        assert not any(re.search(r"apt|pip |npm |compileall", rest) for rest in stage.all("RUN"))
        assert all(rest.startswith("--from=") for rest in stage.all("COPY"))
    assert any("--from=worker-packages" in rest for rest in stages()[target].all("COPY")) == (target == "worker")


def test_packages_are_wheels_with_known_hashes_and_leave_no_cache():
    installs = [
        rest for stage in stages().values() for rest in stage.all("RUN") if " install " in rest and "pip" in rest
    ]
    assert len(installs) == 2
    for install in installs:
        for option in ("--require-hashes", "--only-binary :all:", "--no-cache-dir"):
            assert option in install


def test_what_is_copied_is_there_and_let_through():
    for stage in stages().values():
        for rest in stage.all("COPY"):
            if rest.startswith("--from="):
                continue
            *sources, _ = rest.split()
            for source in sources:
                assert (ROOT / source).exists(), source
                assert let_through(source), source


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        ".venv/bin/python",
        ".env",
        "data/secrets.json",
        "tests/conftest.py",
        "k8s/secrets.yaml",
        "app/__pycache__/cli.cpython-311.pyc",
        "app/infra/s3/__pycache__/client.cpython-311.pyc",
        "app/pages/static/app/index.html",
        "frontend-sample/node_modules/vite/package.json",
        "frontend-sample/recipes/package.json",
        "graphiql/node_modules/.made",
        "devserver/up.py",
        "docker/rehearsal/rehearse.py",
    ],
)
def test_a_build_context_leaves_out(path):
    assert not let_through(path)


@pytest.mark.parametrize("path", ["app/cli.py", "app/infra/mail_templates/base.html", "migrations/versions/0001.py"])
def test_a_build_context_holds(path):
    assert let_through(path)
