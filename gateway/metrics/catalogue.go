package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// metric is a metric's place in the catalogue.
type metric int

const (
	httpRequests metric = iota
	httpDuration
	httpRequestSize
	httpResponseSize

	upstreamRequests
	successRequests
	errorRequests
	upstreamLatency
	overheadLatency
	overheadComponent
	inputTokens
	outputTokens
	cacheReadTokens
	cacheWriteTokens
	cacheWriteTokens5m
	cacheWriteTokens1h
	cost
	cacheHits
	firstToken
	interToken
	retries

	activeRequests
	keyRotations
	embeddingRequests
	embeddingCost
	classifierRequests
	classifierCost
	toolDuration

	keyUp
	logDropped
	folded

	metricCount
)

// kind is a metric's type, as the exposition calls it.
type kind string

const (
	counter   kind = "counter"
	gauge     kind = "gauge"
	histogram kind = "histogram"
)

// scope says which labels a metric has beside its own.
type scope int

const (
	scopeOwn  scope = iota // none
	scopeCall              // those of a call, and the custom ones
	scopeUser              // the custom ones
)

// definition is one metric of the catalogue.
type definition struct {
	name    string
	kind    kind
	scope   scope
	labels  []string // its own
	buckets []float64
	help    string
}

// callLabels are those of all metrics of calls: the names of today and, where an older version had another, that too.
var callLabels = []string{
	"provider", "model", "alias", "method", "virtual_key_id", "virtual_key_name",
	"routing_engine_used", "routing_rule_id", "routing_rule_name", "complexity_tier", "complexity_mechanism",
	"selected_key_id", "selected_key_name", "number_of_retries", "fallback_index",
	"team_id", "team_name", "customer_id", "customer_name",
	"business_unit_id", "business_unit_name", "project_id", "project_name",
}

// userLabels are added to callLabels where the settings ask for them.
var userLabels = []string{"user_id", "user_name"}

var (
	httpLabels    = []string{"path", "method", "status"}
	routingLabels = []string{"provider", "model", "phase"}
	toolLabels    = []string{
		"mcp_client", "mcp_tool_name", "mcp_method", "error_type", "virtual_key_id", "virtual_key_name", "team_id", "team_name",
		"customer_id", "customer_name", "business_unit_id", "business_unit_name", "project_id", "project_name",
	}
)

var (
	latencyBuckets    = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30, 45, 60, 90, 120, 180, 300, 600, 900}
	firstTokenBuckets = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300}
	interTokenBuckets = []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	overheadBuckets   = []float64{100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1e6, 2.5e6, 5e6, 1e7, 3e7}
	toolBuckets       = []float64{.01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30, 60, 120, 300}
	retryBuckets      = []float64{0, 1, 2, 3, 5, 10}
	sizeBuckets       = prometheus.ExponentialBuckets(100, 10, 8) // 100 bytes to 1 GB
)

// catalogue is every metric there is. Those of routing by embeddings or by a model, and of tools, have no series until
// something in the gateway does that.
var catalogue = [metricCount]definition{
	httpRequests:     {"http_requests_total", counter, scopeUser, httpLabels, nil, "HTTP requests that were answered, by the route's template."},
	httpDuration:     {"http_request_duration_seconds", histogram, scopeUser, httpLabels, latencyBuckets, "Time from a request's arrival to the end of its answer."},
	httpRequestSize:  {"http_request_size_bytes", histogram, scopeUser, httpLabels, sizeBuckets, "Size of the bodies of HTTP requests."},
	httpResponseSize: {"http_response_size_bytes", histogram, scopeUser, httpLabels, sizeBuckets, "Size of the bodies of HTTP answers."},

	upstreamRequests:   {"bifrost_upstream_requests_total", counter, scopeCall, nil, nil, "Requests to a provider, with their retries; each fallback is one more. Successes and errors together."},
	successRequests:    {"bifrost_success_requests_total", counter, scopeCall, nil, nil, "Requests to a provider that succeeded."},
	errorRequests:      {"bifrost_error_requests_total", counter, scopeCall, []string{"status_code", "error_type", "reason"}, nil, "Requests to a provider that failed, were refused by the gateway on their way, or were cancelled. reason is the older name of error_type."},
	upstreamLatency:    {"bifrost_upstream_latency_seconds", histogram, scopeCall, []string{"is_success"}, latencyBuckets, "Time spent at a provider, with retries, to the end of the answer."},
	overheadLatency:    {"bifrost_overhead_latency_microseconds", histogram, scopeCall, nil, overheadBuckets, "Time of a request that was not spent at providers."},
	overheadComponent:  {"bifrost_overhead_component_microseconds", histogram, scopeCall, []string{"overhead_component"}, overheadBuckets, "The same by what it was spent on; with overhead_breakdown_enabled only."},
	inputTokens:        {"bifrost_input_tokens_total", counter, scopeCall, nil, nil, "Input tokens, those read from and written to the provider's prompt cache among them."},
	outputTokens:       {"bifrost_output_tokens_total", counter, scopeCall, nil, nil, "Output tokens, those of reasoning among them."},
	cacheReadTokens:    {"bifrost_cache_read_input_tokens_total", counter, scopeCall, nil, nil, "Input tokens read from the provider's prompt cache."},
	cacheWriteTokens:   {"bifrost_cache_write_input_tokens_total", counter, scopeCall, nil, nil, "Input tokens written to the provider's prompt cache."},
	cacheWriteTokens5m: {"bifrost_cache_write_input_tokens_5m_total", counter, scopeCall, nil, nil, "Of bifrost_cache_write_input_tokens_total, those kept for minutes."},
	cacheWriteTokens1h: {"bifrost_cache_write_input_tokens_1h_total", counter, scopeCall, nil, nil, "Of bifrost_cache_write_input_tokens_total, those kept for an hour."},
	cost:               {"bifrost_cost_total", counter, scopeCall, nil, nil, "Cost in US dollars, where the price is known."},
	cacheHits:          {"bifrost_cache_hits_total", counter, scopeCall, []string{"cache_type"}, nil, "Answers from the gateway's own cache: direct or semantic."},
	firstToken:         {"bifrost_stream_first_token_latency_seconds", histogram, scopeCall, nil, firstTokenBuckets, "Time from a request's arrival to the first piece of its streamed answer."},
	interToken:         {"bifrost_stream_inter_token_latency_seconds", histogram, scopeCall, nil, interTokenBuckets, "Time between the pieces of a streamed answer."},
	retries:            {"bifrost_request_retries", histogram, scopeCall, nil, retryBuckets, "Retries of a request to a provider."},

	activeRequests:     {"bifrost_active_requests", gauge, scopeOwn, []string{"method"}, nil, "Requests in flight whose provider is known."},
	keyRotations:       {"bifrost_key_rotation_events_total", counter, scopeOwn, []string{"provider", "requested_model", "key_id", "key_name", "fail_reason"}, nil, "Failures of a key after which another one was tried."},
	embeddingRequests:  {"bifrost_routing_embedding_requests_total", counter, scopeOwn, routingLabels, nil, "Embeddings made to decide where a request goes."},
	embeddingCost:      {"bifrost_routing_embedding_cost_total", counter, scopeOwn, routingLabels, nil, "Cost of those embeddings in US dollars."},
	classifierRequests: {"bifrost_routing_llm_requests_total", counter, scopeOwn, routingLabels, nil, "Calls of a model made to decide where a request goes."},
	classifierCost:     {"bifrost_routing_llm_cost_total", counter, scopeOwn, routingLabels, nil, "Cost of those calls in US dollars."},
	toolDuration:       {"bifrost_mcp_client_operation_duration_seconds", histogram, scopeUser, toolLabels, toolBuckets, "Time that a call of an MCP server took."},

	keyUp:      {"bifrost_provider_key_up", gauge, scopeOwn, []string{"provider", "key_id", "key_name"}, nil, "1 where a key is used as usual, 0 where it is left out because its calls fail."},
	logDropped: {"heimdall_log_dropped_total", counter, scopeOwn, []string{"what"}, nil, "What the request log lost because it could not keep up: records, or bodies of records that were kept."},
	folded:     {"heimdall_metrics_folded_total", counter, scopeOwn, nil, nil, "Requests counted under the name other, because there were too many different labels."},
}

// names are the labels of a metric in a configuration.
func (d *definition) names(c Config) []string {
	switch d.scope {
	case scopeOwn:
		return d.labels
	case scopeUser:
		return slices.Concat(d.labels, c.Labels)
	case scopeCall:
	}
	names := slices.Concat(callLabels, d.labels, c.Labels)
	if c.Users {
		names = append(names, userLabels...)
	}
	return names
}
