"""The store in ClickHouse: embedded (chDB), a server or a cluster, with one set of SQL."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import clickhouse_connect
import numpy as np
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from headgate.errors import RowsRefused, StoreError, StoreFailed, StoreUnavailable
from headgate.store import sql
from headgate.store.address import DATABASE, read_address
from headgate.store.base import EVER, Kept
from headgate.store.codes import told

REJECTIONS_DAYS = 7
#: A load is parsed in one go into one part of a table: a token then stands for all of it. Nothing waits in memory.
#: What is added up from it goes by the same token: a load that was cut short between the two is made whole by the next.
LOAD_SETTINGS = {
    "async_insert": 0,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    "input_format_parallel_parsing": 0,
    "input_format_skip_unknown_fields": 1,
    "max_block_size": 10_000_000,
    "max_insert_block_size": 10_000_000,
    "max_insert_threads": 1,
    "max_partitions_per_insert_block": 0,
    "min_insert_block_size_bytes": 0,
    "min_insert_block_size_rows": 10_000_000,
}
#: in a condition a name means the column, not what is made of it under the same name
QUERY_SETTINGS = {"prefer_column_name_to_alias": 1}
#: keys asked for in one query
KEYS_A_QUERY = 20_000
SHARDS = 16
MINUTE = 60
#: how the engine writes the TTL of a table, in days
_TTL_DAYS = re.compile(r"\bTTL\b .*?toIntervalDay\((\d+)\)")
_KEPT = np.dtype([("high", "<u8"), ("low", "<u8"), ("time", "<u4")])

Open = Callable[[str | None], Client]


class ClickHouseStore:
    """See `headgate.store.base.Store`.

    `connect` opens a client on a database, or on none yet. Loads and queries have a client each, so that a report does
    not wait for a load; the calls of either are taken one at a time. Rejections are kept for `rejections_days`.
    """

    def __init__(self, connect: Open, database: str = DATABASE, rejections_days: int = REJECTIONS_DAYS) -> None:
        self._rejections_days = rejections_days
        try:
            first = connect(None)
            try:
                first.command(f"CREATE DATABASE IF NOT EXISTS {database}")
            finally:
                first.close()
            self._loading = connect(database)
            self._querying = connect(database)
        except (ClickHouseError, OSError) as error:
            raise told(error) from error
        self._load_lock = threading.Lock()
        self._query_lock = threading.Lock()

    def migrate(self, migrations: Sequence[sql.Migration] = sql.MIGRATIONS) -> None:
        """Bring the tables to this version's schema: a new store by the schema, an older one by the migrations."""
        if not self._command("EXISTS TABLE schema_version") or not (version := self._version()):
            for statement in sql.SCHEMA:
                self._command(statement)
            version = sql.MIGRATIONS[-1].version
            self._note(version)
        for migration in migrations:
            if migration.version > version:
                for statement in migration.statements:
                    self._command(statement)
                self._note(migration.version)
        self._keep_rejections()

    def load(self, table: str, lines: Sequence[bytes], token: str) -> None:
        """Add rows, all of them or none; a second load with this token changes nothing."""
        if lines:
            self._insert(table, lines, LOAD_SETTINGS | {"insert_deduplicate": 1, "insert_deduplication_token": token})

    def refused(self, table: str, lines: Sequence[bytes]) -> Mapping[int, str]:
        """Place -> reason of each line that `load` would not take: found by halving, against a table that keeps nothing."""
        probe = f"{table}_probe"
        self._command(f"DROP TABLE IF EXISTS {probe}")
        self._command(f"CREATE TABLE {probe} AS {table} ENGINE = Null")
        try:
            return self._halve(probe, lines, 0)
        finally:
            self._command(f"DROP TABLE IF EXISTS {probe}")

    def rows_of(self, table: str, block: int) -> int:
        """How many rows of a block the table holds."""
        return int(self._command(f"SELECT count() FROM {table} WHERE block = {block:d}"))  # noqa: S608 (our own names)

    def added_up(self, table: str, block: int) -> bool:
        """Whether what is added up from a table holds all rows of this block, the newest."""
        columns = ("conversions", "dead_letters", "rejections")
        return table not in columns or bool(self._rows("added_up", {"block": block})[0][columns.index(table)])

    def newest_block(self) -> int:
        """The highest block of which anything lasting is there."""
        return int(self._rows("newest_block", {})[0][0])

    def whole_blocks(self, last: int) -> int:
        """How many of the blocks 1 to `last` have a tally."""
        return int(self._rows("whole_blocks", {"last": last})[0][0])

    def kept_keys(self, keys: Sequence[int], first: int, last: int, before_block: int) -> Kept:
        """Kept conversions with one of these keys and an event time in the range."""
        span = {"first": max(first, 0), "last": min(last, 2**32 - 1), "before_block": before_block}
        found = [
            self._kept("kept_keys", {**span, "keys": list(keys[start : start + KEYS_A_QUERY])})
            for start in range(0, len(keys), KEYS_A_QUERY)
        ]
        return _columns(found, EVER)

    def newest_kept(self, limit: int, before_block: int) -> Kept:
        """The kept conversions with the highest event times: as many whole minutes as the limit takes."""
        first, since, total = 2**32, EVER, 0
        for minute, kept in self._rows("kept_per_minute", {"before_block": before_block}):
            total += kept
            if total > limit:
                since = min(first, (minute + 1) * MINUTE)
                break
            first = minute * MINUTE
        if first == 2**32:
            return _columns([], since)
        span = {"first": first, "before_block": before_block}
        return _columns([self._kept("kept_since", {**span, "shard": shard}) for shard in range(SHARDS)], since)

    def query(self, name: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        """Run a named query."""
        with self._query_lock:
            try:
                result = self._querying.query(sql.QUERIES[name], dict(parameters or {}), settings=QUERY_SETTINGS)
                return list(result.named_results())
            except (ClickHouseError, OSError) as error:
                raise told(error) from error

    def close(self) -> None:
        """Let go of the store."""
        with self._load_lock, self._query_lock:
            self._loading.close()
            self._querying.close()

    def _version(self) -> int:
        return int(self._command("SELECT max(version) FROM schema_version"))

    def _note(self, version: int) -> None:
        self._command(f"INSERT INTO schema_version (version) VALUES ({version:d})")  # noqa: S608 (a number)

    def _keep_rejections(self) -> None:
        """Let rejections live as long as wished. The engine deletes in its own time, old rows too."""
        (made,) = self._rows("made_as", {"table": "rejections"})[0]
        found = _TTL_DAYS.search(made)
        if found is None or int(found[1]) != self._rejections_days:
            ttl = f"toDateTime(received_at) + INTERVAL {self._rejections_days:d} DAY"
            self._command(f"ALTER TABLE rejections MODIFY TTL {ttl}")

    def _halve(self, probe: str, lines: Sequence[bytes], start: int) -> dict[int, str]:
        """Raises `StoreFailed` where it is not the rows: the table does not even take one of nothing but defaults."""
        try:
            self._insert(probe, lines, LOAD_SETTINGS)
        except (RowsRefused, StoreFailed) as error:
            if len(lines) > 1:
                middle = len(lines) // 2
                return self._halve(probe, lines[:middle], start) | self._halve(probe, lines[middle:], start + middle)
            if isinstance(error, RowsRefused) or self._fails_again(probe, lines):
                return {start: str(error)}
        return {}

    def _fails_again(self, probe: str, line: Sequence[bytes]) -> bool:
        """Whether this row fails while another one passes. Raises `StoreFailed` when none does."""
        self._insert(probe, [b"{}"], LOAD_SETTINGS)
        try:
            self._insert(probe, line, LOAD_SETTINGS)
        except (RowsRefused, StoreFailed):
            return True
        return False

    def _insert(self, table: str, lines: Sequence[bytes], settings: dict[str, Any]) -> None:
        with self._load_lock:
            try:
                self._loading.raw_insert(table, insert_block=b"\n".join(lines), fmt="JSONEachRow", settings=settings)
            except (ClickHouseError, OSError) as error:
                raise told(error, of_rows=True) from error

    def _command(self, statement: str) -> Any:
        with self._load_lock:
            try:
                return self._loading.command(statement)
            except (ClickHouseError, OSError) as error:
                raise told(error) from error

    def _rows(self, name: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        with self._load_lock:
            try:
                return self._loading.query(sql.QUERIES[name], parameters=parameters).result_rows
            except (ClickHouseError, OSError) as error:
                raise told(error) from error

    def _kept(self, name: str, parameters: dict[str, Any]) -> bytes:
        with self._load_lock:
            try:
                return self._loading.raw_query(sql.QUERIES[name], parameters=parameters, fmt="RowBinary")
            except (ClickHouseError, OSError) as error:
                raise told(error) from error


def open_embedded(path: Path, database: str = DATABASE, rejections_days: int = REJECTIONS_DAYS) -> ClickHouseStore:
    """The engine in this process, on a folder of its own. One folder a process, one process a folder."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the folder {path} of the store cannot be made: {error.strerror}") from error
    return ClickHouseStore(
        lambda name: clickhouse_connect.get_client(interface="chdb", path=str(path), database=name),
        database,
        rejections_days,
    )


def open_server(url: str, rejections_days: int = REJECTIONS_DAYS) -> ClickHouseStore:
    """A server or cluster at an URL such as `https://user:password@host:8443/database`.

    The database is made where it is missing; it is `headgate` when none is named. Raises `SettingsError` when that is
    no such URL and `StoreUnavailable` when the server cannot be reached or lets us not in; neither shows the password.
    """
    server = read_address(url)
    try:
        return ClickHouseStore(
            lambda name: clickhouse_connect.get_client(
                interface=server.scheme,
                host=server.host,
                port=server.port,
                username=server.user,
                password=server.password,
                database=name or "default",
                autogenerate_session_id=False,
                send_receive_timeout=60,
            ),
            server.database,
            rejections_days,
        )
    except StoreError as error:
        raise StoreUnavailable(f"the store at {server.scheme}://{server.host}:{server.port}: {error}") from error


def _columns(parts: Sequence[bytes], since: int) -> Kept:
    rows = np.frombuffer(b"".join(parts), _KEPT)
    return Kept(
        rows["high"].astype(np.uint64), rows["low"].astype(np.uint64), rows["time"].astype(np.int64), since=since
    )
