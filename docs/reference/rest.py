"""The REST API in one page, made from its OpenAPI document: no program from elsewhere is needed to read it."""

from collections.abc import Mapping
from typing import Any, Final

from app.rest.openapi import document, resolved
from app.rest.routes import ROUTES

_INTRODUCTION: Final = """<!-- Made by make schema from app/rest; change it there. -->
# REST

The same as OpenAPI 3.1: `openapi.json` of the repository, and `GET /openapi.json` of a running service. A test asks
every path good and bad questions and judges the answers by it (`tests/rest/test_openapi.py`).
"""


def page() -> str:
    """Return the page as Markdown."""
    described = document(ROUTES)
    text, parts = f"{_INTRODUCTION}\n{described['info']['description']}", described["components"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if method != "head":
                text += _operation(
                    f"{method.upper()} {path}", operation, described["components"]["responses"], head="head" in methods
                )
    return text + _schemas(parts["schemas"])


def _operation(title: str, operation: dict[str, Any], responses: Mapping[str, Any], *, head: bool) -> str:
    text = f"\n## {title}\n\n{operation['summary']}"
    text += f"\n\n{operation['description']}\n" if "description" in operation else "\n"
    session = "Needs a session: `Authorization: Bearer ...`." if "security" in operation else "Needs no session."
    text += f"\n{session}{' `HEAD` gets the same without its body.' if head else ''}\n"
    parameters = operation.get("parameters", ())
    for kind, body in operation.get("requestBody", {}).get("content", {}).items():
        text += f"\nBody: `{kind}`, {_type(body['schema'])}.\n"
    if parameters:
        text += "\n| Parameter | In | Form | Meaning |\n|---|---|---|---|\n"
        text += "".join(
            f"| `{one['name']}` | {one['in']} | {_type(one['schema'])} | {one['description']} |\n" for one in parameters
        )
    text += "\n| Status | Body | Headers | Meaning |\n|---|---|---|---|\n"
    for status, given in operation["responses"].items():
        response = resolved(given, responses)
        kinds = "<br>".join(_content(kind, body) for kind, body in response.get("content", {}).items())
        headers = ", ".join(f"`{name}`" for name in response["headers"] if name != "X-Request-Id")
        text += f"| {status} | {kinds} | {headers} | {_lines(response['description'])} |\n"
    return text


def _content(kind: str, body: dict[str, Any]) -> str:
    return _link(body["schema"]["$ref"]) if "$ref" in body["schema"] else f"`{kind}`"


def _lines(text: str) -> str:
    return "<br>".join(line.removeprefix("* ") for line in text.split("\n") if line)


def _type(schema: dict[str, Any]) -> str:
    """Return what a value looks like."""
    match schema:
        case {"$ref": to}:
            text = _link(to)
        case {"anyOf": choices}:
            text = " or ".join(_type(one) for one in choices)
        case {"const": only}:
            text = f"`{only}`"
        case {"enum": choices}:
            text = ", ".join(f"`{one}`" for one in choices)
        case {"items": items}:
            text = f"list of {_type(items)}"
        case {"additionalProperties": values}:
            text = f"object of {_type(values)}"
        case {"properties": members}:
            text = f"with {', '.join(f'`{name}`' for name in members)}"
        case {"minimum": least, "maximum": most}:
            text = f"{schema['type']} from {least} to {most}, by default {schema['default']}"
        case _:
            text = str(schema.get("format") or schema.get("type", "bytes"))
    return text


def _link(to: str) -> str:
    name = to.rpartition("/")[2]
    return f"[{name}](#{name.lower()})"


def _schemas(schemas: dict[str, Any]) -> str:
    text = ""
    for name, schema in sorted(schemas.items()):
        text += f"\n## {name}\n\n{schema.get('description', '')}\n"
        if "enum" in schema:
            text += f"\n{_type(schema)}\n"
            continue
        text += "\n| Member | Form | Always there | Meaning |\n|---|---|---|---|\n"
        for member, of in schema["properties"].items():
            always = "yes" if member in schema.get("required", ()) else "no"
            text += f"| `{member}` | {_type(of)} | {always} | {of.get('description', '')} |\n"
    return text
