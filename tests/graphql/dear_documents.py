"""Operations within every limit that cost as much as their shape allows; each was found by looking for one."""

from collections.abc import Callable, Mapping
from string import ascii_letters
from typing import Any, Final

from graphql import GraphQLError, parse

from tests.parts.wired import shipped

_LIMITS: Final = shipped()


def _name(number: int) -> str:
    first, second = divmod(number, len(ascii_letters))
    return ascii_letters[first] + ascii_letters[second]


def _largest(make: Callable[[int], str]) -> str:
    """Give the largest text of this shape that is let in."""
    least, most = 1, _LIMITS.max_tokens
    while least < most:
        middle = (least + most + 1) // 2
        least, most = (middle, most) if _fits(make(middle)) else (least, middle - 1)
    return make(least)


def _fits(text: str) -> bool:
    try:
        parse(text, max_tokens=_LIMITS.max_tokens)
    except GraphQLError:
        return False
    return len(text.encode()) <= _LIMITS.max_document_bytes


def _each(count: int, make: Callable[[str], str]) -> str:
    return " ".join(make(_name(number)) for number in range(count))


_SHAPES: Final[Mapping[str, Callable[[int], str]]] = {
    "unknown fields of an input": lambda n: (
        f"mutation {{ login(input: {{{_each(n, lambda a: f'email{a}: 1')}}}) {{ a }} }}"
    ),
    "one field many times": lambda n: f"{{ me {{ {'id ' * n} }} }}",
    "one field many times, on a union": lambda n: f'{{ video(id: "") {{ {"... on Problem { code } " * n} }} }}',
    "conflicting arguments": lambda n: f"{{ me {{ {_each(n, lambda a: f'id(a: {a})')} }} }}",
    "unknown fields": lambda n: f"{{ me {{ {_each(n, lambda a: f'email{a}')} }} }}",
    "unknown types": lambda n: f'{{ video(id: "") {{ {_each(n, lambda a: f"... on VideoProcessing{a} {{ id }}")} }} }}',
    "unknown types of variables": lambda n: f"query({_each(n, lambda a: f'${a}: ExtractionOptionsInpu{a}')}) {{ a }}",
    "unknown arguments": lambda n: f"{{ videos({_each(n, lambda a: f'status{a}: 1')}) {{ a }} }}",
    "values of an enum that it has not": lambda n: (
        f"{{ videos(status: [{_each(n, lambda a: f'PENDING{a}')}]) {{ a }} }}"
    ),
    "a list of right values": lambda n: f"{{ videos(status: [{'FAILED ' * n}]) {{ totalCount }} }}",
    "fragments beside each other": lambda n: (
        f"{{ me {{ {_each(n, lambda a: f'...{a}')} }} }} {_each(n, lambda a: f'fragment {a} on User {{ id }}')}"
    ),
    "fragments below each other": lambda n: (
        f"{{ ...{_name(0)} }} "
        + " ".join(f"fragment {_name(one)} on Query {{ ...{_name(one + 1)} }}" for one in range(n))
        + f" fragment {_name(n)} on Query {{ __typename }}"
    ),
    "fragments in circles": lambda n: (
        f"{{ ...{_name(0)} }} "
        + " ".join(f"fragment {_name(one)} on Query {{ {_each(n, lambda a: f'...{a}')} }}" for one in range(n))
    ),
    "operations that share a fragment": lambda n: (
        f"{_each(n, lambda a: f'query {a} {{ ...F }}')} fragment F on Query {{ {'__typename ' * n} }}"
    ),
    "the whole schema ten times": lambda n: (
        "{ "
        + _each(10, lambda a: f"{a}: __schema {{ types {{ {'name ' * n} fields {{ name args {{ name }} }} }} }}")
        + " }"
    ),
}
_OTHERS: Final[Mapping[str, tuple[str, Mapping[str, Any]]]] = {
    "errors after ten thousand lines": ("\n" * 10_000 + "{ me { " + "a " * 450 + "} }", {}),
    "thirty thousand numbers": (
        'mutation($o: ExtractionOptionsInput) { reprocessVideo(id: "", options: $o) { __typename } }',
        {"o": {"select": {"timestamps": [1] * 30_000}}},
    ),
    "unknown fields of a variable": (
        "mutation($i: LoginInput!) { login(input: $i) { __typename } }",
        {"i": {f"email{number}": 1 for number in range(9000)}},
    ),
    "values of an enum that it has not, in a variable": (
        "query($s: [ProcessingStatus!]) { videos(status: $s) { totalCount } }",
        {"s": ["PENDIN"] * 20_000},
    ),
}


def dear_documents() -> Mapping[str, tuple[str, Mapping[str, Any]]]:
    """Give each with its variables, by what makes it dear."""
    return {name: (_largest(make), {}) for name, make in _SHAPES.items()} | dict(_OTHERS)
