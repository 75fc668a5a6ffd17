"""The OpenAPI document as a judge of answers: what it does not promise is a mistake."""

import asyncio
import http.client
import re
import socket
from collections.abc import Iterator
from typing import Any, Final

import httpx
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from app.rest.openapi import document, resolved
from app.rest.routes import ROUTES
from tests.parts.site import Site

FRAMING: Final = frozenset(
    {
        "cache-control",
        "connection",
        "content-length",
        "content-security-policy",
        "content-type",
        "date",
        "referrer-policy",
        "transfer-encoding",
        "x-content-type-options",
        "x-frame-options",
    }
)
"""What every answer may have, whatever it is: how it is sent, and what keeps a browser safe."""


def closed(schema: Any) -> Any:
    """Return a schema that takes no member that it does not name, wherever it names some."""
    if isinstance(schema, list):
        return [closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: closed(one) for name, one in schema.items()}
    return inner | {"unevaluatedProperties": False} if "properties" in inner and "in" not in inner else inner


class Description:
    """The document, and what of it was seen."""

    def __init__(self) -> None:
        self.document = document(ROUTES)
        self.seen: set[tuple[str, str, int, str]] = set()
        strict = closed(self.document)
        self._registry: Registry[Any] = Registry().with_resource("urn:api", DRAFT202012.create_resource(strict))

    def promised(self) -> Iterator[tuple[str, str, int, str]]:
        """Return every path, method, status and code of a problem ("" where it is none)."""
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                for status, given in operation["responses"].items():
                    response = resolved(given, self.document["components"]["responses"])
                    content = response.get("content", {})
                    codes = self._codes(content) if method != "head" else []
                    if not codes or set(content) - {"application/problem+json"}:
                        yield path, method.upper(), int(status), ""
                    for code in codes:
                        yield path, method.upper(), int(status), code

    def judge(self, answer: httpx.Response) -> httpx.Response:
        """Check an answer to one of our paths; raises AssertionError where it is not as described."""
        method, path = answer.request.method, self._path(answer.request.url.path)
        operation = self.document["paths"][path].get(method.lower())
        assert operation, f"{method} {path} is not described, and answered {answer.status_code}"
        status = str(answer.status_code)
        assert status in operation["responses"], f"{method} {path} answered {status}: {answer.text[:300]}"
        given = operation["responses"][status]
        response = resolved(given, self.document["components"]["responses"])
        where = f"#/paths/{path.replace('~', '~0').replace('/', '~1')}/{method.lower()}/responses/{status}"
        where = f"urn:api{given.get('$ref', where)}"
        headers = self.document["components"]["headers"]
        promised = {name: resolved(header, headers) for name, header in response["headers"].items()}
        self._judge_headers(answer, promised, f"{method} {path}: {status}")
        self.seen.add((path, method, answer.status_code, self._judge_body(answer, response.get("content", {}), where)))
        return answer

    def _path(self, path: str) -> str:
        for template in self.document["paths"]:
            if re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(template)), path):
                return str(template)
        raise AssertionError(f"{path} is not described")

    def _judge_headers(self, answer: httpx.Response, promised: dict[str, Any], what: str) -> None:
        names = {name.lower() for name in promised}
        assert set(answer.headers) <= names | FRAMING, f"{what} has {set(answer.headers) - names - FRAMING}"
        for name, header in promised.items():
            assert name in answer.headers or not header["required"], f"{what} has no {name}"
            if name in answer.headers and header["schema"]["type"] == "integer":
                assert answer.headers[name].isdigit(), f"{what}: {name} is {answer.headers[name]}"

    def _judge_body(self, answer: httpx.Response, content: dict[str, Any], where: str) -> str:
        """Return the code of the problem, if it is one."""
        if not content:
            assert answer.content == b"", f"{where} promises no body"
            return ""
        kind = answer.headers["content-type"].partition(";")[0]
        described = next((one for one in (kind, f"{kind.partition('/')[0]}/*") if one in content), "*/*")
        assert described in content, f"{where}: {kind} is not described"
        if not kind.endswith("json"):
            return ""
        schema = f"{where}/content/{described.replace('/', '~1')}/schema"
        validator = Draft202012Validator(
            {"$ref": schema}, registry=self._registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        problems = [f"{list(one.path)}: {one.message}" for one in validator.iter_errors(answer.json())]
        assert not problems, f"{where}: {problems}"
        return str(answer.json()["code"]) if kind == "application/problem+json" else ""

    @staticmethod
    def _codes(content: dict[str, Any]) -> list[str]:
        problem = content.get("application/problem+json", {}).get("schema", {})
        return list(problem.get("properties", {}).get("code", {}).get("enum", ()))


async def raw(site: Site, described: Description, head: bytes) -> int:
    """Send what no decent client sends, and judge what comes."""
    host, port = site.url.removeprefix("http://").split(":")

    def ask() -> httpx.Response:
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(head)
            answer = http.client.HTTPResponse(line, method="GET")
            answer.begin()
            return httpx.Response(
                answer.status,
                headers=answer.getheaders(),
                content=answer.read(),
                request=httpx.Request("GET", f"{site.url}/videos"),
            )

    return described.judge(await asyncio.to_thread(ask)).status_code
