-- +goose Up
-- How much was used, at most, of a budget or a limit in the window of time that begins at start.
CREATE TABLE usage (
    id    TEXT PRIMARY KEY,
    start INTEGER NOT NULL, -- microseconds since 1970
    value INTEGER NOT NULL
) WITHOUT ROWID;
