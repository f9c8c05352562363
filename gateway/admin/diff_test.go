package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// said is a logged call of a chat client: its request, and the message of the answer as JSON.
func said(id, request, message string) *exchange.Record {
	r := finished(id)
	r.Request = exchange.Body{Data: []byte(request), Size: int64(len(request))}
	answer := `{"id":"x","choices":[{"index":0,"message":` + message + `,"finish_reason":"stop"}]}`
	r.Response = exchange.Body{Data: []byte(answer), Size: int64(len(answer))}
	return r
}

func call(name, arguments string) string {
	text, _ := json.Marshal(arguments)
	return `{"id":"c","type":"function","function":{"name":"` + name + `","arguments":` + string(text) + `}}`
}

func TestDiffOfAnswers(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.journal.records = []*exchange.Record{
		said("a", `{"model":"m","messages":[]}`, `{"role":"assistant","content":"It is raining in Oslo.","reasoning_content":"Look it up","tool_calls":[`+
			call("weather", `{"city":"Oslo","unit":"C"}`)+","+call("search", `{"q":1}`)+","+call("weather", `{"city":"Bergen"}`)+`]}`),
		said("b", `{"model":"m","messages":[]}`, `{"role":"assistant","content":"It is sunny in Oslo.","tool_calls":[`+
			call("weather", `{ "unit":"C", "city":"Oslo" }`)+","+call("weather", `{"city":"Voss"}`)+","+call("mail", `not JSON`)+`]}`),
	}
	d := do[LogDiff](w, "GET", "/api/logs/diff?first=a&second=b", "")
	if got, want := marked(d.Text), "It is [-raining-]{+sunny+} in Oslo."; got != want || marked(d.Thought) != "[-Look it up-]" || d.Missing != "" {
		t.Errorf("%s, %s", got, marked(d.Thought))
	}
	var calls []string
	for _, c := range d.Calls {
		calls = append(calls, fmt.Sprint(c.Name, " ", c.Same, " ", c.First != nil, " ", c.Second != nil, " ", marked(c.Arguments)))
	}
	if diff := cmp.Diff([]string{
		"weather true true true {\n  \"city\": \"Oslo\",\n  \"unit\": \"C\"\n}",
		"search false true false [-{\n  \"q\": 1\n}-]",
		"weather false true true {\n  \"city\": \"[-Bergen-]{+Voss+}\"\n}",
		"mail false false true {+not JSON+}",
	}, calls); diff != "" {
		t.Error(diff)
	}
	same := do[LogDiff](w, "GET", "/api/logs/diff?first=a&second=a", "")
	if marked(same.Text) != "It is raining in Oslo." || len(same.Text) != 1 || same.Request == nil || len(same.Request) != 0 {
		t.Errorf("%+v", same)
	}
}

func TestDiffNumbers(t *testing.T) {
	first, second := finished("a"), finished("b")
	first.Cost = catalog.Cost{Known: true, Total: 0.5}
	second.Stream, second.Latency, second.Usage.Output, second.Upstream = true, 2200*time.Millisecond, 50, time.Second
	unpriced := finished("c")
	unpriced.HasUsage, unpriced.TTFT, unpriced.Latency = false, 0, 0
	for _, c := range []struct {
		first, second *exchange.Record
		want          []string
	}{
		{first, second, []string{
			"Input tokens 10 10", "Cached input tokens 4 4", "Output tokens 5 50", "Reasoning tokens 0 0", "Cost usd 0.5 –",
			"Latency ms 1500 2200", "First byte ms 200 200", "At the provider ms – 1000", "Output per second tokens/s 3.333 25",
		}},
		{unpriced, unpriced, nil},
	} {
		var got []string
		shown := func(f *float64) string {
			if f == nil {
				return "–"
			}
			return fmt.Sprintf("%.4g", *f)
		}
		for _, n := range diffNumbers(c.first, c.second) {
			got = append(got, strings.Join([]string{n.Name, n.Unit, shown(n.First), shown(n.Second)}, " "))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Error(diff)
		}
	}
}

func TestDiffOfRequests(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	chat := func(id, model, rest string) *exchange.Record {
		r := said(id, `{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]`+rest+`}`, `{"role":"assistant","content":"x"}`)
		r.RequestedModel = model
		return r
	}
	messages := chat("messages", "m", `,"max_tokens":7,"temperature":0.5`)
	messages.Dialect = "messages"
	path := chat("path", "m", "")
	path.RequestedModel = "n"
	gone := chat("gone", "n", "")
	gone.Request.Data = nil
	w.journal.records = []*exchange.Record{
		chat("plain", "m", ""), chat("other", "n", `,"temperature":0.5,"x_unknown":[1]`), messages, path, gone, chat("long", "m", `,"x":"`+strings.Repeat("ä", maxField)+`"`),
	}
	for second, want := range map[string][]string{
		"plain": nil,
		"other": {`model: "m" | "n"`, `temperature: – | 0.5`, `x_unknown: – | [1]`},
		// Across dialects they are compared in one shape.
		"messages": {`max_completion_tokens: – | 7`, `temperature: – | 0.5`},
		"path":     {`model: "m" | "n"`},
		"gone":     {`model: "m" | "n"`},
		"long":     {`x: – | "` + strings.Repeat("ä", maxField/2-1) + `…`},
	} {
		d := do[LogDiff](w, "GET", "/api/logs/diff?first=plain&second="+second, "")
		var got []string
		shown := func(s *string) string {
			if s == nil {
				return "–"
			}
			return *s
		}
		for _, f := range d.Request {
			got = append(got, f.Path+": "+shown(f.First)+" | "+shown(f.Second))
		}
		if diff := cmp.Diff(want, got); diff != "" || d.More {
			t.Errorf("%s: %s", second, diff)
		}
	}
	w.journal.records = append(w.journal.records, chat("many", "m", `,"list":[`+strings.TrimSuffix(strings.Repeat(`{"a":1},`, maxFields+50), ",")+`]`))
	w.journal.records = append(w.journal.records, chat("more", "m", `,"list":[`+strings.TrimSuffix(strings.Repeat(`{"a":2},`, maxFields+50), ",")+`]`))
	if d := do[LogDiff](w, "GET", "/api/logs/diff?first=many&second=more", ""); len(d.Request) != maxFields || !d.More {
		t.Errorf("%d, more: %v", len(d.Request), d.More)
	}
}

func TestDiffRefuses(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.journal.records = []*exchange.Record{finished("a")}
	w.Hub.Begin(record("live"))
	w.fail("GET", "/api/logs/diff?first=a", "", 400, "second")
	w.fail("GET", "/api/logs/diff?second=a", "", 400, "first")
	w.fail("GET", "/api/logs/diff?first=a&second=none", "", 404, "")
	w.fail("GET", "/api/logs/diff?first=a&second=live", "", 409, "")
	if d := do[LogDiff](w, "GET", "/api/logs/diff?first=a&second=a", ""); d.Missing != "the log has no answer of either" || d.Text == nil || d.Calls == nil {
		t.Errorf("%+v", d)
	}
}

func TestReplayHandler(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.journal.records = []*exchange.Record{finished("a")}
	w.Hub.Begin(record("live"))
	var got Replay
	w.Replay = func(_ context.Context, r *exchange.Record, how Replay) (Replayed, error) {
		got = how
		if how.Provider == "none" {
			return Replayed{}, refuse("provider", "is not configured")
		}
		return Replayed{LogID: r.ID + "-2", Status: 200}, nil
	}
	if done := do[Replayed](w, "POST", "/api/logs/a/replay", `{"model":"m","params":{"seed":null}}`); done.LogID != "a-2" || got.Model != "m" || string(got.Params["seed"]) != "null" {
		t.Errorf("%+v %+v", done, got)
	}
	w.fail("POST", "/api/logs/a/replay", `{"provider":"none"}`, 400, "provider")
	w.fail("POST", "/api/logs/a/replay", `{"modell":"m"}`, 400, "modell")
	w.fail("POST", "/api/logs/none/replay", `{}`, 404, "")
	w.fail("POST", "/api/logs/live/replay", `{}`, 409, "")
}

// A large answer is compared as a small one, within bounds.
func TestDiffOfLargeAnswers(t *testing.T) {
	var one, other strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&one, "word%d ", i%977)
		fmt.Fprintf(&other, "word%d ", i*7%1013)
	}
	quoted := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	w := newWorld(t, config.Fixed{})
	first := said("a", `{"model":"m","messages":[]}`, `{"role":"assistant","content":`+quoted(one.String())+`}`)
	second := said("b", `{"model":"m","messages":[]}`, `{"role":"assistant","content":`+quoted(other.String())+`}`)
	d := w.diff(first, second)
	if rebuilt(d.Text, partRemoved) != one.String() || rebuilt(d.Text, partAdded) != other.String() {
		t.Error("the texts are not what they were")
	}
	if spoken(w.transcript.Response(first), llm.PartText) != one.String() {
		t.Error("the answer is not what it was")
	}
}
