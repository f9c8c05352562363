-- +goose Up
-- Texts are compared byte by byte, as in SQLite.
CREATE TABLE entities (
    kind TEXT COLLATE "C" NOT NULL,
    id   TEXT COLLATE "C" NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- The one row counts the changes; a writer that has read an older count is refused.
CREATE TABLE revision (version BIGINT NOT NULL);
INSERT INTO revision (version) VALUES (0);

-- How much was used, at most, of a budget or a limit in the window of time that begins at start.
CREATE TABLE usage (
    id    TEXT COLLATE "C" PRIMARY KEY,
    start BIGINT NOT NULL, -- microseconds since 1970
    value BIGINT NOT NULL
);
