-- +goose Up

-- What was there is moved into the new tables when the file is opened: see upgrade.go.
DROP INDEX logs_time;
DROP INDEX logs_session;
DROP TABLE totals;
ALTER TABLE logs RENAME TO old_logs;
ALTER TABLE labels RENAME TO old_labels;
ALTER TABLE blocks RENAME TO old_blocks;

-- Times are microseconds since 1970 (UTC), durations are microseconds, costs are billionths of a US dollar. NULL is what
-- is not known: the tokens of a request without usage, a cost without a price, the first byte of an answer that did not
-- come. tools is a list in JSON, '' where it is empty. What no search filters, sorts or adds up fast is in detail, as
-- JSON. seq is never used again.
CREATE TABLE logs (
    seq         INTEGER PRIMARY KEY,
    id          TEXT    NOT NULL UNIQUE,
    time        INTEGER NOT NULL,
    labels      INTEGER NOT NULL,
    session     TEXT    NOT NULL,
    tools       TEXT    NOT NULL,
    latency     INTEGER NOT NULL,
    ttft        INTEGER,
    input       INTEGER,
    output      INTEGER,
    cache_read  INTEGER,
    cache_write INTEGER,
    reasoning   INTEGER,
    cost        INTEGER,
    retries     INTEGER NOT NULL,
    detail      BLOB    NOT NULL
);
-- All that is added up is in each of these, so that nothing but a page of the log reads the rows themselves.
CREATE INDEX logs_time ON logs
    (time, seq, labels, latency, ttft, input, output, cache_read, cache_write, reasoning, cost, retries);
CREATE INDEX logs_session ON logs
    (session, labels, time, latency, ttft, input, output, cache_read, cache_write, reasoning, cost, retries)
    WHERE session <> '';
CREATE INDEX logs_tools ON logs
    (tools, labels, time, latency, ttft, input, output, cache_read, cache_write, reasoning, cost, retries)
    WHERE tools <> '';

-- What requests have in common, each combination once: hash is of all the others. engines is a list in JSON, '' where it
-- is empty.
CREATE TABLE labels (
    id              INTEGER PRIMARY KEY,
    hash            BLOB    NOT NULL UNIQUE,
    provider        TEXT    NOT NULL,
    model           TEXT    NOT NULL,
    requested_model TEXT    NOT NULL,
    key_id          TEXT    NOT NULL,
    key_name        TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    app             TEXT    NOT NULL,
    user_agent      TEXT    NOT NULL,
    vk_id           TEXT    NOT NULL,
    vk_name         TEXT    NOT NULL,
    team_id         TEXT    NOT NULL,
    team_name       TEXT    NOT NULL,
    customer_id     TEXT    NOT NULL,
    customer_name   TEXT    NOT NULL,
    rule_id         TEXT    NOT NULL,
    rule_name       TEXT    NOT NULL,
    op              TEXT    NOT NULL,
    object          TEXT    NOT NULL,
    dialect         TEXT    NOT NULL,
    upstream        TEXT    NOT NULL,
    finish          TEXT    NOT NULL,
    error           TEXT    NOT NULL,
    cache           TEXT    NOT NULL,
    tier            TEXT    NOT NULL,
    engines         TEXT    NOT NULL,
    http_status     INTEGER NOT NULL,
    stream          INTEGER NOT NULL,
    fallback        INTEGER NOT NULL
);

-- Each block holds the bodies of records of one kind (0 = ordinary ones, 1 = errors) from seq = first to seq = last, one
-- after the other; detail says where each is. latest is the time of the youngest.
CREATE TABLE blocks (
    kind    INTEGER NOT NULL,
    first   INTEGER NOT NULL,
    last    INTEGER NOT NULL,
    records INTEGER NOT NULL,
    bodies  INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    latest  INTEGER NOT NULL,
    PRIMARY KEY (kind, first)
) WITHOUT ROWID;
-- codec: 0 = as they were, 1 = an S2 block.
CREATE TABLE contents (
    first INTEGER PRIMARY KEY,
    codec INTEGER NOT NULL,
    data  BLOB    NOT NULL
);

-- What the rows of logs up to a mark add up to, by spans of 1 and of 24 hours: slot counts them from 1970. spread says
-- how the latencies are spread: see spread.go.
CREATE TABLE totals (
    width       INTEGER NOT NULL,
    slot        INTEGER NOT NULL,
    labels      INTEGER NOT NULL,
    requests    INTEGER NOT NULL,
    latency     INTEGER NOT NULL,
    ttft        INTEGER NOT NULL,
    streamed    INTEGER NOT NULL,
    input       INTEGER NOT NULL,
    output      INTEGER NOT NULL,
    cache_read  INTEGER NOT NULL,
    cache_write INTEGER NOT NULL,
    reasoning   INTEGER NOT NULL,
    cost        INTEGER NOT NULL,
    unpriced    INTEGER NOT NULL,
    retries     INTEGER NOT NULL,
    spread      BLOB    NOT NULL,
    PRIMARY KEY (width, slot, labels)
) WITHOUT ROWID;

-- How far the tables that are behind logs have come: all rows up to seq are in them.
CREATE TABLE marks (
    name TEXT    PRIMARY KEY,
    seq  INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO marks (name, seq) SELECT 'totals',
    max(coalesce((SELECT max(seq) FROM old_logs), 0), coalesce((SELECT max(last) FROM old_blocks), 0));
INSERT INTO marks (name, seq) VALUES ('text', 0);

-- The few requests that repeat another one.
CREATE TABLE replays (
    seq    INTEGER PRIMARY KEY,
    parent TEXT    NOT NULL
);

-- The words of what was said, by seq.
CREATE VIRTUAL TABLE words USING fts5 (text, content='', contentless_delete=1, tokenize='unicode61 remove_diacritics 0');
