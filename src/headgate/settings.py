"""Every setting, in one table: `Settings`. Read once, at the start of a process, and passed on as arguments.

A value comes from the TOML file, is overridden by a `HEADGATE_…` environment variable, and that by a flag. Whatever is
not in the table is an error that names the nearest setting; so is a value that a setting cannot take.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta, Struct, field

from headgate.errors import SettingsError
from headgate_contract.vocabulary import BODY_LIMIT

PREFIX = "HEADGATE_"
#: looked for in the data folder when no other file is named
FILE_NAME = "headgate.toml"

_SIZE = re.compile(r"(\d{1,15})\s*(B|KiB|MiB|GiB|TiB)?", re.ASCII)
_WEB_ADDRESS = re.compile(r"https?://[^\s/?#@\"<>]+(/[^\s?#\"<>]*)?")
_SIZE_UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

Port = Annotated[int, Meta(ge=0, le=65535)]
Bytes = Annotated[int, Meta(ge=1, extra={"kind": "size"})]
Seconds = Annotated[float, Meta(gt=0, le=86400, extra={"kind": "seconds"})]
Count = Annotated[int, Meta(ge=1, le=2**40)]
#: each is a process and a part of the log: a slip of the keyboard must not bring the machine down
Workers = Annotated[int, Meta(ge=1, le=256)]
CountOrNone = Annotated[int, Meta(ge=0, le=2**40)]
#: the store counts days as seconds of a 32-bit clock: a century would come round to the past
Days = Annotated[int, Meta(ge=1, le=3650)]
WebAddress = Annotated[str, Meta(extra={"kind": "web address"})]
Networks = Annotated[tuple[str, ...], Meta(extra={"kind": "addresses"})]
LogLevel = Literal["debug", "info", "warning", "error"]


def _half_the_processors() -> int:
    return min(max(1, (os.cpu_count() or 1) // 2), 256)


def _about(help_text: str, default: str | None = None) -> Meta:
    """What `docs/settings.md` and `--help` say of a setting; `default` where it is no constant."""
    return Meta(description=help_text, extra={"default": default} if default else None)


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator can choose. Every field is a setting; `TABLE` lists them with names and defaults as text."""

    data: Annotated[Path, _about("Folder that everything is kept in.")] = Path("headgate-data")

    edge_host: Annotated[str, _about("Address that the public API listens on.")] = "127.0.0.1"
    edge_port: Annotated[Port, _about("Port of the public API; 0 takes any free one.")] = 8600
    public_url: Annotated[
        WebAddress, _about("URL at which senders and pages reach the public API; empty for where it listens.")
    ] = ""
    edge_workers: Annotated[
        Workers, _about("Processes that serve the public API, 256 at most.", "half of the processors, at least 1")
    ] = field(default_factory=_half_the_processors)
    desk_host: Annotated[str, _about("Address that the desk (console, metrics) listens on.")] = "127.0.0.1"
    desk_port: Annotated[Port, _about("Port of the desk; 0 takes any free one.")] = 8601

    tls_cert: Annotated[Path | None, _about("File with the certificate chain (PEM). Needs `tls_key`.")] = None
    tls_key: Annotated[Path | None, _about("File with the certificate's private key (PEM). Needs `tls_cert`.")] = None
    dev_tls: Annotated[
        bool, _about("Make a certificate of our own, for trying things out. Not together with `tls_cert`.")
    ] = False
    trusted_proxies: Annotated[
        Networks,
        _about(
            "Addresses or networks of proxies that end TLS: their `X-Forwarded-Proto` says whether a request came over "
            "HTTPS, their `X-Forwarded-For` from where."
        ),
    ] = ()

    log_byte_cap: Annotated[
        Bytes, _about("Size of one worker's part of the log from which on new events are refused (503).")
    ] = 20 * 2**30
    log_roll_bytes: Annotated[Bytes, _about("Size of one log file; a larger one is closed and the next begun.")] = (
        256 * 2**20
    )
    rejections_days: Annotated[Days, _about("Days for which rejected events are kept, personal data removed.")] = 7

    body_limit: Annotated[Bytes, _about("Largest body of a request, after decoding.")] = BODY_LIMIT
    header_timeout: Annotated[Seconds, _about("Time within which the head of a request must arrive.")] = 10.0
    body_timeout: Annotated[Seconds, _about("Time within which the body of a request must arrive.")] = 30.0
    drain_timeout: Annotated[Seconds, _about("Time for which a stopping server finishes what it began.")] = 10.0
    max_connections: Annotated[Count, _about("Connections that one worker holds open at a time.")] = 1000
    events_per_second: Annotated[
        CountOrNone, _about("Events a second that one key may send to one worker (else 429); 0 sets no limit.")
    ] = 0
    rejected_events_per_minute: Annotated[
        CountOrNone,
        _about("Invalid events a minute that one key may send to one worker (else 429); 0 sets no limit."),
    ] = 60_000
    pixel_events_per_second: Annotated[
        CountOrNone,
        _about("Events a second that the pages of one event group may send to one worker (else 429); 0 sets no limit."),
    ] = 1000

    dedup_memory_keys: Annotated[
        Count, _about("Event ids that deduplication keeps in memory; older ones are asked of the store.")
    ] = 16_000_000

    log: Annotated[str, _about("URL of the log; empty for the embedded one.")] = ""
    store: Annotated[
        str, _about("URL of the store, as in `https://user:password@host:8443/headgate`; empty for the embedded one.")
    ] = ""
    registry: Annotated[
        str, _about("URL of the registry, as in `postgresql://user@host/headgate`; empty for the embedded one.")
    ] = ""

    demo: Annotated[bool, _about("Make a demo account, event group and key at the first start.")] = True
    log_level: Annotated[LogLevel, _about("Least important lines that are logged.")] = "info"

    @classmethod
    def read(
        cls,
        *,
        flags: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        config: Path | None = None,
    ) -> Settings:
        """Read the settings of a process.

        `flags`: setting name -> value, None where the flag was not given. `environ`: the process's environment;
        variables that do not begin with `HEADGATE_` are left alone. `config`: the TOML file; when None, it is
        `headgate.toml` in the data folder, if there is one. Raises `SettingsError`.
        """
        given = [
            *_read_environment({} if environ is None else environ),
            *_read_flags({} if flags is None else flags),
        ]
        path = config
        if path is None:
            folder = next((value.value for value in reversed(given) if value.name == "data"), cls().data)
            path = folder / FILE_NAME if (folder / FILE_NAME).is_file() else None
        filed = list(_read_file(path)) if path else []
        if config is None and any(value.name == "data" for value in filed):
            raise SettingsError(f"data cannot be set in {path}: that file is found by its folder. Use --data")
        settings = cls(**{value.name: value.value for value in (*filed, *given)})
        settings._check_tls()
        return settings

    def _check_tls(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            given, missing = ("tls_cert", "tls_key") if self.tls_cert else ("tls_key", "tls_cert")
            raise SettingsError(f"{given} is set, but {missing} is not: TLS needs both")
        if self.dev_tls and self.tls_cert:
            raise SettingsError("dev_tls and tls_cert are both set: choose one certificate")


class Setting(NamedTuple):
    """One row of the table, for people: documentation, help texts, error messages."""

    name: str
    #: `path`, `text`, `number`, `true or false`, `size`, `seconds`, `addresses`, `web address`, or the values it may have
    kind: str
    #: as one would write it
    default: str
    help: str
    type: Any

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return PREFIX + self.name.upper()

    @property
    def flag(self) -> str:
        """Its command line flag."""
        return "--" + self.name.replace("_", "-")


class _Given(NamedTuple):
    name: str
    value: Any


def _table() -> Iterator[Setting]:
    hints = get_type_hints(Settings, include_extras=True)
    for each in msgspec.structs.fields(Settings):
        metas = [meta for meta in hints[each.name].__metadata__ if isinstance(meta, Meta)]
        extra = {key: text for meta in metas for key, text in (meta.extra or {}).items()}
        kind = extra.get("kind") or _kind(get_args(hints[each.name])[0])
        default = extra.get("default") or _as_text(each.default, kind)
        yield Setting(each.name, kind, default, metas[-1].description or "", hints[each.name])


def _kind(kind: Any) -> str:
    if get_origin(kind) is Literal:
        return " or ".join(get_args(kind))
    if kind in (Path, Path | None):
        return "path"
    return {int: "number", bool: "true or false"}.get(kind, "text")


def _as_text(default: Any, kind: str) -> str:
    if default in (None, "", ()):
        return "empty"
    if isinstance(default, bool):
        return str(default).lower()
    if kind == "size":
        unit = max((u for u, n in _SIZE_UNITS.items() if default % n == 0), key=_SIZE_UNITS.__getitem__)
        return f"{default // _SIZE_UNITS[unit]} {unit}"
    return f"{default:g}" if isinstance(default, float) else str(default)


#: name -> setting, in the order of the table
TABLE: Mapping[str, Setting] = {setting.name: setting for setting in _table()}


def _read_file(path: Path) -> Iterator[_Given]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    for name, value in content.items():
        if name not in TABLE:
            raise SettingsError(f"{path}: there is no setting {name}{_nearest(name, TABLE)}")
        yield _take(name, value, f"{name} in {path}", strict=True)


def _read_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    names = {setting.variable: setting.name for setting in TABLE.values()}
    for variable, value in environ.items():
        # HEADGATE_API_… is where the senders' command line finds its server, and may stand in the same shell
        if not variable.startswith(PREFIX) or variable.startswith(f"{PREFIX}API_"):
            continue
        if variable not in names:
            raise SettingsError(f"there is no setting {variable}{_nearest(variable, names)}")
        yield _take(names[variable], value, variable)


def _read_flags(flags: Mapping[str, Any]) -> Iterator[_Given]:
    names = {setting.name: setting.flag for setting in TABLE.values()}
    for name, value in flags.items():
        if name not in names:
            raise SettingsError(f"there is no setting {name}{_nearest(name, names)}")
        if value is not None:
            yield _take(name, value, names[name])


def _nearest(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    return f"; the nearest is {near[0]}" if near else ""


def _take(name: str, value: Any, source: str, *, strict: bool = False) -> _Given:
    """Convert a value to its setting's type. `strict` where the source has types of its own (TOML)."""
    setting = TABLE[name]
    try:
        if setting.kind == "size":
            plain = _size(value)
        elif setting.kind == "addresses":
            plain = _networks(value)
        elif setting.kind == "web address":
            plain = web_address(value) if value else ""
        elif value == "" and not strict and setting.default == "empty":
            plain = None if setting.kind == "path" else ""
        else:
            plain = value
        return _Given(name, msgspec.convert(plain, setting.type, strict=strict, dec_hook=_decode))
    except (ValueError, TypeError) as error:
        why = f"expected {setting.kind}" if " or " in setting.kind else error
        raise SettingsError(f"{source} cannot be {value!r}: {why}") from error


def _decode(kind: type, value: Any) -> Any:
    if kind is not Path:
        raise TypeError(f"no setting is a {kind}")
    if not isinstance(value, (str, Path)) or not str(value):
        raise ValueError("expected a path")
    return Path(value).expanduser()


def _size(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError("expected a size, as in 1048576 or 64 MiB")
    return int(match[1]) * _SIZE_UNITS[match[2] or "B"]


def web_address(value: Any) -> str:
    """The address without a slash at its end. Raises `ValueError` where it is none that a browser could be sent to."""
    if not isinstance(value, str) or not _WEB_ADDRESS.fullmatch(value.strip()):
        raise ValueError("expected a web address, as in https://events.example")
    return value.strip().rstrip("/")


def _networks(value: Any) -> Any:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise TypeError("expected a list of addresses")
    # strict: 10.1.2.3/8 looks like one host and would trust sixteen million
    return tuple(str(ipaddress.ip_network(str(part))) for part in value)
