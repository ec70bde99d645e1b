from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate_client import Batching, Block, Client, ClientError, InvalidOption, Options, Retries, Spill

KEY = "a.b.c"


class Nowhere:
    def send(self, request: Any) -> Any:
        raise AssertionError(request)

    def close(self) -> None:
        pass


def client(url: str = "https://events.example.com", key: str = KEY, group: str = "g") -> Client:
    return Client(url, key, group, transport=Nowhere())


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("events.example.com", "such as https://"),
        ("", "such as https://"),
        ("ftp://events.example.com", "such as https://"),
        ("https://", "such as https://"),
        ("https://x:0", "such as https://"),
        ("https://x:99999", "url is no address"),
        ("https://x/v1/events", "leave that out"),
        ("https://x/v1", "leave that out"),
        ("https://me:secret@x", "scheme, host and port only"),
        ("https://x?y=1", "scheme, host and port only"),
        ("http://events.example.com", "plain http"),
        ("http://10.0.0.1:8000", "plain http"),
    ],
)
def test_an_address_that_cannot_work_is_refused_with_the_cure(url: str, told: str) -> None:
    with pytest.raises(InvalidOption, match=told):
        client(url)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://x/", "https://x"),
        (" https://x:8443 ", "https://x:8443"),
        ("https://x/events/", "https://x/events"),
        ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ("http://localhost:8000/", "http://localhost:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_is_taken_with_or_without_a_slash(url: str, base: str) -> None:
    assert client(url).url == base


@pytest.mark.parametrize("key", ["", "  ", "Bearer a.b.c", "a.b\nc", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(key: str) -> None:
    with pytest.raises(InvalidOption) as caught:
        client(key=key)
    assert not key.strip() or key not in str(caught.value)


def test_an_empty_event_group_is_refused() -> None:
    with pytest.raises(InvalidOption, match="event_group_id"):
        client(group="")


def test_a_client_does_not_show_its_key() -> None:
    assert repr(client()) == "Client('https://events.example.com', event_group_id='g')"


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: Retries(attempts=0), "attempts"),
        (lambda: Retries(first_wait=-1), "first_wait"),
        (lambda: Retries(longest_wait=float("inf")), "longest_wait"),
        (lambda: Retries(deadline=float("nan")), "deadline"),
        (lambda: Options(timeout=0), "timeout"),
        (lambda: Options(connect_timeout=-1), "connect_timeout"),
        (lambda: Options(events_per_request=1001), "events_per_request"),
        (lambda: Options(events_per_request=0), "events_per_request"),
        (lambda: Options(body_limit=10), "body_limit"),
        (lambda: Options(compress_over=-1), "compress_over"),
        (lambda: Batching(events=0), "at least one"),
        (lambda: Batching(age=-1), "age"),
        (lambda: Block(events=0), "at least one"),
        (lambda: Block(timeout=-1), "timeout"),
        (lambda: Block(timeout=float("nan")), "timeout"),
        (lambda: Spill(path=Path("x"), bytes=0), "at least one"),
    ],
)
def test_an_option_that_cannot_work_is_refused_by_name(make: Any, named: str) -> None:
    with pytest.raises(InvalidOption, match=named) as caught:
        make()
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, ClientError)
