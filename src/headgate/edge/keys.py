"""Who sends: from the Authorization header to a key that holds right now (decisions 4 and 5)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol, TypeVar

from headgate.edge.limits import Bucket
from headgate.errors import TooManyRequests, Unauthorized
from headgate.registry.snapshot import Key, Snapshot
from headgate.registry.tokens import TOKEN_LIMIT, Claims

#: tokens whose signature is known to be good
_KNOWN = 10_000
#: tokens whose signature is known to be bad
_REFUSED = 1_000
#: bad signatures a second that are looked at; each takes about a ten-thousandth of that
_BAD_SIGNATURES_A_SECOND = 200.0


_T = TypeVar("_T")


class Registered(Protocol):
    """The registry as the edge sees it: see `headgate.registry.watch.Watch`."""

    @property
    def current(self) -> Snapshot:
        """The newest snapshot."""

    def stale_for(self) -> float:
        """Seconds for which changes may have been missed; 0 while all is well."""


class KeyRing:
    """Recognises keys, with one signature check a token and not one a request.

    A token's signature is good or bad for ever, so either answer is remembered, under the token's SHA-256; the token
    itself is not kept. Whether the key still holds is looked up in the newest snapshot each time. `clock`: seconds.
    """

    def __init__(self, registered: Registered, verify: Callable[[str], Claims], clock: Callable[[], float]) -> None:
        self._registered = registered
        self._verify = verify
        self._clock = clock
        self._known: OrderedDict[bytes, Claims] = OrderedDict()
        self._refused: OrderedDict[bytes, None] = OrderedDict()
        self._bad = Bucket(_BAD_SIGNATURES_A_SECOND, _BAD_SIGNATURES_A_SECOND, clock())

    def authenticate(self, authorizations: list[bytes]) -> Key:
        """The key that the request was sent with; takes the values of all its `Authorization` headers.

        Raises `Unauthorized`; `TooManyRequests` for an unknown token while too many others turn out to be bad.
        """
        token = _bearer_token(authorizations)
        digest = sha256(token).digest()
        claims = self._known.get(digest)
        if claims is None:
            claims = self._check(token, digest)
        else:
            self._known.move_to_end(digest)
        key = self._registered.current.keys.get(claims.key_id)
        if key is None or (key.account_id, key.partner_id) != (claims.account_id, claims.partner_id):
            raise Unauthorized
        return key

    def _check(self, token: bytes, digest: bytes) -> Claims:
        if digest in self._refused:
            raise Unauthorized
        if wait := self._bad.wait(self._clock()):
            raise TooManyRequests(wait, "Too many keys with a bad signature are being sent; try again.")
        try:
            claims = self._verify(token.decode("ascii"))
        except Unauthorized:
            self._bad.charge(1, self._clock())
            _remember(self._refused, digest, None, _REFUSED)
            raise
        _remember(self._known, digest, claims, _KNOWN)
        return claims


def _remember(cache: OrderedDict[bytes, _T], digest: bytes, what: _T, limit: int) -> None:
    cache[digest] = what
    if len(cache) > limit:
        cache.popitem(last=False)


def _bearer_token(authorizations: list[bytes]) -> bytes:
    if len(authorizations) != 1:
        raise Unauthorized
    scheme, _, token = authorizations[0].strip().partition(b" ")
    token = token.strip()
    if scheme.lower() != b"bearer" or not token or len(token) > TOKEN_LIMIT or not token.isascii():
        raise Unauthorized
    return token
