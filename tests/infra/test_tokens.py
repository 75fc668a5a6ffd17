"""Access tokens: signed, short-lived, and for nothing but access."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.errors import Unauthenticated
from app.domain.session import SessionId
from app.domain.user import UserId
from app.infra.tokens import JwtAccessTokens
from tests.fakes.clock import SettableClock

KEY = "a key of access tokens, 32 bytes."
USER = UserId("0d5e9cf8-6a4f-4bb0-bd39-04d27d1f2b1c")
SESSION = SessionId("6ec9e1b8-9e0a-4f5f-8f0e-0d4b6f6e7a11")
CLOCK = SettableClock()
TOKENS = JwtAccessTokens(KEY, clock=CLOCK, lifetime_seconds=3600)
NOW = int(CLOCK.now().timestamp())
HEADER = jwt.get_unverified_header(TOKENS.issue(USER, SESSION).text)
CLAIMS = jwt.decode(TOKENS.issue(USER, SESSION).text, options={"verify_signature": False})


def signed(claims: Mapping[str, object] = CLAIMS, *, key: str = KEY, header: Mapping[str, object] = HEADER) -> str:
    """Sign anything, as somebody might who shares the key."""
    return jwt.PyJWS().encode(json.dumps(dict(claims)).encode(), key, algorithm="HS256", headers=dict(header))


def by_hand(header: object, payload: object, signature: str = "") -> str:
    parts = (json.dumps(part).encode() for part in (header, payload))
    return ".".join([base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts] + [signature])


def test_a_token_says_who_asks_and_until_when() -> None:
    token = TOKENS.issue(USER, SESSION)
    viewer = TOKENS.verify(token.text)
    assert viewer.id == USER
    assert viewer.expires_at == token.expires_at == CLOCK.now() + timedelta(hours=1)
    assert TOKENS.verify(signed()).id == USER


def test_a_token_carries_every_claim_and_each_token_is_another() -> None:
    assert set(CLAIMS) == {"iss", "aud", "sub", "sid", "iat", "nbf", "exp", "jti", "typ"}
    assert (CLAIMS["typ"], CLAIMS["exp"] - CLAIMS["iat"], CLAIMS["sub"]) == ("access", 3600, USER)
    assert str(UUID(CLAIMS["jti"])) == CLAIMS["jti"]
    assert (HEADER["alg"], set(HEADER)) == ("HS256", {"alg", "typ", "kid"})
    assert TOKENS.issue(USER, SESSION).text != TOKENS.issue(USER, SESSION).text


def test_a_session_ends_to_the_second() -> None:
    clock = SettableClock()
    tokens = JwtAccessTokens(KEY, clock=clock, lifetime_seconds=3600)
    token = tokens.issue(USER, SESSION).text
    clock.advance(3599.9)
    tokens.verify(token)
    clock.advance(0.1)
    with pytest.raises(Unauthenticated):
        tokens.verify(token)


def test_a_clock_a_little_behind_accepts_a_fresh_token_and_one_far_behind_does_not() -> None:
    clock = SettableClock()
    tokens = JwtAccessTokens(KEY, clock=clock, lifetime_seconds=3600)
    token = tokens.issue(USER, SESSION).text
    clock.advance(-5)
    tokens.verify(token)
    clock.advance(-0.1)
    with pytest.raises(Unauthenticated):
        tokens.verify(token)


@pytest.mark.parametrize("claim", sorted(CLAIMS))
def test_no_claim_may_be_missing(claim: str) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.verify(signed({name: value for name, value in CLAIMS.items() if name != claim}))


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("exp", NOW),
        ("exp", NOW + 3601),
        ("exp", 10**18),
        ("exp", str(NOW + 60)),
        ("exp", NOW + 60.5),
        ("exp", True),
        ("exp", None),
        ("iat", NOW + 6),
        ("iat", NOW - 3600),
        ("iat", -(10**18)),
        ("iat", str(NOW)),
        ("nbf", NOW + 6),
        ("nbf", "0"),
        ("nbf", [0]),
        ("typ", "refresh"),
        ("typ", ["access"]),
        ("iss", "another"),
        ("iss", ["fiapx"]),
        ("aud", "another"),
        ("sub", ""),
        ("sub", "1"),
        ("sub", 1),
        ("sub", "admin"),
        ("sub", USER.upper()),
        ("sub", f"{{{USER}}}"),
        ("sub", USER.replace("-", "")),
        ("sub", f"{USER}\n"),
        ("jti", 7),
    ],
)
def test_a_signed_token_with_a_wrong_claim_is_refused(claim: str, value: object) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.verify(signed({**CLAIMS, claim: value}))


@pytest.mark.parametrize(
    "header",
    [{**HEADER, "kid": "another"}, {"kid": ""}, {"kid": 7}, {**HEADER, "crit": ["b64"], "b64": False}, {}],
)
def test_a_header_that_we_did_not_write_is_refused(header: dict[str, object]) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.verify(by_hand({"alg": "HS256", **header}, CLAIMS, signed().rpartition(".")[2]))
    if "crit" not in header and header.get("kid") != 7:
        with pytest.raises(Unauthenticated):
            TOKENS.verify(signed(header=header))


def test_a_token_with_another_key_or_none_is_refused() -> None:
    for token in (
        signed(key="another key of access tokens, 32 bytes"),
        by_hand({"alg": "none", "typ": "JWT", "kid": HEADER["kid"]}, CLAIMS),
        jwt.encode(CLAIMS, KEY * 2, algorithm="HS512", headers={"kid": HEADER["kid"]}),
        jwt.encode(CLAIMS, "", algorithm="none", headers={"kid": HEADER["kid"]}),
    ):
        with pytest.raises(Unauthenticated):
            TOKENS.verify(token)
    other = JwtAccessTokens(KEY + "another", clock=CLOCK, lifetime_seconds=3600)
    with pytest.raises(Unauthenticated):
        TOKENS.verify(other.issue(USER, SESSION).text)


def test_no_character_of_a_token_can_be_changed() -> None:
    token = signed()
    for place, was in enumerate(token[:-1]):  # The last one carries bits that mean nothing.
        with pytest.raises(Unauthenticated):
            TOKENS.verify(token[:place] + ("A" if was != "A" else "B") + token[place + 1 :])


@given(st.text(max_size=300))
@example("")
@example("..")
@example("\ud800.é.x")
@example("a" * 4097)
@example(base64.urlsafe_b64encode(b"[" * 2900).decode() + ".e30.x")
@example(base64.urlsafe_b64encode(b'{"alg":' * 400).decode() + ".e30.x")
@example(by_hand([], {}))
@example(by_hand({"alg": ["HS256"]}, {}))
@example(by_hand({"alg": None}, []))
@example(by_hand({"alg": "HS256", "kid": HEADER["kid"], "b64": False}, {}))
def test_garbage_is_unauthenticated(garbage: str) -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.verify(garbage)


def test_a_signed_payload_that_is_no_object_is_refused() -> None:
    for payload in (b"[]", b"7", b"null", b"[" * 1500, b"\xff", b""):
        text = jwt.PyJWS().encode(payload, KEY, algorithm="HS256", headers={"kid": HEADER["kid"]})
        with pytest.raises(Unauthenticated):
            TOKENS.verify(text)


def test_a_huge_token_is_refused_whatever_it_says() -> None:
    with pytest.raises(Unauthenticated):
        TOKENS.verify(signed({**CLAIMS, "padding": "x" * 4096}))


def test_a_short_key_refuses_to_start() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        JwtAccessTokens("x" * 31, clock=CLOCK, lifetime_seconds=3600)


def test_tokens_are_for_the_user_they_were_issued_to() -> None:
    users = [UserId(str(uuid4())) for _ in range(5)]
    assert [TOKENS.verify(TOKENS.issue(user, SESSION).text).id for user in users] == users
    assert TOKENS.issue(USER, SESSION).expires_at.tzinfo is UTC
    assert isinstance(TOKENS.issue(USER, SESSION).expires_at, datetime)


def test_tokens_of_a_former_key_are_honoured_and_none_is_made_with_it() -> None:
    former = TOKENS.issue(USER, SESSION).text
    rotated = JwtAccessTokens(
        "another key, of 32 bytes or more.", clock=CLOCK, lifetime_seconds=3600, former_keys=[KEY]
    )
    assert rotated.verify(former).id == USER
    with pytest.raises(Unauthenticated):
        TOKENS.verify(rotated.issue(USER, SESSION).text)
    with pytest.raises(ValueError, match="32 bytes"):
        JwtAccessTokens(KEY, clock=CLOCK, lifetime_seconds=3600, former_keys=["short"])


def test_a_token_with_padding_is_another_spelling_and_refused() -> None:
    for spelling in (TOKENS.issue(USER, SESSION).text + "=", " " + TOKENS.issue(USER, SESSION).text):
        with pytest.raises(Unauthenticated):
            TOKENS.verify(spelling)
