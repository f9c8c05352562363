-- +goose Up

-- Times are microseconds since 1970 (UTC), durations are microseconds. What no search filters, sorts or adds up is in
-- detail, as JSON. seq is never used again.
CREATE TABLE logs (
    seq     INTEGER PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    time    INTEGER NOT NULL,
    labels  INTEGER NOT NULL,
    session TEXT    NOT NULL,
    latency INTEGER NOT NULL,
    tokens  INTEGER NOT NULL,
    detail  BLOB    NOT NULL
);
CREATE INDEX logs_time ON logs (time);
CREATE INDEX logs_session ON logs (session) WHERE session <> '';

-- What requests have in common, each combination once.
CREATE TABLE labels (
    id              INTEGER PRIMARY KEY,
    provider        TEXT NOT NULL,
    model           TEXT NOT NULL,
    requested_model TEXT NOT NULL,
    key_id          TEXT NOT NULL,
    status          TEXT NOT NULL,
    UNIQUE (provider, model, requested_model, key_id, status)
);

-- The bodies of the rows of logs from seq = first to seq = last, one after the other; detail says where each is.
-- codec: 0 = as they were, 1 = an S2 block.
CREATE TABLE blocks (
    first  INTEGER PRIMARY KEY,
    last   INTEGER NOT NULL,
    bodies INTEGER NOT NULL,
    codec  INTEGER NOT NULL,
    data   BLOB    NOT NULL
);

-- What the rows of logs add up to, by hour (of the Unix time): searches count here and not there.
CREATE TABLE totals (
    hour     INTEGER NOT NULL,
    labels   INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    latency  INTEGER NOT NULL,
    tokens   INTEGER NOT NULL,
    PRIMARY KEY (hour, labels)
) WITHOUT ROWID;
