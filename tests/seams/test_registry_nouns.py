"""What can be entered in the registry, on each database that it can be in."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from headgate.errors import AlreadyRegistered, InvalidRegistration, NotRegistered
from headgate.registry import accounts, event_groups, keys, organizations, partners
from headgate.registry.base import Registry, check_id, check_name
from headgate.registry.snapshot import Account, EventGroup, Key
from headgate.registry.tokens import Claims, verify

NOW = 1_700_000_000
SIGNING_KEY = Ed25519PrivateKey.generate()


def test_organizations_are_entered_and_listed(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW + 5) as change:
        organizations.create(change, "another")
        with pytest.raises(AlreadyRegistered, match="another"):
            organizations.create(change, "another")
    with registry.reading() as connection:
        listed = [(each.id, each.name, each.created_at) for each in organizations.entries(connection)]
    assert listed == [("another", "another", NOW + 5), ("org", "The Organization", NOW)]


def test_accounts_are_entered_and_listed(registry: Registry) -> None:
    with registry.reading() as connection:
        assert [(each.id, each.name) for each in accounts.entries(connection)] == [
            ("acme", "acme"),
            ("bolt", "Bolt & Söhne"),
        ]
        with pytest.raises(NotRegistered, match="there is no account x"):
            accounts.get(connection, "x")
    with pytest.raises(NotRegistered, match="there is no organization x"), registry.change(by="a", now=NOW) as change:
        accounts.create(change, "new", organization_id="x")


def test_an_account_allows_the_partners_listed_last(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW) as change:
        assert accounts.get(change.connection, "acme").allowed_partners == ()
        accounts.allow_partners(change, "acme", ["Zeta", "Alpha", "Zeta"])
        assert accounts.get(change.connection, "acme").allowed_partners == ("Alpha", "Zeta")
        accounts.allow_partners(change, "acme", ["Beta GmbH"])
    assert registry.snapshot().accounts == {
        "acme": Account("acme", frozenset({"Beta GmbH"})),
        "bolt": Account("bolt", frozenset()),
    }
    with registry.change(by="ada", now=NOW) as change:
        accounts.allow_partners(change, "acme", [])
    assert registry.snapshot().accounts["acme"].allowed_partners == frozenset()


def test_a_changed_event_group_is_in_the_next_snapshot(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW) as change:
        event_groups.create(change, "site", account_id="acme", name="The Site")
    assert registry.snapshot().groups == {"site": EventGroup("site", "acme", "article")}
    with registry.change(by="ada", now=NOW + 9) as change:
        entry = event_groups.update_entry(change, "site", identifiers="extended")
    assert registry.snapshot().groups == {"site": EventGroup("site", "acme", "extended")}
    assert (entry.name, entry.created_at, entry.updated_at) == ("The Site", NOW, NOW + 9)
    with pytest.raises(InvalidRegistration, match="identifiers"), registry.change(by="ada", now=NOW) as change:
        event_groups.update_entry(change, "site", identifiers="all")  # type: ignore[arg-type]  # that is the point


def test_a_revoked_key_is_in_no_snapshot_and_stays_in_the_list(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW) as change:
        partners.create(change, "agency")
        one = keys.create(change, SIGNING_KEY, "k1", account_id="acme", name="production")
        keys.create(change, SIGNING_KEY, "k2", partner_id="agency")
    assert verify(one, SIGNING_KEY.public_key()) == Claims("k1", "acme", None)
    assert registry.snapshot().keys == {"k1": Key("k1", "acme", None), "k2": Key("k2", None, "agency")}
    with registry.change(by="grace", now=NOW + 7) as change:
        keys.revoke(change, "k1")
    with registry.change(by="grace", now=NOW + 8) as change:
        assert keys.revoke(change, "k1").revoked_at == NOW + 7
    assert registry.snapshot().keys == {"k2": Key("k2", None, "agency")}
    with registry.reading() as connection:
        assert keys.entries(connection) == [
            keys.KeyEntry("k1", "acme", None, "production", NOW, "ada", NOW + 7),
            keys.KeyEntry("k2", None, "agency", "k2", NOW, "ada", None),
        ]


def test_a_key_has_one_owner_that_exists(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW) as change:
        partners.create(change, "agency")
        for owners in ({}, {"account_id": "acme", "partner_id": "agency"}):
            with pytest.raises(InvalidRegistration, match="exactly one"):
                keys.create(change, SIGNING_KEY, "k1", **owners)
        for owner in ({"account_id": "x"}, {"partner_id": "x"}):
            with pytest.raises(NotRegistered):
                keys.create(change, SIGNING_KEY, "k1", **owner)
        keys.create(change, SIGNING_KEY, "k1", account_id="acme")
        with pytest.raises(AlreadyRegistered):
            keys.create(change, SIGNING_KEY, "k1", account_id="acme")
        with pytest.raises(NotRegistered):
            keys.revoke(change, "x")


def test_a_key_itself_is_stored_nowhere(tmp_path: Path) -> None:
    registry = Registry.at("", tmp_path / "registry.db")
    registry.migrate()
    with registry.change(by="ada", now=NOW) as change:
        organizations.create(change, "org")
        accounts.create(change, "acme", organization_id="org")
        token = keys.create(change, SIGNING_KEY, "k1", account_id="acme")
    parts = [part.encode() for part in token.split(".")]
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    registry.close()
    assert b"acme" in kept
    assert [part for part in parts if part in kept] == []


def test_a_partner_may_send_for_the_accounts_that_granted_it(registry: Registry) -> None:
    with registry.change(by="ada", now=NOW) as change:
        partners.create(change, "agency", name="The Agency")
        partners.create(change, "idle")
        partners.grant(change, "agency", "bolt")
        partners.grant(change, "agency", "acme")
        assert partners.grant(change, "agency", "acme").granted_by == ("acme", "bolt")
    assert registry.snapshot().grants == {"agency": frozenset({"acme", "bolt"})}
    with registry.change(by="ada", now=NOW) as change:
        partners.withdraw(change, "agency", "acme")
        with pytest.raises(NotRegistered, match="no grant"):
            partners.withdraw(change, "agency", "acme")
        with pytest.raises(NotRegistered):
            partners.grant(change, "agency", "x")
    assert registry.snapshot().grants == {"agency": frozenset({"bolt"})}
    with registry.reading() as connection:
        assert [(each.id, each.granted_by) for each in partners.entries(connection)] == [
            ("agency", ("bolt",)),
            ("idle", ()),
        ]


@pytest.mark.parametrize("good", ["a", "A_b.c-9", "x" * 128, "..", "-"])
def test_an_id_is_of_what_senders_can_use(good: str) -> None:
    assert check_id("a group", good) == good


@pytest.mark.parametrize("bad", ["", "x" * 129, "a b", "ä", "a/b", "a\n", "a\x00", "٣"])
def test_any_other_id_is_refused(bad: str) -> None:
    with pytest.raises(InvalidRegistration, match="cannot be the id of a group"):
        check_id("a group", bad)


@given(st.text(max_size=210))
def test_a_name_shows_as_one_line(name: str) -> None:
    try:
        check_name(name)
    except InvalidRegistration:
        return
    assert 0 < len(name) <= 200
    assert name == name.strip()
    assert name.splitlines() == [name]
