package otel_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"heimdall/gateway/exchange"
	"heimdall/gateway/otel"
	"heimdall/providers/catalog"
	"heimdall/providers/dialect"
	"heimdall/providers/dialect/chat"
	"heimdall/providers/dialect/messages"
	"heimdall/providers/llm"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	request = `{"model":"openai/gpt-5","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":"What is 1+1?"}],` +
		`"temperature":0.5,"max_completion_tokens":64,"stop":["END"],"reasoning_effort":"low","tools":[{"type":"function","function":{"name":"add","description":"Adds.","parameters":{"type":"object"}}}]}`
	answer = `{"id":"chatcmpl-1","object":"chat.completion","created":1764000000,"model":"gpt-5-2026","choices":[{"index":0,"finish_reason":"tool_calls",` +
		`"message":{"role":"assistant","content":"Two, says","tool_calls":[{"id":"c1","type":"function","function":{"name":"add","arguments":"{\"a\":1,\"b\":1}"}}]}}],"usage":{"prompt_tokens":30,"completion_tokens":12}}`
)

const ms = time.Millisecond

// record is an exchange whose first call failed, whose second was tried with another key, and which a fallback answered.
func record() *exchange.Record {
	trace, _ := exchange.ContinueTrace("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	body := func(s string) exchange.Body { return exchange.Body{Data: []byte(s), Size: int64(len(s))} }
	return &exchange.Record{
		ID: "req-1", Time: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Op: llm.OpChat, Dialect: "chat", Method: "POST", Path: "/v1/chat/completions",
		Provider: "beta", Model: "gpt-5", RequestedModel: "openai/gpt-5", KeyID: "k3", KeyName: "spare", SessionID: "session-1", UserAgent: "tests/1", App: "tests",
		Status: exchange.StatusSuccess, HTTPStatus: 200, Latency: 900 * ms, TTFT: 700 * ms, Upstream: 880 * ms,
		Usage: llm.Usage{Input: 30, CacheRead: 10, Output: 12, Reasoning: 5, Raw: []byte(`{}`)}, HasUsage: true, Finish: llm.Finish{Reason: llm.FinishTools},
		UpstreamDialect: "chat", Retries: 1, Fallback: 1, Cost: catalog.Cost{Known: true, Total: 0.25},
		Identity: exchange.Identity{VirtualKeyID: "vk-1", VirtualKeyName: "laptop", TeamID: "t-1", TeamName: "blue", CustomerID: "c-1", CustomerName: "ours"},
		RuleID:   "r-1", RuleName: "cheap first", Metadata: []exchange.Field{{Name: "env", Value: "test"}, {Name: "api-key", Value: "metadata-secret"}},
		Trace: trace, Header: []byte("User-Agent: tests/1\r\nX-Trip: 7\r\nX-Tour: north\r\nAuthorization: Bearer header-secret\r\nX-Tour-Token: tour-secret\r\n"),
		Attempts: []exchange.Attempt{
			{Provider: "alpha", Model: "gpt-5", KeyID: "k1", KeyName: "main", Status: 429, Error: "slow down", Duration: 100 * ms},
			{Provider: "alpha", Model: "gpt-5", KeyID: "k2", KeyName: "second", Status: 500, Error: "it broke", Duration: 150 * ms},
			{Provider: "beta", Model: "gpt-5", KeyID: "k3", KeyName: "spare", Status: 200, Fallback: 1, Duration: 400 * ms},
		},
		Spans: []exchange.Span{
			{Phase: exchange.PhaseRead, Duration: 1 * ms}, {Phase: exchange.PhaseIdentify, Start: 1 * ms, Duration: 2 * ms},
			{Phase: exchange.PhaseRoute, Start: 3 * ms, Duration: 7 * ms},
			{Phase: exchange.PhaseQueue, Attempt: 1, Start: 10 * ms, Duration: 5 * ms}, {Phase: exchange.PhaseAdmit, Attempt: 1, Start: 15 * ms, Duration: 1 * ms},
			{Phase: exchange.PhaseAttempt, Attempt: 1, Start: 20 * ms, Duration: 100 * ms}, {Phase: exchange.PhaseDNS, Attempt: 1, Start: 21 * ms, Duration: 9 * ms},
			{Phase: exchange.PhaseConnect, Attempt: 1, Start: 30 * ms, Duration: 10 * ms}, {Phase: exchange.PhaseTLS, Attempt: 1, Start: 40 * ms, Duration: 10 * ms},
			{Phase: exchange.PhaseWait, Attempt: 1, Start: 50 * ms, Duration: 70 * ms},
			{Phase: exchange.PhaseAttempt, Attempt: 2, Start: 130 * ms, Duration: 150 * ms},
			{Phase: exchange.PhaseAttempt, Attempt: 3, Start: 290 * ms, Duration: 400 * ms}, {Phase: exchange.PhaseWait, Attempt: 3, Start: 295 * ms, Duration: 395 * ms},
			{Phase: exchange.PhaseStream, Attempt: 3, Start: 690 * ms, Duration: 200 * ms}, {Phase: exchange.PhaseSettle, Start: 890 * ms, Duration: 1 * ms},
		},
		Request: body(request), Response: body(answer), Answer: body(answer),
	}
}

func profile(url string) otel.Profile {
	return otel.Profile{Enabled: true, ServiceName: "bifrost", Collector: url, Protocol: otel.ProtocolHTTP, MetricsEvery: 15 * time.Second}
}

// diary collects what is logged.
type diary struct {
	mu    sync.Mutex
	text  bytes.Buffer
	lines chan string
}

func newDiary() *diary { return &diary{lines: make(chan string, 100)} }

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines <- string(p)
	return d.text.Write(p)
}

func (d *diary) options(o *otel.Options) { o.Log = slog.New(slog.NewTextHandler(d, nil)) }

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func options(change ...func(*otel.Options)) otel.Options {
	dialects := map[string]dialect.Dialect{"chat": chat.New(), "messages": messages.New()}
	o := otel.Options{Version: "v1.2.3", Delay: time.Microsecond, Dialect: func(name string) (dialect.Dialect, bool) { d, ok := dialects[name]; return d, ok }}
	for _, f := range change {
		f(&o)
	}
	return o
}

// start makes an exporter that sends to the profiles.
func start(t *testing.T, o otel.Options, profiles ...otel.Profile) *otel.Exporter {
	t.Helper()
	e := otel.New(o)
	use(t, e, otel.Config{Profiles: profiles})
	t.Cleanup(func() { _ = e.Close(context.Background()) })
	return e
}

func use(t *testing.T, e *otel.Exporter, c otel.Config) {
	t.Helper()
	commit, err := e.Prepare(c)
	if err != nil {
		t.Fatal(err)
	}
	commit()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s says\n%s\nbut it is\n%s", file, want, got)
	}
}

func TestATrace(t *testing.T) {
	for _, protocol := range []string{otel.ProtocolHTTP, otel.ProtocolGRPC} {
		t.Run(protocol, func(t *testing.T) {
			c := newCollector(t)
			p := profile("")
			p.Protocol, p.Headers, p.RequestHeaders = protocol, otel.Headers{"Authorization": "Bearer collector-secret", "X-Unset": ""}, []string{"x-trip", "X-TOUR*", "authorization"}
			if p.Collector = c.grpc(); protocol == otel.ProtocolHTTP {
				p.Collector = c.http()
			}
			env := func(name string) string {
				return map[string]string{"OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=a%20desk, service.name=other,broken"}[name]
			}
			e := start(t, options(func(o *otel.Options) { o.Env = env; o.Provider = func(name string) string { return "the." + name } }), p)
			e.End(record())
			in := wait(t, c.traces)
			spans := spansOf(in)
			golden(t, "testdata/trace.golden", tree(spans))
			if got := fmt.Sprint(values(in.ResourceSpans[0].Resource.Attributes)); got != "map[deployment.environment.name:a desk service.name:bifrost service.version:v1.2.3]" {
				t.Errorf("the resource is %s", got)
			}
			if h := wait(t, c.headers); h["authorization"] != "Bearer collector-secret" || h["x-unset"] != "" {
				t.Errorf("the collector gets the headers %v", h)
			}
			seen := map[string]bool{}
			for _, s := range spans {
				trace, id, _ := ids(s)
				if trace != "0af7651916cd43dd8448eb211c80319c" || seen[id] {
					t.Errorf("span %s of the trace %s is there twice or elsewhere", id, trace)
				}
				seen[id] = true
			}
			if _, _, parent := ids(spans[0]); parent != "b7ad6b7169203331" {
				t.Errorf("the root hangs below %q", parent)
			}
		})
	}
}

// A record that is sent twice has the same spans; two records have none in common.
func TestIDsAreStable(t *testing.T) {
	c, d := newCollector(t), newCollector(t)
	e := start(t, options(), profile(c.http()), profile(d.http()))
	r := record()
	r.Trace = exchange.Trace{}
	e.End(r)
	spans := c.spans()
	if a, b := tree(spans), tree(d.spans()); a != b {
		t.Errorf("two collectors see two things:\n%s\n%s", a, b)
	}
	e.End(r)
	more := c.spans()
	for i, s := range spans {
		if bytes.Equal(s.TraceId, more[i].TraceId) || bytes.Equal(s.SpanId, more[i].SpanId) {
			t.Errorf("two exchanges share the span %s", s.Name)
		}
	}
}

func TestWhoIsSampled(t *testing.T) {
	c := newCollector(t)
	e := start(t, options(), profile(c.http()))
	r := record()
	r.Trace.Sampled = false
	e.End(r)
	e.End(record())
	if spans := c.spans(); len(c.traces) != 0 || spans[0].Name != "http.request" {
		t.Error("a trace that its caller did not sample was sent")
	}
}

func TestSessionsAsTraces(t *testing.T) {
	c := newCollector(t)
	p := profile(c.http())
	p.BySession = true
	e := start(t, options(), p)
	trace := func(session string, parent bool) string {
		r := record()
		r.SessionID = session
		if !parent {
			r.Trace = exchange.NewTrace()
		}
		e.End(r)
		id, _, _ := ids(c.spans()[0])
		return id
	}
	if a, b := trace("s1", false), trace("s1", false); a != b {
		t.Errorf("a session has the traces %s and %s", a, b)
	}
	if a, b := trace("s1", false), trace("s2", false); a == b {
		t.Error("two sessions are one trace")
	}
	if a, b := trace("", false), trace("", false); a == b {
		t.Error("requests without a session are one trace")
	}
	if got := trace("s1", true); got != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("a caller's own trace became %s", got)
	}
}

// Nothing that was said, and nothing that proves who somebody is, goes along where it must not.
func TestWhatIsNotSent(t *testing.T) {
	content := []string{"1+1", "Be brief", "Two, says", "Adds.", `"a":1`}
	for _, test := range []struct {
		name    string
		profile func(*otel.Profile)
		record  func(*exchange.Record)
		there   bool
	}{
		{"all", func(*otel.Profile) {}, func(*exchange.Record) {}, true},
		{"the profile wants no content", func(p *otel.Profile) { p.NoContent, p.Raw = true, true }, func(*exchange.Record) {}, false},
		{"the record has no bodies", func(p *otel.Profile) { p.Raw = true }, func(r *exchange.Record) {
			r.NoBodies, r.Request.Data, r.Response.Data, r.Answer.Data, r.Header = true, nil, nil, nil, nil
		}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newCollector(t)
			p := profile(c.http())
			p.Headers, p.RequestHeaders = otel.Headers{"X-Key": "collector-secret"}, []string{"*"}
			test.profile(&p)
			r := record()
			test.record(r)
			start(t, options(), p).End(r)
			sent := string(wait(t, c.raw))
			for _, word := range content {
				if strings.Contains(sent, word) != test.there {
					t.Errorf("%q: %v", word, !test.there)
				}
			}
			for _, secret := range []string{"header-secret", "tour-secret", "collector-secret", "metadata-secret"} {
				if strings.Contains(sent, secret) {
					t.Errorf("the collector sees %s", secret)
				}
			}
			if call := find(t, c.spans(), "chat gpt-5"); values(call.Attributes)["gen_ai.usage.input_tokens"] != "30" {
				t.Error("the tokens are missing, too")
			}
		})
	}
}

func TestWhereContentStands(t *testing.T) {
	c := newCollector(t)
	p := profile(c.http())
	p.NoRootContent, p.Raw = true, true
	e := start(t, options(), p)
	r := record()
	r.Sent = exchange.Body{Data: []byte(`{"model":"gpt-5"}`), Size: 17}
	e.End(r)
	spans := c.spans()
	root, call := values(spans[0].Attributes), values(find(t, spans, "chat gpt-5").Attributes)
	if root["gen_ai.input.messages"] != "" || call["gen_ai.input.messages"] == "" {
		t.Errorf("root %q, call %q", root["gen_ai.input.messages"], call["gen_ai.input.messages"])
	}
	if call["gen_ai.raw_request"] != `{"model":"gpt-5"}` || call["gen_ai.raw_response"] != answer {
		t.Errorf("raw: %q, %q", call["gen_ai.raw_request"], call["gen_ai.raw_response"])
	}

	r = record()
	r.Request.Data = []byte(strings.Replace(request, "1+1", strings.Repeat("much ", 400_000), 1))
	r.Request.Size = int64(len(r.Request.Data))
	e.End(r)
	spans = c.spans()
	root, call = values(spans[0].Attributes), values(find(t, spans, "chat gpt-5").Attributes)
	if root["heimdall.content_dropped"] != "true" || call["gen_ai.input.messages"] != "" || e.Dropped().Contents != 1 {
		t.Errorf("2 MB were said: dropped %q, %+v", root["heimdall.content_dropped"], e.Dropped())
	}
}

// A request that was refused before anybody was called is a root span with its error.
func TestARefusal(t *testing.T) {
	c := newCollector(t)
	e := start(t, options(), profile(c.http()))
	r := record()
	r.Status, r.HTTPStatus, r.Attempts, r.Spans = exchange.StatusError, 402, nil, r.Spans[:2]
	r.Error = &llm.Error{Kind: llm.KindInvalidRequest, Status: 402, Type: "budget_exceeded", Message: "the budget is spent"}
	e.End(r)
	spans := c.spans()
	got := values(spans[0].Attributes)
	if names := spanNames(spans); fmt.Sprint(names) != "[http.request read identify]" {
		t.Errorf("spans: %v", names)
	}
	if spans[0].Status.Message != "the budget is spent" || got["error.type"] != string(llm.KindInvalidRequest) || got["gen_ai.error.type"] != "budget_exceeded" || got["http.response.status_code"] != "402" {
		t.Errorf("status %v, attributes %v", spans[0].Status, got)
	}
}

func TestSpanFilter(t *testing.T) {
	for mode, want := range map[string]string{
		otel.FilterExclude: "[http.request chat gpt-5 attempt queue dns connect tls wait retry fallback wait stream read route]",
		otel.FilterInclude: "[http.request chat gpt-5 attempt queue admit dns connect tls wait retry fallback wait stream read identify settle]",
	} {
		c := newCollector(t)
		e := otel.New(options())
		use(t, e, otel.Config{Profiles: []otel.Profile{profile(c.http())}, Filter: otel.SpanFilter{Mode: mode, Plugins: []string{"governance"}}})
		e.End(record())
		if got := fmt.Sprint(spanNames(c.spans())); got != want {
			t.Errorf("%s: %s", mode, got)
		}
		_ = e.Close(t.Context())
	}
}

func TestMetrics(t *testing.T) {
	for _, protocol := range []string{otel.ProtocolHTTP, otel.ProtocolGRPC} {
		c := newCollector(t)
		p := profile("")
		if p.Protocol, p.Metrics, p.Collector = protocol, true, c.grpc(); protocol == otel.ProtocolHTTP {
			p.Collector = c.http() + "/v1/traces"
		}
		e := otel.New(options())
		use(t, e, otel.Config{Profiles: []otel.Profile{p}})
		r := record()
		r.Stream, r.Trace.Sampled = true, false // metrics count what is not sampled, too
		e.End(r)
		e.End(r)
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
		var lines []string
		for _, m := range wait(t, c.metrics).ResourceMetrics[0].ScopeMetrics[0].Metrics {
			for _, point := range m.GetHistogram().DataPoints {
				lines = append(lines, fmt.Sprintf("%s %s %v n=%d sum=%g buckets=%d", m.Name, m.Unit, values(point.Attributes), point.Count, point.GetSum(), len(point.ExplicitBounds)))
			}
		}
		slices.Sort(lines)
		golden(t, "testdata/metrics.golden", strings.Join(lines, "\n")+"\n")
	}
}

// What waits at the old collector is sent there when the configuration changes; profiles that stay go on.
func TestAnotherCollector(t *testing.T) {
	first, second, third := newCollector(t), newCollector(t), newCollector(t)
	stays := profile(third.http())
	e := otel.New(options(func(o *otel.Options) { o.Delay = time.Hour }))
	if e.Active() {
		t.Error("it sends without a configuration")
	}
	use(t, e, otel.Config{Profiles: []otel.Profile{profile(first.http()), stays}})
	e.End(record())
	off := profile("http://unused.test")
	off.Enabled = false
	use(t, e, otel.Config{Profiles: []otel.Profile{stays, profile(second.http()), off}})
	if len(first.spans()) == 0 || !e.Active() {
		t.Error("nothing came")
	}
	e.End(record())
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if len(second.traces) != 1 || len(first.traces) != 0 || len(third.traces) != 1 {
		t.Errorf("%d, %d and %d requests", len(first.traces), len(second.traces), len(third.traces))
	}
	if n := len(third.spans()); n != 2*len(second.spans()) {
		t.Errorf("the one that stays got %d spans", n)
	}
	e.End(record())
	if e.Active() || e.Dropped() != (otel.Lost{}) {
		t.Errorf("after its end: %+v", e.Dropped())
	}
}

// A collector that is not there costs memory up to a bound, and one warning.
func TestADeadCollector(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	log := newDiary()
	e := otel.New(options(log.options, func(o *otel.Options) { o.MaxTraces, o.MaxBytes = 4, int64(3*len(request+answer)) }))
	p := profile(gone.URL)
	p.Headers = otel.Headers{"Authorization": "Bearer collector-secret"}
	use(t, e, otel.Config{Profiles: []otel.Profile{p}})
	for range 40 {
		e.End(record())
	}
	if n := e.States()[0].Waiting; n > 4 {
		t.Errorf("%d wait", n)
	}
	if err := e.Close(t.Context()); err == nil {
		t.Error("nothing is said of what is lost")
	}
	lost := e.Dropped()
	if lost.Traces != 40 || lost.Contents == 0 {
		t.Errorf("lost: %+v", lost)
	}
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || strings.Contains(text, "secret") {
		t.Errorf("the log says:\n%s", text)
	}
}

// A collector that comes back gets what waited.
func TestACollectorThatComesBack(t *testing.T) {
	t.Parallel()
	c := newCollector(t)
	c.status.Store(503)
	log := newDiary()
	e := start(t, options(log.options), profile(c.http()))
	e.End(record())
	if line := wait(t, log.lines); !strings.Contains(line, "WARN") || e.States()[0].Problem == "" {
		t.Errorf("%s %+v", line, e.States())
	}
	c.status.Store(0)
	if len(c.spans()) == 0 {
		t.Error("nothing came")
	}
	e.End(record())
	c.spans()
	if text := log.String(); strings.Count(text, "level=WARN") != 1 || strings.Count(text, "level=INFO") != 1 || e.Dropped() != (otel.Lost{}) {
		t.Errorf("%+v, the log says:\n%s", e.Dropped(), text)
	}
}

// What a collector refuses for good is dropped at once, and the next batch is sent.
func TestARefusingCollector(t *testing.T) {
	c := newCollector(t)
	c.status.Store(400)
	log := newDiary()
	e := start(t, options(log.options), profile(c.http()))
	e.End(record())
	wait(t, log.lines)
	c.status.Store(0)
	e.End(record())
	c.spans()
	if got := e.States()[0]; got.Lost.Traces != 1 {
		t.Errorf("%+v", got)
	}
}

// A redirect does not carry our headers elsewhere.
func TestNoRedirects(t *testing.T) {
	elsewhere := newCollector(t)
	mover := httptest.NewServer(http.RedirectHandler(elsewhere.http()+"/v1/traces", http.StatusTemporaryRedirect))
	defer mover.Close()
	e := otel.New(options())
	use(t, e, otel.Config{Profiles: []otel.Profile{profile(mover.URL)}})
	e.End(record())
	if err := e.Close(t.Context()); err == nil || len(elsewhere.traces) != 0 {
		t.Errorf("it is followed, %v", err)
	}
}

func TestProblems(t *testing.T) {
	no, yes := false, true
	for want, change := range map[string]func(*otel.Profile){
		"":                                  func(*otel.Profile) {},
		"profiles[0].collector_url":         func(p *otel.Profile) { p.Collector = "" },
		"profiles[0].collector_url ":        func(p *otel.Profile) { p.Collector = "localhost:4318" },
		"profiles[0].collector_url  ":       func(p *otel.Profile) { p.Collector = "http://me:pw@localhost" },
		"profiles[0].collector_url   ":      func(p *otel.Profile) { p.Collector, p.Protocol = "http://localhost/v1/traces", "grpc" },
		"profiles[0].collector_url    ":     func(p *otel.Profile) { p.Insecure = &no },
		"profiles[0].protocol":              func(p *otel.Profile) { p.Protocol = "udp" },
		"profiles[0].metrics_endpoint":      func(p *otel.Profile) { p.Metrics, p.Collector = true, "http://localhost:4318/custom" },
		"profiles[0].metrics_push_interval": func(p *otel.Profile) { p.MetricsEvery = time.Hour },
		"profiles[0].headers.Content-Type":  func(p *otel.Profile) { p.Headers = otel.Headers{"Content-Type": "x"} },
		"profiles[0].headers.X":             func(p *otel.Profile) { p.Headers = otel.Headers{"X": "a\nb"} },
		"profiles[0].headers.a b":           func(p *otel.Profile) { p.Headers = otel.Headers{"a b": "c"} },
		"profiles[0].request_headers[0]":    func(p *otel.Profile) { p.RequestHeaders = []string{"x-[a"} },
		"profiles[0].tls_ca_cert":           func(p *otel.Profile) { p.CA = "/nowhere/ca.pem" },
		" ":                                 func(p *otel.Profile) { p.Collector, p.Protocol, p.Insecure = "localhost:4317", "grpc", &yes },
		"  ":                                func(p *otel.Profile) { p.Collector, p.Protocol, p.Insecure = "collector.test", "grpc", &no },
		"   ":                               func(p *otel.Profile) { p.Collector = "https://collector.test/custom" },
	} {
		p := profile("http://localhost:4318")
		change(&p)
		problems := otel.Config{Profiles: []otel.Profile{p}}.Problems()
		path := ""
		if len(problems) > 0 {
			path = problems[0].Path
		}
		if path != strings.TrimSpace(want) || len(problems) > 1 {
			t.Errorf("%q: %+v", want, problems)
		}
	}
	if got := (otel.Config{Filter: otel.SpanFilter{Mode: "some"}}).Problems(); len(got) != 1 || got[0].Path != "plugin_span_filter.mode" {
		t.Errorf("%+v", got)
	}
	if _, err := otel.New(options()).Prepare(otel.Config{Profiles: []otel.Profile{{Enabled: true}}}); err == nil {
		t.Error("a profile without anything is fine")
	}
	if text := fmt.Sprintf("%v %+v", profile("x"), otel.Headers{"a": "secret-value"}); strings.Contains(text, "secret-value") {
		t.Error(text)
	}
}
