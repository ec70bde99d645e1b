-- Rollups of the conversions for the console, and a way to find what came at a time.

ALTER TABLE conversions ADD INDEX IF NOT EXISTS by_received_at received_at TYPE minmax GRANULARITY 1;

ALTER TABLE conversions MATERIALIZE INDEX by_received_at;

-- cut short, this migration is taken up from its beginning: what it had added up by then is thrown away
DROP VIEW IF EXISTS quarter_hours_of_conversions;

DROP VIEW IF EXISTS quarter_hours_of_dead_letters;

DROP VIEW IF EXISTS quarter_hours_of_rejections;

DROP VIEW IF EXISTS key_sets_of_conversions;

DROP VIEW IF EXISTS sampled_ids_of_conversions;

DROP TABLE IF EXISTS quarter_hours;

DROP TABLE IF EXISTS key_sets;

DROP TABLE IF EXISTS sampled_ids;

CREATE TABLE IF NOT EXISTS quarter_hours
(
    event_group_id LowCardinality(String),
    quarter DateTime('UTC'),
    source LowCardinality(String),
    -- of what was rejected: only a name that the contract knows
    event_name LowCardinality(String),
    status Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4),
    limited_data_use Bool,
    -- of conversions: how many of the limits in `reports.delay` lay between event time and receipt
    delay UInt8,
    events SimpleAggregateFunction(sum, UInt64),
    last_received_at SimpleAggregateFunction(max, DateTime64(6, 'UTC')),
    newest_block SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (event_group_id, quarter, source, event_name, status, limited_data_use, delay)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS key_sets
(
    event_group_id LowCardinality(String),
    quarter DateTime('UTC'),
    source LowCardinality(String),
    event_name LowCardinality(String),
    match_keys UInt32,
    events SimpleAggregateFunction(sum, UInt64),
    newest_block SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (event_group_id, quarter, source, event_name, match_keys)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS sampled_ids
(
    block UInt64,
    event_group_id LowCardinality(String),
    quarter DateTime('UTC'),
    source LowCardinality(String),
    event_name LowCardinality(String),
    status Enum8('kept' = 1, 'duplicate' = 2),
    dedup_key UInt128,
    event_time DateTime('UTC')
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(quarter)
ORDER BY (event_group_id, quarter, dedup_key)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

-- of whole blocks only: what was cut short is loaded again, and the views take it then
INSERT INTO quarter_hours
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name, CAST(toString(status) AS Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4)) AS status,
    limited_data_use,
    toUInt8(arrayCount(
        limit -> toInt64(toUnixTimestamp64Second(received_at)) - toInt64(toUInt32(event_time)) >= limit,
        [0, 10, 60, 600, 3600, 21600, 86400, 604800])) AS delay,
    count() AS events, max(received_at) AS last_received_at,
    max(block) AS newest_block
FROM conversions
WHERE block IN (SELECT block FROM tallies)
GROUP BY event_group_id, quarter, source, event_name, status, limited_data_use, delay;

INSERT INTO quarter_hours
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name,
    CAST('dead' AS Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4)) AS status,
    CAST(false AS Bool) AS limited_data_use, toUInt8(0) AS delay, count() AS events,
    max(received_at) AS last_received_at,
    max(block) AS newest_block
FROM dead_letters
WHERE block IN (SELECT block FROM tallies)
GROUP BY event_group_id, quarter, source, event_name;

INSERT INTO quarter_hours
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    toLowCardinality(if(event_name IN (
        'ACHIEVE_LEVEL', 'ADD_PAYMENT_INFO', 'ADD_TO_CART', 'ADD_TO_WISHLIST', 'APP_INSTALL',
        'COMPLETE_REGISTRATION', 'CONTACT', 'CUSTOMIZE_PRODUCT', 'DONATE', 'DOWNLOAD', 'FIND_LOCATION',
        'INITIATE_CHECKOUT', 'LEAD', 'PAGE_VIEW', 'PURCHASE', 'SCHEDULE', 'SEARCH', 'SIGN_UP', 'START_TRIAL',
        'SUBSCRIBE', 'SUBSCRIPTION_CANCELLATION', 'SUBSCRIPTION_RENEWAL', 'UNLOCK_ACHIEVEMENT', 'VIEW_CONTENT'
    ), event_name, '')) AS event_name,
    CAST('rejected' AS Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4)) AS status,
    CAST(false AS Bool) AS limited_data_use, toUInt8(0) AS delay, count() AS events,
    max(received_at) AS last_received_at,
    max(block) AS newest_block
FROM rejections
WHERE block IN (SELECT block FROM tallies)
GROUP BY event_group_id, quarter, source, event_name;

INSERT INTO key_sets
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name,
    toUInt32(
        1 * (user_data.em != '')
        + 2 * (user_data.ph != '')
        + 4 * (user_data.fn != '')
        + 8 * (user_data.ln != '')
        + 16 * (user_data.ge != '')
        + 32 * (user_data.db != '')
        + 64 * (user_data.ct != '')
        + 128 * (user_data.st != '')
        + 256 * (user_data.zp != '')
        + 512 * (user_data.country != '')
        + 1024 * (user_data.external_id != '')
        + 2048 * (user_data.client_ip_address != '')
        + 4096 * (user_data.client_user_agent != '')
        + 8192 * (user_data.subscription_id != '')
        + 16384 * (user_data.aGA != '')
        + 32768 * (user_data.aID != '')
        + 65536 * (user_data.aDX != '')
        + 131072 * (user_data.aGI != '')
        + 262144 * (user_data.aRI != '')
        + 524288 * (user_data.aFC != '')) AS match_keys,
    count() AS events, max(block) AS newest_block
FROM conversions
WHERE status = 'kept' AND block IN (SELECT block FROM tallies)
GROUP BY event_group_id, quarter, source, event_name, match_keys;

INSERT INTO sampled_ids
SELECT block, event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name, status, dedup_key, event_time
FROM conversions
WHERE dedup_key != 0 AND bitAnd(toUInt64(dedup_key), 15) = 0 AND block IN (SELECT block FROM tallies);

CREATE MATERIALIZED VIEW IF NOT EXISTS quarter_hours_of_conversions TO quarter_hours AS
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name, CAST(toString(status) AS Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4)) AS status,
    limited_data_use,
    toUInt8(arrayCount(
        limit -> toInt64(toUnixTimestamp64Second(received_at)) - toInt64(toUInt32(event_time)) >= limit,
        [0, 10, 60, 600, 3600, 21600, 86400, 604800])) AS delay,
    count() AS events, max(received_at) AS last_received_at,
    max(block) AS newest_block
FROM conversions
GROUP BY event_group_id, quarter, source, event_name, status, limited_data_use, delay;

CREATE MATERIALIZED VIEW IF NOT EXISTS quarter_hours_of_dead_letters TO quarter_hours AS
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name,
    CAST('dead' AS Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4)) AS status,
    CAST(false AS Bool) AS limited_data_use, toUInt8(0) AS delay, count() AS events,
    max(received_at) AS last_received_at,
    max(block) AS newest_block
FROM dead_letters
GROUP BY event_group_id, quarter, source, event_name;

CREATE MATERIALIZED VIEW IF NOT EXISTS quarter_hours_of_rejections TO quarter_hours AS
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    toLowCardinality(if(event_name IN (
        'ACHIEVE_LEVEL', 'ADD_PAYMENT_INFO', 'ADD_TO_CART', 'ADD_TO_WISHLIST', 'APP_INSTALL',
        'COMPLETE_REGISTRATION', 'CONTACT', 'CUSTOMIZE_PRODUCT', 'DONATE', 'DOWNLOAD', 'FIND_LOCATION',
        'INITIATE_CHECKOUT', 'LEAD', 'PAGE_VIEW', 'PURCHASE', 'SCHEDULE', 'SEARCH', 'SIGN_UP', 'START_TRIAL',
        'SUBSCRIBE', 'SUBSCRIPTION_CANCELLATION', 'SUBSCRIPTION_RENEWAL', 'UNLOCK_ACHIEVEMENT', 'VIEW_CONTENT'
    ), event_name, '')) AS event_name,
    CAST('rejected' AS Enum8('kept' = 1, 'duplicate' = 2, 'dead' = 3, 'rejected' = 4)) AS status,
    CAST(false AS Bool) AS limited_data_use, toUInt8(0) AS delay, count() AS events,
    max(received_at) AS last_received_at,
    max(block) AS newest_block
FROM rejections
GROUP BY event_group_id, quarter, source, event_name;

CREATE MATERIALIZED VIEW IF NOT EXISTS key_sets_of_conversions TO key_sets AS
SELECT event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name,
    toUInt32(
        1 * (user_data.em != '')
        + 2 * (user_data.ph != '')
        + 4 * (user_data.fn != '')
        + 8 * (user_data.ln != '')
        + 16 * (user_data.ge != '')
        + 32 * (user_data.db != '')
        + 64 * (user_data.ct != '')
        + 128 * (user_data.st != '')
        + 256 * (user_data.zp != '')
        + 512 * (user_data.country != '')
        + 1024 * (user_data.external_id != '')
        + 2048 * (user_data.client_ip_address != '')
        + 4096 * (user_data.client_user_agent != '')
        + 8192 * (user_data.subscription_id != '')
        + 16384 * (user_data.aGA != '')
        + 32768 * (user_data.aID != '')
        + 65536 * (user_data.aDX != '')
        + 131072 * (user_data.aGI != '')
        + 262144 * (user_data.aRI != '')
        + 524288 * (user_data.aFC != '')) AS match_keys,
    count() AS events, max(block) AS newest_block
FROM conversions
WHERE status = 'kept'
GROUP BY event_group_id, quarter, source, event_name, match_keys;

CREATE MATERIALIZED VIEW IF NOT EXISTS sampled_ids_of_conversions TO sampled_ids AS
SELECT block, event_group_id, toDateTime(toStartOfInterval(received_at, INTERVAL 15 MINUTE), 'UTC') AS quarter, source,
    event_name, status, dedup_key, event_time
FROM conversions
WHERE dedup_key != 0 AND bitAnd(toUInt64(dedup_key), 15) = 0;
