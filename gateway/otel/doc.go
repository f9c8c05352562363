// Package otel sends what happened to collectors of OpenTelemetry: every exchange as a trace, and histograms of tokens
// and durations.
//
// It may import providers, exchange and transcript, and is the only importer of OpenTelemetry's libraries. Its one
// invariant: an exchange never waits for a collector. When memory for what waits runs out it drops what was said, then
// whole traces, and counts both.
package otel
