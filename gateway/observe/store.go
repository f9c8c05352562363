package observe

import (
	"context"
	"errors"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
)

// Store keeps finished records. Times and durations come back in whole microseconds, times in UTC. Of a record's Error,
// Raw and Cause are not kept, and of its Finish, Extra is not.
type Store interface {
	// Append writes a batch in one transaction. A record whose ID is already stored replaces it.
	Append(ctx context.Context, batch []*exchange.Record) error
	// Get reads one record with its bodies; ErrNotFound where there is none.
	Get(ctx context.Context, id string) (*exchange.Record, error)
	// Search reads records without bodies.
	Search(ctx context.Context, q Query) (Page, error)
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

// Query selects records. Empty fields select all. Lists are alternatives.
type Query struct {
	Providers []string
	Models    []string // matches the upstream's model or the one the client asked for
	Statuses  []exchange.Status
	KeyIDs    []string
	Session   string
	Since     time.Time // inclusive
	Until     time.Time // exclusive
	SortBy    string    // timestamp (default), latency or tokens
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

// Limits say what the log may keep. Zero = no limit.
type Limits struct {
	Before   time.Time // records older than this go
	MaxBytes int64     // bodies go, oldest first, until the file's content is below it
}

// Repriced counts the records that Reprice looked at and those that it changed.
type Repriced struct{ Matched, Changed int }

// Pruned counts what Prune removed.
type Pruned struct{ Rows, Bodies int64 }
