-- The tables of the store: the truth about their shape. `migrations/` must arrive at the same.
-- Every row says which block of the log it came from; `row` is its place among the block's records, from 0.
-- A block becomes one part of a table (a month's), written in one go, synced, and remembered by its token.

CREATE TABLE IF NOT EXISTS schema_version
(
    version UInt32
)
ENGINE = MergeTree
ORDER BY version
SETTINGS non_replicated_deduplication_window = 100, fsync_after_insert = 1, fsync_part_directory = 1;

-- Accepted events, kept and duplicate.
CREATE TABLE IF NOT EXISTS conversions
(
    block UInt64,
    row UInt32,
    log_partition LowCardinality(String),
    log_offset UInt64,
    -- when the edge had the request, when it was durable, when the core took it
    received_at DateTime64(6, 'UTC'),
    committed_at DateTime64(6, 'UTC'),
    taken_at DateTime64(6, 'UTC'),
    request_id String,
    event_group_id LowCardinality(String),
    account_id LowCardinality(String),
    key_id LowCardinality(String),
    source LowCardinality(String),
    status Enum8('kept' = 1, 'duplicate' = 2),
    -- 0: it has no event id, and so is never a duplicate
    dedup_key UInt128,
    limited_data_use Bool,
    -- sent by a program that says who it is, such as a search engine's crawler
    bot Bool,
    event_id String,
    event_name LowCardinality(String),
    event_time DateTime('UTC'),
    event_type LowCardinality(String),
    event_source LowCardinality(String),
    event_source_url String,
    referrer_url String,
    partner_name LowCardinality(String),
    opt_out LowCardinality(String),
    user_data Tuple(
        is_hashed Nullable(Bool),
        em String,
        ph String,
        ph_e164 String,
        fn String,
        ln String,
        ge String,
        db String,
        ct String,
        st String,
        zp String,
        country String,
        external_id String,
        client_ip_address String,
        client_user_agent String,
        subscription_id String,
        aGA String,
        aID String,
        aDX String,
        aGI String,
        aRI String,
        aFC String),
    custom_data Tuple(
        content_category String,
        content_ids Array(String),
        content_name String,
        content_type String,
        contents Array(Tuple(
            id String,
            quantity Decimal(38, 18),
            price Decimal(38, 18),
            delivery_category String)),
        currency String,
        num_items Nullable(Decimal(38, 18)),
        predicted_ltv Nullable(Decimal(38, 18)),
        search_string String,
        status String,
        value Nullable(Decimal(38, 18)),
        order_id String,
        purchase_type String,
        delivery_category String,
        utm_source String,
        utm_medium String,
        utm_campaign String,
        utm_term String,
        utm_content String),
    -- fields that the contract does not know: path -> JSON text
    unknown Map(String, String),
    hashed_on_receipt Array(LowCardinality(String)),
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_dedup_key dedup_key TYPE bloom_filter(0.01) GRANULARITY 1,
    INDEX by_block block TYPE minmax GRANULARITY 1,
    INDEX by_event_time event_time TYPE minmax GRANULARITY 1,
    INDEX by_received_at received_at TYPE minmax GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (event_group_id, event_name, event_time)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1, min_bytes_for_wide_part = 268435456;

-- Accepted events that no step or load could take, each with its reason.
CREATE TABLE IF NOT EXISTS dead_letters
(
    block UInt64,
    row UInt32,
    log_partition LowCardinality(String),
    log_offset UInt64,
    received_at DateTime64(6, 'UTC'),
    committed_at DateTime64(6, 'UTC'),
    taken_at DateTime64(6, 'UTC'),
    request_id String,
    event_group_id LowCardinality(String),
    account_id LowCardinality(String),
    key_id LowCardinality(String),
    source LowCardinality(String),
    reason LowCardinality(String),
    detail String,
    event_id String,
    event_name LowCardinality(String),
    -- the record as it stands in the log
    event String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(received_at)
ORDER BY (event_group_id, block, row)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

-- Rejected events, without personal data, for a week, or as many days as the setting `rejections_days` says.
CREATE TABLE IF NOT EXISTS rejections
(
    block UInt64,
    row UInt32,
    received_at DateTime64(6, 'UTC'),
    request_id String,
    event_group_id LowCardinality(String),
    account_id LowCardinality(String),
    key_id LowCardinality(String),
    source LowCardinality(String),
    -- place in the request's `events`, from 0
    event_index UInt32,
    event_id String,
    event_name String,
    -- field path -> reason
    errors Map(String, String),
    event String,
    INDEX by_event_id event_id TYPE bloom_filter(0.01) GRANULARITY 1
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (event_group_id, block, row)
TTL toDateTime(received_at) + INTERVAL 7 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    ttl_only_drop_parts = 0;

-- Events sent to be tested, without personal data, for a day. No errors: it would have been accepted.
CREATE TABLE IF NOT EXISTS test_events
(
    block UInt64,
    row UInt32,
    received_at DateTime64(6, 'UTC'),
    request_id String,
    event_group_id LowCardinality(String),
    account_id LowCardinality(String),
    key_id LowCardinality(String),
    source LowCardinality(String),
    event_index UInt32,
    event_id String,
    event_name String,
    errors Map(String, String),
    event String
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY (account_id, block, row)
TTL toDateTime(received_at) + INTERVAL 1 DAY
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1;

-- What the requests of a block said of themselves, added up: the left side of every reconciliation.
-- Loaded last, and every block has a row (that of a test counts nothing): what has a tally is there whole.
CREATE TABLE IF NOT EXISTS tallies
(
    block UInt64,
    event_group_id LowCardinality(String),
    account_id LowCardinality(String),
    key_id LowCardinality(String),
    source LowCardinality(String),
    hour DateTime('UTC'),
    received UInt64,
    accepted UInt64,
    rejected UInt64,
    -- of the last request, and where it came from
    last_received_at DateTime64(6, 'UTC'),
    last_address String
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (event_group_id, hour, key_id, source, account_id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

-- What became of events, added up by quarter of an hour of their receipt: hours and days of every time zone are made of
-- quarters. The views below fill it and `key_sets` from each load, by the load's token: what is loaded twice counts once.
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

-- Kept conversions by the match keys that they carry: bit n of `match_keys` is the key at place n of `reports.match_keys`.
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

-- One in sixteen of the event ids, for what takes pairs: a full search costs more than a page may take.
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
