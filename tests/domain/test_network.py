import pytest

from app.domain.network import subscriber_of


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::2", True),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::1", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "a socket", False),
    ],
)
def test_addresses_of_one_subscriber_are_counted_as_one(one: str, other: str, together: bool):
    assert (subscriber_of(one) == subscriber_of(other)) is together
