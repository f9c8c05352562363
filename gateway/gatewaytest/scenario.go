package gatewaytest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/admin"
	"heimdall/providers/fake"
	"heimdall/providers/transport"
)

// Scenario is one request and all that it may cause.
type Scenario struct {
	Name   string
	Config string // "" = Config
	Env    map[string]string
	Method string // "" = POST
	Path   string
	Header []string // name, value, …
	Body   string
	Script fake.Reply // what every upstream call gets

	Status   int
	Want     string            // the whole body; "" = not compared
	Contains []string          // parts of the body
	Lacks    []string          // what the body must not have
	Expect   map[string]string // header fields of the answer; "" = absent
	Broken   bool              // the connection breaks before the answer ends

	Upstream []Sent   // every call, in order
	Records  []Record // every row of the log, in order

	Check func(t *testing.T, g *Gateway, a Answer) // what else there is to see
}

// Sent is one upstream call. Header lists the fields that matter; "" = absent.
type Sent struct {
	Method string // "" = POST
	URL    string
	Header map[string]string
	Body   string // exact; anyBody is not compared
}

// anyBody stands for a body that is encoded anew and looked at elsewhere.
const anyBody = "*"

// Record is what a row of the log must say. Warnings are names of fields.
type Record struct {
	Provider, Model, Alias string
	Status                 string
	Code                   int
	Kind                   string // of the error
	Stream                 bool
	In, Out                int64
	NoUsage                bool
	Key                    string
	Upstream               string // its dialect; "" where it never answered
	Finish                 string
	Warnings               []string
	Attempts               int
}

// Run plays the scenarios, each on a gateway of its own.
func Run(t *testing.T, list []Scenario) {
	for _, s := range list {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			s.play(t)
		})
	}
}

func (s *Scenario) play(t *testing.T) {
	g := Start(t, Options{Config: s.Config, Env: s.Env, Script: func(*transport.Request) fake.Reply { return s.Script }})
	events := g.Listen()
	method := s.Method
	if method == "" {
		method = "POST"
	}
	a := g.Do(method, s.Path, s.Body, s.Header...)
	s.checkAnswer(t, a)
	rows := g.Rows()
	s.checkRecords(t, g, rows)
	checkEvents(t, events.Settled(), rows)
	s.checkUpstream(t, g)
	if s.Check != nil {
		s.Check(t, g, a)
	}
	if n := g.Upstream.Open(); n != 0 {
		t.Errorf("%d upstream answers are still open", n)
	}
}

func (s *Scenario) checkAnswer(t *testing.T, a Answer) {
	t.Helper()
	if a.Status != s.Status {
		t.Errorf("status %d, want %d; body %s", a.Status, s.Status, a.Body)
	}
	if (a.Broken != nil) != s.Broken {
		t.Errorf("the connection broke: %v", a.Broken)
	}
	if s.Want != "" && a.Body != s.Want {
		t.Errorf("body:\n%s", cmp.Diff(s.Want, a.Body))
	}
	for _, part := range s.Contains {
		if !strings.Contains(a.Body, part) {
			t.Errorf("the body lacks %s:\n%s", part, a.Body)
		}
	}
	for _, part := range s.Lacks {
		if strings.Contains(a.Body, part) {
			t.Errorf("the body has %s:\n%s", part, a.Body)
		}
	}
	for name, want := range s.Expect {
		if got := a.Header.Get(name); got != want {
			t.Errorf("header %s is %q, want %q", name, got, want)
		}
	}
	if a.Header.Get("Content-Type") == "" && a.Body != "" {
		t.Error("the answer has no Content-Type")
	}
}

func (s *Scenario) checkRecords(t *testing.T, g *Gateway, rows []admin.LogEntry) {
	t.Helper()
	var got []Record
	for _, e := range rows {
		got = append(got, record(e, g.Detail(e.ID)))
	}
	if diff := cmp.Diff(s.Records, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

func record(e admin.LogEntry, d admin.LogDetail) Record {
	r := Record{Provider: e.Provider, Model: e.Model, Alias: e.Alias, Status: e.Status, Code: e.StatusCode, Stream: e.Stream,
		Key: e.SelectedKeyName, Upstream: e.UpstreamDialect, Finish: e.StopReason, NoUsage: e.TokenUsage == nil, Attempts: len(d.AttemptTrail)}
	if e.TokenUsage != nil {
		r.In, r.Out = e.TokenUsage.PromptTokens, e.TokenUsage.CompletionTokens
	}
	if e.ErrorDetails != nil {
		r.Kind = e.ErrorDetails.Kind
	}
	for _, w := range d.Warnings {
		r.Warnings = append(r.Warnings, w.Field)
	}
	return r
}

// checkEvents wants the last event of every row to be the row, and no event of anything else.
func checkEvents(t *testing.T, frames []admin.Frame, rows []admin.LogEntry) {
	t.Helper()
	last := map[string]*admin.LogEntry{}
	for _, f := range frames {
		if f.Type == "spending" { // it comes when it likes
			continue
		}
		if f.Type != "log" || f.Log == nil {
			t.Errorf("unexpected event %+v", f)
			continue
		}
		last[f.Log.ID] = f.Log
	}
	if len(last) != len(rows) {
		t.Errorf("events of %d requests, but %d rows", len(last), len(rows))
	}
	for _, row := range rows {
		if diff := cmp.Diff(encoded(row), encoded(last[row.ID])); diff != "" {
			t.Errorf("the row and its last event differ:\n%s", diff)
		}
	}
}

func encoded(v any) string {
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (s *Scenario) checkUpstream(t *testing.T, g *Gateway) {
	t.Helper()
	seen := g.Upstream.Seen()
	if len(seen) != len(s.Upstream) {
		t.Fatalf("%d upstream calls, want %d: %+v", len(seen), len(s.Upstream), seen)
	}
	for i, want := range s.Upstream {
		if want.Method == "" {
			want.Method = "POST"
		}
		got := Sent{Method: seen[i].Method, URL: seen[i].URL, Body: seen[i].Body, Header: map[string]string{}}
		for name := range want.Header {
			got.Header[name] = seen[i].Header[name]
		}
		if want.Body == anyBody {
			got.Body = anyBody
		}
		if want.Header == nil {
			got.Header = nil
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("upstream call %d (-want +got):\n%s", i, diff)
		}
	}
}
