package observe

import (
	"context"
	"errors"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/providers/catalog"
)

// Store keeps finished records. Times and durations come back in whole microseconds, times in UTC. Of a record's Error,
// Raw and Cause are not kept, and of its Finish, Extra is not; First and NoBodies are not. Tokens are
// kept where HasUsage is set.
type Store interface {
	// Append writes a batch in one transaction. A record whose ID is already stored replaces it.
	Append(ctx context.Context, batch []*exchange.Record) error
	// Get reads one record with its bodies; ErrNotFound where there is none.
	Get(ctx context.Context, id string) (*exchange.Record, error)
	// Search reads records without bodies.
	Search(ctx context.Context, q Query) (Page, error)
	// Stats adds up the records that q selects, whatever its order and page, in the groups of b. Without a bucket and
	// fields there is always one group, in which everything may be zero; else there are no empty ones.
	Stats(ctx context.Context, q Query, b Breakdown) ([]Group, error)
	// Size says what the log takes.
	Size(ctx context.Context) (Size, error)
	// Delete removes records and their bodies for good.
	Delete(ctx context.Context, ids []string) error
	// Prune removes what is older or more than the limits allow.
	Prune(ctx context.Context, l Limits) (Pruned, error)
}

// Repricer gives finished records another cost.
type Repricer interface {
	// Reprice gives the records that q selects, whatever its order and page, the cost that price says; it leaves those
	// alone of which price says nothing.
	Reprice(ctx context.Context, q Query, price func(*exchange.Record) (catalog.Cost, bool)) (Repriced, error)
}

// ErrNotFound says that there is no record with that ID.
var ErrNotFound = errors.New("no such log entry")

// ErrUnavailable says that the log is not open: it can't be read now.
var ErrUnavailable = errors.New("the request log is not open")

// Query selects records. Empty fields select all. Lists are alternatives.
type Query struct {
	Where     filter.Expr // nil = all
	Providers []string
	Models    []string // matches the upstream's model or the one the client asked for
	Statuses  []exchange.Status
	KeyIDs    []string
	Session   string
	Since     time.Time // inclusive
	Until     time.Time // exclusive
	SortBy    string    // timestamp (default), latency, tokens or cost
	Ascending bool
	Limit     int // 0 = only count
	Offset    int
}

// Page is one page of a search: Total counts all matches, Stats sums over all of them.
type Page struct {
	Records []*exchange.Record
	Total   int64
	Stats   Stats
}

// Stats sums up the records of a search.
type Stats struct {
	Requests       int64
	Succeeded      int64
	Finished       int64 // all but cancelled
	AverageLatency time.Duration
	Tokens         int64
}

// Breakdown divides the records of a query into groups: by time, by fields, or both.
type Breakdown struct {
	Bucket time.Duration  // groups of so much time, counted from 1970; 0 = all times are one
	By     []filter.Field // labels, Session or Tool; none = all records are one
	Spread bool           // with percentiles of the latency
	SortBy string         // requests (default), cost, tokens, latest; descending. With a Bucket, times ascend first
	Limit  int            // so many groups at most, 0 = all; with a Bucket the fields' values of all others are ""
}

// Group is what the records of one group have in common, and add up to.
type Group struct {
	Start  time.Time // of its bucket
	Values []string  // of the breakdown's fields; where a field has an id and a name, both: id, tab, name
	Sums
}

// Sums add up records.
type Sums struct {
	Requests, Succeeded, Failed, Cancelled int64
	Input, CacheRead, CacheWrite           int64 // tokens
	Output, Reasoning                      int64
	Cost                                   float64 // US dollars
	Unpriced                               int64   // with usage and no known price
	Latency                                time.Duration
	TTFT                                   time.Duration // of those that have one
	Streamed                               int64         // those that have one
	Retries, Fallbacks                     int64
	DirectHits, SemanticHits               int64
	First, Last                            time.Time     // of the records; zero where the store only knows their hour
	P50, P90, P95, P99                     time.Duration // of the latency, to within 5 %; zero where Spread was not asked
}

// Indexer makes what was said searchable. It is behind the records; IndexText catches up.
type Indexer interface {
	// IndexText gives the store the text of up to n records that it does not have yet, oldest first. more is true where
	// there are others.
	IndexText(ctx context.Context, n int, text func(*exchange.Record) string) (more bool, err error)
}

// Size is what the log takes.
type Size struct {
	Rows      int64
	Bytes     int64 // all of it
	BodyBytes int64 // of it, bodies as they are stored
	Oldest    time.Time
}

// Limits say what the log may keep. Zero = no limit.
type Limits struct {
	Before       time.Time // records older than this go, with all they have
	ErrorsBefore time.Time // the same for records of errors; zero = Before counts for them, too
	BodiesBefore time.Time // bodies older than this go, but for those of errors
	MaxBytes     int64     // while there is more: the oldest bodies go, then the oldest bodies of errors, then the oldest records
}

// Repriced counts the records that Reprice looked at and those that it changed.
type Repriced struct{ Matched, Changed int }

// Pruned counts what Prune removed.
type Pruned struct{ Rows, Bodies int64 }
