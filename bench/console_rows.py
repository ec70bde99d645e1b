"""Ten million believable rows for one event group, made by the engine itself: what the console's figures are taken on."""

from __future__ import annotations

from pathlib import Path

import clickhouse_connect

from headgate.store.address import DATABASE
from headgate.store.clickhouse import open_embedded

DAYS = 60
#: rows of one insert: about what an hour of full load leaves behind
CHUNK = 250_000
GROUP = "bench_website"
ACCOUNT = "bench"

#: Row n: one in eight is the duplicate of the row before it, from the other source. Time runs on with n, so that the
#: parts look as if loaded one after the other; one event in a hundred comes days late.
_ROWS = """
INSERT INTO conversions (block, row, log_partition, log_offset, received_at, committed_at, taken_at, request_id,
    event_group_id, account_id, key_id, source, status, dedup_key, limited_data_use, event_id, event_name, event_time,
    event_type, event_source, event_source_url, opt_out, user_data, custom_data)
WITH
    number % 8 = 7 AS again,
    if(again, number - 1, number) AS n,
    cityHash64(n) AS chance,
    {first:UInt64} + intDiv(number * {span:UInt64}, {total:UInt64}) AS second,
    multiIf(chance % 100 = 0, 86400 + chance % 400000, chance % 20 = 1, 60 + chance % 3000, chance % 9) AS late,
    chance % 100 AS percent,
    multiIf(percent < 46, 'PAGE_VIEW', percent < 68, 'VIEW_CONTENT', percent < 80, 'ADD_TO_CART',
        percent < 88, 'INITIATE_CHECKOUT', percent < 95, 'PURCHASE', 'LEAD') AS name,
    if(again, if(chance % 5 < 3, 'pixel', 'api'), if(chance % 5 < 3, 'api', 'pixel')) AS from_source,
    intDiv(chance, 100) % 3000000 AS person
SELECT intDiv(number, 20000) + 1, number % 20000, 'edge-0', number + 1,
    toDateTime64(second, 6, 'UTC') + toIntervalMicrosecond(number % 1000000),
    toDateTime64(second, 6, 'UTC'), toDateTime64(second + 1, 6, 'UTC'), concat('request-', toString(intDiv(number, 100))),
    {group:String}, {account:String}, concat('key-', toString(chance % 3)), from_source,
    if(again, 'duplicate', 'kept'), bitShiftLeft(toUInt128(cityHash64(n, 1)), 64) + cityHash64(n, 2),
    intDiv(chance, 7) % 12 = 0, concat('event-', toString(n)), name, toDateTime(second - late - 1, 'UTC'), 'conversion',
    'website', concat('https://shop.example/p/', toString(chance % 500)), '',
    (
        true,
        if(intDiv(chance, 11) % 10 < 7, lower(hex(SHA256(toString(person)))), ''),
        if(intDiv(chance, 13) % 10 < 3, lower(hex(SHA256(toString(person + 7)))), ''),
        '', '', '', '', '', '', '', '', '',
        if(intDiv(chance, 17) % 10 < 4, toString(person), ''),
        if(from_source = 'pixel', concat('192.0.2.', toString(person % 250)), ''),
        if(from_source = 'pixel', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36', ''),
        '', '', '', '', '',
        if(intDiv(chance, 19) % 10 < 2, toString(generateUUIDv4(n)), ''),
        if(from_source = 'pixel', concat('fc.', toString(person)), '')
    ),
    (
        '', [], concat('Product ', toString(chance % 500)), '', [],
        if(name IN ('PURCHASE', 'ADD_TO_CART'), 'USD', ''), NULL, NULL, '', '',
        if(name IN ('PURCHASE', 'ADD_TO_CART'), toDecimal128((chance % 20000) / 100., 18), NULL),
        if(name = 'PURCHASE', concat('order-', toString(n % 5000000)), ''), '', '', '', '', '', '', ''
    )
FROM numbers({from:UInt64}, {count:UInt64})
SETTINGS max_insert_block_size = 300000, min_insert_block_size_rows = 300000, max_block_size = 300000,
    max_insert_threads = 1, max_threads = 2
"""
_REJECTIONS = """
INSERT INTO rejections (block, row, received_at, request_id, event_group_id, account_id, key_id, source, event_index,
    event_id, event_name, errors, event)
SELECT intDiv(number, 200) + 1, number % 200, toDateTime64({last:UInt64} - intDiv(number * 604000, {count:UInt64}), 6, 'UTC'),
    concat('request-', toString(number)), {group:String}, {account:String}, concat('key-', toString(number % 3)), 'api',
    number % 100, concat('bad-', toString(number)), if(number % 3 = 0, 'Purchased', 'PURCHASE'),
    multiIf(number % 3 = 0, map('event_name', concat('Invalid event name: Purchased', toString(number % 9),
            '. Event name must be one of the supported values.')),
        number % 3 = 1, map('event_time', 'looks like milliseconds or finer; send seconds since 1970 in UTC'),
        map(concat('custom_data.contents[', toString(number % 5), '].price'), 'price is required',
            'user_data', 'At least one user identifier is required')),
    '{"event_name":"PURCHASE","event_time":1764000000000,"user_data":{"em":"(64 characters)"}}'
FROM numbers({count:UInt64})
"""


def fill(folder: Path, events: int, now: int) -> None:
    """Make a store in `folder` with so many rows over the last sixty days, and one rejection to fifty of them."""
    store = open_embedded(folder)
    store.migrate()
    store.close()
    client = clickhouse_connect.get_client(interface="chdb", path=str(folder), database=DATABASE)
    shared = {"group": GROUP, "account": ACCOUNT, "total": events, "first": now - DAYS * 86400, "span": DAYS * 86400}
    for start in range(0, events, CHUNK):
        client.command(_ROWS, {**shared, "from": start, "count": min(CHUNK, events - start)})
    client.command(_REJECTIONS, {"group": GROUP, "account": ACCOUNT, "last": now - 1, "count": max(events // 50, 1)})
    client.command("INSERT INTO tallies (block, event_group_id, hour) VALUES (1, 'bench_website', now())")
    client.close()
