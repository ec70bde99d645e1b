"""Users and what they sign in with, on each database that a registry can be in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import accounts, audit, links, roles, sessions, sign_in_tries, user_tokens, users
from headgate.registry.audit import Asked
from headgate.registry.base import Registry
from headgate.registry.roles import Role, Roles

NOW = 1_700_000_000


@pytest.fixture
def with_ada(registry: Registry) -> Registry:
    with registry.change(by="root", now=NOW) as change:
        users.create(change, "ada", email=" Ada@Example.com ", name="Ada")
    return registry


def test_a_user_is_found_by_address_whatever_its_case(with_ada: Registry) -> None:
    with with_ada.change(by="root", now=NOW) as change:
        assert users.find_by_email(change.connection, "ADA@example.com") == users.get(change.connection, "ada")
        assert users.get(change.connection, "ada").state == "invited"
        with pytest.raises(AlreadyRegistered, match="there is a user ada@"):
            users.create(change, "other", email="ada@EXAMPLE.com")
        assert users.count(change.connection) == 1
        with pytest.raises(NotRegistered):
            users.get(change.connection, "other")


@pytest.mark.parametrize(
    "email", ["", "ada", "@example.com", "ada@", "a b@c", "a@b@c", "a@-b", "<a@b>", "a\n@b", "x" * 65 + "@b"]
)
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(InvalidRegistration, match="email: "):
        users.check_email(email)


@given(st.text(max_size=300))
def test_an_address_is_refused_or_fits_the_table_and_is_its_own_normal_form(text: str) -> None:
    try:
        address = users.check_email(text)
    except InvalidRegistration:
        return
    assert len(address) <= 254
    assert users.check_email(address) == address


def test_a_disabled_user_has_neither_sessions_nor_tokens_nor_links(with_ada: Registry) -> None:
    with with_ada.change(by="root", now=NOW) as change:
        users.set_password(change, "ada", "hash")
        sessions.begin(change.connection, "s", "ada", now=NOW, address="::1", browser="x" * 999)
        token = user_tokens.create(change, "t", "ada", name="mine", secret="secret")
        links.make(change.connection, "l", "reset", user_id="ada", now=NOW)
        assert user_tokens.find(change.connection, token)
        users.disable(change, "ada")
        assert users.get(change.connection, "ada").state == "disabled"
        assert sessions.find(change.connection, "s", NOW) is None
        assert user_tokens.find(change.connection, token) is None
        assert links.find(change.connection, "l", NOW) is None
        users.enable(change, "ada")
        assert users.get(change.connection, "ada").state == "active"


def test_the_higher_role_holds(with_ada: Registry) -> None:
    with with_ada.change(by="root", now=NOW) as change:
        roles.give_in_account(change, "ada", "acme", Role.VIEWER)
        roles.give_in_account(change, "ada", "acme", Role.ACCOUNT_ADMIN)
        roles.give_in_organization(change, "ada", "org", Role.ANALYST)
        with pytest.raises(InvalidRegistration, match="of a whole organization"):
            roles.give_in_account(change, "ada", "acme", Role.ORGANIZATION_ADMIN)
        held = roles.of_user(change.connection, "ada")
        assert held == Roles({"org": Role.ANALYST}, {"acme": Role.ACCOUNT_ADMIN})
        assert held.in_account("acme", "org") is Role.ACCOUNT_ADMIN
        assert held.in_account("bolt", "org") is Role.ANALYST
        assert held.in_account("other", "rival") is None
        assert roles.in_account(change.connection, "acme") == {"ada": Role.ACCOUNT_ADMIN}
        roles.take_in_account(change, "ada", "acme")
        with pytest.raises(NotRegistered):
            roles.take_in_account(change, "ada", "acme")
        roles.take_in_organization(change, "ada", "org")
        assert roles.of_user(change.connection, "ada") == Roles({}, {})


def test_a_link_works_once_and_in_time(with_ada: Registry) -> None:
    with with_ada.aside() as connection:
        links.make(connection, "l", "invite", user_id="ada", now=NOW)
        assert links.find(connection, "l", NOW + links.LASTS["invite"] - 1)
        assert links.find(connection, "l", NOW + links.LASTS["invite"]) is None
        assert links.use(connection, "l", NOW).user_id == "ada"
        with pytest.raises(NotRegistered, match="used before"):
            links.use(connection, "l", NOW)


def test_what_is_no_change_of_who_may_send_leaves_the_revision(with_ada: Registry) -> None:
    before = with_ada.revision()
    with with_ada.aside() as connection:
        sessions.begin(connection, "s", "ada", now=NOW, address="", browser="")
    with with_ada.aside() as connection:
        found = sessions.find(connection, "s", NOW)
        assert found
        sessions.see(connection, found, NOW + 5)
        assert [each.seen_at for each in sessions.of_user(connection, "ada", NOW)] == [NOW + 5]
        assert not sessions.end(connection, found.id_hash, "bob")
        assert sessions.end(connection, found.id_hash, "ada")
    assert with_ada.revision() == before


def test_tries_are_counted_in_a_window_by_user_and_by_address(registry: Registry) -> None:
    def tried(email: str, address: str, now: int) -> int:
        with registry.aside() as connection:
            return sign_in_tries.count(connection, email=email, address=address, now=now)

    assert [tried("a@x", f"10.0.0.{n}", NOW + n) for n in range(5)] == [0] * 5
    assert tried(" A@x", "10.0.0.9", NOW + 100) == sign_in_tries.WINDOW - 100
    assert [tried(f"u{n}@x", "10.0.0.7", NOW) for n in range(50)] == [0] * 50
    assert tried("u50@x", "10.0.0.7", NOW + 1) == sign_in_tries.WINDOW - 1
    with registry.aside() as connection:
        sign_in_tries.forget(connection, email="a@x", address="10.0.0.7")
    assert tried("a@x", "10.0.0.7", NOW + 1) == 0
    assert tried("u51@x", "10.0.0.7", NOW + sign_in_tries.WINDOW) == 0


def test_acts_say_whom_they_concern(with_ada: Registry) -> None:
    with with_ada.change(by="grace", now=NOW, address="192.0.2.1") as change:
        accounts.update_entry(change, "acme", name="A%cme", time_zone="Europe/Vienna")
        accounts.update_entry(change, "bolt", name="B")
        roles.give_in_account(change, "ada", "acme", Role.VIEWER)
        users.disable(change, "ada")
    with with_ada.reading() as connection:
        [disabled, given, updated] = audit.lines(connection, Asked(account_id="acme", limit=3))
        assert (disabled.act, given.act, updated.act) == ("disable user", "give role", "update account")
        assert (updated.by, updated.address, updated.organization_id) == ("grace", "192.0.2.1", "org")
        assert "disable user" not in [line.act for line in audit.lines(connection, Asked(account_id="bolt"))]
        assert {line.subject for line in audit.lines(connection, Asked(organization_id="org"))} >= {
            "acme",
            "bolt",
            "ada",
        }
        assert [line.subject for line in audit.lines(connection, Asked(text="a%C", act="update account"))] == ["acme"]
        assert audit.lines(connection, Asked(text="a_c")) == []
        assert [line.id for line in audit.lines(connection, Asked(before=updated.id))] == list(
            range(updated.id - 1, 0, -1)
        )
        assert audit.kinds(connection, Asked(account_id="bolt")) == ["create account", "update account"]
        assert accounts.get(connection, "acme").time_zone == "Europe/Vienna"
        assert accounts.get(connection, "bolt").time_zone == "UTC"
