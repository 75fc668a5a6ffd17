from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import InvalidInput
from app.domain.network import is_loopback, is_public
from app.domain.webhook import Webhook, checked_webhook_url

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://hooks.example.com/fiapx?id=1&x=%20", "https://hooks.example.com/fiapx?id=1&x=%20"),
        ("HTTPS://Hooks.Example.COM", "https://hooks.example.com/"),
        ("https://hooks.example.com:443/a", "https://hooks.example.com:443/a"),
        ("https://hooks.example.com:8443/a", "https://hooks.example.com:8443/a"),
        ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/"),
        ("https://8.8.8.8/a", "https://8.8.8.8/a"),
        ("https://[2606:4700::1111]/a", "https://[2606:4700::1111]/a"),
    ],
)
def test_a_webhook_is_https_to_a_name_or_a_public_address(text: str, url: str) -> None:
    assert checked_webhook_url(text) == url
    assert checked_webhook_url(url) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hooks.example.com",
        "//hooks.example.com/",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "javascript:alert(1)",
        "file:///etc/passwd",
        "https://",
        "https:///a",
        "https://ana:secret@hooks.example.com/",
        "https://hooks.example.com@169.254.169.254/",
        "https://hooks.example.com/#fragment",
        "https://hooks.example.com#",
        "https://hooks.example.com:22/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:65536/",
        "https://hooks.example.com:-1/",
        "https://hooks.example.com:x/",
        "https://hooks.example.com\\@localhost/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nX-Evil: 1",
        "https://hooks.example.com/\0",
        "https://hooks.example.com/é",
        'https://hooks.example.com/"<',
        "https://münchen.example/",
        "https://localhost/",
        "https://intranet/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://-a.example/",
        "https://a..example/",
        f"https://hooks.example.com/{'a' * 2048}",
    ],
)
def test_any_other_webhook_url_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        checked_webhook_url(text)
    assert refused.value.field == ("webhookUrl",)
    assert refused.value.message.endswith(".")


def test_this_machine_is_allowed_where_a_developer_says_so_and_nothing_else_is() -> None:
    for url in ("http://127.0.0.1:80/a", "http://localhost:3000/", "http://[::1]:3000/", "https://127.0.0.1:22/"):
        assert checked_webhook_url(url, loopback=True) == url
    for url in ("http://hooks.example.com/", "https://10.0.0.1/", "http://169.254.169.254/", "https://intranet/"):
        with pytest.raises(InvalidInput):
            checked_webhook_url(url, loopback=True)


def test_a_former_key_counts_for_a_day_after_its_rotation() -> None:
    first = Webhook.new("https://hooks.example.com/")
    second = first.rotated(NOW)
    assert second.secret != first.secret
    assert second.secrets(NOW + timedelta(hours=23)) == (second.secret, first.secret)
    assert second.secrets(NOW + timedelta(hours=24)) == (second.secret,)
    third = second.rotated(NOW + timedelta(hours=1))
    assert third.secrets(NOW + timedelta(hours=2)) == (third.secret, second.secret, first.secret)
    assert third.rotated(NOW + timedelta(days=3)).former[1:] == ()


def test_rotating_without_end_keeps_few_keys() -> None:
    webhook = Webhook.new("https://hooks.example.com/")
    for _ in range(50):
        webhook = webhook.rotated(NOW)
    assert len(webhook.secrets(NOW)) == 5
    assert len(set(webhook.secrets(NOW))) == 5


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"])
def test_what_the_whole_internet_reaches_is_public(address: str) -> None:
    assert is_public(address)
    assert not is_loopback(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "localhost",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "2130706433",
        "1.1.1.1 ",
        "fe80::1%eth0",
        "1.1.1.1/32",
        "①.1.1.1",
    ],
)
def test_text_that_is_no_address_is_not_public(address: str) -> None:
    assert not is_public(address)
    assert not is_loopback(address)


def test_an_ipv4_mapped_ipv6_address_is_not_taken_for_loopback() -> None:
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("::ffff:127.0.0.1")
