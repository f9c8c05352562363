// Package config is the gateway's configuration: immutable snapshots, the manager that edits, validates, stores and
// swaps them, and the references by which secrets are named.
//
// It may import providers and exchange, never a sibling; it declares the Store and the Secrets it needs. Its one
// invariant: a snapshot that others can see never changes and holds no secret outside the Secret type.
package config
