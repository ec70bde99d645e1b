"""Everything Headgate raises on purpose.

HeadgateError
├── RequestError              what a sender did wrong, or what we could not do for it; each has a status in `edge/problems.py`
│   ├── InvalidEnvelope       400  the request is no batch: not JSON, no group, no events, too many
│   ├── Unauthorized          401  no key, or one that is malformed, unsigned, unknown or revoked
│   ├── Forbidden             403
│   │   ├── KeyNotForGroup         the key is good, but not for this event group's account
│   │   └── PartnerNotAllowed      the account does not list this partner
│   ├── UnknownEventGroup     404
│   ├── UnknownPath           404
│   ├── MethodNotAllowed      405
│   ├── NotAcceptable         406  `Accept` excludes JSON
│   ├── BodyTooSlow           408
│   ├── BodyTooLarge          413
│   ├── UnsupportedMediaType  415  not JSON, or an encoding that is not gzip or zstd
│   ├── TooManyRequests       429
│   └── LogUnavailable        503  the event cannot be made durable now
├── LogCorrupt                     a stretch of the log or archive does not read back
├── StoreError
│   ├── StoreUnavailable           the store cannot be reached or cannot write; the same load may be tried again
│   │   └── StoreFailed            for a reason that is not known to pass by itself
│   └── RowsRefused                the store cannot take these rows, now or later
├── RegistryError
│   ├── NotRegistered              no such organization, account, event group, partner or key
│   ├── AlreadyRegistered          the name or id is taken
│   └── InvalidRegistration        a value that the registry cannot take
├── SettingsError                  an unknown setting, or a value it cannot take
├── AlreadyRunning                 another process holds this data folder
└── CoreStopped                    the core gave up loudly rather than divert every record

The docstring of a class is its message where none is given.
"""

from __future__ import annotations

import inspect


class HeadgateError(Exception):
    """Something went wrong in Headgate."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)) or type(self).__name__)


class RequestError(HeadgateError):
    """The request could not be served."""

    #: seconds after which the sender may try again; None where trying again does not help
    retry_after: int | None = None


class InvalidEnvelope(RequestError):
    """The body is not a batch of events."""


class Unauthorized(RequestError):
    """The API key is missing, malformed, unsigned or revoked. Send it as 'Authorization: Bearer <key>'."""


class Forbidden(RequestError):
    """The API key may not do this."""


class KeyNotForGroup(Forbidden):
    """The API key is valid, but not for the account of this event group."""


class PartnerNotAllowed(Forbidden):
    """The account of this event group does not allow this partner."""


class UnknownEventGroup(RequestError):
    """There is no event group with this event_group_id."""


class UnknownPath(RequestError):
    """There is nothing at this path. Events go to POST /v1/events, tests to POST /v1/test_events."""


class MethodNotAllowed(RequestError):
    """This path does not take this method."""

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This path takes {allowed} only.")
        self.allowed = allowed


class NotAcceptable(RequestError):
    """Answers are JSON: let Accept include application/json, or leave it out."""


class BodyTooSlow(RequestError):
    """The body did not arrive in time."""


class BodyTooLarge(RequestError):
    """The body is over the limit. Send fewer events a request."""


class UnsupportedMediaType(RequestError):
    """Content-Type must be application/json; Content-Encoding, if any, gzip or zstd."""


class TooManyRequests(RequestError):
    """This key sends faster than it may."""

    def __init__(self, retry_after: int, message: str | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LogUnavailable(RequestError):
    """The events cannot be made durable right now; nothing was kept. Send the same request again."""

    retry_after = 2


class LogCorrupt(HeadgateError):
    """A stretch of the log does not read back."""


class StoreError(HeadgateError):
    """The store failed."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, or cannot write."""


class StoreFailed(StoreUnavailable):
    """The store failed, in a way that need not pass by itself."""


class RowsRefused(StoreError):
    """The store cannot take these rows."""


class RegistryError(HeadgateError):
    """The registry refused."""


class NotRegistered(RegistryError):
    """There is no such entry in the registry."""


class AlreadyRegistered(RegistryError):
    """This id or name is taken."""


class InvalidRegistration(RegistryError):
    """The registry cannot take this value."""


class SettingsError(HeadgateError):
    """A setting is unknown, or has a value it cannot take."""


class AlreadyRunning(HeadgateError):
    """Another process holds this data folder."""


class CoreStopped(HeadgateError):
    """Too many records in a row could be neither kept nor loaded."""
