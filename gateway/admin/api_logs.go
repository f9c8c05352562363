package admin

import (
	"encoding/json"
	"time"
)

// TokenUsage counts tokens in OpenAI's terms: prompt_tokens includes cached ones.
type TokenUsage struct {
	PromptTokens      int64 `json:"prompt_tokens"`
	CompletionTokens  int64 `json:"completion_tokens"`
	TotalTokens       int64 `json:"total_tokens"`
	CachedReadTokens  int64 `json:"cached_read_tokens"`
	CachedWriteTokens int64 `json:"cached_write_tokens"`
	ReasoningTokens   int64 `json:"reasoning_tokens"`
}

// ErrorDetails is what went wrong. Kind is of Bifrost's error_type set; Hint says what to do.
type ErrorDetails struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Type    string `json:"type,omitempty"`
	Code    string `json:"code,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// LogEntry is one row of the log. Status is processing, success, error or cancelled. Latency and TTFT are
// milliseconds; null until known. Alias is the model as the client wrote it. Cost is in US dollars; null where the price
// is not known. FallbackIndex says which of the fallbacks answered, counted from 1; 0 = the primary.
type LogEntry struct {
	ID              string        `json:"id"`
	Timestamp       time.Time     `json:"timestamp"`
	Object          string        `json:"object"`
	Provider        string        `json:"provider"`
	Model           string        `json:"model"`
	Alias           string        `json:"alias"`
	Status          string        `json:"status"`
	StatusCode      int           `json:"status_code"`
	Stream          bool          `json:"stream"`
	Latency         *float64      `json:"latency"`
	TTFT            *float64      `json:"ttft"`
	TokenUsage      *TokenUsage   `json:"token_usage"`
	StopReason      string        `json:"stop_reason,omitempty"`
	ErrorDetails    *ErrorDetails `json:"error_details"`
	SelectedKeyID   string        `json:"selected_key_id,omitempty"`
	SelectedKeyName string        `json:"selected_key_name,omitempty"`
	NumberOfRetries int           `json:"number_of_retries"`
	SessionID       string        `json:"session_id,omitempty"`
	UserAgent       string        `json:"user_agent,omitempty"`
	Method          string        `json:"method"`
	Path            string        `json:"path"`
	Dialect         string        `json:"dialect"`
	UpstreamDialect string        `json:"upstream_dialect,omitempty"`
	Cost            *float64      `json:"cost"`
	FallbackIndex   int           `json:"fallback_index"`
	VirtualKeyID    string        `json:"virtual_key_id,omitempty"`
	VirtualKeyName  string        `json:"virtual_key_name,omitempty"`
	TeamID          string        `json:"team_id,omitempty"`
	TeamName        string        `json:"team_name,omitempty"`
	CustomerID      string        `json:"customer_id,omitempty"`
	CustomerName    string        `json:"customer_name,omitempty"`

	ParentRequestID string            `json:"parent_request_id,omitempty"`
	RoutingRuleID   string            `json:"routing_rule_id,omitempty"`
	RoutingRuleName string            `json:"routing_rule_name,omitempty"`
	ComplexityTier  string            `json:"complexity_tier,omitempty"`
	CacheHit        string            `json:"cache_hit,omitempty"` // direct or semantic
	App             string            `json:"app,omitempty"`
	CalledTools     []string          `json:"called_tools,omitempty"` // by the answer
	Process         *Process          `json:"process,omitempty"`
	Metadata        map[string]string `json:"metadata,omitempty"`
	TraceID         string            `json:"trace_id,omitempty"`
	RequestSize     int64             `json:"request_size"`
}

// Process is the program that called.
type Process struct {
	PID  int    `json:"pid"`
	Name string `json:"name"`
	Dir  string `json:"dir,omitempty"`
}

// Span is a piece of a request's time, in milliseconds from its beginning. Attempt numbers the calls of providers from
// 1; 0 = it belongs to none. Phase is read, identify, admit, plugins, mcp, cache, route, queue, attempt, dns, connect, tls, wait,
// stream or settle.
type Span struct {
	Phase    string  `json:"phase"`
	Attempt  int     `json:"attempt"`
	StartMS  float64 `json:"start_ms"`
	LengthMS float64 `json:"length_ms"`
}

// HeaderField is one field of a header; Masked where its value proves who somebody is, and was not kept.
type HeaderField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Masked bool   `json:"masked,omitempty"`
}

// Attempt is one call of a provider. Fallback says which of the fallbacks it was for, 0 = the primary.
type Attempt struct {
	Provider  string  `json:"provider"`
	Model     string  `json:"model"`
	KeyName   string  `json:"key_name,omitempty"`
	Status    int     `json:"status"`
	Error     string  `json:"error,omitempty"`
	Fallback  int     `json:"fallback"`
	LatencyMS float64 `json:"latency_ms"`
}

// CostDetails is a cost in US dollars by what it was for.
type CostDetails struct {
	Input      float64 `json:"input"`
	CacheRead  float64 `json:"cache_read"`
	CacheWrite float64 `json:"cache_write"`
	Output     float64 `json:"output"`
	Reasoning  float64 `json:"reasoning"`
	Request    float64 `json:"request"`
	Total      float64 `json:"total"`
}

// Warning names a field that could not be carried into the provider's dialect.
type Warning struct {
	Field string `json:"field"`
	Why   string `json:"why"`
}

// Body is a logged body as text. Cut is true where the log kept only the beginning of Size bytes. Missing says why
// there is none ("" = there is).
type Body struct {
	Text    string `json:"text"`
	Size    int64  `json:"size"`
	Cut     bool   `json:"cut"`
	Missing string `json:"missing,omitempty"`
}

// LogDetail is GET /api/logs/{id}. InputHistory, Tools and OutputMessage are in the shape of OpenAI chat, whatever
// dialect the bodies are in; null where the body can't be read.
type LogDetail struct {
	LogEntry
	RawRequest      Body            `json:"raw_request"`
	RawResponse     Body            `json:"raw_response"`
	InputHistory    json.RawMessage `json:"input_history" tstype:"ChatMessage[] | null"`
	OutputMessage   json.RawMessage `json:"output_message" tstype:"ChatMessage | null"`
	Tools           json.RawMessage `json:"tools" tstype:"unknown[] | null"`
	Params          json.RawMessage `json:"params" tstype:"Record<string, unknown> | null"`
	Warnings        []Warning       `json:"warnings"`
	AttemptTrail    []Attempt       `json:"attempt_trail"`
	Routing         []RoutingStep   `json:"routing"`
	CostDetails     *CostDetails    `json:"cost_details"`
	PrimaryProvider string          `json:"primary_provider,omitempty"`
	PrimaryModel    string          `json:"primary_model,omitempty"`
	DecodedBecause  string          `json:"decoded_because,omitempty"`
	UpstreamLatency *float64        `json:"upstream_latency"`
	ConfigVersion   int64           `json:"config_version"`

	UpstreamRequest Body          `json:"upstream_request"` // as the provider got it
	ClientResponse  Body          `json:"client_response"`  // as the client got it
	RequestHeaders  []HeaderField `json:"request_headers"`
	ResponseHeaders []HeaderField `json:"response_headers"` // of the provider
	Spans           []Span        `json:"spans"`
	UpstreamFrames  int           `json:"upstream_frames"` // how many GET /api/logs/{id}/frames has; 0 = no stream
	ClientFrames    int           `json:"client_frames"`
	Replays         []string      `json:"replays"` // ids of requests that repeat this one, newest first
}

// StreamFrame is one frame of a stream. AtMS is when its last byte passed, in milliseconds from the beginning of the
// request, null where that was not measured.
type StreamFrame struct {
	AtMS  *float64 `json:"at_ms"`
	Size  int64    `json:"size"`
	Event string   `json:"event,omitempty"`
	Data  string   `json:"data"`
}

// StreamFrames is GET /api/logs/{id}/frames?side=upstream|client.
type StreamFrames struct {
	Frames []StreamFrame `json:"frames"`
	Cut    bool          `json:"cut"` // the log kept only the beginning
}

// Pagination echoes a list's query.
type Pagination struct {
	Limit      int    `json:"limit"`
	Offset     int    `json:"offset"`
	SortBy     string `json:"sort_by"`
	Order      string `json:"order"`
	TotalCount int64  `json:"total_count"`
}

// LogStats sums over all matches of a list. SuccessRate is in percent, AverageLatency in milliseconds, TotalCost in US
// dollars; Unpriced counts requests whose cost is not known. The user-facing figures leave out requests that the gateway
// itself refused; PreviousPeriod is what GET /api/logs/stats?compare_to_previous=true adds.
type LogStats struct {
	TotalRequests           int64     `json:"total_requests"`
	SuccessRate             float64   `json:"success_rate"`
	UserFacingSuccessRate   float64   `json:"user_facing_success_rate"`
	UserFacingTotalRequests int64     `json:"user_facing_total_requests"`
	AverageLatency          float64   `json:"average_latency"`
	TotalTokens             int64     `json:"total_tokens"`
	TotalCost               float64   `json:"total_cost"`
	Unpriced                int64     `json:"unpriced"`
	CacheHitRateTotal       int64     `json:"cache_hit_rate_total_requests"`
	DirectCacheHits         int64     `json:"direct_cache_hits"`
	SemanticCacheHits       int64     `json:"semantic_cache_hits"`
	PreviousPeriod          *LogStats `json:"previous_period,omitempty"`
}

// Logs is GET /api/logs.
type Logs struct {
	Logs       []LogEntry `json:"logs"`
	Pagination Pagination `json:"pagination"`
	Stats      LogStats   `json:"stats"`
	HasLogs    bool       `json:"has_logs"`
}
