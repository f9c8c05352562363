package admin

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/dialect"
	"heimdall/providers/eventstream"
	"heimdall/providers/timing"
)

// marksOf are the marks of pieces that came 10 ms after one another.
func marksOf(pieces ...string) []byte {
	var m timing.Marks
	for i, p := range pieces {
		m.Add(len(p), time.Duration(i+1)*10*time.Millisecond)
	}
	return m.Bytes()
}

func ms(n float64) *float64 { return &n }

func binary(kind, payload string) string {
	return string(eventstream.Append(nil, []byte(payload), eventstream.Header{Name: ":event-type", Value: kind}))
}

func TestFrames(t *testing.T) {
	events := []string{"event: start\ndata: {\"a\":1}\n\n", ": keep-alive\n\n", "data: one\r\ndata: two\r\n\r\n", "data: [DO"}
	array := []string{`[{"text":"a } \" ]"}`, ",\n" + `{"b":{"c":2}}`, "\n]"}
	lines := []string{`{"a":1}` + "\n", `{"b":2}` + "\n"}
	frames := []string{binary("chunk", `{"x":1}`), binary("end", `{"y":2}`)}
	cases := []struct {
		name    string
		body    string
		marks   []byte
		dialect string
		plain   bool // no stream
		cut     bool
		want    []StreamFrame
	}{
		{"events", strings.Join(events, ""), marksOf(events...), "chat", false, false, []StreamFrame{
			{ms(10), 28, "start", `{"a":1}`}, {ms(20), 14, "", ": keep-alive"}, {ms(30), 24, "", "one\ntwo"}, {ms(40), 9, "", "[DO"},
		}},
		{"one frame in pieces", "data: x\n\n", marksOf("data", ": x", "\n\n"), "chat", false, false, []StreamFrame{{ms(30), 9, "", "x"}}},
		{"frames in one piece", "data: x\n\ndata: y\n\n", marksOf("data: x\n\ndata: y\n\n"), "chat", false, false, []StreamFrame{{ms(10), 9, "", "x"}, {ms(10), 9, "", "y"}}},
		{"without marks", "data: x\n\n", nil, "chat", false, true, []StreamFrame{{nil, 9, "", "x"}}},
		{"an array", strings.Join(array, ""), marksOf(array...), "chat", false, false, []StreamFrame{
			{ms(20), 22, "", `[{"text":"a } \" ]"},`}, {ms(30), 15, "", `{"b":{"c":2}}` + "\n]"},
		}},
		{"lines", strings.Join(lines, ""), marksOf(lines...), "chat", false, false, []StreamFrame{{ms(10), 8, "", `{"a":1}`}, {ms(20), 8, "", `{"b":2}`}}},
		{"binary", strings.Join(frames, "") + frames[0][:7], marksOf(append(frames, "1234567")...), "binary", false, false, []StreamFrame{
			{ms(10), int64(len(frames[0])), "chunk", `{"x":1}`}, {ms(20), int64(len(frames[1])), "end", `{"y":2}`}, {ms(30), 7, "", ""},
		}},
		{"an answer in one piece", `{"error":{}}`, nil, "chat", false, false, []StreamFrame{}},
		{"no stream", "data: x\n\n", nil, "chat", true, false, []StreamFrame{}},
		{"nothing", "", nil, "chat", false, false, []StreamFrame{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, config.Fixed{})
			known := w.Admin.Dialects
			w.Admin.Dialects = func(name string) (dialect.Dialect, bool) {
				if name == "binary" {
					return dialect.Dialect{Name: name, Frames: eventstream.Whole, Text: eventstream.Text}, true
				}
				return known(name)
			}
			r := finished("a")
			r.Stream, r.UpstreamDialect, r.Dialect = !c.plain, c.dialect, c.dialect
			r.Response, r.ResponseMarks = body4(c.body), c.marks
			r.Answer = body4("data: for the client\n\n")
			if c.cut {
				r.Response.Size += 10
			}
			w.journal.records = []*exchange.Record{r}
			got := do[StreamFrames](w, "GET", "/api/logs/a/frames", "")
			if diff := cmp.Diff(StreamFrames{c.want, c.cut}, got); diff != "" {
				t.Error(diff)
			}
			if d := do[LogDetail](w, "GET", "/api/logs/a", ""); d.UpstreamFrames != len(c.want) {
				t.Errorf("%d frames", d.UpstreamFrames)
			}
			if c.plain || c.dialect == "binary" {
				return
			}
			if got := do[StreamFrames](w, "GET", "/api/logs/a/frames?side=client", ""); len(got.Frames) != 1 || got.Frames[0].Data != "for the client" {
				t.Errorf("client: %+v", got)
			}
		})
	}
	w := newWorld(t, config.Fixed{})
	w.Hub.Begin(record("live"))
	w.fail("GET", "/api/logs/live/frames", "", 409, "")
	w.fail("GET", "/api/logs/none/frames", "", 404, "")
	w.fail("GET", "/api/logs/none/frames?side=left", "", 400, "side")
}

// TestLogDetailOfARecord: what the log keeps beside the conversation.
func TestLogDetailOfARecord(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	r := finished("a")
	r.Request, r.Sent, r.Response, r.Answer = body4(chatRequest), body4("to them"), body4(chatAnswer), exchange.Body{Data: []byte("to us"), Size: 99}
	r.Header = []byte("Authorization: Bearer " + canary + "\r\nX-Tenant: blue\r\n")
	r.ResponseHeader = []byte("X-Request-Id: 7\r\n")
	r.Spans = []exchange.Span{{Phase: exchange.PhaseAttempt, Attempt: 1, Start: 2 * time.Millisecond, Duration: 1500 * time.Microsecond}}
	r.ParentID, r.App, r.RuleID, r.RuleName, r.Tier, r.CacheHit = "p", "codex", "r1", "cheap", "simple", "direct"
	r.Tools, r.Metadata = []string{"Edit"}, []exchange.Field{{Name: "tenant", Value: "blue"}}
	r.Trace.ID[15] = 1
	w.journal.records = []*exchange.Record{r, finished("b")}
	d := do[LogDetail](w, "GET", "/api/logs/a", "")
	if d.UpstreamRequest.Text != "to them" || d.ClientResponse != (Body{Text: "to us", Size: 99, Cut: true}) || d.RawRequest.Text != chatRequest {
		t.Errorf("bodies: %+v %+v", d.UpstreamRequest, d.ClientResponse)
	}
	header := []HeaderField{{Name: "Authorization", Masked: true}, {Name: "X-Tenant", Value: "blue"}}
	if diff := cmp.Diff(header, d.RequestHeaders) + cmp.Diff([]HeaderField{{Name: "X-Request-Id", Value: "7"}}, d.ResponseHeaders) +
		cmp.Diff([]Span{{"attempt", 1, 2, 1.5}}, d.Spans); diff != "" {
		t.Error(diff)
	}
	e := d.LogEntry
	if e.ParentRequestID != "p" || e.App != "codex" || e.RoutingRuleName != "cheap" || e.ComplexityTier != "simple" || e.CacheHit != "direct" ||
		e.CalledTools[0] != "Edit" || e.Metadata["tenant"] != "blue" || !strings.HasSuffix(e.TraceID, "01") || e.RequestSize != int64(len(chatRequest)) {
		t.Errorf("row: %+v", e)
	}
	if diff := cmp.Diff([]string{"a", "b"}, d.Replays); diff != "" { // the journal knows no filters
		t.Error(diff)
	}
}
