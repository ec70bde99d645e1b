"""What the doctor looks at, one check after the other. Each gives what it saw, and the cure where that is no good."""

from __future__ import annotations

import base64
import binascii
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Literal, NamedTuple
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx
import msgspec

from headgate_client._address import Endpoint
from headgate_client._client import TEST_EVENTS_PATH
from headgate_client._errors import InvalidOption
from headgate_client.cli.problems import Problem
from headgate_client.cli.target import Target, trust

Verdict = Literal["ok", "warning", "problem", "skipped"]
_SECONDS = 10.0
_DAYS_LEFT = 14
#: seconds that a clock may be off; the Date header has whole seconds, and the answer took a while
_SKEW_FINE, _SKEW_BAD = 5, 300
_JWT_PARTS = 3
#: what OpenSSL calls a certificate that is not yet valid, and one that has expired
_WRONG_TIME = (9, 10)
#: SHA-256 of `doctor@example.com`
_SAMPLE = "d3fe746a43fe51dd2279d70d2b2449e8e5889b132840e558fe0c245f45103e35"


class Check(NamedTuple):
    """One check and what came of it."""

    name: str
    verdict: Verdict
    seen: str
    cure: str = ""


def examine(target: Target, now: float) -> Iterator[Check]:
    """All checks, in the order in which one needs the other. `now`: seconds since 1970, by this machine's clock."""
    address = _address(target)
    yield address
    yield _key_shape(target.key, now)
    if address.verdict == "problem":
        return
    parts = urlsplit(target.url)
    if proxy := _proxy(parts):
        yield Check("connection", "skipped", f"goes through the proxy {proxy}")
        yield from _request(target)
        return
    connection = _connection(parts)
    yield connection
    if connection.verdict == "problem":
        return
    if parts.scheme == "https":
        tls = _tls(parts, target, now)
        yield tls
        if tls.verdict == "problem":
            return
    else:
        yield Check("TLS", "skipped", "plain HTTP to this machine itself")
    yield from _request(target)


def _address(target: Target) -> Check:
    try:
        endpoint = Endpoint(target.url, target.key, target.group)
    except InvalidOption as why:
        return Check("address", "problem", str(why), "correct --url, --key-file or --group")
    return Check("address", "ok", endpoint.url)


def _key_shape(key: str, now: float) -> Check:
    parts = key.split(".")
    try:
        head, claims = (_part(part) for part in parts[:2])
    except ValueError:
        head = claims = None
    if len(parts) != _JWT_PARTS or not isinstance(head, dict) or not isinstance(claims, dict):
        cure = "copy the key whole: it is a JSON Web Token, three parts with dots between them"
        return Check("key", "problem", f"{len(parts)} part{'s' * (len(parts) > 1)}, which make no JSON Web Token", cure)
    owner = claims.get("sub") or claims.get("partner")
    seen = f"{head.get('alg')} token of {owner or 'nobody'}, key id {claims.get('jti') or head.get('kid') or 'unknown'}"
    expires = claims.get("exp")
    if isinstance(expires, int | float) and expires < now:
        return Check("key", "problem", f"{seen}, expired", "make a new key")
    return Check("key", "ok", seen)


def _part(text: str) -> Any:
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
        raise ValueError("no part of a token") from why


def _place(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _proxy(parts: SplitResult) -> str | None:
    """What the environment wants requests to go through, without its password."""
    found = getproxies()
    proxy = urlsplit(found.get(parts.scheme) or found.get("all") or "")
    if not proxy.hostname or proxy_bypass(parts.hostname or ""):
        return None
    return f"{proxy.hostname}:{proxy.port}" if proxy.port else proxy.hostname


def _connection(parts: SplitResult) -> Check:
    host, port = _place(parts)
    began = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as connection:
            address = connection.getpeername()[0]
    except socket.gaierror as why:
        return Check("connection", "problem", f"{host} has no address: {why.strerror}", "check the name in --url")
    except TimeoutError:
        return Check("connection", "problem", f"{host}:{port} does not answer in {_SECONDS:g} s",
                     "check the port in --url, and firewalls on the way")  # fmt: skip
    except OSError as why:
        return Check("connection", "problem", f"{host}:{port}: {why.strerror or why}",
                     "check host and port in --url, and whether the server runs")  # fmt: skip
    return Check("connection", "ok", f"{address} port {port} in {(time.monotonic() - began) * 1000:.0f} ms")


def _tls(parts: SplitResult, target: Target, now: float) -> Check:
    host, port = _place(parts)
    try:
        context = trust(target.cacert)
        with (
            socket.create_connection((host, port), timeout=_SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            certificate, version = secure.getpeercert() or {}, secure.version()
    except Problem as why:
        return Check("TLS", "problem", str(why), "correct --cacert")
    except ssl.SSLCertVerificationError as why:
        cure = "name the authority with --cacert FILE, or have the server's certificate renewed for this name"
        if why.verify_code in _WRONG_TIME:
            clock = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M} UTC"
            cure = (
                f"this machine's clock says {clock}: if that is right, have the certificate renewed, else set the clock"
            )
        return Check("TLS", "problem", why.verify_message or str(why), cure)
    except (ssl.SSLError, OSError) as why:
        return Check("TLS", "problem", str(why), "the port in --url may not speak TLS; check it")
    until = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    seen = f"{version}, certificate valid until {datetime.fromtimestamp(until, UTC):%Y-%m-%d}"
    if until - now < _DAYS_LEFT * 86_400:
        return Check("TLS", "warning", f"{seen}: {max(0, int((until - now) / 86_400))} days", "have it renewed")
    return Check("TLS", "ok", seen)


def _request(target: Target) -> Iterator[Check]:
    """One test event, and what its answer says of key, group and clocks."""
    sent_at = time.time()
    event = {
        "event_name": "PAGE_VIEW",
        "event_type": "conversion",
        "event_time": int(sent_at) - 3600,
        "event_id": f"doctor-{int(sent_at)}",
        "user_data": {"is_hashed": True, "em": _SAMPLE},
    }
    headers = {"authorization": f"Bearer {target.key}", "accept": "application/json"}
    body = {"event_group_id": target.group, "events": [event]}
    try:
        with httpx.Client(verify=trust(target.cacert), timeout=_SECONDS) as http:
            answer = http.post(target.url.rstrip("/") + TEST_EVENTS_PATH, json=body, headers=headers)
    except httpx.HTTPError as why:
        yield Check("test event", "problem", str(why) or type(why).__name__, _no_answer(urlsplit(target.url)))
        return
    milliseconds = (time.time() - sent_at) * 1000
    yield _clock(answer, (sent_at + time.time()) / 2)
    yield from _verdict(answer, target, milliseconds)


def _no_answer(parts: SplitResult) -> str:
    if proxy := _proxy(parts):
        return f"check the proxy {proxy}, which the environment names, or put the server's name into NO_PROXY"
    if parts.scheme == "http":
        return "if the port in --url speaks TLS, write https://; else look at the server's log: it hung up"
    return "the server hung up; look at its log"


def _clock(answer: httpx.Response, now: float) -> Check:
    try:
        skew = now - parsedate_to_datetime(answer.headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError):
        return Check("clock", "skipped", "the answer has no Date header to compare with")
    # the header has the second that had begun
    off = max(0.0, abs(skew - 0.5) - 0.5)
    side = "ahead of" if skew > 0 else "behind"
    if off <= _SKEW_FINE:
        return Check("clock", "ok", f"within {max(1, round(off))} s of the server's")
    cure = "set this machine's clock by NTP; events whose time is over 1 hour ahead are rejected"
    return Check("clock", "problem" if off > _SKEW_BAD else "warning", f"{off:.0f} s {side} the server's", cure)


def _verdict(answer: httpx.Response, target: Target, milliseconds: float) -> Iterator[Check]:
    try:
        said = msgspec.json.decode(answer.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        said = None
    if not isinstance(said, dict) or "code" not in said:
        yield Check("test event", "problem", f"{answer.status_code}, and no answer of an Events API",
                    "check --url: something else answers there")  # fmt: skip
        return
    told = f"{answer.status_code}: {said.get('description')}"
    request = f" (X-Request-Id {answer.headers.get('x-request-id', 'none')})"
    cures = {
        401: ("key accepted", "make a new key, and check that it was copied whole"),
        403: ("event group", f"use a key of the account that {target.group} belongs to, or have the partner allowed"),
        404: ("event group", "check --group, and host, port and path in --url: something else may answer there"),
        429: ("test event", "wait, and try again"),
    }
    if answer.status_code in cures:
        name, cure = cures[answer.status_code]
        if answer.status_code == HTTPStatus.FORBIDDEN:
            yield Check("key accepted", "ok", "yes")
        yield Check(name, "problem", told + request, cure)
        return
    if answer.status_code != 200:  # noqa: PLR2004 - the one good answer
        yield Check("test event", "problem", told + request, "ask who runs the server, with the X-Request-Id")
        return
    yield Check("key accepted", "ok", "yes")
    yield Check("event group", "ok", target.group)
    yield Check("test event", "ok", f"accepted in {milliseconds:.0f} ms{request}")
