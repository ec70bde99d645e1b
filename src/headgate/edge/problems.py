"""Which status each refusal has: the one table, and how a refusal reads (decisions 3 and 4)."""

from __future__ import annotations

from http import HTTPStatus

from headgate.edge.reply import CLOSE, Headers, Reply, plain_reply
from headgate.errors import (
    BodyTooLarge,
    BodyTooSlow,
    Forbidden,
    InvalidEnvelope,
    LogUnavailable,
    MethodNotAllowed,
    NotAcceptable,
    RequestError,
    TooManyRequests,
    Unauthorized,
    UnknownEventGroup,
    UnknownPath,
    UnsupportedMediaType,
)
from headgate_contract.answer import refusal

STATUS: dict[type[RequestError], HTTPStatus] = {
    InvalidEnvelope: HTTPStatus.BAD_REQUEST,
    Unauthorized: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    UnknownEventGroup: HTTPStatus.NOT_FOUND,
    UnknownPath: HTTPStatus.NOT_FOUND,
    MethodNotAllowed: HTTPStatus.METHOD_NOT_ALLOWED,
    NotAcceptable: HTTPStatus.NOT_ACCEPTABLE,
    BodyTooSlow: HTTPStatus.REQUEST_TIMEOUT,
    BodyTooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    UnsupportedMediaType: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    LogUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}

#: what is said of a fault of ours; the reason is in our log, under the request's id
FAULT = (
    "The server failed on this request; nothing of it was acknowledged. Send it again, or ask with the X-Request-Id."
)
ENDING = "The server is being stopped; nothing of this request was acknowledged. Send it again."


def status_of(error: RequestError) -> HTTPStatus:
    """The status of a refusal: its own, or that of the nearest class above it."""
    for kind in type(error).__mro__:
        if kind in STATUS:
            return STATUS[kind]
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem(error: RequestError) -> Reply:
    """The answer to a request that was refused."""
    status = status_of(error)
    headers = _headers(error)
    if isinstance(error, InvalidEnvelope):
        return Reply(status, refusal(status, str(error)), headers)
    return plain_reply(status, str(error), headers)


def fault() -> Reply:
    """The answer when we failed in a way that nobody foresaw."""
    return plain_reply(HTTPStatus.INTERNAL_SERVER_ERROR, FAULT)


def ending() -> Reply:
    """The answer to a request that was still waiting when the server had to end."""
    return plain_reply(HTTPStatus.SERVICE_UNAVAILABLE, ENDING, ((b"retry-after", b"1"), CLOSE))


def _headers(error: RequestError) -> Headers:
    headers: Headers = ()
    if error.retry_after is not None:
        headers += ((b"retry-after", b"%d" % error.retry_after),)
    if isinstance(error, Unauthorized):
        headers += ((b"www-authenticate", b'Bearer realm="headgate"'),)
    if isinstance(error, MethodNotAllowed):
        headers += ((b"allow", f"{error.allowed}, OPTIONS".encode("ascii")),)
    if isinstance(error, BodyTooSlow):
        headers += (CLOSE,)
    return headers
