-- Named queries of the console's diagnostics. Each begins with its name and says in a sentence what it gives.
-- A range is as in `console.sql`.

-- name: rejection_reasons
-- Rejected events by field and reason, the most frequent first, each with its newest example.
SELECT replaceRegexpAll(one.1, '\\[\\d+\\]', '[]') AS field,
    replaceRegexpOne(one.2, '^Invalid event name: .*\\. Event name', 'Invalid event name. Event name') AS reason,
    sum(counted) AS events, toUnixTimestamp64Micro(min(oldest)) AS first_seen,
    toUnixTimestamp64Micro(max(newest)) AS last_seen, arraySort(arrayDistinct(groupArrayArray(from_sources))) AS sources,
    arraySlice(arraySort(arrayDistinct(groupArrayArray(with_keys))), 1, 5) AS key_ids,
    argMax(example.1, place) AS request_id, argMax(example.2, place) AS event_id, argMax(one.1, place) AS sample_field,
    argMax(one.2, place) AS sample_reason, argMax(example.3, place) AS sample
FROM
(
    -- what is alike to the letter first: it is far less than there are rows
    SELECT arrayJoin(CAST(errors, 'Array(Tuple(String, String))')) AS one, count() AS counted,
        min(received_at) AS oldest, max(received_at) AS newest, max((received_at, block, row)) AS place,
        argMax((request_id, event_id, event), (received_at, block, row)) AS example,
        groupUniqArray(3)(toString(source)) AS from_sources, groupUniqArray(5)(toString(key_id)) AS with_keys
    FROM rejections
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
        AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
        AND {event_name:String} IN ('', event_name)
        AND {source:String} IN ('', source)
    GROUP BY one
)
GROUP BY field, reason
ORDER BY events DESC, field, reason
LIMIT 100

-- name: same_order
-- Neighbouring kept events of one name and order id that lie within the window, but have another id, or none.
SELECT toString(event_name) AS event_name, shared, one, other, count() OVER () AS pairs
FROM
(
    SELECT event_name, shared, arrayPopBack(found) AS ones, arrayPopFront(found) AS others
    FROM
    (
        SELECT event_name, custom_data.order_id AS shared, arraySort(groupArray((
            toUInt32(event_time), block, row, event_id, toString(source), toUnixTimestamp64Micro(received_at),
            toString(event_name)))) AS found
        FROM conversions
        WHERE event_group_id = {event_group_id:String}
            AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
            AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
            AND event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC')
            AND ({event_name:String} = '' OR event_name = {event_name:String})
            AND status = 'kept'
            AND custom_data.order_id != ''
        GROUP BY event_name, shared
        HAVING count() > 1
    )
)
ARRAY JOIN ones AS one, others AS other
WHERE other.1 - one.1 <= {window:UInt32} AND (one.4 != other.4 OR one.4 = '')
ORDER BY other.6 DESC, shared
LIMIT {limit:UInt32}

-- name: same_person
-- Neighbouring kept events of one name, match key, value and currency within the window, with another id, or none.
-- Two that name different orders are two orders.
SELECT toString(event_name) AS event_name, key AS shared, one, other, count() OVER () AS pairs
FROM
(
    SELECT event_name, key, arrayPopBack(found) AS ones, arrayPopFront(found) AS others
    FROM
    (
        SELECT event_name, multiIf(user_data.em != '', 'em', user_data.ph != '', 'ph', user_data.aRI != '', 'aRI',
                user_data.aID != '', 'aID', user_data.aGA != '', 'aGA', user_data.aDX != '', 'aDX', 'aGI') AS key,
            multiIf(user_data.em != '', user_data.em, user_data.ph != '', user_data.ph,
                user_data.aRI != '', user_data.aRI, user_data.aID != '', user_data.aID,
                user_data.aGA != '', user_data.aGA, user_data.aDX != '', user_data.aDX, user_data.aGI) AS person,
            assumeNotNull(custom_data.value) AS value, custom_data.currency AS currency, arraySort(groupArray((
            toUInt32(event_time), block, row, event_id, toString(source), toUnixTimestamp64Micro(received_at),
            toString(event_name), custom_data.order_id))) AS found
        FROM conversions
        WHERE event_group_id = {event_group_id:String}
            AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
            AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
            AND event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC')
            AND ({event_name:String} = '' OR event_name = {event_name:String})
            AND status = 'kept'
            AND isNotNull(custom_data.value)
            AND (user_data.em != '' OR user_data.ph != '' OR user_data.aRI != '' OR user_data.aID != ''
                OR user_data.aGA != '' OR user_data.aDX != '' OR user_data.aGI != '')
        GROUP BY event_name, key, person, value, currency
        HAVING count() > 1
    )
)
ARRAY JOIN ones AS one, others AS other
WHERE other.1 - one.1 <= {window:UInt32}
    AND (one.4 != other.4 OR one.4 = '')
    AND (one.8 = '' OR other.8 = '')
ORDER BY other.6 DESC, shared
LIMIT {limit:UInt32}

-- name: same_id
-- Neighbouring kept events with one id: of another name, or of the same one past the window, up to an hour apart.
SELECT one.7 AS event_name, shared, one, other, count() OVER (PARTITION BY one.7 = other.7) AS pairs
FROM
(
    SELECT shared, arrayPopBack(found) AS ones, arrayPopFront(found) AS others
    FROM
    (
        SELECT event_id AS shared, arraySort(groupArray((
            toUInt32(event_time), block, row, event_id, toString(source), toUnixTimestamp64Micro(received_at),
            toString(event_name)))) AS found
        FROM conversions
        WHERE event_group_id = {event_group_id:String}
            AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
            AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
            AND event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC')
            AND status = 'kept'
            AND event_id != ''
        GROUP BY shared
        HAVING count() > 1
    )
)
ARRAY JOIN ones AS one, others AS other
WHERE other.1 - one.1 <= 3600 AND {event_name:String} IN ('', one.7, other.7)
ORDER BY other.6 DESC, shared
LIMIT {limit:UInt32} BY one.7 = other.7

-- name: clocks
-- By key and source: how far behind its event time an event came, in seconds; below zero it was ahead of our clock.
SELECT toString(key_id) AS key_id, toString(source) AS source, count() AS events, countIf(behind < 0) AS ahead,
    min(behind) AS least, toInt64(quantileExact(0.5)(behind)) AS median
FROM
(
    SELECT key_id, source, toInt64(toUnixTimestamp64Second(received_at)) - toInt64(toUInt32(event_time)) AS behind
    FROM conversions
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
        AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
        AND event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC')
        AND ({event_name:String} = '' OR event_name = {event_name:String})
        AND ({source:String} = '' OR source = {source:String})
)
GROUP BY key_id, source
ORDER BY events DESC, key_id, source

-- name: known_digests
-- How often a field holds one of these digests.
SELECT one.1 AS field, one.2 AS digest, count() AS events
FROM
(
    SELECT arrayJoin(arrayFilter(pair -> pair.2 IN {digests:Array(String)},
        [('em', user_data.em), ('ph', user_data.ph), ('fn', user_data.fn), ('ln', user_data.ln),
         ('ge', user_data.ge), ('db', user_data.db)])) AS one
    FROM conversions
    WHERE event_group_id = {event_group_id:String}
        AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
        AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
        AND event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC')
        AND ({event_name:String} = '' OR event_name = {event_name:String})
        AND ({source:String} = '' OR source = {source:String})
)
GROUP BY field, digest
ORDER BY events DESC, field, digest

-- name: commonest_digests
-- The digest that most events have as `em`, and as `ph`.
SELECT field, digest, events, sum(events) OVER (PARTITION BY field) AS total
FROM
(
    SELECT one.1 AS field, one.2 AS digest, count() AS events
    FROM
    (
        SELECT arrayJoin([('em', user_data.em), ('ph', user_data.ph)]) AS one
        FROM conversions
        WHERE event_group_id = {event_group_id:String}
            AND received_at >= toDateTime64({first:UInt32}, 6, 'UTC')
            AND received_at < toDateTime64({last:UInt32}, 6, 'UTC')
            AND event_time >= toDateTime(greatest({first:UInt32}, 86400) - 86400, 'UTC')
            AND ({event_name:String} = '' OR event_name = {event_name:String})
            AND ({source:String} = '' OR source = {source:String})
    )
    WHERE digest != ''
    GROUP BY field, digest
)
ORDER BY field, events DESC, digest
LIMIT 1 BY field
