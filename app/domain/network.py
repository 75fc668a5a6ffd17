"""Who is behind a network address, as far as counting goes."""

from ipaddress import IPv6Address, ip_address


def subscriber_of(address: str) -> str:
    """Give what all addresses of one subscriber have in common: of IPv6 the /64, which each usually has whole.

    An IPv4 address in IPv6's clothes (RFC 4291, section 2.5.5.2) is the IPv4 address; what is none stays as it is.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(int(found) >> 64 << 64)}/64"
