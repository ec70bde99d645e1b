"""Settings: one table, three places, and no mistake that passes unseen."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from headgate.errors import SettingsError
from headgate.settings import TABLE, Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "settings.md"


def in_a_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "some.toml"
    path.write_text(text)
    return path


def test_no_setting_is_needed() -> None:
    settings = Settings.read()
    assert settings.data == Path("headgate-data")
    assert (settings.edge_host, settings.edge_port, settings.desk_port) == ("127.0.0.1", 8600, 8601)
    assert settings.edge_workers == max(1, (os.cpu_count() or 1) // 2)
    assert settings.log_byte_cap == 20 * 2**30
    assert settings.body_limit == 8 * 2**20


def test_the_environment_overrides_the_file_and_a_flag_overrides_both(tmp_path: Path) -> None:
    config = in_a_file(tmp_path, "edge_port = 1\ndesk_port = 2\nlog_level = 'debug'\n")
    settings = Settings.read(
        config=config, environ={"HEADGATE_EDGE_PORT": "3", "HEADGATE_DESK_PORT": "4"}, flags={"edge_port": 5}
    )
    assert (settings.edge_port, settings.desk_port, settings.log_level) == (5, 4, "debug")


def test_a_flag_that_was_not_given_overrides_nothing() -> None:
    assert Settings.read(environ={"HEADGATE_EDGE_PORT": "3"}, flags={"edge_port": None}).edge_port == 3


def test_variables_of_others_are_left_alone() -> None:
    assert Settings.read(environ={"PATH": "/bin", "HEADGATEX": "1"}) == Settings()


@pytest.mark.parametrize("source", ["flags", "environ"])
def test_the_file_is_found_in_the_data_folder(tmp_path: Path, source: str) -> None:
    (tmp_path / "headgate.toml").write_text("edge_port = 7\n")
    if source == "flags":
        settings = Settings.read(flags={"data": tmp_path})
    else:
        settings = Settings.read(environ={"HEADGATE_DATA": str(tmp_path)})
    assert (settings.data, settings.edge_port) == (tmp_path, 7)


def test_the_data_folder_of_a_flag_is_where_the_file_is_looked_for(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("edge_port = 7\n")
    settings = Settings.read(environ={"HEADGATE_DATA": "/nowhere"}, flags={"data": tmp_path})
    assert settings.edge_port == 7


def test_a_named_file_takes_the_place_of_the_one_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("edge_port = 7\n")
    config = in_a_file(tmp_path, f"data = '{tmp_path}'\n")
    settings = Settings.read(config=config)
    assert (settings.data, settings.edge_port) == (tmp_path, 8600)


def test_the_file_in_the_data_folder_cannot_point_to_another_folder(tmp_path: Path) -> None:
    (tmp_path / "headgate.toml").write_text("data = '/elsewhere'\n")
    with pytest.raises(SettingsError, match="data cannot be set in"):
        Settings.read(flags={"data": tmp_path})


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("HEADGATE_EDGEPORT", "HEADGATE_EDGE_PORT"), ("HEADGATE_TLS_CERTIFICATE", "HEADGATE_TLS_CERT")],
)
def test_an_unknown_variable_is_an_error_that_names_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(SettingsError, match=f"there is no setting {name}; the nearest is {nearest}$"):
        Settings.read(environ={name: "1"})


def test_the_variables_of_the_senders_command_line_are_left_alone() -> None:
    assert Settings.read(environ={"HEADGATE_API_KEY": "k", "HEADGATE_API_URL": "https://x"}) == Settings()


def test_an_unknown_name_in_the_file_is_an_error_that_names_file_and_nearest(tmp_path: Path) -> None:
    config = in_a_file(tmp_path, "edge_prot = 1\n")
    with pytest.raises(SettingsError, match=r"some\.toml: there is no setting edge_prot; the nearest is edge_port$"):
        Settings.read(config=config)


def test_a_table_in_the_file_is_an_unknown_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no setting edge"):
        Settings.read(config=in_a_file(tmp_path, "[edge]\nport = 1\n"))


def test_an_unknown_flag_is_an_error() -> None:
    with pytest.raises(SettingsError, match="there is no setting edge_prot; the nearest is edge_port"):
        Settings.read(flags={"edge_prot": 1})


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HEADGATE_EDGE_PORT", "x"),
        ("HEADGATE_EDGE_PORT", ""),
        ("HEADGATE_EDGE_PORT", "65536"),
        ("HEADGATE_EDGE_PORT", "-1"),
        ("HEADGATE_EDGE_WORKERS", "0"),
        ("HEADGATE_EDGE_WORKERS", "10000"),
        ("HEADGATE_DEMO", "perhaps"),
        ("HEADGATE_LOG_LEVEL", "loud"),
        ("HEADGATE_BODY_TIMEOUT", "0"),
        ("HEADGATE_BODY_TIMEOUT", "nan"),
        ("HEADGATE_BODY_TIMEOUT", "inf"),
        ("HEADGATE_BODY_LIMIT", "8 MB"),
        ("HEADGATE_BODY_LIMIT", "-1"),
        ("HEADGATE_BODY_LIMIT", "0"),
        ("HEADGATE_BODY_LIMIT", ""),
        ("HEADGATE_TRUSTED_PROXIES", "proxy.local"),
        ("HEADGATE_TRUSTED_PROXIES", "10.1.2.3/8"),
        ("HEADGATE_DATA", ""),
        ("HEADGATE_PUBLIC_URL", "events.example"),
        ("HEADGATE_PUBLIC_URL", "javascript:alert(1)"),
        ("HEADGATE_PUBLIC_URL", "https://events.example/?x=1"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_setting_and_value(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^{variable} cannot be {re.escape(repr(value))}: "):
        Settings.read(environ={variable: value})


@pytest.mark.parametrize(
    "line",
    [
        "edge_port = '8600'",
        "edge_port = true",
        "demo = 1",
        "data = 1",
        "trusted_proxies = [1]",
        "trusted_proxies = 1",
        "body_limit = 1.5",
        "store = []",
        "tls_cert = ''",
        "log_level = 1",
    ],
)
def test_a_wrong_value_in_the_file_is_an_error_that_names_the_file(tmp_path: Path, line: str) -> None:
    name = line.split(" ", 1)[0]
    with pytest.raises(SettingsError, match=rf"^{name} in .*some\.toml cannot be "):
        Settings.read(config=in_a_file(tmp_path, line))


def test_a_wrong_word_is_told_the_right_ones() -> None:
    with pytest.raises(
        SettingsError, match=r"^--log-level cannot be 'loud': expected debug or info or warning or error$"
    ):
        Settings.read(flags={"log_level": "loud"})


def test_a_wrong_flag_is_named_as_a_flag() -> None:
    with pytest.raises(SettingsError, match=r"^--edge-port cannot be 'x': "):
        Settings.read(flags={"edge_port": "x"})


def test_a_web_address_may_have_a_path_and_loses_its_last_slash() -> None:
    assert Settings.read(environ={"HEADGATE_PUBLIC_URL": "https://x.example/"}).public_url == "https://x.example"
    assert (
        Settings.read(environ={"HEADGATE_PUBLIC_URL": "https://x.example/gate/"}).public_url == "https://x.example/gate"
    )
    assert Settings.read(environ={"HEADGATE_PUBLIC_URL": ""}).public_url == ""


@pytest.mark.parametrize(("text", "size"), [("1", 1), ("64 MiB", 64 * 2**20), ("2GiB", 2**31), ("1 KiB", 1024)])
def test_a_size_may_have_a_unit(tmp_path: Path, text: str, size: int) -> None:
    assert Settings.read(environ={"HEADGATE_LOG_BYTE_CAP": text}).log_byte_cap == size
    assert Settings.read(config=in_a_file(tmp_path, f"log_byte_cap = '{text}'")).log_byte_cap == size
    assert Settings.read(flags={"log_byte_cap": size}).log_byte_cap == size


def test_trusted_proxies_are_addresses_and_networks(tmp_path: Path) -> None:
    networks = ("127.0.0.1/32", "10.0.0.0/8", "::1/128")
    assert Settings.read(environ={"HEADGATE_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8,::1"}).trusted_proxies == networks
    config = in_a_file(tmp_path, "trusted_proxies = ['127.0.0.1', '10.0.0.0/8', '::1']")
    assert Settings.read(config=config).trusted_proxies == networks


def test_empty_in_the_environment_is_the_default_where_that_is_empty() -> None:
    environ = {setting.variable: "" for setting in TABLE.values() if setting.default == "empty"}
    assert len(environ) >= 6
    assert Settings.read(environ=environ) == Settings()


def test_tls_needs_certificate_and_key() -> None:
    with pytest.raises(SettingsError, match="tls_cert is set, but tls_key is not"):
        Settings.read(flags={"tls_cert": "a"})
    with pytest.raises(SettingsError, match="tls_key is set, but tls_cert is not"):
        Settings.read(flags={"tls_key": "a"})
    with pytest.raises(SettingsError, match="choose one"):
        Settings.read(flags={"tls_cert": "a", "tls_key": "b", "dev_tls": True})
    assert Settings.read(flags={"tls_cert": "a", "tls_key": "b"}).tls_key == Path("b")


@pytest.mark.parametrize("content", [b"edge_port =", b"\xff\xfe"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match=r"some\.toml is not TOML"):
        Settings.read(config=path)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"missing\.toml cannot be read"):
        Settings.read(config=tmp_path / "missing.toml")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().edge_port = 1  # type: ignore[misc]  # that is the point


def test_every_default_is_a_value_that_its_setting_takes() -> None:
    environ = {each.variable: each.default for each in TABLE.values() if not re.search("empty|at least", each.default)}
    assert Settings.read(environ=environ) == Settings()


def documented() -> dict[str, tuple[str, str, str]]:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*) \|$", DOCUMENT.read_text(), re.MULTILINE)
    return {name: (takes, default.strip("`"), text) for name, takes, default, text in rows}


def test_every_setting_is_documented_with_its_type_and_default_and_no_other() -> None:
    assert documented() == {each.name: (each.kind, each.default, each.help) for each in TABLE.values()}


def test_the_table_has_every_field_of_the_settings() -> None:
    assert list(TABLE) == [each.name for each in msgspec.structs.fields(Settings)]


def test_the_documents_example_is_read(tmp_path: Path) -> None:
    example = re.search(r"```toml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert example
    settings: Any = Settings.read(config=in_a_file(tmp_path, example[1]))
    assert settings.log_byte_cap == 50 * 2**30
