"""What can be told of a store's URL without a server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from headgate.errors import SettingsError, StoreUnavailable
from headgate.store.address import read_address
from headgate.store.clickhouse import open_server

PASSWORD = "hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        f"{PASSWORD}",
        "127.0.0.1:8123",
        "https://",
        f"https://user:{PASSWORD}@",
        f"ftp://user:{PASSWORD}@host",
        f"clickhouse://user:{PASSWORD}@host",
        "chdb://memory",
        f"https://user:{PASSWORD}@host:999999",
        f"https://user:{PASSWORD}@host:port",
        f"https://user:{PASSWORD}/with-a-slash@host",
        f"https://user:{PASSWORD}@[host",
        f"https://user@host/?password={PASSWORD}",
        f"https://user:{PASSWORD}@host/two/parts",
        f"https://user:{PASSWORD}@host/a;DROP",
    ],
)
def test_what_is_no_url_of_a_server_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^store: .*expected one as in https://") as caught:
        open_server(url)
    assert PASSWORD not in str(caught.value)


def test_the_parts_of_an_url_are_read() -> None:
    assert read_address("https://ada:p%40ss@db.example:9440/events_1") == (
        "https", "db.example", 9440, "ada", "p@ss", "events_1",
    )  # fmt: skip
    assert read_address("http://db.example") == ("http", "db.example", 8123, None, "", "headgate")
    assert read_address("https://db.example/").port == 8443


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def answered_by(listener: socket.socket, answer: bytes, heard: list[bytes]) -> threading.Thread:
    """Answer each connection so, until the listener is closed."""

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                heard.append(connection.recv(65536))
                connection.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return thread


def test_a_server_that_is_not_there_is_told_without_the_password(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    with pytest.raises(StoreUnavailable, match=f"the store at http://127.0.0.1:{port}: ") as caught:
        open_server(f"http://user:{PASSWORD}@127.0.0.1:{port}")
    assert PASSWORD not in str(caught.value)


def test_a_server_that_lets_us_not_in_is_told_without_the_password(listener: socket.socket) -> None:
    body = b"Code: 516. DB::Exception: user: Authentication failed: password is incorrect. (AUTHENTICATION_FAILED)"
    answer = b"HTTP/1.1 403 Forbidden\r\nX-ClickHouse-Exception-Code: 516\r\nContent-Length: %d\r\n\r\n%b"
    heard: list[bytes] = []
    answered_by(listener, answer % (len(body), body), heard)
    with pytest.raises(StoreUnavailable, match=r"ClickHouse code 516: .*Authentication failed") as caught:
        open_server(f"http://user:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}")
    assert PASSWORD not in str(caught.value)
    assert heard


def test_something_that_is_no_clickhouse_is_told(listener: socket.socket) -> None:
    answered_by(listener, b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", [])
    with pytest.raises(StoreUnavailable, match="the store at http://127"):
        open_server(f"http://user:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}")


def test_https_is_spoken_on_any_port_and_nothing_goes_over_the_line_in_clear(listener: socket.socket) -> None:
    heard: list[bytes] = []
    answered_by(listener, b"", heard)
    with pytest.raises(StoreUnavailable):
        open_server(f"https://user:{PASSWORD}@127.0.0.1:{listener.getsockname()[1]}")
    # a TLS handshake
    assert heard[0][:1] == b"\x16"
    assert not any(b"HTTP" in each for each in heard)
