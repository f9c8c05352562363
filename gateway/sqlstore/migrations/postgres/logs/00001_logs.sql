-- +goose Up

-- What the tables and columns mean is said in ../../logs/00002_everything.sql. Texts are compared byte by byte, as in
-- SQLite.
CREATE TABLE logs (
    seq         BIGINT PRIMARY KEY,
    id          TEXT   COLLATE "C" NOT NULL UNIQUE,
    time        BIGINT NOT NULL,
    labels      BIGINT NOT NULL,
    session     TEXT   COLLATE "C" NOT NULL,
    tools       TEXT   COLLATE "C" NOT NULL,
    latency     BIGINT NOT NULL,
    ttft        BIGINT,
    input       BIGINT,
    output      BIGINT,
    cache_read  BIGINT,
    cache_write BIGINT,
    reasoning   BIGINT,
    cost        BIGINT,
    retries     BIGINT NOT NULL,
    detail      TEXT   NOT NULL
);
CREATE INDEX logs_time ON logs (time, seq)
    INCLUDE (labels, latency, ttft, input, output, cache_read, cache_write, reasoning, cost, retries);
CREATE INDEX logs_session ON logs (session, labels, time)
    INCLUDE (latency, ttft, input, output, cache_read, cache_write, reasoning, cost, retries)
    WHERE session <> '';
CREATE INDEX logs_tools ON logs (tools, labels, time)
    INCLUDE (latency, ttft, input, output, cache_read, cache_write, reasoning, cost, retries)
    WHERE tools <> '';

CREATE TABLE labels (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    hash            BYTEA  NOT NULL UNIQUE,
    provider        TEXT   COLLATE "C" NOT NULL,
    model           TEXT   COLLATE "C" NOT NULL,
    requested_model TEXT   COLLATE "C" NOT NULL,
    key_id          TEXT   COLLATE "C" NOT NULL,
    key_name        TEXT   COLLATE "C" NOT NULL,
    status          TEXT   COLLATE "C" NOT NULL,
    app             TEXT   COLLATE "C" NOT NULL,
    user_agent      TEXT   COLLATE "C" NOT NULL,
    vk_id           TEXT   COLLATE "C" NOT NULL,
    vk_name         TEXT   COLLATE "C" NOT NULL,
    team_id         TEXT   COLLATE "C" NOT NULL,
    team_name       TEXT   COLLATE "C" NOT NULL,
    customer_id     TEXT   COLLATE "C" NOT NULL,
    customer_name   TEXT   COLLATE "C" NOT NULL,
    rule_id         TEXT   COLLATE "C" NOT NULL,
    rule_name       TEXT   COLLATE "C" NOT NULL,
    op              TEXT   COLLATE "C" NOT NULL,
    object          TEXT   COLLATE "C" NOT NULL,
    dialect         TEXT   COLLATE "C" NOT NULL,
    upstream        TEXT   COLLATE "C" NOT NULL,
    finish          TEXT   COLLATE "C" NOT NULL,
    error           TEXT   COLLATE "C" NOT NULL,
    cache           TEXT   COLLATE "C" NOT NULL,
    tier            TEXT   COLLATE "C" NOT NULL,
    engines         TEXT   COLLATE "C" NOT NULL,
    http_status     BIGINT NOT NULL,
    stream          BIGINT NOT NULL,
    fallback        BIGINT NOT NULL
);

CREATE TABLE blocks (
    kind    BIGINT NOT NULL,
    first   BIGINT NOT NULL,
    last    BIGINT NOT NULL,
    records BIGINT NOT NULL,
    bodies  BIGINT NOT NULL,
    size    BIGINT NOT NULL,
    latest  BIGINT NOT NULL,
    PRIMARY KEY (kind, first)
);
CREATE TABLE contents (
    first BIGINT PRIMARY KEY,
    codec BIGINT NOT NULL,
    data  BYTEA  NOT NULL
);
-- It is compressed already.
ALTER TABLE contents ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE totals (
    width       BIGINT NOT NULL,
    slot        BIGINT NOT NULL,
    labels      BIGINT NOT NULL,
    requests    BIGINT NOT NULL,
    latency     BIGINT NOT NULL,
    ttft        BIGINT NOT NULL,
    streamed    BIGINT NOT NULL,
    input       BIGINT NOT NULL,
    output      BIGINT NOT NULL,
    cache_read  BIGINT NOT NULL,
    cache_write BIGINT NOT NULL,
    reasoning   BIGINT NOT NULL,
    cost        BIGINT NOT NULL,
    unpriced    BIGINT NOT NULL,
    retries     BIGINT NOT NULL,
    spread      BYTEA  NOT NULL,
    PRIMARY KEY (width, slot, labels)
);

CREATE TABLE marks (
    name TEXT COLLATE "C" PRIMARY KEY,
    seq  BIGINT NOT NULL
);
INSERT INTO marks (name, seq) VALUES ('totals', 0), ('text', 0);

CREATE TABLE replays (
    seq    BIGINT PRIMARY KEY,
    parent TEXT   COLLATE "C" NOT NULL
);

-- The words of what was said, by seq, in pieces, and how many bytes each vector has.
CREATE TABLE words (
    seq  BIGINT   NOT NULL,
    size BIGINT   NOT NULL,
    text TSVECTOR NOT NULL
);
CREATE INDEX words_seq ON words (seq) INCLUDE (size);
CREATE INDEX words_text ON words USING gin (text);
