-- Named queries of the console. Each begins with its name and says in a sentence what it gives.
-- A range is `first` to `last`, in seconds since 1970, last not included: whole quarters of an hour, of the time of receipt.
-- Event name and source are left empty for all of them. Where rows are looked through one by one, those that name a time more
-- than a day before the range are left out: they lie scattered over the table, and to find them would mean to read it all.

-- name: names_and_sources
-- What event names and sources there are in a range, with how many accepted events.
SELECT toString(event_name) AS event_name, toString(source) AS source, sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND status IN ('kept', 'duplicate')
GROUP BY event_name, source
ORDER BY sum(quarter_hours.events) DESC, event_name, source

-- name: totals
-- Events by what became of them, and whether their use is limited.
SELECT toString(status) AS status, limited_data_use, sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
GROUP BY status, limited_data_use
ORDER BY status, limited_data_use

-- name: events_over_time
-- Kept events by bucket (its beginning, seconds since 1970), name and source. A day is one of the time zone.
SELECT multiIf(
        {bucket:UInt32} = 604800, toUInt32(toDateTime(toStartOfWeek(quarter, 1, {zone:String}), {zone:String})),
        {bucket:UInt32} = 86400, toUInt32(toStartOfDay(quarter, {zone:String})),
        {bucket:UInt32} = 3600, toUInt32(toStartOfHour(quarter, {zone:String})),
        toUInt32(quarter)) AS bucket,
    toString(event_name) AS event_name, toString(source) AS source, sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
    AND status = 'kept'
GROUP BY bucket, event_name, source
ORDER BY bucket, event_name, source

-- name: events_over_minutes
-- The same in buckets of whole minutes, fewer than fifteen.
SELECT intDiv(toUInt32(toUnixTimestamp64Second(received_at)), {bucket:UInt32}) * {bucket:UInt32} AS bucket,
    toString(event_name) AS event_name, toString(source) AS source, count() AS events
FROM conversions
WHERE event_group_id = {event_group_id:String}
    AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
    AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
    AND ({event_name:String} = '' OR event_name = {event_name:String})
    AND ({source:String} = '' OR source = {source:String})
    AND status = 'kept'
GROUP BY bucket, event_name, source
ORDER BY bucket, event_name, source

-- name: outcomes_over_time
-- Events by bucket (its beginning, seconds since 1970) and by what became of them.
SELECT multiIf(
        {bucket:UInt32} = 604800, toUInt32(toDateTime(toStartOfWeek(quarter, 1, {zone:String}), {zone:String})),
        {bucket:UInt32} = 86400, toUInt32(toStartOfDay(quarter, {zone:String})),
        {bucket:UInt32} = 3600, toUInt32(toStartOfHour(quarter, {zone:String})),
        toUInt32(quarter)) AS bucket,
    toString(status) AS status, sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
GROUP BY bucket, status
ORDER BY bucket, status

-- name: delays
-- Kept events by how late they came: the place of the delay among the limits.
SELECT delay, sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
    AND status = 'kept'
GROUP BY delay
ORDER BY delay

-- name: key_counts
-- Kept events by source, and how many of them carry each match key (in the order of their bits).
SELECT source, sum(of_set) AS events,
    sumForEach(arrayMap(bit -> if(bitTest(match_keys, bit), of_set, 0), range({key_count:UInt8}))) AS carrying
FROM
(
    SELECT toString(source) AS source, match_keys, sum(key_sets.events) AS of_set
    FROM key_sets
    WHERE event_group_id = {event_group_id:String}
        AND quarter >= toDateTime({first:UInt32}, 'UTC')
        AND quarter < toDateTime({last:UInt32}, 'UTC')
        AND {event_name:String} IN ('', event_name)
        AND {source:String} IN ('', source)
    GROUP BY source, match_keys
)
GROUP BY source
ORDER BY source

-- name: match_quality
-- By event name: kept events, their scores added up, what each match key would add to that if all events carried it.
SELECT event_name, sum(of_set) AS events, sum(of_set * (1 - missed)) AS score,
    sumForEach(arrayMap((weight, bit) -> if(bitTest(match_keys, bit), 0., of_set * missed * weight),
        {weights:Array(Float64)}, range(length({weights:Array(Float64)})))) AS gains,
    sumForEach(arrayMap(bit -> if(bitTest(match_keys, bit), of_set, 0), range(length({weights:Array(Float64)}))))
        AS carrying
FROM
(
    SELECT toString(event_name) AS event_name, match_keys, sum(key_sets.events) AS of_set,
        arrayProduct(arrayMap((weight, bit) -> if(bitTest(match_keys, bit), 1 - weight, 1.),
            {weights:Array(Float64)}, range(length({weights:Array(Float64)})))) AS missed
    FROM key_sets
    WHERE event_group_id = {event_group_id:String}
        AND quarter >= toDateTime({first:UInt32}, 'UTC')
        AND quarter < toDateTime({last:UInt32}, 'UTC')
        AND {event_name:String} IN ('', event_name)
        AND {source:String} IN ('', source)
    GROUP BY event_name, match_keys
)
GROUP BY event_name
ORDER BY events DESC, event_name

-- name: overlap
-- Kept events by source that have a duplicate from another source within the window.
SELECT toString(one.2) AS source, count() AS confirmed
FROM
(
    SELECT groupArrayIf((toUInt32(event_time), source), status = 'kept') AS kept,
        groupArrayIf((toUInt32(event_time), source), status = 'duplicate') AS duplicates
    FROM conversions
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
        AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
        AND ({event_name:String} = '' OR event_name = {event_name:String})
        AND dedup_key IN
        (
            SELECT dedup_key
            FROM conversions
            WHERE event_group_id = {event_group_id:String}
                AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
                AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
                AND ({event_name:String} = '' OR event_name = {event_name:String})
                AND status = 'duplicate' AND dedup_key != 0
        )
    GROUP BY dedup_key
)
ARRAY JOIN kept AS one
WHERE arrayExists(other -> other.2 != one.2
    AND abs(toInt64(other.1) - toInt64(one.1)) <= {window:UInt32}, duplicates)
GROUP BY source
ORDER BY source

-- name: sampled_overlap
-- Kept events by source that have a duplicate from another source within the window: of the sampled ids.
SELECT toString(one.2) AS source, count() AS confirmed
FROM
(
    SELECT groupArrayIf((toUInt32(event_time), source), status = 'kept') AS kept,
        groupArrayIf((toUInt32(event_time), source), status = 'duplicate') AS duplicates
    FROM sampled_ids
    WHERE event_group_id = {event_group_id:String}
        AND quarter >= toDateTime({first:UInt32}, 'UTC')
        AND quarter < toDateTime({last:UInt32}, 'UTC')
        AND ({event_name:String} = '' OR event_name = {event_name:String})
        AND dedup_key IN
        (
            SELECT dedup_key
            FROM sampled_ids
            WHERE event_group_id = {event_group_id:String}
                AND quarter >= toDateTime({first:UInt32}, 'UTC')
                AND quarter < toDateTime({last:UInt32}, 'UTC')
                AND ({event_name:String} = '' OR event_name = {event_name:String})
                AND status = 'duplicate'
                AND bitAnd(toUInt64(dedup_key), {sample:UInt64} - 1) = 0
        )
        AND bitAnd(toUInt64(dedup_key), {sample:UInt64} - 1) = 0
    GROUP BY dedup_key
)
ARRAY JOIN kept AS one
WHERE arrayExists(other -> other.2 != one.2
    AND abs(toInt64(other.1) - toInt64(one.1)) <= {window:UInt32}, duplicates)
GROUP BY source
ORDER BY source

-- name: group_status
-- By event group and source: when the last event came, how many in the last day and in the last whole hour.
SELECT toString(event_group_id) AS event_group_id, toString(source) AS source,
    toUnixTimestamp64Micro(max(last_received_at)) AS last_received_at,
    sumIf(quarter_hours.events, status = 'kept' AND quarter >= toDateTime({day:UInt32}, 'UTC')) AS day_kept,
    sumIf(quarter_hours.events, status = 'rejected' AND quarter >= toDateTime({day:UInt32}, 'UTC')) AS day_rejected,
    sumIf(quarter_hours.events, status IN ('kept', 'duplicate')
        AND quarter >= toDateTime({hour:UInt32}, 'UTC') AND quarter < toDateTime({now:UInt32}, 'UTC')) AS hour_accepted
FROM quarter_hours
WHERE event_group_id IN {event_group_ids:Array(String)}
GROUP BY event_group_id, source
ORDER BY event_group_id, source

-- name: group_keys
-- By event group and source: which match keys were carried since a time, as bits.
SELECT toString(event_group_id) AS event_group_id, toString(source) AS source, groupBitOr(match_keys) AS match_keys
FROM key_sets
WHERE event_group_id IN {event_group_ids:Array(String)} AND quarter >= toDateTime({day:UInt32}, 'UTC')
GROUP BY event_group_id, source
ORDER BY event_group_id, source

-- name: group_hours
-- Kept events by event group and hour since a time.
SELECT toString(event_group_id) AS event_group_id, toUInt32(toStartOfHour(quarter)) AS hour,
    sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id IN {event_group_ids:Array(String)}
    AND quarter >= toDateTime({day:UInt32}, 'UTC')
    AND status = 'kept'
GROUP BY event_group_id, hour
ORDER BY event_group_id, hour

-- name: quarters
-- Events of one fate by quarter of an hour, the newest first; accepted ones of any fate where it is left empty.
SELECT toUInt32(quarter) AS quarter, sum(quarter_hours.events) AS events
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
    AND (toString(status) = {status:String} OR ({status:String} = '' AND status IN ('kept', 'duplicate')))
GROUP BY quarter
ORDER BY quarter DESC

-- name: listed_conversions
-- Accepted events in a stretch of time (microseconds), newest first, from behind a place on.
SELECT toUnixTimestamp64Micro(received_at) AS received_at, block, row, toString(status) AS status, event_id,
    toString(event_name) AS event_name, toInt64(toUInt32(event_time)) AS event_time, toString(source) AS source,
    toString(event_source) AS event_source, toString(custom_data.value) AS value, custom_data.currency AS currency,
    custom_data.order_id AS order_id, custom_data.content_name AS content_name, limited_data_use, bot, request_id,
    toString(key_id) AS key_id, toString(partner_name) AS partner_name, event_source_url, referrer_url,
    arrayFilter(pair -> pair.2 != '', [
            ('em', user_data.em), ('ph', user_data.ph), ('fn', user_data.fn),
            ('ln', user_data.ln), ('ge', user_data.ge), ('db', user_data.db),
            ('ct', user_data.ct), ('st', user_data.st), ('zp', user_data.zp),
            ('country', user_data.country), ('external_id', user_data.external_id), ('client_ip_address', user_data.client_ip_address),
            ('client_user_agent', user_data.client_user_agent), ('subscription_id', user_data.subscription_id), ('aGA', user_data.aGA),
            ('aID', user_data.aID), ('aDX', user_data.aDX), ('aGI', user_data.aGI),
            ('aRI', user_data.aRI), ('aFC', user_data.aFC)]).1 AS match_keys,
    mapKeys(unknown) AS unknown, hashed_on_receipt
FROM conversions
WHERE event_group_id = {event_group_id:String}
    AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND received_at < fromUnixTimestamp64Micro({until:Int64})
    AND (received_at, block, row) < (fromUnixTimestamp64Micro({before_at:Int64}), {before_block:UInt64}, {before_row:UInt32})
    AND ({event_name:String} = '' OR event_name = {event_name:String})
    AND ({source:String} = '' OR source = {source:String})
    AND ({status:String} = '' OR toString(status) = {status:String})
    AND ({key_id:String} = '' OR key_id = {key_id:String})
    AND ({limited:String} = '' OR limited_data_use = ({limited:String} = 'true'))
    AND ({delay:Int16} < 0 OR arrayCount(
        limit -> toInt64(toUnixTimestamp64Second(received_at)) - toInt64(toUInt32(event_time)) >= limit,
        [0, 10, 60, 600, 3600, 21600, 86400, 604800]) = {delay:Int16})
    AND ({with_key:UInt8} = 0 OR arrayElement([user_data.em, user_data.ph, user_data.fn, user_data.ln, user_data.ge, user_data.db, user_data.ct,
            user_data.st, user_data.zp, user_data.country, user_data.external_id, user_data.client_ip_address,
            user_data.client_user_agent, user_data.subscription_id, user_data.aGA, user_data.aID, user_data.aDX,
            user_data.aGI, user_data.aRI, user_data.aFC], {with_key:UInt8}) != '')
    AND ({without_key:UInt8} = 0 OR arrayElement([user_data.em, user_data.ph, user_data.fn, user_data.ln, user_data.ge, user_data.db, user_data.ct,
            user_data.st, user_data.zp, user_data.country, user_data.external_id, user_data.client_ip_address,
            user_data.client_user_agent, user_data.subscription_id, user_data.aGA, user_data.aID, user_data.aDX,
            user_data.aGI, user_data.aRI, user_data.aFC], {without_key:UInt8}) = '')
    AND ({digest:String} = '' OR {digest:String} IN (user_data.em, user_data.ph, user_data.fn, user_data.ln,
        user_data.ge, user_data.db))
    AND ({timely:String} = '' OR event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC'))
ORDER BY received_at DESC, block DESC, row DESC
LIMIT {limit:UInt32}

-- name: listed_dead_letters
-- Dead letters in a stretch of time (microseconds), newest first, from behind a place on.
SELECT toUnixTimestamp64Micro(received_at) AS received_at, block, row, 'dead' AS status, event_id,
    toString(event_name) AS event_name, toString(source) AS source, request_id, toString(key_id) AS key_id,
    toString(reason) AS reason, detail
FROM dead_letters
WHERE event_group_id = {event_group_id:String}
    AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND received_at < fromUnixTimestamp64Micro({until:Int64})
    AND (received_at, block, row) < (fromUnixTimestamp64Micro({before_at:Int64}), {before_block:UInt64}, {before_row:UInt32})
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
    AND {key_id:String} IN ('', key_id)
ORDER BY received_at DESC, block DESC, row DESC
LIMIT {limit:UInt32}

-- name: listed_rejections
-- Rejected events in a stretch of time (microseconds), newest first, from behind a place on; of one field and reason, if named.
SELECT toUnixTimestamp64Micro(received_at) AS received_at, block, row, 'rejected' AS status, event_id, event_name,
    toString(source) AS source, request_id, toString(key_id) AS key_id, event_index, errors, event
FROM rejections
WHERE event_group_id = {event_group_id:String}
    AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND received_at < fromUnixTimestamp64Micro({until:Int64})
    AND (received_at, block, row) < (fromUnixTimestamp64Micro({before_at:Int64}), {before_block:UInt64}, {before_row:UInt32})
    AND {event_name:String} IN ('', event_name)
    AND {source:String} IN ('', source)
    AND {key_id:String} IN ('', key_id)
    AND ({field:String} = '' OR arrayExists(one -> replaceRegexpAll(one.1, '\\[\\d+\\]', '[]') = {field:String}
        AND {reason:String} IN ('',
            replaceRegexpOne(one.2, '^Invalid event name: .*\\. Event name', 'Invalid event name. Event name')),
        CAST(errors, 'Array(Tuple(String, String))')))
ORDER BY received_at DESC, block DESC, row DESC
LIMIT {limit:UInt32}

-- name: newest_tests
-- Events sent to be tested to a group from behind a place on, the newest of them, newest first.
SELECT toUnixTimestamp64Micro(received_at) AS received_at, block, row, request_id, toString(key_id) AS key_id,
    toString(source) AS source, event_index, event_id, event_name, errors, event
FROM test_events
WHERE account_id = {account_id:String} AND event_group_id = {event_group_id:String}
    AND (block, row) > ({after_block:UInt64}, {after_row:UInt32})
ORDER BY block DESC, row DESC
LIMIT {limit:UInt32}

-- name: live_conversions
-- Accepted events of a group received from a time on (microseconds) in blocks from behind one on, the newest of them.
SELECT toUnixTimestamp64Micro(received_at) AS received_at, block, row, request_id, toString(key_id) AS key_id,
    toString(source) AS source, toString(status) AS status, event_id, toString(event_name) AS event_name,
    toInt64(toUInt32(event_time)) AS event_time, toString(custom_data.value) AS value,
    custom_data.currency AS currency, limited_data_use,
    arrayFilter(pair -> pair.2 != '', [
            ('em', user_data.em), ('ph', user_data.ph), ('fn', user_data.fn),
            ('ln', user_data.ln), ('ge', user_data.ge), ('db', user_data.db),
            ('ct', user_data.ct), ('st', user_data.st), ('zp', user_data.zp),
            ('country', user_data.country), ('external_id', user_data.external_id), ('client_ip_address', user_data.client_ip_address),
            ('client_user_agent', user_data.client_user_agent), ('subscription_id', user_data.subscription_id), ('aGA', user_data.aGA),
            ('aID', user_data.aID), ('aDX', user_data.aDX), ('aGI', user_data.aGI),
            ('aRI', user_data.aRI), ('aFC', user_data.aFC)]).1 AS match_keys
FROM conversions
WHERE event_group_id = {event_group_id:String}
    AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND block > {after_block:UInt64}
ORDER BY block DESC, row DESC
LIMIT {limit:UInt32}

-- name: live_rejections
-- Rejected events of a group received from a time on (microseconds) in blocks from behind one on, the newest of them.
SELECT toUnixTimestamp64Micro(received_at) AS received_at, block, row, request_id, toString(key_id) AS key_id,
    toString(source) AS source, 'rejected' AS status, event_id, event_name, errors, event
FROM rejections
WHERE event_group_id = {event_group_id:String}
    AND received_at >= fromUnixTimestamp64Micro({since:Int64})
    AND block > {after_block:UInt64}
ORDER BY block DESC, row DESC
LIMIT {limit:UInt32}

-- name: accepted_by_source
-- Kept and duplicate events by source.
SELECT toString(source) AS source, sumIf(quarter_hours.events, status = 'kept') AS kept,
    sumIf(quarter_hours.events, status = 'duplicate') AS duplicate
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
    AND quarter >= toDateTime({first:UInt32}, 'UTC')
    AND quarter < toDateTime({last:UInt32}, 'UTC')
    AND {event_name:String} IN ('', event_name)
    AND status IN ('kept', 'duplicate')
GROUP BY source
ORDER BY source

-- name: newest_receipt
-- When the newest event of a group came, microseconds since 1970; 0 where there is none.
SELECT toUnixTimestamp64Micro(max(last_received_at)) AS received_at
FROM quarter_hours
WHERE event_group_id = {event_group_id:String}
