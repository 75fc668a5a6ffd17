"""Keys for programs, from a terminal."""

import json

import pytest

from tests.parts.site import Site
from tests.remote.conftest import Terminal

pytestmark = pytest.mark.slow


async def test_a_key_is_made_told_once_listed_and_revoked(site: Site, signed_in: Terminal):
    made = await signed_in.fiapx("keys", "create", "cameras", "--scope", "upload", "--expires", "2999-12-31")
    assert (made.code, made.err) == (0, "")
    key = made.out.strip()
    (one,) = map(json.loads, (await signed_in.fiapx("keys", "list", "--json")).out.splitlines())
    assert (one["name"], one["scopes"]) == ("cameras", ["UPLOAD"])
    assert one["expiresAt"].startswith("2999-12-3")
    assert key.endswith(one["ending"])
    assert key not in json.dumps(one)
    ended = await signed_in.fiapx("list", FIAPX_SERVICE_URL=site.url, FIAPX_API_KEY=key)
    assert (ended.code, ended.err.split(": ")[1]) == (1, "INSUFFICIENT_SCOPE")
    assert (await signed_in.fiapx("keys", "revoke", one["id"])).code == 2  # There is nobody to ask.
    assert (await signed_in.fiapx("keys", "revoke", one["id"], "--yes")).code == 0
    ended = await signed_in.fiapx("list", FIAPX_SERVICE_URL=site.url, FIAPX_API_KEY=key)
    assert (ended.code, ended.err.split(": ")[1]) == (3, "UNAUTHENTICATED")
