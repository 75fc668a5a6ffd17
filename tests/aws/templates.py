"""The templates, read as CloudFormation reads them, and what a roll-out tells each of them."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parents[2] / "k8s" / "aws"

ORDER: Final = ("network", "registry", "storage", "data", "cluster", "identities", "edge", "alarms")
"""A later one imports what an earlier one exports."""

Template = dict[str, Any]


def read(name: str) -> Template:
    """Give a copy of one template; short forms such as ``!Ref`` have become the long ones."""
    return deepcopy(_parsed(name))


def read_all() -> dict[str, Template]:
    return {name: read(name) for name in ORDER}


def resources(templates: Mapping[str, Template], *types: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give ``template/LogicalId`` and the resource, of these types or of all."""
    for name, template in templates.items():
        for logical_id, resource in template["Resources"].items():
            if not types or resource["Type"] in types:
                yield f"{name}/{logical_id}", resource


def cors_rules(page: str) -> list[dict[str, Any]]:
    """Give what pages of this origin may do at the bucket of videos, as S3's API names it."""
    rules: list[dict[str, Any]] = read("storage")["Resources"]["Videos"]["Properties"]["CorsConfiguration"]["CorsRules"]
    names = {"ExposedHeaders": "ExposeHeaders", "MaxAge": "MaxAgeSeconds"}
    asked = [{names.get(name, name): value for name, value in rule.items()} for rule in rules]
    for rule in asked:
        assert rule["AllowedOrigins"] == [{"Ref": "PageOrigin"}]
        rule["AllowedOrigins"] = [page]
    return asked


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@cache
def _parsed(name: str) -> Template:
    from cfnlint.decode.cfn_yaml import load  # noqa: PLC0415  # It ships no types, and takes a second.

    plain: Template = _plain(load(str(FOLDER / f"{name}.yaml")))
    return plain


def _plain(value: Any) -> Any:
    """Leave behind what the loader knows of lines and columns."""
    match value:
        case dict():
            return {str(key): _plain(entry) for key, entry in value.items()}
        case list():
            return [_plain(entry) for entry in value]
        case str():
            return str(value)
        case _:
            return value
