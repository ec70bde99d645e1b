"""Send conversion events to an Events API.

`Client` and `AsyncClient` send now and report on every event. `Queue` and `AsyncQueue` take events one by one and send
them in the background. `event`, `user_data`, `custom_data` and `content` build events. `lint_event` and `check_times`
find mistakes that no server can see.
"""

from headgate_client._async_queue import AsyncQueue
from headgate_client._build import check_event, content, custom_data, event, user_data
from headgate_client._client import AsyncClient, Client
from headgate_client._clock import check_times
from headgate_client._errors import (
    ClientError,
    Closed,
    ConnectFailed,
    InvalidEvent,
    InvalidOption,
    MissingExtra,
    NoAnswer,
    NotAccepted,
    QueueFull,
    SpillUnusable,
    TransportError,
)
from headgate_client._finding import Finding, Severity
from headgate_client._http import AsyncHttpTransport, HttpTransport
from headgate_client._lint import lint_event
from headgate_client._normal import (
    PhoneDigests,
    digest,
    normal_birthday,
    normal_email,
    normal_gender,
    normal_name,
    normal_phone,
    phone_digests,
)
from headgate_client._options import Options, Retries
from headgate_client._outcome import AnyEvent, Outcome, Reason, Rejected, Undelivered
from headgate_client._policy import Batching, Block, Drop, Full, Spill
from headgate_client._queue import Queue
from headgate_client._report import QueueReport
from headgate_client._transport import AsyncTransport, Request, Response, Transport
from headgate_contract.event import Content, CustomData, Event, UserData

__all__ = [
    "AnyEvent",
    "AsyncClient",
    "AsyncHttpTransport",
    "AsyncQueue",
    "AsyncTransport",
    "Batching",
    "Block",
    "Client",
    "ClientError",
    "Closed",
    "ConnectFailed",
    "Content",
    "CustomData",
    "Drop",
    "Event",
    "Finding",
    "Full",
    "HttpTransport",
    "InvalidEvent",
    "InvalidOption",
    "MissingExtra",
    "NoAnswer",
    "NotAccepted",
    "Options",
    "Outcome",
    "PhoneDigests",
    "Queue",
    "QueueFull",
    "QueueReport",
    "Reason",
    "Rejected",
    "Request",
    "Response",
    "Retries",
    "Severity",
    "Spill",
    "SpillUnusable",
    "Transport",
    "TransportError",
    "Undelivered",
    "UserData",
    "check_event",
    "check_times",
    "content",
    "custom_data",
    "digest",
    "event",
    "lint_event",
    "normal_birthday",
    "normal_email",
    "normal_gender",
    "normal_name",
    "normal_phone",
    "phone_digests",
    "user_data",
]
