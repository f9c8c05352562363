// Package period knows the windows of time after which budgets and rate limits begin anew: "30s", "5m", "1h", "1d",
// "1w", "1M", "1Q", "1Y".
//
// It imports the standard library only. Its one invariant: all windows are counted in UTC, and the windows of one
// period neither overlap nor leave a gap.
package period
