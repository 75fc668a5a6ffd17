"""Network addresses: who is behind one, and which of them lie open to the whole world."""

from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

# Not left to ``ipaddress.is_global``, which changes with Python's version and calls NAT64 and 6to4 addresses global
# whatever IPv4 address they hide. The IANA registries of special-purpose addresses (RFC 6890), and one address more.
_NOT_PUBLIC: Final = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # This network (RFC 791).
        "10.0.0.0/8",  # Private (RFC 1918).
        "100.64.0.0/10",  # Behind a provider's NAT (RFC 6598).
        "127.0.0.0/8",  # Loopback (RFC 1122).
        "168.63.129.16/32",  # Azure's own services, reachable from every machine there.
        "169.254.0.0/16",  # Link-local (RFC 3927), where clouds keep their metadata.
        "172.16.0.0/12",  # Private (RFC 1918).
        "192.0.0.0/24",  # Protocols (RFC 6890).
        "192.0.2.0/24",  # Documentation (RFC 5737).
        "192.31.196.0/24",  # AS112 (RFC 7535).
        "192.52.193.0/24",  # AMT (RFC 7450).
        "192.88.99.0/24",  # 6to4 relays (RFC 7526).
        "192.168.0.0/16",  # Private (RFC 1918).
        "192.175.48.0/24",  # AS112 (RFC 7534).
        "198.18.0.0/15",  # Benchmarks (RFC 2544).
        "198.51.100.0/24",  # Documentation (RFC 5737).
        "203.0.113.0/24",  # Documentation (RFC 5737).
        "224.0.0.0/4",  # Multicast (RFC 5771).
        "240.0.0.0/4",  # Reserved, and the broadcast address (RFC 1112, RFC 919).
        "2001::/23",  # Protocols, Teredo among them, which hides IPv4 addresses (RFC 2928, RFC 4380).
        "2001:db8::/32",  # Documentation (RFC 3849).
        "2002::/16",  # 6to4, which hides IPv4 addresses (RFC 3056).
        "2620:4f:8000::/48",  # AS112 (RFC 7534).
        "3fff::/20",  # Documentation (RFC 9637).
    )
)
_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")  # RFC 4291, section 2.4: all else in IPv6 is for special purposes.

Network = IPv4Network | IPv6Network


def subscriber_of(address: str) -> str:
    """Return what all addresses of one subscriber have in common: of IPv6 the /64, which each usually has whole.

    An IPv4 address in IPv6's clothes (RFC 4291, section 2.5.5.2) is the IPv4 address; what is none stays as it is.
    """
    found = parsed_address(address)
    if found is None:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"


def is_public(address: str, denied: Collection[Network] = ()) -> bool:
    """Whether an address is one that the whole internet reaches; also not in any of the networks ``denied``.

    Anything that is no address in its canonical spelling is not, and neither is an IPv6 address that hides an IPv4
    address, whichever that is: it could be one of ours.
    """
    found = _address(address)
    if found is None or (isinstance(found, IPv6Address) and found not in _GLOBAL_UNICAST):
        return False
    return not any(found.version == network.version and found in network for network in (*_NOT_PUBLIC, *denied))


def is_loopback(address: str) -> bool:
    """Whether an address is this very machine's."""
    found = _address(address)
    return found is not None and found.is_loopback and not (isinstance(found, IPv6Address) and found.ipv4_mapped)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    return None if "%" in text else parsed_address(text)  # A zone names one of our own links.


def parsed_address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the address that a text is; None where it is none, as other spellings of one are, such as 0x7f.1."""
    try:
        return ip_address(text)
    except ValueError:
        return None
