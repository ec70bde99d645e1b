"""API keys as tokens: what verifies, and that nothing else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import RegistryError, Unauthorized
from headgate.registry.tokens import TOKEN_LIMIT, Claims, read_signing_key, sign, verify

KEY = Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key()
NOW = 1_700_000_000
GOOD = {"iss": "headgate", "iat": NOW, "jti": "k1", "sub": "acme"}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def part(value: Any) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def hand_made(header: Any, payload: Any, key: Ed25519PrivateKey = KEY) -> str:
    """A token with a true signature over whatever it says."""
    body = f"{part(header)}.{part(payload)}"
    return f"{body}.{part(key.sign(body.encode()))}"


def refused(token: str) -> None:
    with pytest.raises(Unauthorized) as caught:
        verify(token, PUBLIC)
    # nothing of the token may end up in an answer or a log line by way of the error
    assert caught.value.__cause__ is None
    assert str(caught.value) == str(Unauthorized())


@pytest.mark.parametrize("claims", [Claims("k1", "acme", None), Claims("k1", None, "agency")])
def test_a_token_says_whose_key_it_is(claims: Claims) -> None:
    assert verify(sign(KEY, claims, NOW), PUBLIC) == claims


def test_a_token_names_issuer_owner_key_id_and_time_and_no_expiry() -> None:
    token = jwt.decode_complete(sign(KEY, Claims("k1", "acme", None), NOW), options={"verify_signature": False})
    assert token["header"] == {"alg": "EdDSA", "kid": "k1", "typ": "JWT"}
    assert token["payload"] == GOOD


def test_the_longest_ids_fit_into_a_token() -> None:
    claims = Claims("k" * 128, "a" * 128, None)
    token = sign(KEY, claims, NOW)
    assert len(token) < TOKEN_LIMIT
    assert verify(token, PUBLIC) == claims


def test_a_key_made_by_a_clock_ahead_of_ours_holds() -> None:
    assert verify(sign(KEY, Claims("k1", "acme", None), 2**40), PUBLIC).key_id == "k1"


def test_the_hand_made_token_verifies_when_it_is_good() -> None:
    assert verify(hand_made({"alg": "EdDSA"}, GOOD), PUBLIC) == Claims("k1", "acme", None)


def test_a_token_of_another_key_is_refused() -> None:
    refused(sign(Ed25519PrivateKey.generate(), Claims("k1", "acme", None), NOW))


@pytest.mark.parametrize("name", ["none", "None", "NONE", "HS256", "ES256", "Ed25519", "", None, 1, {}, ["EdDSA"]])
def test_no_other_algorithm_is_taken_even_with_a_true_signature(name: Any) -> None:
    refused(hand_made({"alg": name, "typ": "JWT"}, GOOD))


def test_an_unsigned_token_is_refused() -> None:
    refused(jwt.encode(GOOD, "", algorithm="none"))
    refused(f"{part({'alg': 'EdDSA'})}.{part(GOOD)}.")


def test_the_public_key_is_no_shared_secret() -> None:
    for encoding, form in [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.Raw, PublicFormat.Raw)]:
        secret = PUBLIC.public_bytes(encoding, form)
        body = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(GOOD)}"
        refused(f"{body}.{part(hmac.digest(secret, body.encode(), hashlib.sha256))}")


@pytest.mark.parametrize("extra", [{"jwk": {}}, {"jku": "https://localhost/"}, {"crit": ["exp"]}, {"b64": False}])
def test_a_header_cannot_bring_its_own_key_or_rules(extra: dict[str, Any]) -> None:
    other = Ed25519PrivateKey.generate()
    if "jwk" in extra:
        raw = other.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        extra = {"jwk": {"kty": "OKP", "crv": "Ed25519", "x": part(raw)}}
    refused(hand_made({"alg": "EdDSA", **extra}, GOOD, other))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "someone"},
        {"iss": None},
        {"iss": ["headgate"]},
        {"iat": None},
        {"iat": "yesterday"},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": None, "partner": ""},
        {"sub": None, "partner": 7},
        {"partner": "agency"},
    ],
)
def test_signed_claims_that_are_wrong_or_missing_are_refused(change: dict[str, Any]) -> None:
    refused(hand_made({"alg": "EdDSA"}, {k: v for k, v in {**GOOD, **change}.items() if v is not None}))


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b"[" * 700])
def test_a_signed_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    refused(hand_made({"alg": "EdDSA"}, payload))


@pytest.mark.parametrize("header", [b"", b"null", b"[]", b"{", b"\xff", b"[" * 700, b'{"a":' * 140])
def test_a_header_that_is_no_object_is_refused(header: bytes) -> None:
    refused(hand_made(header, GOOD))


@pytest.mark.parametrize("token", ["", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "ä.b.c", "\x00", "=.=.=", "\ud800"])
def test_what_is_no_token_is_refused(token: str) -> None:
    refused(token)


def test_a_megabyte_is_refused_before_it_is_looked_at() -> None:
    refused("a" * 2**20)
    refused(sign(KEY, Claims("k1", "acme", None), NOW) + "=" * 2**20)
    refused(hand_made({"alg": "EdDSA", "x": "y" * 800}, GOOD))


@given(st.text(max_size=200) | st.lists(st.text("ABCab-_=", max_size=20), max_size=5).map(".".join))
def test_no_text_at_all_gets_anything_but_unauthorized(token: str) -> None:
    refused(token)


@given(json_values, json_values)
def test_no_signed_json_gets_anything_but_unauthorized(header: Any, payload: Any) -> None:
    refused(hand_made(header, payload))
    if isinstance(header, dict):
        refused(hand_made({**header, "alg": "EdDSA"}, payload))


@given(st.integers(0, 201), st.sampled_from("ABCDwxyz0189-_.="))
def test_no_changed_character_makes_another_claim(place: int, character: str) -> None:
    token = sign(KEY, Claims("k1", "acme", None), NOW)
    changed = token[: place % len(token)] + character + token[place % len(token) + 1 :]
    try:
        # the last character of a part has bits that do not count
        assert verify(changed, PUBLIC) == Claims("k1", "acme", None)
    except Unauthorized:
        assert changed != token


def test_the_signing_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    first = read_signing_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    token = sign(first, Claims("k1", "acme", None), NOW)
    assert verify(token, read_signing_key(path).public_key()) == Claims("k1", "acme", None)
    assert [each.name for each in tmp_path.iterdir()] == ["signing-key.pem"]


def test_those_who_start_together_end_up_with_one_signing_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(read_signing_key, [tmp_path / "signing-key.pem"] * 16))
    assert len({key.private_bytes_raw() for key in made}) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["signing-key.pem"]


def test_a_file_that_is_no_ed25519_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    other = generate_ec_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content in (b"", b"nonsense", other):
        path.write_bytes(content)
        with pytest.raises(RegistryError, match=r"signing-key\.pem"):
            read_signing_key(path)
        assert path.read_bytes() == content


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryError, match="nowhere"):
        read_signing_key(tmp_path / "nowhere" / "signing-key.pem")
