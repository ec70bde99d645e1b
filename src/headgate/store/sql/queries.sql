-- Named queries. Each begins with its name and says in a sentence what it gives.
-- Times are asked and given in microseconds since 1970, but for event times, which are seconds.

-- name: made_as
-- The statement that would make a table as it is now.
SELECT create_table_query
FROM system.tables
WHERE database = currentDatabase() AND name = {table:String}

-- name: newest_block
-- The highest block in any table whose rows are not deleted by age; 0 in an empty store.
SELECT max(newest) AS newest
FROM
(
    SELECT max(block) AS newest FROM tallies
    UNION ALL
    -- a block's tallies are loaded last: of a block that was cut short there may be conversions only
    SELECT max(block) AS newest FROM conversions WHERE block > (SELECT max(block) FROM tallies)
    UNION ALL
    SELECT max(block) AS newest FROM dead_letters WHERE block > (SELECT max(block) FROM tallies)
)

-- name: whole_blocks
-- How many of the blocks up to one have a tally.
SELECT groupBitmap(block) AS blocks
FROM tallies
WHERE block <= {last:UInt64}

-- name: added_up
-- Whether what was added up from the rows of the newest block is there: every month of them, as a month is one part.
SELECT
    (SELECT uniqExact(toYYYYMM(received_at)) FROM conversions WHERE block = {block:UInt64})
        = (SELECT uniqExact(toYYYYMM(quarter)) FROM quarter_hours
            WHERE newest_block = {block:UInt64} AND status IN ('kept', 'duplicate'))
        AND (SELECT uniqExact(toYYYYMM(received_at)) FROM conversions WHERE block = {block:UInt64} AND status = 'kept')
            = (SELECT uniqExact(toYYYYMM(quarter)) FROM key_sets WHERE newest_block = {block:UInt64})
        AND (SELECT count() FROM conversions
            WHERE block = {block:UInt64} AND dedup_key != 0 AND bitAnd(toUInt64(dedup_key), 15) = 0)
            = (SELECT count() FROM sampled_ids WHERE block = {block:UInt64}) AS conversions,
    (SELECT uniqExact(toYYYYMM(received_at)) FROM dead_letters WHERE block = {block:UInt64})
        = (SELECT uniqExact(toYYYYMM(quarter)) FROM quarter_hours
            WHERE newest_block = {block:UInt64} AND status = 'dead') AS dead_letters,
    (SELECT uniqExact(toYYYYMM(received_at)) FROM rejections WHERE block = {block:UInt64})
        = (SELECT uniqExact(toYYYYMM(quarter)) FROM quarter_hours
            WHERE newest_block = {block:UInt64} AND status = 'rejected') AS rejections

-- name: kept_keys
-- Kept conversions with one of these keys and an event time in the range, as three numbers a row.
SELECT toUInt64(bitShiftRight(dedup_key, 64)) AS high, toUInt64(dedup_key) AS low, toUInt32(event_time) AS time
FROM conversions
WHERE status = 'kept'
    AND dedup_key IN {keys:Array(UInt128)}
    AND event_time >= toDateTime({first:UInt32}, 'UTC')
    AND event_time <= toDateTime({last:UInt32}, 'UTC')
    AND block < {before_block:UInt64}

-- name: kept_per_minute
-- How many kept conversions with a key there are in each minute of event time, newest first.
SELECT intDiv(toUInt32(event_time), 60) AS minute, count() AS kept
FROM conversions
WHERE status = 'kept' AND dedup_key != 0 AND block < {before_block:UInt64}
GROUP BY minute
ORDER BY minute DESC

-- name: kept_since
-- Kept conversions from an event time on whose key begins with these four bits, as three numbers a row.
SELECT toUInt64(bitShiftRight(dedup_key, 64)) AS high, toUInt64(dedup_key) AS low, toUInt32(event_time) AS time
FROM conversions
WHERE status = 'kept'
    AND dedup_key != 0
    AND event_time >= toDateTime({first:UInt32}, 'UTC')
    AND block < {before_block:UInt64}
    AND bitShiftRight(dedup_key, 124) = {shard:UInt8}

-- name: event_blocks
-- How many events of a group there are in each block, kept, duplicate and dead, newest block first.
SELECT block, sum(events) AS events
FROM
(
    SELECT block, count() AS events
    FROM conversions
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= fromUnixTimestamp64Micro({since:Int64})
        AND {status:String} IN ('', toString(status))
    GROUP BY block
    UNION ALL
    SELECT block, count() AS events
    FROM dead_letters
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= fromUnixTimestamp64Micro({since:Int64})
        AND {status:String} IN ('', 'dead')
    GROUP BY block
)
GROUP BY block
ORDER BY block DESC

-- name: events
-- Events of a group in a range of blocks, newest first.
SELECT *
FROM
(
    SELECT block, row, toUnixTimestamp64Micro(received_at) AS received_at, toString(status) AS status, '' AS reason,
        event_group_id, event_id, toString(event_name) AS event_name, toInt64(toUInt32(event_time)) AS event_time,
        toString(event_source) AS event_source, toString(custom_data.value) AS value,
        custom_data.currency AS currency, custom_data.order_id AS order_id, limited_data_use, bot, request_id,
        toString(account_id) AS account_id, toString(key_id) AS key_id, toString(source) AS source,
        event_source_url, referrer_url, toString(partner_name) AS partner_name, toJSONString(user_data) AS user_data,
        toJSONString(custom_data) AS custom_data, unknown, hashed_on_receipt
    FROM conversions
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= fromUnixTimestamp64Micro({since:Int64})
        AND block >= {first_block:UInt64}
        AND block <= {last_block:UInt64}
        AND {status:String} IN ('', toString(conversions.status))
    UNION ALL
    SELECT block, row, toUnixTimestamp64Micro(received_at) AS received_at, 'dead' AS status,
        toString(reason) AS reason, event_group_id, event_id, toString(event_name) AS event_name,
        CAST(NULL AS Nullable(Int64)) AS event_time, '' AS event_source, CAST(NULL AS Nullable(String)) AS value,
        '' AS currency, '' AS order_id, CAST(false AS Bool) AS limited_data_use, CAST(false AS Bool) AS bot, request_id,
        toString(account_id) AS account_id, toString(key_id) AS key_id, toString(source) AS source,
        '' AS event_source_url, '' AS referrer_url, '' AS partner_name, '{}' AS user_data, '{}' AS custom_data,
        CAST(map() AS Map(String, String)) AS unknown,
        CAST([] AS Array(LowCardinality(String))) AS hashed_on_receipt
    FROM dead_letters
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= fromUnixTimestamp64Micro({since:Int64})
        AND block >= {first_block:UInt64}
        AND block <= {last_block:UInt64}
        AND {status:String} IN ('', 'dead')
)
ORDER BY block DESC, row DESC

-- name: trace_conversions
-- Stored events with an id, oldest first; of all groups where the group is left empty.
SELECT block, row, log_partition, log_offset, toUnixTimestamp64Micro(received_at) AS received_at,
    toUnixTimestamp64Micro(committed_at) AS committed_at, toUnixTimestamp64Micro(taken_at) AS taken_at, request_id,
    event_group_id, account_id, key_id, source, toString(status) AS status, toString(dedup_key) AS dedup_key,
    event_name, toUInt32(event_time) AS event_time, limited_data_use, hashed_on_receipt,
    arrayFilter(field -> NOT has(hashed_on_receipt, field.1) AND field.2 != '',
        [('em', user_data.em), ('ph', user_data.ph), ('fn', user_data.fn), ('ln', user_data.ln),
         ('ge', user_data.ge), ('db', user_data.db)]).1 AS hashed_by_sender,
    arrayFilter(field -> field.2 != '',
        [('em', user_data.em), ('ph', user_data.ph), ('ph_e164', user_data.ph_e164),
         ('external_id', user_data.external_id), ('client_ip_address', user_data.client_ip_address),
         ('aGA', user_data.aGA), ('aID', user_data.aID), ('aDX', user_data.aDX), ('aGI', user_data.aGI),
         ('aRI', user_data.aRI), ('aFC', user_data.aFC)]).1 AS match_keys
FROM conversions
WHERE event_id = {event_id:String} AND {event_group_id:String} IN ('', event_group_id)
ORDER BY block, row

-- name: trace_dead_letters
-- Dead letters with an event id, oldest first.
SELECT block, row, log_partition, log_offset, toUnixTimestamp64Micro(received_at) AS received_at,
    toUnixTimestamp64Micro(committed_at) AS committed_at, toUnixTimestamp64Micro(taken_at) AS taken_at, request_id,
    event_group_id, account_id, key_id, source, event_name, reason, detail
FROM dead_letters
WHERE event_id = {event_id:String} AND {event_group_id:String} IN ('', event_group_id)
ORDER BY block, row

-- name: trace_rejections
-- Rejected events with an id, oldest first.
SELECT block, row, toUnixTimestamp64Micro(received_at) AS received_at, request_id, event_group_id, account_id, key_id,
    source, event_index, event_name, errors
FROM rejections
WHERE event_id = {event_id:String} AND {event_group_id:String} IN ('', event_group_id)
ORDER BY block, row

-- name: duplicate_of
-- The kept conversion, taken before a duplicate, whose event time is near enough: the first one.
SELECT block, row, request_id, toUnixTimestamp64Micro(received_at) AS received_at,
    toUInt32(event_time) AS event_time, source
FROM conversions
WHERE status = 'kept'
    AND dedup_key = toUInt128({dedup_key:String})
    AND event_time >= toDateTime({first:UInt32}, 'UTC')
    AND event_time <= toDateTime({last:UInt32}, 'UTC')
    AND (block, row) < ({block:UInt64}, {row:UInt32})
ORDER BY block, row
LIMIT 1

-- name: reconcile
-- Events by group, key and hour of receipt: what the requests said, and what became of the accepted ones.
SELECT event_group_id, key_id, hour, sum(received_events) AS received, sum(accepted_events) AS accepted,
    sum(rejected_events) AS rejected, sum(kept_events) AS kept, sum(duplicate_events) AS duplicate,
    sum(dead_events) AS dead_letter
FROM
(
    SELECT toString(event_group_id) AS event_group_id, toString(key_id) AS key_id, toUInt32(hour) AS hour,
        sum(received) AS received_events, sum(accepted) AS accepted_events, sum(rejected) AS rejected_events,
        toUInt64(0) AS kept_events, toUInt64(0) AS duplicate_events, toUInt64(0) AS dead_events
    FROM tallies
    WHERE {event_group_id:String} IN ('', event_group_id)
    GROUP BY event_group_id, key_id, hour
    UNION ALL
    SELECT toString(event_group_id), toString(key_id), toUInt32(toStartOfHour(received_at)) AS hour,
        0, 0, 0, countIf(status = 'kept'), countIf(status = 'duplicate'), 0
    FROM conversions
    WHERE {event_group_id:String} IN ('', event_group_id)
    GROUP BY event_group_id, key_id, hour
    UNION ALL
    SELECT toString(event_group_id), toString(key_id), toUInt32(toStartOfHour(received_at)) AS hour,
        0, 0, 0, 0, 0, count()
    FROM dead_letters
    WHERE {event_group_id:String} IN ('', event_group_id)
    GROUP BY event_group_id, key_id, hour
)
WHERE hour >= intDiv({since:Int64}, 1000000) - 3599
GROUP BY event_group_id, key_id, hour
HAVING received + accepted + rejected + kept + duplicate + dead_letter > 0
ORDER BY event_group_id, key_id, hour

-- name: rejection_blocks
-- How many rejected events of a group there are in each block, newest block first; of all groups where it is empty.
SELECT block, count() AS events
FROM rejections
WHERE {event_group_id:String} IN ('', event_group_id) AND received_at >= fromUnixTimestamp64Micro({since:Int64})
GROUP BY block
ORDER BY block DESC

-- name: rejections
-- Rejected events in a range of blocks, newest first.
SELECT block, row, toUnixTimestamp64Micro(received_at) AS received_at, request_id, event_group_id, account_id, key_id,
    source, event_index, event_id, event_name, errors, event
FROM rejections
WHERE {event_group_id:String} IN ('', event_group_id)
    AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND block >= {first_block:UInt64}
    AND block <= {last_block:UInt64}
ORDER BY block DESC, row DESC

-- name: keys_used
-- The keys that requests came with in an account, when the last did, in seconds, and from which address.
-- Of rows that are older than these columns, the hour.
SELECT key_id, toUInt32(greatest(max(hour), toDateTime(max(last_received_at), 'UTC'))) AS used_at,
    argMax(last_address, last_received_at) AS used_from
FROM tallies
WHERE account_id = {account_id:String}
GROUP BY key_id
