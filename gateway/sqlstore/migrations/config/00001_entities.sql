-- +goose Up
CREATE TABLE entities (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    data TEXT NOT NULL,
    PRIMARY KEY (kind, id)
);

-- The one row counts the changes; a writer that has read an older count is refused.
CREATE TABLE revision (version INTEGER NOT NULL);
INSERT INTO revision (version) VALUES (0);
