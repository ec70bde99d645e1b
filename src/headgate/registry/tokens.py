"""API keys as senders hold them: JSON Web Tokens, signed with Ed25519, that do not expire (decision 5).

Only the private key can make one; the edge needs the public part only. A token says which key it is and whose;
whether that key still holds is the registry's to say.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from msgspec import Struct

from headgate.errors import RegistryError, Unauthorized

ISSUER = "headgate"
#: the one algorithm; whatever else a token's header asks for is refused
ALGORITHM = "EdDSA"
#: longest token that is looked at, in characters; ours are under 700
TOKEN_LIMIT = 1024


class Claims(Struct, frozen=True, gc=False):
    """What a verified token says: which key it is, and whose. Exactly one of account and partner is set."""

    key_id: str
    account_id: str | None
    partner_id: str | None


class _Payload(Struct):
    """The token's content. `sub` or `partner`, never both."""

    iss: str
    iat: int
    jti: str
    sub: str | None = None
    partner: str | None = None


def sign(key: Ed25519PrivateKey, claims: Claims, issued_at: int) -> str:
    """The token of a key. `issued_at`: seconds since 1970, UTC."""
    payload: dict[str, Any] = {"iss": ISSUER, "iat": issued_at, "jti": claims.key_id}
    if claims.account_id is not None:
        payload["sub"] = claims.account_id
    if claims.partner_id is not None:
        payload["partner"] = claims.partner_id
    return jwt.encode(payload, key, algorithm=ALGORITHM, headers={"kid": claims.key_id})


def verify(token: str, public_key: Ed25519PublicKey) -> Claims:
    """What a token says, if it was signed here. Raises `Unauthorized` for anything else, whatever it is."""
    if len(token) > TOKEN_LIMIT or not token.isascii():
        raise Unauthorized
    try:
        content = jwt.decode(
            token,
            public_key,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            # a key holds from the moment it is made, also where the clock is behind that of the machine that made it
            options={"require": ["iat"], "verify_iat": False},
        )
        payload = msgspec.convert(content, _Payload)
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
        # the last three: a header may be any JSON, thousands of brackets deep, before its signature has been looked at
        raise Unauthorized from None
    if not payload.jti or bool(payload.sub) == bool(payload.partner):
        raise Unauthorized
    return Claims(payload.jti, payload.sub, payload.partner)


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """The installation's signing key, made at first use; only its owner may read the file.

    Processes that start together end up with one key. Raises `RegistryError` when the file is not such a key.
    """
    try:
        if not path.exists():
            _make_signing_key(path)
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise RegistryError(f"the signing key cannot be read or made: {error}") from error
    except (ValueError, TypeError) as error:
        raise RegistryError(f"{path} is no signing key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise RegistryError(f"{path} is no Ed25519 key")
    return key


def _make_signing_key(path: Path) -> None:
    text = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # mkstemp makes it readable for its owner only, before anything is in it
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        # a link, for unlike a rename it never replaces: keys signed with a lost private key would all be void
        os.link(name, path)
    except FileExistsError:
        pass  # another process was first; its key is the key
    finally:
        Path(name).unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
