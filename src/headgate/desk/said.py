"""What is said at the top of a page after something was done on the one before: word in the address -> sentence."""

from __future__ import annotations

from collections.abc import Mapping

SAID: Mapping[str, str] = {
    "signed-out": "You are signed out.",
    "signed-out-everywhere": "You are signed out in all browsers.",
    "saved": "Saved.",
    "password-changed": "Your password is changed, and all other browsers are signed out.",
    "token-revoked": "The token is revoked: scripts that use it are refused from now on.",
    "session-ended": "That browser is signed out.",
    "key-revoked": "The key is revoked: it is refused everywhere within a second.",
    "granted": "The partner's keys can send for this account within a second.",
    "withdrawn": "The partner's keys can no longer send for this account.",
    "role-given": "The role is given.",
    "role-taken": "The role is taken away.",
    "user-disabled": "The user is signed out everywhere and cannot sign in; their tokens are revoked.",
    "user-enabled": "The user can sign in again.",
    "account-made": "The account is there. Its first event group is the next step.",
    "group-made": "The event group is there, and takes events within a second.",
}
