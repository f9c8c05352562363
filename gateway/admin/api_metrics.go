package admin

import "time"

// Bucket is what happened in one span of time. Latencies and TTFT are milliseconds, null where nothing was measured; the
// cost is in US dollars.
type Bucket struct {
	Timestamp        time.Time `json:"timestamp"`
	Requests         int64     `json:"requests"`
	Succeeded        int64     `json:"succeeded"`
	Failed           int64     `json:"failed"`
	Cancelled        int64     `json:"cancelled"`
	PromptTokens     int64     `json:"prompt_tokens"`
	CompletionTokens int64     `json:"completion_tokens"`
	CachedTokens     int64     `json:"cached_tokens"`
	Cost             float64   `json:"cost"`
	AverageLatency   *float64  `json:"average_latency"`
	P50              *float64  `json:"p50"`
	P90              *float64  `json:"p90"`
	P95              *float64  `json:"p95"`
	P99              *float64  `json:"p99"`
	TTFT             *float64  `json:"ttft"`
	TokensPerSecond  *float64  `json:"tokens_per_second"` // of output, while it was being made
}

// Ranked is one row of a ranking: all that one model, provider, app … did. Share is its part of the cost, from 0 to 1.
type Ranked struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Provider       string   `json:"provider,omitempty"` // of a model
	Requests       int64    `json:"requests"`
	SuccessRate    float64  `json:"success_rate"`
	Tokens         int64    `json:"tokens"`
	Cost           float64  `json:"cost"`
	Unpriced       int64    `json:"unpriced"`
	Share          float64  `json:"share"`
	AverageLatency *float64 `json:"average_latency"`
}

// Series is one line of a chart by a dimension: a value for each bucket of the dashboard.
type Series struct {
	ID     string    `json:"id"` // "" = all others
	Name   string    `json:"name"`
	Values []float64 `json:"values"`
}

// LogDashboard is GET /api/logs/dashboard?period=…|start_time=…&end_time=…&filter=…: all that the metrics page shows, in one
// call. Buckets have no gaps.
type LogDashboard struct {
	From          time.Time `json:"from"`
	Until         time.Time `json:"until"`
	BucketSeconds int64     `json:"bucket_size_seconds"`
	Stats         LogStats  `json:"stats"` // with PreviousPeriod
	Buckets       []Bucket  `json:"buckets"`
	CostByModel   []Series  `json:"cost_by_model"`
	RequestsByApp []Series  `json:"requests_by_app"`
	Models        []Ranked  `json:"models"`
	Providers     []Ranked  `json:"providers"`
	Apps          []Ranked  `json:"apps"`
	VirtualKeys   []Ranked  `json:"virtual_keys"`
	ErrorKinds    []Ranked  `json:"error_kinds"`
}

// LogSession is one run of requests that belong together, as a coding agent makes them.
type LogSession struct {
	SessionID        string    `json:"session_id"`
	Count            int64     `json:"count"`
	Errors           int64     `json:"errors"`
	TotalCost        float64   `json:"total_cost"`
	Unpriced         int64     `json:"unpriced"`
	TotalTokens      int64     `json:"total_tokens"`
	PromptTokens     int64     `json:"prompt_tokens"`
	CompletionTokens int64     `json:"completion_tokens"`
	CachedTokens     int64     `json:"cached_tokens"`
	StartedAt        time.Time `json:"started_at"`
	LatestAt         time.Time `json:"latest_at"`
	DurationMS       float64   `json:"duration_ms"`
	App              string    `json:"app"`
	Models           []string  `json:"models"`
	Title            string    `json:"title"` // what was asked first; "" = the log keeps no content
	Dir              string    `json:"dir"`   // the working directory of the program, "" = not known
}

// LogSessions is GET /api/logs/sessions: the latest first.
type LogSessions struct {
	Sessions   []LogSession `json:"sessions"`
	Pagination Pagination   `json:"pagination"`
}

// LogStorage is GET /api/logs/storage: what the log takes, and what it has lost.
type LogStorage struct {
	Type          string     `json:"type"` // sqlite or postgres
	Path          string     `json:"path,omitempty"`
	Rows          int64      `json:"rows"`
	Bytes         int64      `json:"bytes"`
	BodyBytes     int64      `json:"body_bytes"`
	MaxBytes      int64      `json:"max_bytes"` // 0 = no limit
	Oldest        *time.Time `json:"oldest"`
	Problem       string     `json:"problem,omitempty"` // why nothing is written now, or what happened to the last file
	DroppedRows   int64      `json:"dropped_rows"`
	DroppedBodies int64      `json:"dropped_bodies"`
	RetentionDays int        `json:"retention_days"`
	ErrorDays     int        `json:"error_retention_days"`
	ContentDays   int        `json:"content_retention_days"` // 0 = as long as the rows
}

// LogTrend says by how many percent sums changed since the span of time before.
type LogTrend struct {
	HasPreviousPeriod bool    `json:"has_previous_period"`
	Requests          float64 `json:"requests_trend"`
	Tokens            float64 `json:"tokens_trend"`
	Cost              float64 `json:"cost_trend"`
	Latency           float64 `json:"latency_trend"`
}

// LogRanking is one row of a ranking: all that one model, virtual key, team … did. SuccessRate is in percent,
// AverageLatency in milliseconds, TotalCost in US dollars.
type LogRanking struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Model          string   `json:"model,omitempty"`
	Provider       string   `json:"provider,omitempty"`
	TotalRequests  int64    `json:"total_requests"`
	SuccessCount   int64    `json:"success_count"`
	SuccessRate    float64  `json:"success_rate"`
	TotalTokens    int64    `json:"total_tokens"`
	TotalCost      float64  `json:"total_cost"`
	AverageLatency *float64 `json:"avg_latency"`
	Trend          LogTrend `json:"trend"`
}

// LogRankings is GET /api/logs/rankings and, with Dimension, GET /api/logs/rankings/by-dimension?dimension=…
type LogRankings struct {
	Dimension string       `json:"dimension,omitempty"`
	Rankings  []LogRanking `json:"rankings"`
}

// LogDropped is GET /api/logs/dropped: what the log has lost since the start.
type LogDropped struct {
	DroppedRequests int64 `json:"dropped_requests"`
	DroppedBodies   int64 `json:"dropped_bodies"`
}

// Recalculated is how the costs of the log are being, or were last, calculated anew: POST /api/logs/recalculate-cost, and
// its status and cancel. Status is idle, running, done, cancelled or failed; then Error says why. What a run changed
// before it was cancelled stays so.
type Recalculated struct {
	Status       string     `json:"status"`
	TotalMatched int        `json:"total_matched"`
	Updated      int        `json:"updated"`
	Skipped      int        `json:"skipped"` // without a known price
	StartedAt    *time.Time `json:"started_at"`
	EndedAt      *time.Time `json:"ended_at"`
	Error        string     `json:"error,omitempty"`
}
