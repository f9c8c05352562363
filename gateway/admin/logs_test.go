package admin

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"heimdall/gateway/config"
	"heimdall/gateway/exchange"
	"heimdall/gateway/observe"
	"heimdall/providers/llm"
)

func finished(id string) *exchange.Record {
	return &exchange.Record{
		ID: id, Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Op: llm.OpChat, Status: exchange.StatusSuccess, HTTPStatus: 200,
		Provider: "alpha", Model: "a-1", RequestedModel: "alpha/a-1", Latency: 1500 * time.Millisecond, TTFT: 200 * time.Millisecond,
		Usage: llm.Usage{Input: 10, Output: 5, CacheRead: 4}, HasUsage: true, Dialect: "chat", UpstreamDialect: "chat",
	}
}

func ids(l Logs) (all []string) {
	for _, e := range l.Logs {
		all = append(all, e.ID)
	}
	return all
}

func TestLogList(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	if l := do[Logs](w, "GET", "/api/logs", ""); l.HasLogs || l.Logs == nil {
		t.Errorf("empty: %+v", l)
	}
	for i := range 5 {
		w.journal.records = append(w.journal.records, finished(fmt.Sprint("s", i)))
	}
	for _, id := range []string{"l2", "l1"} {
		r := record(id)
		r.Provider = "alpha"
		w.Hub.Begin(r)
	}
	cases := map[string][]string{
		"":                            {"l1", "l2", "s0", "s1", "s2", "s3", "s4"},
		"?limit=3":                    {"l1", "l2", "s0"},
		"?limit=2&offset=1":           {"l2", "s0"},
		"?limit=2&offset=2":           {"s0", "s1"},
		"?limit=1":                    {"l1"},
		"?order=asc&limit=3&offset=3": {"s1", "s0", "l2"},
		"?order=asc&offset=6":         {"l1"},
		"?sort_by=latency&limit=1":    {"s0"},
		"?status=processing":          {"l1", "l2"},
		"?status=success&limit=2":     {"s0", "s1"},
		"?request_id=s3":              {"s3"},
		"?request_id=l2":              {"l2"},
		"?request_id=none":            nil,
		"?models=alpha/a-1&limit=1":   {"l1"},
	}
	for query, want := range cases {
		if diff := cmp.Diff(want, ids(do[Logs](w, "GET", "/api/logs"+query, ""))); diff != "" {
			t.Errorf("%s: %s", query, diff)
		}
	}
	w.journal.stats = func(observe.Query, observe.Breakdown) []observe.Group {
		return []observe.Group{
			{Values: []string{""}, Sums: observe.Sums{Requests: 3, Succeeded: 2, Cancelled: 1, Input: 20, Output: 5, Cost: 0.5, Unpriced: 1, Latency: 5 * time.Second}},
			{Values: []string{"provider_overloaded"}, Sums: observe.Sums{Requests: 1, Failed: 1}},
			{Values: []string{"policy_rate_limited"}, Sums: observe.Sums{Requests: 1, Failed: 1}},
		}
	}
	l := do[Logs](w, "GET", "/api/logs?limit=2", "")
	if diff := cmp.Diff(Pagination{2, 0, "timestamp", "desc", 7}, l.Pagination); diff != "" {
		t.Error(diff)
	}
	want := LogStats{
		TotalRequests: 7, SuccessRate: 50, UserFacingSuccessRate: 100 * 2.0 / 3, UserFacingTotalRequests: 6, AverageLatency: 1000, TotalTokens: 25,
		TotalCost: 0.5, Unpriced: 1, CacheHitRateTotal: 2,
	}
	if diff := cmp.Diff(want, l.Stats); diff != "" || !l.HasLogs {
		t.Errorf("stats: %s", diff)
	}
}

func TestDeleteLogs(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	w.journal.records = []*exchange.Record{finished("a"), finished("b")}
	w.fail("DELETE", "/api/logs", `{}`, 400, "ids")
	w.fail("DELETE", "/api/logs", `{"id":["a"]}`, 400, "id")
	do[Saved](w, "DELETE", "/api/logs", `{"ids":["a"]}`)
	if diff := cmp.Diff([]string{"b"}, ids(do[Logs](w, "GET", "/api/logs", ""))); diff != "" {
		t.Error(diff)
	}
}

func body4(s string) exchange.Body { return exchange.Body{Data: []byte(s), Size: int64(len(s))} }

const (
	chatRequest = `{"model":"alpha/a-1","messages":[{"role":"user","content":"hi"}],"temperature":0.5,"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}`
	chatAnswer  = `{"id":"1","object":"chat.completion","model":"a-1","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}`
	chatStream  = `data: {"id":"1","object":"chat.completion.chunk","model":"a-1","choices":[{"index":0,"delta":{"role":"assistant","content":"hel"},"finish_reason":null}]}

data: {"id":"1","object":"chat.completion.chunk","model":"a-1","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":null}]}

`
	chatEnd = `data: {"id":"1","object":"chat.completion.chunk","model":"a-1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: [DONE]

`
	messagesRequest = `{"model":"a-1","max_tokens":10,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]}`
	messagesAnswer  = `{"id":"m","type":"message","role":"assistant","model":"a-1","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1}}`
)

func TestLogDetail(t *testing.T) {
	cases := []struct {
		name                        string
		dialect, upstream           string
		request, response           string
		stream                      bool
		cut                         bool
		wantIn, wantOut, wantParams string
	}{
		{"chat", "chat", "chat", chatRequest, chatAnswer, false, false, "hi", "hello", "0.5"},
		{"a stream", "chat", "chat", chatRequest, chatStream + chatEnd, true, false, "hi", "hello", "0.5"},
		{"a stream that broke off", "chat", "chat", chatRequest, chatStream, true, false, "hi", "hello", "0.5"},
		{"messages", "messages", "messages", messagesRequest, messagesAnswer, false, false, "hi", "hello", "10"},
		{"across dialects", "messages", "chat", messagesRequest, chatStream + chatEnd, true, false, "hi", "hello", "10"},
		{"unreadable", "chat", "chat", `{"messages":7`, `<html>`, false, false, "null", "null", "null"},
		{"unknown dialects", "klingon", "klingon", chatRequest, chatAnswer, false, false, "null", "null", "null"},
		{"cut off", "chat", "chat", chatRequest, chatAnswer, false, true, "null", "hello", "null"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, config.Fixed{})
			r := finished("a")
			r.Dialect, r.UpstreamDialect, r.Stream = c.dialect, c.upstream, c.stream
			r.Request, r.Response = body4(c.request), body4(c.response)
			if c.cut {
				r.Request.Size++
			}
			w.journal.records = []*exchange.Record{r}
			d := do[LogDetail](w, "GET", "/api/logs/a", "")
			for what, pair := range map[string][2]string{
				"input": {c.wantIn, string(d.InputHistory)}, "output": {c.wantOut, string(d.OutputMessage)}, "params": {c.wantParams, string(d.Params)},
			} {
				if !strings.Contains(pair[1], pair[0]) {
					t.Errorf("%s: %s", what, pair[1])
				}
			}
			if d.RawRequest.Text != c.request || d.RawRequest.Cut != c.cut || d.RawResponse.Size != int64(len(c.response)) {
				t.Errorf("raw: %+v", d.RawRequest)
			}
			if c.name == "chat" && (strings.Contains(string(d.Params), "messages") || !strings.Contains(string(d.Tools), `"f"`)) {
				t.Errorf("params %s, tools %s", d.Params, d.Tools)
			}
		})
	}
}

func TestLogDetailOfAFailure(t *testing.T) {
	w := newWorld(t, config.Fixed{})
	r := finished("a")
	r.Status, r.HTTPStatus = exchange.StatusError, 429
	r.Error = &llm.Error{Kind: llm.KindProviderLimited, Message: "slow down", Code: "rate", Cause: errors.New("inside")}
	r.Response = body4(`{"error":{"message":"slow down"}}`)
	r.Request = exchange.Body{Size: 10}
	r.Attempts = []exchange.Attempt{{Provider: "alpha", Model: "a-1", KeyName: "k", Status: 429, Error: "slow down", Duration: time.Second}}
	r.Warnings = []llm.Warning{{Field: "seed", Why: "unknown"}}
	w.journal.records = []*exchange.Record{r}
	d := do[LogDetail](w, "GET", "/api/logs/a", "")
	if d.ErrorDetails == nil || d.ErrorDetails.Hint != hint(llm.KindProviderLimited) || d.ErrorDetails.Message != "slow down" {
		t.Errorf("error: %+v", d.ErrorDetails)
	}
	if string(d.OutputMessage) != "null" || d.RawRequest.Missing == "" || d.RawRequest.Cut {
		t.Errorf("detail: %+v", d)
	}
	if diff := cmp.Diff([]Attempt{{"alpha", "a-1", "k", 429, "slow down", 0, 1000}}, d.AttemptTrail); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Warning{{"seed", "unknown"}}, d.Warnings); diff != "" {
		t.Error(diff)
	}
	if *d.Latency != 1500 || *d.TTFT != 200 || *d.TokenUsage != (TokenUsage{10, 5, 15, 4, 0, 0}) {
		t.Errorf("numbers: %+v", d.LogEntry)
	}

	w.Hub.Begin(record("live"))
	live := do[LogDetail](w, "GET", "/api/logs/live", "")
	if live.Status != "processing" || live.RawRequest.Missing == "" || live.Latency != nil {
		t.Errorf("in flight: %+v", live)
	}
	if data, _ := json.Marshal(live); !strings.Contains(string(data), `"input_history":null`) {
		t.Errorf("in flight: %s", data)
	}
	w.fail("GET", "/api/logs/none", "", 404, "")
}
