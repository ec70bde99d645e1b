"""HTTPS only (decision 7): where plain HTTP may be served at all, and which requests came over TLS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from headgate.errors import Forbidden, SettingsError

_Network = IPv4Network | IPv6Network

REFUSAL = "Events are taken over HTTPS only."


def check_exposure(host: str, *, tls: bool, trusted_proxies: Sequence[str]) -> None:
    """Raise `SettingsError`, saying why, when events could reach this host unencrypted.

    `host` is the address to listen on; `tls`: whether we have a certificate; `trusted_proxies`: addresses and networks.
    """
    _networks(trusted_proxies)
    if tls or trusted_proxies or is_loopback(host):
        return
    raise SettingsError(
        f"others can reach {host}, and there is no TLS: keys and personal data would travel readable for all. "
        "Set tls_cert and tls_key, or use --dev-tls for a trial; or name in trusted_proxies the proxy "
        "that ends TLS and sends 'X-Forwarded-Proto: https'; or listen on 127.0.0.1."
    )


class Exposure:
    """Decides for each request whether it came encrypted, or never left this machine."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._networks = _networks(trusted_proxies)
        # a worker sees few peers that are not browsers; the bound is for the case that it does
        self._is_trusted = lru_cache(maxsize=4096)(self._look_up)

    def check(self, scheme: str, peer: str | None, forwarded_protos: list[bytes]) -> None:
        """Raise `Forbidden` unless the request is safe. `peer`: address of the other end of the connection.

        Behind a trusted proxy its word counts, in each of its `X-Forwarded-Proto` headers; otherwise the connection's
        own scheme does, and plain HTTP is taken from this machine only.
        """
        if self._networks and peer is not None and self._is_trusted(peer):
            protos = b",".join(forwarded_protos).split(b",")
            if all(proto.strip().lower() == b"https" for proto in protos):
                return
        elif scheme == "https" or peer is None or is_loopback(peer):
            return
        raise Forbidden(REFUSAL)

    def sender_address(self, peer: str | None, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """The address that a server's request began at, for the record; `headers` have their names in lower case."""
        if not self._networks:
            # whatever the headers say is not believed: there is nothing to work out
            return peer or ""
        return self.client_address(peer, [value for name, value in headers if name == b"x-forwarded-for"])

    def client_address(self, peer: str | None, forwarded: list[bytes]) -> str:
        """The address that a request began at; empty where nothing says it.

        `forwarded`: the values of all `X-Forwarded-For` headers. Each proxy adds who it was asked by at the end, so they
        are believed from there on as far as the proxies are ours.
        """
        if peer is None:
            return ""
        address = peer
        for word in reversed(b",".join(forwarded).decode("latin-1").split(",")):
            if not (self._networks and self._is_trusted(address)):
                break
            named = _address(_without_port(word.strip()))
            if named is None:
                break
            address = str(named)
        found = _address(address)
        return str(found) if found else ""

    def _look_up(self, peer: str) -> bool:
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)


def _without_port(word: str) -> str:
    """The address of `192.0.2.1:1234` and `[2001:db8::1]:1234`; any other word as it is."""
    if word.startswith("["):
        return word[1:].partition("]")[0]
    return word.partition(":")[0] if word.count(":") == 1 else word


def _networks(named: Sequence[str]) -> tuple[_Network, ...]:
    try:
        return tuple(ip_network(name, strict=False) for name in named)
    except ValueError as why:
        raise SettingsError(f"trusted_proxies must be addresses or networks: {why}") from None


@lru_cache(maxsize=256)
def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the host."""
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address, without what an IPv6 socket adds to it (`%scope`, `::ffff:`)."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
