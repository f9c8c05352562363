-- +goose Up

-- Times are microseconds since 1970 (UTC), durations are microseconds, sizes are bytes.
CREATE TABLE logs (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,
    time            INTEGER NOT NULL,
    op              TEXT    NOT NULL,
    provider        TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    requested_model TEXT    NOT NULL,
    key_id          TEXT    NOT NULL,
    session         TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    http_status     INTEGER NOT NULL,
    stream          INTEGER NOT NULL,
    latency         INTEGER NOT NULL,
    ttft            INTEGER NOT NULL,
    has_usage       INTEGER NOT NULL,
    input           INTEGER NOT NULL,
    cache_read      INTEGER NOT NULL,
    cache_write     INTEGER NOT NULL,
    output          INTEGER NOT NULL,
    reasoning       INTEGER NOT NULL,
    request_size    INTEGER NOT NULL,
    response_size   INTEGER NOT NULL,
    detail          TEXT    NOT NULL
);
CREATE INDEX logs_time ON logs (time);
CREATE INDEX logs_session ON logs (session) WHERE session <> '';

-- The request of logs.seq is at id = 2 * seq, its response at 2 * seq + 1: new bodies always go to the end of the
-- tree, and the oldest are at its beginning. codec: 0 = as it was, 1 = s2.
CREATE TABLE bodies (
    id    INTEGER PRIMARY KEY,
    codec INTEGER NOT NULL,
    data  BLOB    NOT NULL
);

-- What the rows of logs add up to, by hour (of the Unix time): searches count here and not there.
CREATE TABLE totals (
    hour            INTEGER NOT NULL,
    provider        TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    requested_model TEXT    NOT NULL,
    key_id          TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    requests        INTEGER NOT NULL,
    latency         INTEGER NOT NULL,
    tokens          INTEGER NOT NULL,
    PRIMARY KEY (hour, provider, model, requested_model, key_id, status)
) WITHOUT ROWID;
