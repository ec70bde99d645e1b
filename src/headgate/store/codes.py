"""ClickHouse's error codes: which of them are the rows' fault, which pass by themselves, and what is told of any."""

from __future__ import annotations

import re

from headgate.errors import RowsRefused, StoreError, StoreFailed, StoreUnavailable

#: of rows that it will not take, now or later
REFUSALS = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        32,  # ATTEMPT_TO_READ_AFTER_EOF: a line ends too early
        33,  # CANNOT_READ_ALL_DATA: the same
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        130,  # CANNOT_READ_ARRAY_FROM_TEXT
        131,  # TOO_LARGE_STRING_SIZE
        158,  # TOO_MANY_ROWS
        306,  # TOO_DEEP_RECURSION
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        407,  # DECIMAL_OVERFLOW
        467,  # CANNOT_PARSE_BOOL
        691,  # UNKNOWN_ELEMENT_OF_ENUM
    }
)
#: of a server that is down, full, busy or locked: the same load works once it is well again, and is tried until then
PASSING = frozenset(
    {
        74,  # CANNOT_READ_FROM_FILE_DESCRIPTOR
        75,  # CANNOT_WRITE_TO_FILE_DESCRIPTOR
        76,  # CANNOT_OPEN_FILE
        77,  # CANNOT_CLOSE_FILE
        95,  # CANNOT_READ_FROM_SOCKET
        96,  # CANNOT_WRITE_TO_SOCKET
        159,  # TIMEOUT_EXCEEDED
        160,  # TOO_SLOW
        164,  # READONLY
        172,  # CANNOT_CREATE_DIRECTORY
        173,  # CANNOT_ALLOCATE_MEMORY
        192,  # UNKNOWN_USER
        193,  # WRONG_PASSWORD
        194,  # REQUIRED_PASSWORD
        195,  # IP_ADDRESS_NOT_ALLOWED
        198,  # DNS_ERROR
        201,  # QUOTA_EXCEEDED
        202,  # TOO_MANY_SIMULTANEOUS_QUERIES
        203,  # NO_FREE_CONNECTION
        204,  # CANNOT_FSYNC
        209,  # SOCKET_TIMEOUT
        210,  # NETWORK_ERROR
        214,  # CANNOT_STATVFS
        225,  # NO_ZOOKEEPER
        236,  # ABORTED
        241,  # MEMORY_LIMIT_EXCEEDED
        242,  # TABLE_IS_READ_ONLY
        243,  # NOT_ENOUGH_SPACE
        244,  # UNEXPECTED_ZOOKEEPER_ERROR
        252,  # TOO_MANY_PARTS
        254,  # NO_ACTIVE_REPLICAS
        265,  # NO_AVAILABLE_REPLICA
        274,  # AIO_READ_ERROR
        275,  # AIO_WRITE_ERROR
        279,  # ALL_CONNECTION_TRIES_FAILED
        285,  # TOO_FEW_LIVE_REPLICAS
        286,  # UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        289,  # REPLICA_IS_NOT_IN_QUORUM
        291,  # DATABASE_ACCESS_DENIED
        294,  # CANNOT_WRITE_TO_FILE
        297,  # SHARD_HAS_NO_CONNECTIONS
        319,  # UNKNOWN_STATUS_OF_INSERT
        341,  # UNFINISHED
        364,  # RECEIVED_ERROR_TOO_MANY_REQUESTS
        369,  # ALL_REPLICAS_ARE_STALE
        373,  # SESSION_IS_LOCKED
        384,  # PART_IS_TEMPORARILY_LOCKED
        394,  # QUERY_WAS_CANCELLED
        410,  # EXTERNAL_SERVER_IS_NOT_RESPONDING
        411,  # PTHREAD_ERROR
        416,  # REPLICA_STATUS_CHANGED
        425,  # SYSTEM_ERROR
        439,  # CANNOT_SCHEDULE_TASK
        473,  # DEADLOCK_AVOIDED
        497,  # ACCESS_DENIED
        499,  # S3_ERROR
        500,  # AZURE_BLOB_STORAGE_ERROR
        516,  # AUTHENTICATION_FAILED
        519,  # NO_REMOTE_SHARD_AVAILABLE
        529,  # NOT_A_LEADER
        568,  # RAFT_ERROR
        574,  # DISTRIBUTED_TOO_MANY_PENDING_BYTES
        586,  # CANNOT_CREATE_FILE
        677,  # THREAD_WAS_CANCELED
        692,  # TOO_MANY_MUTATIONS
        700,  # USER_SESSION_LIMIT_EXCEEDED
        720,  # USER_EXPIRED
        722,  # ASYNC_LOAD_WAIT_FAILED
        733,  # TABLE_IS_BEING_RESTARTED
        735,  # QUERY_WAS_CANCELLED_BY_CLIENT
        745,  # SERVER_OVERLOADED
        749,  # TCP_CONNECTION_LIMIT_REACHED
        762,  # HTTP_CONNECTION_LIMIT_REACHED
        763,  # SESSION_REFUSED
        776,  # RESOURCE_LIMIT_EXCEEDED
        777,  # MEMORY_RESERVATION_KILLED
        778,  # MEMORY_RESERVATION_FAILED
        999,  # KEEPER_EXCEPTION
        1000,  # POCO_EXCEPTION: the network, mostly
        1001,  # STD_EXCEPTION: the file system, mostly
        1019,  # QUERY_SLOT_ACQUISITION_TIMEOUT
        1020,  # MEMORY_RESERVATION_ACQUISITION_TIMEOUT
    }
)
_CODE = re.compile(r"Code: (\d+)\.")
_REASON = re.compile(r"DB::Exception: ((?:(?!DB::Exception).)*?)(?::? '|: \(|\. |$)", re.DOTALL)


def told(error: Exception, *, of_rows: bool = False) -> StoreError:
    """What went wrong, by ClickHouse's code and without the values it went wrong with.

    `of_rows`: rows were being loaded, so that they may be at fault. Without a code no server answered.
    """
    text = str(error)
    found = _CODE.search(text)
    if found is None:
        return StoreUnavailable(f"{type(error).__name__}: {text[:300]}")
    code = int(found[1])
    reasons = [reason.strip() for reason in _REASON.findall(text) if reason.strip() and not reason.startswith("Code:")]
    message = f"ClickHouse code {code}: {reasons[0][:200] if reasons else 'no reason given'}"
    if of_rows and code in REFUSALS:
        return RowsRefused(message)
    return StoreUnavailable(message) if code in PASSING else StoreFailed(message)
