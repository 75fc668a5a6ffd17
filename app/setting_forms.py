"""The forms that settings have, and the sentence that says what is wrong with one."""

import json
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import urlsplit

from limits import parse
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode

PREFIX: Final = "FIAPX_"
_FILE: Final = "_FILE"
"""In containers, FIAPX_X_FILE names a file that holds FIAPX_X."""

_AMAZON: Final = (".amazonaws.com", ".amazonaws.com.cn")

_T = TypeVar("_T")


def is_amazon(s3_url: str) -> bool:
    """Whether this address of a storage is Amazon's own, where buckets are hosts and roles stand for keys."""
    return (urlsplit(s3_url).hostname or "").endswith(_AMAZON)


def _rate(text: str) -> str:
    parse(text)
    return text


def _address(*schemes: str, bare: bool = False) -> Callable[[str], str]:
    """Check that a text is an address of one of these schemes, with a host, and with ``bare`` nothing after it."""

    def check(text: str) -> str:
        parts = urlsplit(text)
        _ = parts.port  # Raises ValueError where that is no number.
        local = parts.scheme.startswith(("sqlite", "unix"))
        if parts.scheme not in schemes or not (parts.path if local else parts.hostname):
            raise ValueError
        if bare and text != f"{parts.scheme}://{parts.netloc}":
            raise ValueError
        return text

    return check


def _mailbox(text: str) -> str:
    if "@" not in parseaddr(text)[1]:
        raise ValueError
    return text


def _listed(value: object) -> object:
    """Split ``a,b``; a JSON list is one too. Raises ValueError."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        return json.loads(value)
    return tuple(part.strip() for part in value.split(",") if part.strip())


Listed = Annotated[tuple[_T, ...], NoDecode, BeforeValidator(_listed)]

Rate = Annotated[
    str,
    AfterValidator(_rate),
    Field(description='"number/period" or "number/count period"', examples=["10/15 minutes"]),
]
Secret = Annotated[
    SecretStr,
    Field(
        min_length=32, description="a secret of at least 32 characters", examples=["what openssl rand -hex 32 gives"]
    ),
]
Secrets = Annotated[
    Listed[Annotated[SecretStr, Field(min_length=32)]],
    Field(description="secrets of at least 32 characters each, separated by commas", examples=["first,second"]),
]
Networks = Annotated[
    Listed[IPv4Network | IPv6Network],
    Field(description="networks, separated by commas", examples=["10.0.0.0/8,fd00::/8"]),
]
Buckets = Annotated[
    Listed[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]],
    Field(description="names of buckets, separated by commas", examples=["cameras,archive"]),
]
Proxies = Annotated[
    Listed[str], Field(description="addresses or networks, separated by commas", examples=["10.0.0.0/8,127.0.0.1"])
]
Hosts = Annotated[
    Listed[Annotated[str, Field(pattern=r"^[^\s/@]+$")]],
    Field(description="names of hosts, separated by commas", examples=["videos.example,localhost"]),
]
Origins = Annotated[
    Listed[Annotated[str, AfterValidator(_address("http", "https", bare=True))]],
    Field(
        description="origins, which are scheme://host[:port] with nothing after it, separated by commas",
        examples=["https://a.example,https://b.example:8443"],
    ),
]
DatabaseUrl = Annotated[
    str,
    AfterValidator(_address("mysql+asyncmy", "sqlite+aiosqlite")),
    Field(
        description="mysql+asyncmy://[user:password@]host[:port]/database or sqlite+aiosqlite:///path",
        examples=["mysql+asyncmy://fiapx:password@mysql.example/fiapx"],
    ),
]
RedisUrl = Annotated[
    str,
    AfterValidator(_address("redis", "rediss", "unix")),
    Field(
        description="redis[s]://[user:password@]host[:port][/number] or unix://path",
        examples=["redis://:password@redis.example:6379/0"],
    ),
]
HttpUrl = Annotated[
    str,
    AfterValidator(_address("http", "https")),
    Field(description="http[s]://host[:port]", examples=["https://videos.example"]),
]
S3Url = Annotated[HttpUrl, Field(examples=["https://s3.us-east-1.amazonaws.com"])]
SmtpUrl = Annotated[
    str,
    AfterValidator(_address("smtp", "smtp+starttls", "smtps")),
    Field(
        description="smtp, smtp+starttls or smtps, then ://[user:password@]host[:port]",
        examples=["smtp+starttls://user:password@mail.example:587"],
    ),
]
Mailbox = Annotated[
    str, AfterValidator(_mailbox), Field(description="Name <address>", examples=["FIAP X <no-reply@videos.example>"])
]
Port = Annotated[int, Field(ge=1, le=65535)]


def sentences(error: ValidationError, kind: type[BaseSettings]) -> Iterable[str]:
    """Return one sentence for each setting that is wrong or missing; none repeats a value, which may be a secret."""
    schemas: Mapping[str, Mapping[str, Any]] = kind.model_json_schema()["properties"]
    told = set()
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        field = str(problem["loc"][0])
        if field in told:
            continue
        told.add(field)
        name = f"{PREFIX}{field}".upper()
        form, example = form_and_example(schemas[field])
        such = f", such as {example}" if example else ""
        if problem["type"] == "missing":
            yield f"{name} is missing: it must be {form}{such}."
        elif problem["type"] == "alone":
            yield f"{name} {problem['msg']}."
        else:
            yield f"{name} must be {form}{such}."


def form_and_example(schema: Mapping[str, Any]) -> tuple[str, str]:
    """Return what a value of a field with this JSON Schema looks like, and an example where there is one."""
    inner: Mapping[str, Any] = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {})
    told = {**inner, **schema}
    example = next(iter(told.get("examples", ())), None) or told.get("default")
    shown = "" if example is None or isinstance(example, list) else str(example)
    if "description" in told:
        return str(told["description"]), shown
    if "enum" in told:
        return f"one of {', '.join(told['enum'])}", shown
    if told.get("type") == "boolean":
        return "true or false", ""
    if told.get("type") in {"integer", "number"}:
        return ("a whole number" if told["type"] == "integer" else "a number") + _bounds(told), shown or "1"
    return ("a path", shown) if told.get("format") == "path" else ("a text", shown)


def _bounds(schema: Mapping[str, Any]) -> str:
    least = schema.get("minimum")
    if "exclusiveMinimum" in schema:
        return f" above {schema['exclusiveMinimum']}"
    if least is not None and "maximum" in schema:
        return f" from {least} to {schema['maximum']}"
    return "" if least is None else f" of at least {least}"


def names_of(*kinds: type[BaseSettings]) -> frozenset[str]:
    """Return the names of the variables that these read."""
    return frozenset(f"{PREFIX}{field}".upper() for kind in kinds for field in kind.model_fields)


def unknown_names(environment: Iterable[str], known: Iterable[str]) -> Iterable[str]:
    """Yield a sentence for each variable that looks like a setting and is none, with the nearest that is one."""
    names = sorted(known)
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in names and name.removesuffix(_FILE) not in names:
            near = get_close_matches(name, names, n=1)
            yield f"{name} is no setting and changes nothing{f': {near[0]} is one' if near else ''}."
