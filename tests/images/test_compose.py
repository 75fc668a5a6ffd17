"""What compose.yaml promises; `docker compose up` itself needs a Docker engine."""

import re
from typing import Any

import pytest
import yaml
from pydantic_settings import BaseSettings

from app.setting_forms import names_of
from app.settings import ControlSettings, DatabaseSettings, LogSettings, Settings, VideoSettings
from tests.images.dockerfile import ROOT, stages

TEXT = (ROOT / "compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if "build" in service}
ONE_SHOT = {"migrate", "secrets"}


def test_it_has_what_the_service_needs():
    assert SERVICES.keys() == {"api", "videos", "control", "migrate", "secrets", "mysql", "valkey", "s3", "mail"}
    assert SERVICES["videos"]["deploy"]["replicas"] == 2
    assert {"noeviction", "--appendonly"} <= set(SERVICES["valkey"]["command"])


def test_what_is_published_on_loopback_is_served_under_its_names_alone():
    # In its container the API listens on every address, so it cannot know that it is this machine's alone.
    assert all(port.startswith("127.0.0.1:") for port in SERVICES["api"]["ports"])
    assert SERVICES["api"]["environment"]["FIAPX_ALLOWED_HOSTS"] == "localhost"


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_health_check_or_ends_by_itself(name):
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"] == "on-failure"
    else:
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or stages()[service["build"]["target"]].all("HEALTHCHECK")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_that_others_depend_on_has_the_condition_they_wait_for(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        ends = other in ONE_SHOT
        assert how["condition"] == ("service_completed_successfully" if ends else "service_healthy")


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_service_of_ours_is_built_here_and_can_change_nothing(name):
    service = SERVICES[name]
    target = service["build"]["target"]
    assert service["image"] == f"{ {'webapi': 'fiapx-webapi', 'worker': 'fiapx-processamento'}[target] }:local"
    assert target in stages()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert [place.partition(":")[0] for place in service["tmpfs"]] == ["/tmp"]
    assert "privileged" not in service
    writable = [volume for volume in service.get("volumes", []) if not volume.endswith(":ro")]
    assert writable == {"videos": ["/work"], "secrets": ["secrets:/secrets"]}.get(name, [])


@pytest.mark.parametrize(
    ("name", "reads"),
    [("api", Settings), ("videos", VideoSettings), ("control", ControlSettings), ("migrate", DatabaseSettings)],
)
def test_settings_are_settings_and_all_that_are_needed_are_there(name: str, reads: type[BaseSettings]):
    given = {one.removesuffix("_FILE") for one in SERVICES[name]["environment"]}
    assert given <= names_of(reads, LogSettings)
    needed = {f"FIAPX_{one}".upper() for one, field in reads.model_fields.items() if field.is_required()}
    stores = set() if name == "migrate" else {"FIAPX_S3_ACCESS_KEY", "FIAPX_S3_SECRET_KEY"}
    assert needed | stores <= given


def test_whatever_is_read_from_outside_is_a_setting_and_can_be_left_out():
    variables = re.findall(r"(?<!\$)\$(?!\$)\{?(\w*)([^}]*)", TEXT)
    assert {name for name, _ in variables} == {"FIAPX_PORT"}
    assert {rest for _, rest in variables} == {":-8000"}


def test_images_of_others_have_a_tag_that_stays():
    for name in SERVICES.keys() - OURS:
        assert re.fullmatch(r"[\w./-]+:v?\d[\w.-]*(@sha256:[0-9a-f]{64})?", SERVICES[name]["image"]), name


def test_ports_are_published_on_loopback_and_stores_reach_no_outside():
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
    assert COMPOSE["networks"]["stores"]["internal"] is True
    for name in ("mysql", "valkey", "s3"):
        assert SERVICES[name]["networks"] == ["stores"]
        assert "ports" not in SERVICES[name]


def test_signing_secrets_are_made_at_the_start_and_given_to_who_needs_them():
    assert "FIAPX_JWT_SECRET:" not in TEXT
    assert "FIAPX_LINK_SECRET:" not in TEXT
    holders = {name for name, service in SERVICES.items() if "secrets:/secrets" in str(service.get("volumes"))}
    assert holders == {"secrets", "api", "control"}


def test_who_decodes_holds_no_key_of_tokens_or_links_and_no_way_to_send_mails():
    assert not [name for name in SERVICES["videos"]["environment"] if re.search("JWT|LINK_SECRET|SMTP", name)]
    assert SERVICES["videos"]["networks"] == ["stores"]
    assert "FIAPX_LINK_SECRET_FILE" not in SERVICES["control"]["environment"]
    assert SERVICES["secrets"]["network_mode"] == "none"
