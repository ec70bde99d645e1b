"""Passwords: which ones are taken, how they are kept (Argon2id), and how one is checked.

A check costs tens of milliseconds and tens of megabytes on purpose, so only a few run at a time.
"""

from __future__ import annotations

from pathlib import Path
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from headgate.errors import InvalidRegistration

#: characters; an upper bound, for hashing a book is work too
SHORTEST, LONGEST = 12, 256
#: hashes that are made at a time
AT_A_TIME = 2

#: what people choose first once twelve characters are asked for, in lower case
COMMONEST = frozenset((Path(__file__).parent / "commonest_passwords.txt").read_text(encoding="utf-8").split())


class Passwords:
    """Makes and checks hashes. The parameters are the library's, which follow RFC 9106, but in tests."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._turns = BoundedSemaphore(AT_A_TIME)
        #: what a password is checked against where there is none: the same work, and never right
        self._nobody = self._hasher.hash("nobody has this password, and if they had it would not help")

    def hash(self, password: str) -> str:
        """What is kept of a password."""
        with self._turns:
            return self._hasher.hash(_bytes(password))

    def holds(self, password: str, kept: str | None) -> bool:
        """Whether this is the password. Takes as long where nothing is kept, so that the time tells nothing."""
        with self._turns:
            try:
                return self._hasher.verify(kept or self._nobody, _bytes(password[: LONGEST + 1])) and kept is not None
            except (VerificationError, InvalidHashError):
                return False


def check_password(password: str, email: str = "") -> str:
    """The password, if it may be one. Raises `InvalidRegistration`, which does not repeat it."""
    if len(password) < SHORTEST:
        raise InvalidRegistration(
            f"password: use at least {SHORTEST} characters; a few words in a row are easy to keep"
        )
    if len(password) > LONGEST:
        raise InvalidRegistration(f"password: use at most {LONGEST} characters")
    lowered = password.lower()
    if lowered in COMMONEST or len(set(lowered)) < 4 or (email and lowered == email.lower()):  # noqa: PLR2004 - aaaabbbbaaaa
        raise InvalidRegistration("password: this is one of the first that somebody would try; choose another")
    return password


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
