"""The REST contract as OpenAPI 3.1, made from the routes and from what stands beside each endpoint."""

import inspect
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from starlette.routing import Route

from app.domain.errors import DomainError, RateLimited
from app.server.contract import HEADERS, Answer, Contract, Parameter, Problem, contract_of
from app.server.problem_types import ON_THE_WIRE, UNKNOWN_METHOD, UNKNOWN_PATH, ProblemType
from app.server.problems import domain_problem

_SOMETIMES: Final = ".sometimes"
_PROBLEM: Final = "application/problem+json"
_SCHEMAS: Final = "#/components/schemas/{model}"
_DESCRIPTION: Final = f"""Send a video, and fetch a ZIP of its frames.

The GraphQL API at `/graphql` does all of this and more. Errors are problem details (RFC 9457); programs read `code`.
An unknown path is answered with {UNKNOWN_PATH.status:d} `{UNKNOWN_PATH.code}`, another method than those listed with
{UNKNOWN_METHOD.status:d} `{UNKNOWN_METHOD.code}`. Clients must take no offence at members that they do not know.
"""
_BEARER: Final = "An access token, or a key for programs (`fx_...`) that has the scope which the operation needs."


class _Plain(GenerateJsonSchema):
    """Without titles, which only repeat the names of members."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


@dataclass(frozen=True, slots=True)
class _Case:
    """One error in one status."""

    code: str
    meaning: str
    headers: frozenset[str]


def document(routes: Sequence[Route]) -> dict[str, Any]:
    """Return the description of these routes; raises KeyError where one of them promises nothing."""
    promised = [(route, contract_of(route.endpoint)) for route in routes]
    bodies = _Bodies(contract for _, contract in promised)
    paths: dict[str, Any] = {}
    shared = _Shared()
    for route, contract in promised:
        for method in sorted(route.methods or ()):
            paths.setdefault(route.path, {})[method.lower()] = _operation(route, contract, method, bodies)
            shared.look_at(paths[route.path][method.lower()]["responses"])
    shared.put_in_their_places(paths)
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "FIAP X",
            "version": "1.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "headers": _headers(),
            "responses": shared.responses,
            "schemas": bodies.schemas,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer", "description": _BEARER}},
        },
    }
    # Docstrings mark code as RST does, OpenAPI as Markdown does.
    return cast("dict[str, Any]", json.loads(json.dumps(described).replace("``", "`")))


def resolved(part: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a response or a header says, where it stands among the shared ones too."""
    return cast("Mapping[str, Any]", parts[part["$ref"].rpartition("/")[2]]) if "$ref" in part else part


class _Shared:
    """Responses that several operations have in common: each stands once, under its status' name and a number."""

    def __init__(self) -> None:
        self.responses: dict[str, Any] = {}
        self._times: Counter[str] = Counter()
        self._names: dict[str, str] = {}

    def look_at(self, responses: Mapping[str, Any]) -> None:
        """Count what there is."""
        self._times.update(json.dumps([status, response]) for status, response in responses.items())

    def put_in_their_places(self, paths: Mapping[str, Any]) -> None:
        """Leave references where there is more than one of a kind."""
        for operation in (operation for methods in paths.values() for operation in methods.values()):
            for status, response in operation["responses"].items():
                kind = json.dumps([status, response])
                if self._times[kind] > 1:
                    operation["responses"][status] = {"$ref": f"#/components/responses/{self._name(kind)}"}

    def _name(self, kind: str) -> str:
        if kind not in self._names:
            status, response = json.loads(kind)
            same = "".join(word.capitalize() for word in HTTPStatus(int(status)).name.split("_"))
            number = 1 + sum(name.rstrip("0123456789") == same for name in self.responses)
            self._names[kind] = same if number == 1 else f"{same}{number}"
            self.responses[self._names[kind]] = response
        return self._names[kind]


class _Bodies:
    """The schemas of all bodies, each under its name."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        kinds: dict[tuple[Any, JsonSchemaMode], TypeAdapter[Any]] = {(Problem, "serialization"): TypeAdapter(Problem)}
        for contract in contracts:
            if _is_typed(contract.body):
                kinds[contract.body, "validation"] = TypeAdapter(contract.body)
            for answer in contract.answers:
                if _is_typed(answer.body):
                    kinds[answer.body, "serialization"] = TypeAdapter(answer.body)
        inputs = [(kind, mode, adapter) for (kind, mode), adapter in kinds.items()]
        self._found, shared = TypeAdapter.json_schemas(inputs, ref_template=_SCHEMAS, schema_generator=_Plain)
        self.schemas: dict[str, Any] = shared["$defs"]

    def schema(self, body: Any, mode: JsonSchemaMode) -> Any:
        """Return the schema of a TypedDict; what is none is a schema already."""
        return self._found[body, mode] if _is_typed(body) else body


def _is_typed(body: Any) -> bool:
    return isinstance(body, type)


def _operation(route: Route, contract: Contract, method: str, bodies: _Bodies) -> dict[str, Any]:
    summary, _, description = inspect.cleandoc(route.endpoint.__doc__ or "").partition("\n\n")
    words = str(route.name).split("_")
    name = words[0] + "".join(word.capitalize() for word in words[1:])
    operation: dict[str, Any] = {
        "operationId": f"{name}Head" if method == "HEAD" else name,
        "tags": [contract.tag],
        "summary": " ".join(summary.split()),
    }
    if description:
        operation["description"] = description
    if contract.parameters:
        operation["parameters"] = [_parameter(one) for one in contract.parameters]
    if contract.body is not None:
        schema = bodies.schema(contract.body, "validation")
        operation["requestBody"] = {"required": True, "content": {contract.media_type: {"schema": schema}}}
    if contract.signed_in:
        operation["security"] = [{"session": []}]
    operation["responses"] = _responses(contract, bodies, head=method == "HEAD")
    return operation


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        "description": parameter.meaning,
        "schema": dict(parameter.schema),
    }


def _responses(contract: Contract, bodies: _Bodies, *, head: bool) -> dict[str, Any]:
    """Return what may be answered, by status; to HEAD all the same without its body (RFC 9110, section 9.3.2)."""
    found: dict[int, Any] = {}
    for answer in contract.answers:
        if answer.to_head or not head:
            found[answer.status] = _answer(answer, bodies, head=head)
    for status, cases in _cases(contract).items():
        response = _refused(cases, head=head)
        if status in found:  # The same status with another body.
            response["description"] = f"{found[status]['description']}\n\n{response['description']}"
            response["headers"] = found[status]["headers"] | response["headers"]
            response["content"] = found[status].get("content", {}) | response.get("content", {})
        found[status] = response
    return {str(int(status)): found[status] for status in sorted(found)}


def _answer(answer: Answer, bodies: _Bodies, *, head: bool) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": answer.meaning,
        "headers": {name: _header(name, required=True) for name in sorted(("X-Request-Id", *answer.headers))},
    }
    if answer.body is not None and not head:
        response["content"] = {answer.media_type: {"schema": bodies.schema(answer.body, "serialization")}}
    return response


def _refused(cases: Sequence[_Case], *, head: bool) -> dict[str, Any]:
    headers = set().union(*(case.headers for case in cases))
    always = set.intersection(*(set(case.headers) for case in cases))
    response: dict[str, Any] = {
        "description": "\n".join(f"* `{case.code}`: {case.meaning}" for case in cases),
        "headers": {name: _header(name, required=name in always) for name in sorted(headers)},
    }
    if not head:
        codes = sorted({case.code for case in cases})
        schema = {"$ref": _SCHEMAS.format(model=Problem.__name__), "properties": {"code": {"enum": codes}}}
        response["content"] = {_PROBLEM: {"schema": schema}}
    return response


def _cases(contract: Contract) -> dict[HTTPStatus, list[_Case]]:
    """Return all errors that may be answered, by status; what is the same code and meaning stands once."""
    found: dict[HTTPStatus, list[_Case]] = defaultdict(list)
    for status, case in (*map(_of_error, contract.errors), *map(_of_problem, contract.problems)):
        found[status].append(case)
    return found


def _of_error(kind: type[DomainError]) -> tuple[HTTPStatus, _Case]:
    """Ask the one table from error to answer, so that nothing of it is said twice."""
    error = kind(retry_after_seconds=1) if issubclass(kind, RateLimited) else kind()
    response = domain_problem(error)
    own = frozenset(name for name in HEADERS if name.lower() in response.headers and not name.startswith("Content-"))
    return HTTPStatus(response.status_code), _Case(kind.code, error.message, own | {"X-Request-Id"})


def _of_problem(kind: ProblemType) -> tuple[HTTPStatus, _Case]:
    named = () if kind in ON_THE_WIRE or kind.code == "TOO_MANY_CONNECTIONS" else ("X-Request-Id",)
    return kind.status, _Case(kind.code, kind.meaning, frozenset((*kind.headers, *named)))


def _header(name: str, *, required: bool) -> dict[str, Any]:
    return {"$ref": f"#/components/headers/{name}{'' if required else _SOMETIMES}"}


def _headers() -> dict[str, Any]:
    """Return every header twice: as one that is always there, and as one that may be."""
    return {
        f"{name}{ending}": {
            "description": header.meaning,
            "required": not ending,
            "schema": {"type": header.type},
        }
        for name, header in HEADERS.items()
        for ending in ("", _SOMETIMES)
    }
