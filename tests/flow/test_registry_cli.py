"""The command line's ways into the registry: `organizations`, `accounts`, `groups`, `partners`, `keys`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.registry.base import Registry
from headgate.registry.tokens import Claims, read_signing_key, verify
from headgate.registry.watch import Watch

RUNNER = CliRunner(env={"HEADGATE_DATA": None, "COLUMNS": "200", "NO_COLOR": "1"})


def run(*arguments: str, code: int = 0) -> Result:
    result = RUNNER.invoke(app, arguments)
    assert result.exit_code == code, result.output
    return result


def listed(noun: str, data: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads(run(noun, "list", "--json", "--data", data).stdout)
    return entries


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A data folder with organization `org` and account `acme`."""
    folder = str(tmp_path / "data")
    run("organizations", "create", "org", "--name", "The Organization", "--data", folder)
    run("accounts", "create", "acme", "--data", folder)
    return folder


@pytest.fixture
def watch(data: str) -> Iterator[Watch]:
    """What a running worker does."""
    registry = Registry.at("", Path(data) / "registry.db")
    watch = Watch(registry, clock=time.monotonic)
    watch.start()
    yield watch
    watch.close()
    registry.close()


def test_from_an_empty_folder_to_a_key_that_verifies(data: str) -> None:
    run("groups", "create", "site", "--account", "acme", "--data", data)
    created = run("keys", "create", "--account", "acme", "--name", "production", "--data", data)
    public_key = read_signing_key(Path(data) / "signing-key.pem").public_key()
    (key,) = listed("keys", data)
    assert verify(created.stdout.strip(), public_key) == Claims(key["id"], "acme", None)
    assert (key["name"], key["revoked_at"]) == ("production", None)
    assert key["id"] in created.stderr
    assert "cannot be shown again" in created.stderr
    assert Path(data).stat().st_mode & 0o777 == 0o700


def test_a_key_can_be_had_as_json(data: str) -> None:
    created = json.loads(run("keys", "create", "--account", "acme", "--json", "--data", data).stdout)
    assert [key["id"] for key in listed("keys", data)] == [created["key_id"]]
    assert created["api_key"].count(".") == 2


def test_a_revoked_key_stays_in_the_list_with_its_date(data: str) -> None:
    run("keys", "create", "--account", "acme", "--data", data)
    (key,) = listed("keys", data)
    run("keys", "revoke", key["id"], "--data", data)
    assert listed("keys", data)[0]["revoked_at"] >= key["created_at"]


def test_a_group_is_created_listed_and_updated(data: str) -> None:
    run("groups", "create", "site", "--account", "acme", "--name", "The Site", "--data", data)
    run("groups", "create", "app", "--account", "acme", "--identifiers", "extended", "--data", data)
    assert [(each["id"], each["name"], each["identifiers"]) for each in listed("groups", data)] == [
        ("app", "app", "extended"),
        ("site", "The Site", "article"),
    ]
    run("groups", "update", "site", "--identifiers", "extended", "--name", "Shop", "--data", data)
    assert [(each["name"], each["identifiers"]) for each in listed("groups", data)][1] == ("Shop", "extended")


def test_the_partners_of_an_account_are_set_shown_and_opened_again(data: str) -> None:
    run("accounts", "partners", "acme", "--allow", "Zeta", "--allow", "Alpha", "--data", data)
    shown = run("accounts", "partners", "acme", "--data", data)
    assert shown.stdout.split() == ["Alpha", "Zeta"]
    assert "these partners only" in shown.stderr
    opened = run("accounts", "partners", "acme", "--any", "--data", data)
    assert opened.stdout == ""
    assert "any partner" in opened.stderr
    assert listed("accounts", data)[0]["allowed_partners"] == []


def test_a_partner_gets_a_grant_and_a_key_and_loses_the_grant(data: str) -> None:
    run("partners", "create", "agency", "--name", "The Agency", "--data", data)
    run("partners", "grant", "agency", "--account", "acme", "--data", data)
    run("keys", "create", "--partner", "agency", "--data", data)
    assert listed("keys", data)[0]["partner_id"] == "agency"
    assert listed("partners", data)[0]["granted_by"] == ["acme"]
    run("partners", "withdraw", "agency", "--account", "acme", "--data", data)
    assert listed("partners", data)[0]["granted_by"] == []


def test_an_account_needs_its_organization_named_only_where_there_are_several(data: str) -> None:
    run("organizations", "create", "another", "--data", data)
    assert "another, org" in run("accounts", "create", "bolt", "--data", data, code=1).stderr
    run("accounts", "create", "bolt", "--organization", "another", "--data", data)
    assert [each["organization_id"] for each in listed("accounts", data)] == ["org", "another"]


@pytest.mark.parametrize("noun", ["organizations", "accounts", "groups", "partners", "keys"])
def test_a_list_is_a_table_where_json_is_not_asked_for(data: str, noun: str) -> None:
    run("groups", "create", "site", "--account", "acme", "--data", data)
    run("partners", "create", "agency", "--data", data)
    run("keys", "create", "--account", "acme", "--data", data)
    table = run(noun, "list", "--data", data).stdout
    (entry,) = listed(noun, data)
    assert entry["id"] in table
    assert "created" in table


def test_a_group_says_which_sites_may_send_and_what_the_pixel_may_do(data: str) -> None:
    run("groups", "create", "site", "--account", "acme", "--origin", "https://Shop.example/", "--data", data)
    (entry,) = listed("groups", data)
    assert (entry["origins"], entry["cookie"], entry["advanced_matching"]) == (["https://shop.example"], True, False)
    flags = ("--no-cookie", "--advanced-matching", "--origin", "https://*.b.example", "--origin", "https://a.example")
    told = run("groups", "update", "site", *flags, "--data", data).stderr
    assert "origins https://*.b.example https://a.example, cookie off, advanced matching on" in told
    (entry,) = listed("groups", data)
    assert entry["origins"] == ["https://*.b.example", "https://a.example"]
    assert (entry["cookie"], entry["advanced_matching"]) == (False, True)
    run("groups", "update", "site", "--no-origins", "--data", data)
    assert listed("groups", data)[0]["origins"] == []


def test_changes_reach_a_running_worker_within_a_second(data: str, watch: Watch) -> None:
    def within_a_second(condition: Any) -> None:
        deadline = time.monotonic() + 1
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.01)

    run("groups", "create", "site", "--account", "acme", "--data", data)
    within_a_second(lambda: "site" in watch.current.groups)
    run("groups", "update", "site", "--identifiers", "extended", "--data", data)
    within_a_second(lambda: watch.current.groups["site"].identifiers == "extended")
    run("keys", "create", "--account", "acme", "--data", data)
    within_a_second(lambda: len(watch.current.keys) == 1)
    run("keys", "revoke", listed("keys", data)[0]["id"], "--data", data)
    within_a_second(lambda: not watch.current.keys)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("keys create --account x", "error: there is no account x\n"),
        ("keys create", "error: a key belongs to one account or to one partner: name exactly one\n"),
        ("keys revoke x", "error: there is no key x\n"),
        ("groups create site --account x", "error: there is no account x\n"),
        ("groups update x --name y", "error: there is no event group x\n"),
        (
            "groups update x",
            "error: nothing to change: give --identifiers, --name, --origin, --no-origins, --cookie or --advanced-matching\n",
        ),
        ("groups update x --origin https://a.example --no-origins", "error: --origin and --no-origins contradict"),
        (
            "groups create x --account acme --origin a.example",
            "error: 'a.example' cannot be an origin: write it as https://shop",
        ),
        ("groups create a/b --account acme", "error: 'a/b' cannot be the id of an event group: "),
        ("accounts create acme", "error: there is an account acme already\n"),
        ("accounts partners acme --any --allow A", "error: --allow and --any contradict each other\n"),
        ("organizations create org", "error: there is an organization org already\n"),
        ("partners grant x --account acme", "error: there is no partner x\n"),
    ],
)
def test_what_is_wrong_is_one_line_on_stderr_and_exit_code_1(data: str, arguments: str, message: str) -> None:
    before = Path(data, "registry.db").read_bytes()
    result = run(*arguments.split(), "--data", data, code=1)
    assert result.stdout == ""
    assert result.stderr.startswith(message)
    assert result.stderr.count("\n") == 1
    assert Path(data, "registry.db").read_bytes() == before


def test_identifiers_are_of_the_two_there_are(data: str) -> None:
    result = run("groups", "create", "s", "--account", "acme", "--identifiers", "all", "--data", data, code=2)
    assert "article" in result.stderr
    assert "extended" in result.stderr


def test_a_mistyped_folder_is_no_new_registry(tmp_path: Path) -> None:
    result = run("keys", "list", "--data", str(tmp_path / "typo"), code=1)
    assert "there is no registry in" in result.stderr
    assert not (tmp_path / "typo").exists()


def test_the_folder_may_come_from_the_environment(data: str) -> None:
    result = RUNNER.invoke(app, ["accounts", "list", "--json"], env={"HEADGATE_DATA": data})
    assert json.loads(result.stdout)[0]["id"] == "acme"


def test_an_unknown_setting_in_the_environment_is_an_error(data: str) -> None:
    result = RUNNER.invoke(app, ["accounts", "list", "--data", data], env={"HEADGATE_EDGE_PROT": "1"})
    assert result.exit_code == 1
    assert "there is no setting HEADGATE_EDGE_PROT; the nearest is HEADGATE_EDGE_PORT" in result.stderr


def test_who_did_what_is_on_record(data: str) -> None:
    registry = Registry.at("", Path(data) / "registry.db")
    acts = registry.acts()
    registry.close()
    assert [(act.act, act.subject) for act in acts] == [("create account", "acme"), ("create organization", "org")]
    assert all(act.by for act in acts)
    assert all(abs(time.time() - act.at) < 60 for act in acts)


def test_every_command_and_option_has_help() -> None:
    for noun in ("organizations", "accounts", "groups", "partners", "keys"):
        overview = run(noun, "--help").stdout
        commands = [line.split()[1] for line in overview.partition("Commands")[2].splitlines() if line.startswith("│ ")]
        assert "create" in commands
        for command in commands:
            text = run(noun, command, "--help").stdout
            assert "headgate-data" in text
            assert text.split("Usage:")[1].splitlines()[2].strip()


def test_help_needs_none_of_the_heavy_parts() -> None:
    code = (
        "import sys, headgate.cli\n"
        "heavy = {'sqlalchemy', 'alembic', 'cryptography', 'jwt', 'chdb', 'numpy', 'uvicorn', 'litestar'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "[]\n"


def test_the_installed_command_says_what_is_wrong_without_a_traceback(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from headgate.cli import main; main()", "keys", "list"]
    environ = {**os.environ, "HEADGATE_DATA": str(tmp_path)}
    result = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("error: there is no registry in ")
    assert "Traceback" not in result.stderr


def test_the_base_code_is_printed_with_where_the_server_is_and_who_may_send(data: str) -> None:
    run("groups", "create", "site", "--account", "acme", "--data", data)
    told = run("pixel", "site", "--url", "https://events.example/", "--nonce", "n1", "--data", data)
    assert 'src="https://events.example/pixel.js?v=' in told.stdout
    assert 'headgate("init", "site")' in told.stdout
    assert told.stdout.count('nonce="n1"') == 2
    assert "No page may send yet" in told.stderr
    run("groups", "update", "site", "--origin", "https://shop.example", "--data", data)
    assert (
        "--url cannot be 'events.example'"
        in run("pixel", "site", "--url", "events.example", "--data", data, code=1).stderr
    )
    assert "Pages of https://shop.example may send" in run("pixel", "site", "--url", "https://e", "--data", data).stderr


def test_the_base_code_needs_to_know_where_the_server_is(data: str) -> None:
    run("groups", "create", "site", "--account", "acme", "--data", data)
    assert "no server runs on" in run("pixel", "site", "--data", data, code=1).stderr
    assert "there is no event group nobody" in run("pixel", "nobody", "--data", data, code=1).stderr
    Path(data, "headgate.toml").write_text('public_url = "https://events.example"\n')
    assert "https://events.example/pixel.js" in run("pixel", "site", "--data", data).stdout


@pytest.mark.parametrize("command", [("groups", "list"), ("serve",), ("events", "--group", "site"), ("rebuild",)])
def test_an_empty_name_is_not_taken_for_the_present_folder(command: tuple[str, ...]) -> None:
    assert "expected the path of a folder" in run(*command, "--data", "", code=2).stderr


def test_a_port_that_cannot_be_is_refused(data: str) -> None:
    assert "--port" in run("demo", "shop", "--port", "99999", "--data", data, code=2).stderr
