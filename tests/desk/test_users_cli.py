"""`headgate users`: what an operator does about users without the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli import app
from headgate.registry import links, users
from headgate.registry.base import Registry

RUNNER = CliRunner()


@pytest.fixture
def data(tmp_path: Path) -> str:
    folder = str(tmp_path / "data")
    for arguments in (("organizations", "create", "org"), ("accounts", "create", "acme", "--organization", "org")):
        result = RUNNER.invoke(app, [*arguments, "--data", folder])
        assert result.exit_code == 0, result.output
    return folder


def run(data: str, *arguments: str) -> Result:
    return RUNNER.invoke(app, ["users", *arguments, "--data", data])


def purpose_of(data: str, link: str) -> str | None:
    registry = Registry.at("", Path(data) / "registry.db")
    with registry.reading() as connection:
        found = links.find(connection, link.strip().rpartition("/")[2], 0)
    registry.close()
    return found.purpose if found else None


def test_a_user_is_invited_by_a_link_that_is_printed_once(data: str) -> None:
    result = run(data, "invite", "Ada@Example.com", "--account", "acme", "--role", "account_admin", "--name", "Ada")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("http://127.0.0.1:8601/welcome/")
    assert purpose_of(data, result.stdout) == "invite"
    listed = run(data, "list", "--json").stdout
    assert '"email": "ada@example.com"' in listed
    assert '"state": "invited"' in listed
    assert "hash" not in listed
    assert "ada@example.com" in run(data, "list").stdout


def test_a_user_gets_a_link_for_a_new_password_and_can_be_kept_out(data: str) -> None:
    run(data, "invite", "ada@example.com", "--organization", "org", "--role", "organization_admin")
    assert purpose_of(data, run(data, "reset", "ada@example.com").stdout) == "reset"
    assert run(data, "disable", "ada@example.com").exit_code == 0
    assert '"disabled"' in run(data, "list", "--json").stdout
    assert run(data, "enable", "ada@example.com").exit_code == 0
    registry = Registry.at("", Path(data) / "registry.db")
    with registry.reading() as connection:
        assert users.count(connection) == 1
    acts = [act.act for act in registry.acts(3)]
    registry.close()
    assert acts == ["enable user", "disable user", "make link"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("invite", "ada@example.com", "--role", "viewer"), "name exactly one"),
        (("invite", "ada@example.com", "--role", "emperor", "--account", "acme"), "there is no role 'emperor'"),
        (("invite", "ada@example.com", "--role", "organization_admin", "--account", "acme"), "of a whole organization"),
        (("invite", "ada", "--role", "viewer", "--account", "acme"), "is no e-mail address"),
        (("invite", "ada@example.com", "--role", "viewer", "--account", "none"), "there is no account none"),
        (("reset", "ada@example.com"), "there is no user ada@example.com"),
        (("disable", "ada@example.com"), "there is no user ada@example.com"),
    ],
)
def test_what_cannot_be_is_said_and_leaves_nothing_behind(data: str, arguments: tuple[str, ...], said: str) -> None:
    result = run(data, *arguments)
    assert result.exit_code == 1
    assert said in result.stderr
    assert run(data, "list", "--json").stdout.strip() == "[]"
