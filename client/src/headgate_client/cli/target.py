"""Where to send: URL, event group and key, from flags, the environment or a profile."""

from __future__ import annotations

import ssl
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from headgate_client._client import Client
from headgate_client._errors import InvalidOption
from headgate_client._http import HttpTransport
from headgate_client._options import Options
from headgate_client.cli.problems import Problem

URL, GROUP, KEY, PROFILE = "HEADGATE_API_URL", "HEADGATE_API_GROUP", "HEADGATE_API_KEY", "HEADGATE_API_PROFILE"
_PROFILE_FIELDS = ("url", "group", "key", "key_file", "cacert")


class Asked(NamedTuple):
    """The flags as they were written."""

    url: str | None = None
    group: str | None = None
    key: str | None = None
    key_file: Path | None = None
    cacert: Path | None = None
    profile: str | None = None
    config: Path | None = None


class Target(NamedTuple):
    """A checked answer to where."""

    url: str
    group: str
    key: str
    cacert: Path | None = None

    def __repr__(self) -> str:
        """Without the key."""
        return f"Target({self.url!r}, {self.group!r})"

    def client(self, options: Options) -> Client:
        """A client for it. Raises `Problem`."""
        try:
            transport = HttpTransport(verify=trust(self.cacert))
            return Client(self.url, self.key, self.group, options=options, transport=transport)
        except InvalidOption as why:
            raise Problem(f"--{str(why).replace('event_group_id', 'group', 1)}") from None


def read_target(asked: Asked, environ: Mapping[str, str]) -> Target:
    """A flag wins over the environment, and that over the profile. Raises `Problem` that names the flag."""
    profile = _read_profile(asked, environ)
    url = asked.url or environ.get(URL) or profile.get("url")
    group = asked.group or environ.get(GROUP) or profile.get("group")
    if not url:
        raise Problem(f"where to? Add --url https://events.example.com, or set {URL}")
    if not group:
        raise Problem(f"which event group? Add --group ID, or set {GROUP}")
    key = asked.key or _from_file(asked.key_file, "--key-file") or environ.get(KEY) or profile.get("key")
    if not key and (named := profile.get("key_file")):
        key = _from_file(Path(named).expanduser(), "key_file")
    if not key:
        raise Problem(f"no API key: set {KEY}, or add --key-file FILE")
    cacert = asked.cacert or (Path(profile["cacert"]).expanduser() if "cacert" in profile else None)
    return Target(url, group, key.strip(), cacert)


def trust(cacert: Path | None) -> ssl.SSLContext:
    """What a server's certificate is checked with: the system's authorities, or those of a file. Raises `Problem`."""
    if cacert is None:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cafile=str(cacert))
    except (OSError, ssl.SSLError) as why:
        raise Problem(f"--cacert {cacert}: {why}; give a file of PEM certificates") from None


def default_config(environ: Mapping[str, str]) -> Path:
    """Where profiles are looked for."""
    home = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "headgate-client.toml"


def _read_profile(asked: Asked, environ: Mapping[str, str]) -> dict[str, str]:
    name = asked.profile or environ.get(PROFILE)
    path = asked.config or default_config(environ)
    if name is None and (asked.config is None and not path.exists()):
        return {}
    try:
        said: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as why:
        raise Problem(f"--config {path}: {why.strerror}; it should hold a table [{name or 'default'}]") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as why:
        raise Problem(f"--config {path} is not TOML: {why}") from None
    if name is None and "default" not in said:
        return {}
    profile = said.get(name or "default")
    if not isinstance(profile, dict):
        raise Problem(f"--profile {name}: {path} has no table [{name}]; it has {', '.join(said) or 'none'}")
    for field, value in profile.items():
        if field not in _PROFILE_FIELDS or not isinstance(value, str):
            raise Problem(f"{path}: {field} is no text or unknown; a profile takes {', '.join(_PROFILE_FIELDS)}")
    return profile


def _from_file(path: Path | None, flag: str) -> str | None:
    if path is None:
        return None
    try:
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as why:
        raise Problem(f"{flag} {path}: {getattr(why, 'strerror', None) or 'is no text'}") from None
    if not key:
        raise Problem(f"{flag} {path} is empty")
    return key
