"""How keys are written."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.api_key import (
    checked_expiry,
    checked_key_name,
    ending_of,
    is_well_formed,
    new_secret,
    sha256_of,
)
from app.domain.errors import InsufficientScope, InvalidInput
from app.domain.session import Scope, SessionId, Viewer
from app.domain.user import UserId

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
PUBLISHED = "fx_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"
"""The letters of a token that is known for its checksum, which many who scan for GitHub's have in their tests."""


def test_the_checksum_is_that_of_githubs_tokens():
    assert is_well_formed(PUBLISHED)


def test_a_new_key_is_never_the_same_and_known_by_its_form():
    secrets = [new_secret() for _ in range(200)]
    assert len(set(secrets)) == 200
    assert all(re.fullmatch(r"fx_[0-9A-Za-z]{36}", secret) and is_well_formed(secret) for secret in secrets)


@pytest.mark.parametrize("at", range(len(PUBLISHED)))
def test_one_mistyped_letter_shows_wherever_it_is(at: int):
    for letter in "aZ0_-é":
        wrong = PUBLISHED[:at] + letter + PUBLISHED[at + 1 :]
        assert is_well_formed(wrong) == (wrong == PUBLISHED)


@pytest.mark.parametrize(
    "text",
    ["", "fx_", PUBLISHED[:-1], PUBLISHED + "7", PUBLISHED + "\n", " " + PUBLISHED, PUBLISHED.upper(), "\ud800"],
)
def test_what_is_cut_or_longer_is_no_key(text: str):
    assert not is_well_formed(text)


def test_two_letters_that_changed_places_show():
    assert not is_well_formed(PUBLISHED.replace("zQ", "Qz"))


def test_what_is_kept_tells_nothing_but_the_last_letters():
    assert sha256_of(PUBLISHED) == "74e89d7ab9eb45d3d88647e5dbbf4a65d5707e72fa38f784ba9719c7d3ff232d"
    assert ending_of(PUBLISHED) == "Lq17"


@pytest.mark.parametrize("name", ["", "  ", "a" * 101, "two\x00lines", "\ud800"])
def test_a_key_has_a_name(name: str):
    with pytest.raises(InvalidInput) as refused:
        checked_key_name(name)
    assert refused.value.field == ("name",)


def test_a_name_is_one_line_and_in_one_form():
    assert checked_key_name("  ca\u0302meras \n do  portão ") == "câmeras do portão"


def test_a_key_expires_in_the_future_or_never():
    later = NOW + timedelta(seconds=1)
    assert checked_expiry(later, NOW) == later
    assert checked_expiry(None, NOW) is None
    with pytest.raises(InvalidInput) as refused:
        checked_expiry(NOW, NOW)
    assert refused.value.field == ("expiresAt",)


def test_a_key_does_what_its_scopes_say_and_who_signed_in_does_all():
    signed_in = Viewer(UserId("u"), SessionId("s"), NOW)
    by_key = Viewer(UserId("u"), SessionId("s"), NOW, frozenset({Scope.READ}))
    for scope in (*Scope, None):
        assert signed_in.allowed(scope) is signed_in
    assert by_key.allowed(Scope.READ) is by_key
    for scope in (Scope.UPLOAD, Scope.DELETE, None):
        with pytest.raises(InsufficientScope) as refused:
            by_key.allowed(scope)
        assert refused.value.scope is scope
    with pytest.raises(InsufficientScope, match="needs the scope upload"):
        by_key.allowed(Scope.UPLOAD)
    with pytest.raises(InsufficientScope, match="signs in"):
        by_key.allowed()
