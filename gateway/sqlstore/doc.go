// Package sqlstore keeps the configuration and the log in SQL databases: one implementation over database/sql, where
// a flavour value holds what differs from one database to the next. That is SQLite, in two files, and PostgreSQL, in two
// schemas. Each has one writing connection and a pool of reading ones.
//
// It implements config.Store, observe.Store and govern.Store; it may import providers, exchange, config, observe and
// govern, and nothing imports it but gateway. Its one invariant: opening a store costs the same however much is in it,
// but for the one time after an update that its tables have to change.
package sqlstore
