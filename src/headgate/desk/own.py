"""What users do about themselves: password, tokens, sessions. For the profile page and the API."""

from __future__ import annotations

from typing import NamedTuple

from litestar.exceptions import NotFoundException, PermissionDeniedException, TooManyRequestsException

from headgate.desk.frame import Frame
from headgate.desk.passwords import check_password
from headgate.errors import InvalidRegistration, NotRegistered
from headgate.registry import sessions, sign_in_tries, user_tokens, users
from headgate.registry.users import UserEntry

#: browser's own word -> name; the first that is found, since each also says that it is the ones below
_BROWSERS = {"Edg/": "Edge", "OPR/": "Opera", "Firefox/": "Firefox", "Chrome/": "Chrome", "Safari/": "Safari"}
_SYSTEMS = {
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


class MadeToken(NamedTuple):
    """A token just made: the only time that it can be seen."""

    id: str
    token: str


def user(frame: Frame) -> UserEntry:
    """Who it is; the operator has no self to change."""
    if frame.visitor.user is None:
        raise PermissionDeniedException("This is about a user; the operator's token belongs to none.")
    return frame.visitor.user


def change_password(frame: Frame, *, current: str, password: str) -> None:
    """Set another password; all sessions end. Raises `InvalidRegistration`. Guesses are counted as at sign-in."""
    me, console = user(frame), frame.console
    with console.registry.aside() as connection:
        wait = sign_in_tries.count(connection, email=me.email, address=frame.visitor.address, now=console.clock())
    if wait:
        raise TooManyRequestsException(
            f"Too many tries. Wait {-(-wait // 60)} minutes.", headers={"Retry-After": str(wait)}
        )
    if not console.passwords.holds(current, me.password_hash):
        raise InvalidRegistration("The current password is not right.")
    password_hash = console.passwords.hash(check_password(password, me.email))
    with frame.change() as change:
        sign_in_tries.forget(change.connection, email=me.email, address=frame.visitor.address)
        users.set_password(change, me.id, password_hash)


def rename(frame: Frame, name: str) -> UserEntry:
    """Be called otherwise. Raises `InvalidRegistration`."""
    with frame.change() as change:
        return users.rename(change, user(frame).id, name.strip())


def make_token(frame: Frame, name: str) -> MadeToken:
    """A new token for scripts. Raises `InvalidRegistration`.

    Only for who is signed in: a token that could make others would outlive its own revocation.
    """
    if user(frame) and frame.visitor.session is None:
        raise PermissionDeniedException("A token makes no other tokens: sign in to make one.")
    token_id = f"t{frame.console.secret()[-15:]}"
    with frame.change() as change:
        token = user_tokens.create(
            change, token_id, user(frame).id, name=name.strip() or "Token", secret=frame.console.secret()
        )
    return MadeToken(token_id, token)


def revoke_token(frame: Frame, token_id: str) -> None:
    """Let one's own token no longer hold."""
    try:
        with frame.change() as change:
            user_tokens.revoke(change, token_id, user(frame).id)
    except NotRegistered:
        raise NotFoundException("There is no such token.") from None


def end_session(frame: Frame, id_hash: str) -> None:
    """End one of one's own sessions."""
    with frame.console.registry.aside() as connection:
        if not sessions.end(connection, id_hash, user(frame).id):
            raise NotFoundException("There is no such session.")


def end_all_sessions(frame: Frame) -> None:
    """Sign out in all browsers, this one too; tokens still hold."""
    with frame.console.registry.aside() as connection:
        sessions.close_all(connection, user(frame).id)


def browser_name(said: str) -> str:
    """What a browser is, in a word or two, of what it says that it is."""
    browser = next((name for word, name in _BROWSERS.items() if word in said), "")
    system = next((name for word, name in _SYSTEMS.items() if word in said), "")
    return " on ".join(part for part in (browser, system) if part) or said[:40] or "Unknown browser"
