// Package metrics counts what passes through the gateway, in Prometheus' terms: an observer of records, a receiver of
// answered HTTP requests, the page /metrics and the pushing of the same to a push gateway.
//
// The names of metrics and labels are Bifrost's, old and new ones together, so that dashboards made for it work. What is
// ours alone begins with heimdall_.
//
// It may import exchange, providers and what is below, never a sibling. It is the only importer of the Prometheus
// library. Its one invariant: however many names callers invent, the number of series is bounded.
package metrics
