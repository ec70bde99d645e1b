"""Users as an admin manages them: who may do what to whom.

An admin gives roles no higher than their own, in what they are admin of. They make links for new passwords, and disable
users, only where all that a user has lies within that: else an account's admin could take over the admin of another one.
"""

from __future__ import annotations

from typing import NamedTuple

from litestar.exceptions import NotFoundException, PermissionDeniedException
from msgspec import Struct
from sqlalchemy import Connection

from headgate.desk.frame import Frame
from headgate.desk.places import Place, place_of
from headgate.desk.visitor import Visitor
from headgate.errors import InvalidRegistration
from headgate.registry import accounts, audit, links, roles, users
from headgate.registry.base import Change
from headgate.registry.roles import Role
from headgate.registry.users import UserEntry


class Person(Struct, frozen=True):
    """A user as a place shows them."""

    id: str
    email: str
    name: str
    #: `active`, `invited` or `disabled`
    state: str
    #: role here, by its word
    role: str
    #: whether the role comes from the organization, and is changed there
    is_inherited: bool
    #: whether the visitor may make them a link for a password, disable and enable them
    is_managed: bool


class Invited(NamedTuple):
    """A user with a role, and the secret of the link to their first password: none where they have one."""

    user: UserEntry
    secret: str | None


def people(frame: Frame) -> list[Person]:
    """All users with a role in the place that the path names, by e-mail address."""
    place = place_of(frame.admitted)
    with frame.reading() as connection:
        inherited, given = place.roles_inherited(connection), place.roles_given(connection)
        return [
            Person(
                id=user.id,
                email=user.email,
                name=user.name,
                state=user.state,
                role=max(each[user.id] for each in (inherited, given) if user.id in each).word,
                is_inherited=user.id not in given,
                is_managed=_manages(frame.visitor, connection, user.id),
            )
            for user in users.entries(connection)
            if user.id in inherited or user.id in given
        ]


def invite(frame: Frame, *, email: str, name: str, role: Role) -> Invited:
    """Give whoever has this address a role in the place, and make the user and their link where there is none yet."""
    place = place_of(frame.admitted)
    _check_grade(frame, role)
    with frame.change() as change:
        user = users.find_by_email(change.connection, users.check_email(email))
        if user is not None:
            _check_known(frame, change.connection, user)
        if user is None:
            user = users.create(change, f"u{frame.console.secret()[-20:]}", email=email, name=name.strip())
        _check_change(frame, place, change.connection, user.id)
        _give(place, change, user.id, role)
        if user.state != "invited" or not _manages(frame.visitor, change.connection, user.id):
            return Invited(user, None)
        return Invited(user, _make_link(frame, change, user, "invite"))


def set_role(frame: Frame, user_id: str, role: Role) -> None:
    """Let a user who has a role in the place have another one."""
    place = place_of(frame.admitted)
    _check_grade(frame, role)
    with frame.change() as change:
        if user_id not in place.roles_given(change.connection):
            raise NotFoundException("There is no such user here.")
        _check_change(frame, place, change.connection, user_id)
        _give(place, change, user_id, role)


def remove(frame: Frame, user_id: str) -> None:
    """Take a user's role in the place."""
    place = place_of(frame.admitted)
    with frame.change() as change:
        if user_id not in place.roles_given(change.connection):
            raise NotFoundException("There is no such user here.")
        _check_change(frame, place, change.connection, user_id)
        place.take(change, user_id)


def new_link(frame: Frame, user_id: str) -> Invited:
    """Make a link for a user's first or next password. Their password holds until the link is used."""
    with frame.change() as change:
        user = _managed(frame, change.connection, user_id)
        if user.disabled_at is not None:
            raise InvalidRegistration(f"{user.email} is disabled: enable them first")
        return Invited(user, _make_link(frame, change, user, "reset" if user.password_hash else "invite"))


def disable(frame: Frame, user_id: str) -> None:
    """Keep a user out, everywhere."""
    with frame.change() as change:
        user = _managed(frame, change.connection, user_id)
        if frame.visitor.user is not None and user.id == frame.visitor.user.id:
            raise InvalidRegistration("You cannot disable yourself: another admin can.")
        users.disable(change, user.id)


def enable(frame: Frame, user_id: str) -> None:
    """Let a user in again."""
    with frame.change() as change:
        user = _managed(frame, change.connection, user_id)
        by = audit.newest(change.connection, "disable user", user.id)
        mine = frame.visitor.user is not None and by == frame.visitor.user.email
        if frame.admitted.role is not Role.ORGANIZATION_ADMIN and not mine:
            raise PermissionDeniedException("Somebody else disabled them: an organization admin can enable them again.")
        users.enable(change, user.id)


def grades(frame: Frame) -> list[Role]:
    """The roles that the visitor can give in the place."""
    highest = min(frame.admitted.role or Role.VIEWER, _highest(place_of(frame.admitted)))
    return [role for role in Role if role <= highest]


def _highest(place: Place) -> Role:
    return Role.ORGANIZATION_ADMIN if place.account_id is None else Role.ACCOUNT_ADMIN


def _check_grade(frame: Frame, role: Role) -> None:
    if role not in grades(frame):
        raise PermissionDeniedException(f"role: {role.label} is not a role that you can give here")


def _check_change(frame: Frame, place: Place, connection: Connection, user_id: str) -> None:
    """That a role here may be changed: nobody's own, or the last admin could lock everybody out."""
    if frame.visitor.user is not None and user_id == frame.visitor.user.id:
        raise InvalidRegistration("You cannot change your own role: another admin can.")
    held = place.roles_given(connection).get(user_id)
    if held is not None and (frame.admitted.role is None or held > frame.admitted.role):
        raise PermissionDeniedException(f"The role {held.label} is above yours.")


def _check_known(frame: Frame, connection: Connection, user: UserEntry) -> None:
    """That somebody who is a user already may be given a role here.

    Addresses are not proven: whoever made a user first may hold their password. So a user of others is not let in by
    mistake, and what others did to a user shows in no foreign audit log.
    """
    held = roles.of_user(connection, user.id)
    is_known_here = bool(held.organizations or held.accounts) and _manages(frame.visitor, connection, user.id)
    if frame.visitor.user is not None and not is_known_here:
        raise InvalidRegistration(
            f"{user.email} is a user already, and not only of what you are admin of. An organization admin above you, or "
            "the operator with `headgate users invite`, can give them this role."
        )


def _give(place: Place, change: Change, user_id: str, role: Role) -> None:
    """Give a role. Where it is more than they had, links that were made for less work no longer."""
    held = place.roles_given(change.connection).get(user_id)
    if held is None or role > held:
        links.void(change.connection, user_id)
    place.give(change, user_id, role)


def _make_link(frame: Frame, change: Change, user: UserEntry, purpose: links.Purpose) -> str:
    secret = frame.console.secret()
    links.make(change.connection, secret, purpose, user_id=user.id, now=change.now)
    change.note("make link", user.id, "to a new password" if purpose == "reset" else "of an invitation")
    return secret


def _managed(frame: Frame, connection: Connection, user_id: str) -> UserEntry:
    place = place_of(frame.admitted)
    if user_id not in {**place.roles_given(connection), **place.roles_inherited(connection)}:
        raise NotFoundException("There is no such user here.")
    if not _manages(frame.visitor, connection, user_id):
        raise PermissionDeniedException(
            "They have roles elsewhere, that you are no admin of: an admin there can do this."
        )
    return users.get(connection, user_id)


def _manages(visitor: Visitor, connection: Connection, user_id: str) -> bool:
    """Whether all that a user has is within what the visitor is admin of."""
    if visitor.user is None:
        return True
    held = roles.of_user(connection, user_id)
    for organization_id in held.organizations:
        if visitor.role_in_organization(organization_id) is not Role.ORGANIZATION_ADMIN:
            return False
    for account_id in held.accounts:
        role = visitor.role_in(accounts.get(connection, account_id))
        if role is None or role < Role.ACCOUNT_ADMIN:
            return False
    return True
