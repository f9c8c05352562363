package metrics

import (
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
	"heimdall/providers/timing"
)

func open(t testing.TB, o Options) *Metrics {
	t.Helper()
	if !o.Config.Enabled && !o.Config.Push.Enabled {
		o.Config.Enabled = true
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// read is what was counted: the metric with its labels that are not empty, and its value. A histogram is its _count and
// its _sum. Our own process is left out.
func read(t testing.TB, m *Metrics) map[string]float64 {
	t.Helper()
	all, err := prometheus.Gatherers{m.current.Load().registry, m.fixed.registry}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, family := range all {
		for _, one := range family.GetMetric() {
			var labels []string
			for _, l := range one.GetLabel() {
				if l.GetValue() != "" {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
			}
			at := "{" + strings.Join(labels, " ") + "}"
			switch {
			case one.Counter != nil:
				out[family.GetName()+at] = one.Counter.GetValue()
			case one.Gauge != nil:
				out[family.GetName()+at] = one.Gauge.GetValue()
			case one.Histogram != nil:
				out[family.GetName()+"_count"+at] = float64(one.Histogram.GetSampleCount())
				out[family.GetName()+"_sum"+at] = one.Histogram.GetSampleSum()
			}
		}
	}
	return out
}

// expect compares what was counted with lines of a metric and its value; metrics that no line names do not count.
func expect(t *testing.T, m *Metrics, lines ...string) {
	t.Helper()
	got, names, want := read(t, m), map[string]bool{}, map[string]bool{}
	for _, l := range lines {
		name, _, _ := strings.Cut(l, "{")
		names[name], want[l] = true, true
	}
	for _, at := range slices.Sorted(maps.Keys(got)) {
		name, _, _ := strings.Cut(at, "{")
		line := at + " " + strings.TrimSuffix(strings.TrimRight(fixed6(got[at]), "0"), ".")
		if names[name] && !want[line] {
			t.Errorf("unexpected: %s", line)
		}
		delete(want, line)
	}
	for l := range want {
		t.Errorf("missing: %s", l)
	}
}

func marks(at ...time.Duration) []byte {
	var m timing.Marks
	for _, one := range at {
		m.Add(100, one)
	}
	return m.Bytes()
}

// record is a request with everything in it.
func record() *exchange.Record {
	return &exchange.Record{
		ID: "1", Op: llm.OpChat, Dialect: "messages", Stream: true, Status: exchange.StatusSuccess, HTTPStatus: 200,
		Provider: "demo", Model: "chat-2", RequestedModel: "demo/fast", KeyID: "k1", KeyName: "first",
		Identity: exchange.Identity{VirtualKeyID: "vk1", VirtualKeyName: "agents", TeamID: "t1", TeamName: "tools", CustomerID: "c1", CustomerName: "acme"},
		RuleID:   "r1", RuleName: "cheap", Tier: "SIMPLE",
		Routing: []exchange.Step{{Engine: "identity"}, {Engine: "routing-rule"}, {Engine: "routing-rule"}, {Engine: "core"}},
		Latency: 2*time.Second + 3*time.Millisecond, Upstream: 2 * time.Second, TTFT: 400 * time.Millisecond,
		Attempts:      []exchange.Attempt{{Provider: "demo", Model: "chat-2", KeyID: "k1", KeyName: "first", Status: 200, Duration: 400 * time.Millisecond}},
		ResponseMarks: marks(400*time.Millisecond, 420*time.Millisecond, 500*time.Millisecond),
		HasUsage:      true, Usage: llm.Usage{Input: 1000, CacheRead: 600, CacheWrite: 300, CacheWriteHour: 100, Output: 50, Reasoning: 10},
		Cost: catalog.Cost{Known: true, Total: 0.25},
	}
}

const labels = "alias=fast complexity_tier=SIMPLE customer_id=c1 customer_name=acme fallback_index=0 method=chat_completion_stream model=chat-2 number_of_retries=0" +
	" provider=demo routing_engine_used=identity,routing-rule,core routing_rule_id=r1 routing_rule_name=cheap selected_key_id=k1 selected_key_name=first" +
	" team_id=t1 team_name=tools virtual_key_id=vk1 virtual_key_name=agents"

func TestARequestIsCounted(t *testing.T) {
	m := open(t, Options{})
	r := record()
	m.Begin(r)
	expect(t, m, "bifrost_active_requests{method=chat_completion_stream} 1")
	m.End(r)
	with := "{" + labels + "} "
	expect(t, m,
		"bifrost_active_requests{method=chat_completion_stream} 0",
		"bifrost_upstream_requests_total"+with+"1",
		"bifrost_success_requests_total"+with+"1",
		"bifrost_input_tokens_total"+with+"1000",
		"bifrost_output_tokens_total"+with+"50",
		"bifrost_cache_read_input_tokens_total"+with+"600",
		"bifrost_cache_write_input_tokens_total"+with+"300",
		"bifrost_cache_write_input_tokens_5m_total"+with+"200",
		"bifrost_cache_write_input_tokens_1h_total"+with+"100",
		"bifrost_cost_total"+with+"0.25",
		"bifrost_overhead_latency_microseconds_sum"+with+"3000",
		"bifrost_stream_first_token_latency_seconds_sum"+with+"0.4",
		"bifrost_stream_inter_token_latency_seconds_count"+with+"2",
		"bifrost_stream_inter_token_latency_seconds_sum"+with+"0.1",
		"bifrost_request_retries_count"+with+"1",
		"bifrost_request_retries_sum"+with+"0",
		"bifrost_upstream_latency_seconds_sum{"+strings.Replace(labels, " method=", " is_success=true method=", 1)+"} 2",
	)
	for at := range read(t, m) {
		if strings.Contains(at, "error") || strings.Contains(at, "cache_hits") || strings.Contains(at, "component") {
			t.Errorf("counted as well: %s", at)
		}
	}
}

func plainRecord() *exchange.Record {
	return &exchange.Record{
		Op: llm.OpChat, Dialect: "chat", Status: exchange.StatusSuccess, Provider: "demo", Model: "chat", RequestedModel: "chat", KeyID: "k1", KeyName: "one",
		Latency: 110 * time.Millisecond, Upstream: 100 * time.Millisecond,
		Attempts: []exchange.Attempt{{Provider: "demo", Model: "chat", KeyID: "k1", KeyName: "one", Status: 200, Duration: 100 * time.Millisecond}},
		Spans:    spans(5, 105),
	}
}

// spans are those of calls that began and ended then, in milliseconds.
func spans(times ...int) (all []exchange.Span) {
	for i := 0; i < len(times); i += 2 {
		begun, over := time.Duration(times[i])*time.Millisecond, time.Duration(times[i+1])*time.Millisecond
		all = append(all, exchange.Span{Phase: exchange.PhaseAttempt, Attempt: i/2 + 1, Start: begun, Duration: over - begun},
			exchange.Span{Phase: exchange.PhaseWait, Attempt: i/2 + 1, Start: begun, Duration: over - begun})
	}
	return all
}

// failures are ways to an end, and what is counted of them.
func failures() []failureCase {
	limited := exchange.Attempt{Provider: "demo", Model: "chat", KeyID: "k1", KeyName: "one", Status: 429, Error: "slow down", Kind: llm.KindProviderLimited, Duration: 100 * time.Millisecond}
	second := limited
	second.KeyID, second.KeyName, second.Duration = "k2", "two", 50*time.Millisecond
	answered := exchange.Attempt{Provider: "spare", Model: "large", KeyID: "k3", KeyName: "three", Status: 200, Fallback: 1, Duration: 200 * time.Millisecond}
	const demo = "fallback_index=0 method=chat_completion model=chat number_of_retries="
	return []failureCase{
		{"another key", func(r *exchange.Record) {
			ok := second
			ok.Status, ok.Error, ok.Kind = 200, "", ""
			r.Attempts, r.KeyID, r.KeyName, r.Retries = []exchange.Attempt{limited, ok}, "k2", "two", 1
			r.Spans, r.Upstream = spans(5, 105, 120, 175), 170*time.Millisecond
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "1 provider=demo selected_key_id=k2 selected_key_name=two} 1",
			"bifrost_success_requests_total{" + demo + "1 provider=demo selected_key_id=k2 selected_key_name=two} 1",
			"bifrost_request_retries_sum{" + demo + "1 provider=demo selected_key_id=k2 selected_key_name=two} 1",
			"bifrost_upstream_latency_seconds_sum{fallback_index=0 is_success=true method=chat_completion model=chat number_of_retries=1 provider=demo selected_key_id=k2 selected_key_name=two} 0.17",
			"bifrost_key_rotation_events_total{fail_reason=provider_rate_limited key_id=k1 key_name=one provider=demo requested_model=chat} 1",
		}},
		{"a fallback answers", func(r *exchange.Record) {
			r.Attempts = []exchange.Attempt{limited, second, answered}
			r.Provider, r.Model, r.KeyID, r.KeyName, r.Fallback, r.Retries = "spare", "large", "k3", "three", 1, 1
			r.PrimaryProvider, r.PrimaryModel, r.Spans, r.Upstream = "demo", "chat", spans(5, 105, 150, 200, 220, 420), 465*time.Millisecond
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "1 provider=demo selected_key_id=k2 selected_key_name=two} 1",
			"bifrost_upstream_requests_total{alias=chat fallback_index=1 method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 1",
			"bifrost_error_requests_total{error_type=provider_rate_limited " + demo + "1 provider=demo reason=provider_rate_limited selected_key_id=k2 selected_key_name=two status_code=429} 1",
			"bifrost_success_requests_total{alias=chat fallback_index=1 method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 1",
			"bifrost_upstream_latency_seconds_sum{fallback_index=0 is_success=false method=chat_completion model=chat number_of_retries=1 provider=demo selected_key_id=k2 selected_key_name=two} 0.195",
			"bifrost_upstream_latency_seconds_sum{alias=chat fallback_index=1 is_success=true method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 0.25", // with a stream of 50 ms
			"bifrost_key_rotation_events_total{fail_reason=provider_rate_limited key_id=k1 key_name=one provider=demo requested_model=chat} 1",
		}},
		{"the same key again", func(r *exchange.Record) {
			r.Attempts, r.Retries = append([]exchange.Attempt{limited}, r.Attempts...), 1
			r.Spans, r.Upstream = spans(5, 105, 165, 265), 260*time.Millisecond
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "1 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_success_requests_total{" + demo + "1 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_upstream_latency_seconds_sum{fallback_index=0 is_success=true method=chat_completion model=chat number_of_retries=1 provider=demo selected_key_id=k1 selected_key_name=one} 0.26",
		}},
		{"the second fallback answers", func(r *exchange.Record) {
			failed := answered
			failed.Status, failed.Kind = 503, llm.KindOverloaded
			last := answered
			last.Provider, last.Fallback = "last", 2
			r.Attempts = []exchange.Attempt{limited, failed, last}
			r.Provider, r.Model, r.KeyID, r.KeyName, r.Fallback = "last", "large", "k3", "three", 2
			r.PrimaryProvider, r.PrimaryModel, r.Upstream = "demo", "chat", 700*time.Millisecond
			r.Spans = spans(5, 105, 105, 305, 305, 705)
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_upstream_requests_total{alias=chat fallback_index=1 method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 1",
			"bifrost_upstream_requests_total{alias=chat fallback_index=2 method=chat_completion model=large number_of_retries=0 provider=last selected_key_id=k3 selected_key_name=three} 1",
			"bifrost_error_requests_total{error_type=provider_rate_limited " + demo + "0 provider=demo reason=provider_rate_limited selected_key_id=k1 selected_key_name=one status_code=429} 1",
			"bifrost_error_requests_total{alias=chat error_type=provider_overloaded fallback_index=1 method=chat_completion model=large number_of_retries=0 provider=spare reason=provider_overloaded selected_key_id=k3 selected_key_name=three status_code=503} 1",
			"bifrost_success_requests_total{alias=chat fallback_index=2 method=chat_completion model=large number_of_retries=0 provider=last selected_key_id=k3 selected_key_name=three} 1",
			"bifrost_upstream_latency_seconds_sum{fallback_index=0 is_success=false method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 0.1",
			"bifrost_upstream_latency_seconds_sum{alias=chat fallback_index=1 is_success=false method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 0.2",
			"bifrost_upstream_latency_seconds_sum{alias=chat fallback_index=2 is_success=true method=chat_completion model=large number_of_retries=0 provider=last selected_key_id=k3 selected_key_name=three} 0.4",
		}},
		{"all fail", func(r *exchange.Record) {
			failed := answered
			failed.Status, failed.Error, failed.Kind = 500, "no", llm.KindServerError
			r.Attempts, r.Status, r.Error, r.Upstream = []exchange.Attempt{limited, failed}, exchange.StatusError, &llm.Error{Kind: llm.KindProviderLimited, Status: 429}, 320*time.Millisecond
			r.Spans = spans(5, 105, 125, 325)
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_upstream_requests_total{alias=chat fallback_index=1 method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 1",
			"bifrost_error_requests_total{error_type=provider_rate_limited " + demo + "0 provider=demo reason=provider_rate_limited selected_key_id=k1 selected_key_name=one status_code=429} 1",
			"bifrost_error_requests_total{alias=chat error_type=provider_server_error fallback_index=1 method=chat_completion model=large number_of_retries=0 provider=spare reason=provider_server_error selected_key_id=k3 selected_key_name=three status_code=500} 1",
			"bifrost_upstream_latency_seconds_sum{fallback_index=0 is_success=false method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 0.1",
			"bifrost_upstream_latency_seconds_sum{alias=chat fallback_index=1 is_success=false method=chat_completion model=large number_of_retries=0 provider=spare selected_key_id=k3 selected_key_name=three} 0.2",
		}},
		{"a budget is used up", func(r *exchange.Record) {
			r.Attempts, r.Status, r.Error, r.Upstream = nil, exchange.StatusError, &llm.Error{Kind: llm.KindBudgetExceeded, Status: 402}, 0
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_error_requests_total{error_type=policy_budget_exceeded " + demo + "0 provider=demo reason=policy_budget_exceeded selected_key_id=k1 selected_key_name=one status_code=402} 1",
		}},
		{"the client leaves", func(r *exchange.Record) {
			r.Status, r.Error = exchange.StatusCancelled, &llm.Error{Kind: llm.KindCancelled, Status: 499}
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_error_requests_total{error_type=caller_cancelled " + demo + "0 provider=demo reason=caller_cancelled selected_key_id=k1 selected_key_name=one status_code=499} 1",
			"bifrost_upstream_latency_seconds_sum{fallback_index=0 is_success=false method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one} 0.1",
		}},
		{"the cache answers", func(r *exchange.Record) {
			r.Attempts, r.Upstream, r.CacheHit = nil, 0, "semantic"
		}, []string{
			"bifrost_upstream_requests_total{" + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_success_requests_total{" + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
			"bifrost_cache_hits_total{cache_type=semantic " + demo + "0 provider=demo selected_key_id=k1 selected_key_name=one} 1",
		}},
		{"no route matches", func(r *exchange.Record) {
			*r = exchange.Record{Status: exchange.StatusError, Error: &llm.Error{Kind: llm.KindInvalidRequest, Status: 404}}
		}, nil},
		{"turned away before a provider is known", func(r *exchange.Record) {
			r.Provider, r.Attempts, r.Status, r.Error = "", nil, exchange.StatusError, &llm.Error{Kind: llm.KindAccessDenied, Status: 403}
		}, nil},
	}
}

type failureCase struct {
	name   string
	change func(*exchange.Record)
	want   []string
}

// What happened on the way to the answer is counted where it happened.
func TestFailures(t *testing.T) {
	for _, test := range failures() {
		t.Run(test.name, func(t *testing.T) {
			m := open(t, Options{})
			r := plainRecord()
			test.change(r)
			m.Begin(r)
			m.End(r)
			if r.Op != "" {
				test.want = append(test.want, "bifrost_active_requests{method=chat_completion} 0")
			}
			expect(t, m, test.want...)
			for at := range read(t, m) {
				name, _, _ := strings.Cut(at, "{")
				told := slices.ContainsFunc(test.want, func(l string) bool { return strings.HasPrefix(l, name+"{") })
				if slices.Contains([]string{"bifrost_active_requests", "bifrost_upstream_requests_total", "bifrost_error_requests_total", "bifrost_success_requests_total", "bifrost_cache_hits_total", "bifrost_key_rotation_events_total", "bifrost_upstream_latency_seconds_sum"}, name) && !told {
					t.Errorf("counted as well: %s", at)
				}
			}
		})
	}
}

// Tokens that a client has counted are not used.
func TestCountingTokensUsesNone(t *testing.T) {
	m := open(t, Options{})
	r := plainRecord()
	r.Op, r.HasUsage, r.Usage = llm.OpCountTokens, true, llm.Usage{Input: 1000}
	m.End(r)
	for at := range read(t, m) {
		if strings.Contains(at, "tokens_total") {
			t.Error(at)
		}
	}
}

func TestTheOverheadInParts(t *testing.T) {
	m := open(t, Options{Config: Config{Breakdown: true}})
	r := plainRecord()
	us := time.Microsecond
	r.Latency, r.Upstream = 1100*us, 1000*us
	r.Spans = []exchange.Span{
		{Phase: exchange.PhaseRead, Duration: 10 * us}, {Phase: exchange.PhaseIdentify, Duration: 5 * us}, {Phase: exchange.PhaseRoute, Duration: 7 * us},
		{Phase: exchange.PhaseQueue, Attempt: 1, Duration: 20 * us}, {Phase: exchange.PhaseAdmit, Attempt: 1, Duration: 6 * us},
		{Phase: exchange.PhaseAttempt, Attempt: 1, Duration: 1000 * us}, {Phase: exchange.PhaseWait, Attempt: 1, Duration: 900 * us},
		{Phase: exchange.PhaseQueue, Attempt: 2, Duration: 500 * us}, {Phase: exchange.PhaseSettle, Duration: 2 * us},
	}
	m.End(r)
	const with = "method=chat_completion model=chat number_of_retries=0 overhead_component="
	const after = " provider=demo selected_key_id=k1 selected_key_name=one} "
	expect(t, m,
		"bifrost_overhead_component_microseconds_sum{fallback_index=0 "+with+"serialization"+after+"10",
		"bifrost_overhead_component_microseconds_sum{fallback_index=0 "+with+"middleware"+after+"11",
		"bifrost_overhead_component_microseconds_sum{fallback_index=0 "+with+"routing"+after+"7",
		"bifrost_overhead_component_microseconds_sum{fallback_index=0 "+with+"processing"+after+"22",
		"bifrost_overhead_component_microseconds_sum{fallback_index=0 "+with+"other"+after+"50",
	)
}

func TestWhatOthersKnow(t *testing.T) {
	m := open(t, Options{
		Keys: func() []Key {
			return []Key{{"demo", "k1", "one", true}, {"demo", "k2", "two", false}}
		},
		Dropped: func() (int64, int64) { return 3, 70 },
	})
	expect(t, m,
		"bifrost_provider_key_up{key_id=k1 key_name=one provider=demo} 1",
		"bifrost_provider_key_up{key_id=k2 key_name=two provider=demo} 0",
		"heimdall_log_dropped_total{what=records} 3",
		"heimdall_log_dropped_total{what=bodies} 70",
		"heimdall_metrics_folded_total{} 0",
	)
}

// Names that callers fill in reach the labels that were declared, and no others.
func TestCustomLabels(t *testing.T) {
	m := open(t, Options{Config: Config{Labels: []string{"team", "cost_center"}, Users: true}})
	r := plainRecord()
	r.Metadata = []exchange.Field{{Name: "cost-center", Value: "4711"}, {Name: "secret", Value: "x"}, {Name: "team", Value: "tools"}}
	m.End(r)
	m.Answered(Request{Path: "/v1/chat/completions", Method: "POST", Status: 200, Took: time.Second, In: 10, Out: 20,
		Header: header{"X-Bf-Prom-team": "old", "X-Bf-Dim-team": "new", "X-Bf-Prom-cost-center": "4711"}})
	expect(t, m,
		"bifrost_success_requests_total{cost_center=4711 fallback_index=0 method=chat_completion model=chat number_of_retries=0 provider=demo selected_key_id=k1 selected_key_name=one team=tools} 1",
		"http_requests_total{cost_center=4711 method=POST path=/v1/chat/completions status=200 team=new} 1",
	)
}

type header map[string]string

func (h header) Get(name string) string { return h[name] }
func (h header) HasPrefix(string) bool  { return false }
func (h header) Each(prefix string, f func(name, value string)) {
	for name, value := range h {
		if strings.HasPrefix(name, prefix) {
			f(name, value)
		}
	}
}

func TestHTTPRequests(t *testing.T) {
	m := open(t, Options{})
	m.Answered(Request{Path: "/api/logs/{id}", Method: "GET", Status: 404, Took: 250 * time.Millisecond, Out: 90})
	m.Answered(Request{Method: "GET", Status: 404})
	m.Answered(Request{Method: "HACK", Status: 405})
	expect(t, m,
		"http_requests_total{method=GET path=/api/logs/{id} status=404} 1",
		"http_requests_total{method=GET path=unmatched status=404} 1",
		"http_requests_total{method=other path=unmatched status=405} 1",
		"http_request_duration_seconds_sum{method=GET path=/api/logs/{id} status=404} 0.25",
		"http_request_duration_seconds_sum{method=GET path=unmatched status=404} 0",
		"http_request_duration_seconds_sum{method=other path=unmatched status=405} 0",
		"http_response_size_bytes_sum{method=GET path=/api/logs/{id} status=404} 90",
		"http_response_size_bytes_sum{method=GET path=unmatched status=404} 0",
		"http_response_size_bytes_sum{method=other path=unmatched status=405} 0",
	)
}
