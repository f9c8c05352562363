package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"heimdall/gateway/exchange"
	"heimdall/gateway/filter"
	"heimdall/gateway/observe"
	"heimdall/providers/catalog"
	"heimdall/providers/llm"
)

// Logs checks an observe.Store. open is as for Config.
func Logs(t *testing.T, open func(t *testing.T, dir string) observe.Store) {
	for name, test := range map[string]func(t *testing.T, open func() observe.Store){
		"a new store is empty":                       logsEmpty,
		"a whole record comes back":                  logsRoundTrip,
		"a bare record comes back":                   logsBare,
		"bodies come back":                           logsBodies,
		"a batch is one":                             logsBatch,
		"the same ID replaces":                       logsReplace,
		"a deleted record is gone":                   logsDelete,
		"neighbours of a deleted record stay":        logsDeleteAmong,
		"what replaces is kept apart":                logsReplaceAmong,
		"searches find what they should":             logsSearch,
		"pages follow one another":                   logsPages,
		"old records are pruned":                     logsPruneAge,
		"bodies are pruned from the oldest on":       logsPruneSize,
		"many batches are pruned":                    logsPruneBatches,
		"costs are calculated again":                 logsReprice,
		"filters select what they say":               logsFilters,
		"mixed filters select what they say":         logsMixedFilters,
		"groups add up":                              logsStats,
		"sessions and tools add up":                  logsStatsOfLists,
		"a session has the one it is named after":    logsSessionBegins,
		"the biggest groups come first":              logsBiggest,
		"what was said is found":                     logsText,
		"errors are kept longest":                    logsPruneErrors,
		"the log says how big it is":                 logsSize,
		"bodies are stored by what they differ in":   logsFourBodies,
		"readers are not disturbed by a writer":      logsReaders,
		"what was appended is there after reopening": logsReopen,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			test(t, func() observe.Store { return open(t, dir) })
		})
	}
}

// noon is a whole hour, which stores may count by.
var noon = time.Date(2026, 3, 14, 12, 0, 0, 0, time.UTC)

func logsEmpty(t *testing.T, open func() observe.Store) {
	s := open()
	if _, err := s.Get(t.Context(), "none"); !errors.Is(err, observe.ErrNotFound) {
		t.Errorf("get: error %v, want ErrNotFound", err)
	}
	checkPage(t, s, observe.Query{Limit: 10}, 0)
	if err := s.Delete(t.Context(), []string{"none"}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if err := s.Append(t.Context(), nil); err != nil {
		t.Errorf("append of nothing: %v", err)
	}
	limits := observe.Limits{Before: noon, MaxBytes: 1}
	if p, err := s.Prune(t.Context(), limits); err != nil || p != (observe.Pruned{}) {
		t.Errorf("prune: %+v, %v", p, err)
	}
}

func full(id string) *exchange.Record {
	return &exchange.Record{
		ID: id, Time: noon.Add(123456 * time.Microsecond), Op: llm.OpChat, Dialect: "chat", Method: "POST",
		Path: "/v1/chat/completions", Provider: "demo", Model: "demo-1", RequestedModel: "demo/demo-1",
		KeyID: "k-1", KeyName: "Zweit-Schlüssel 🔑", SessionID: "s-1", UserAgent: "curl/8 'x' \"y\"", Stream: true,
		Status: exchange.StatusError, HTTPStatus: 429,
		Error: &llm.Error{
			Kind: llm.KindProviderLimited, Status: 429, Message: "slow down\n<b>日本語</b>", Type: "rate_limit_error",
			Code: "rate_limited", Param: "model", RetryAfter: 1500 * time.Millisecond,
		},
		Latency: 1234567 * time.Microsecond, TTFT: 89 * time.Millisecond, Upstream: 1200 * time.Millisecond,
		Usage: llm.Usage{
			Input: 1000, CacheRead: 800, CacheWrite: 100, Output: 50, Reasoning: 20, Raw: []byte(`{"prompt_tokens":1000}`),
			CacheWriteHour: 60, InputAudio: 30, InputImage: 20, CacheReadAudio: 10, OutputAudio: 5, OutputImage: 4,
		},
		HasUsage: true, Finish: llm.Finish{Reason: llm.FinishStop, Raw: "end_turn"}, UpstreamDialect: "messages",
		DecodedBecause: "cross-dialect attempt", ConfigVersion: 7, Retries: 2,
		Attempts: []exchange.Attempt{
			{Provider: "demo", Model: "demo-1", KeyID: "k-1", KeyName: "one", Status: 500, Error: "broken", Duration: 12345},
			{Provider: "demo", Model: "demo-1", Status: 429, Fallback: 1, Duration: time.Second},
		},
		Identity: exchange.Identity{VirtualKeyID: "v-1", VirtualKeyName: "ci \"one\"", TeamID: "t-1", TeamName: "Bäcker", CustomerID: "c-1", CustomerName: "Acme"},
		Fallback: 1, PrimaryProvider: "first", PrimaryModel: "first-1",
		Routing:  []exchange.Step{{Engine: "core", Message: "first failed with 500"}, {Engine: "core", Message: "demo is next"}},
		Cost:     catalog.Cost{Known: true, Input: 1.25e-7, CacheRead: 0.1, CacheWrite: 0.2, Output: 3, Reasoning: 4e-9, Request: 0.01, Total: 3.310000129},
		Warnings: []llm.Warning{{Field: "logit_bias", Why: "not known there"}},
		Aliased:  true, ParentID: "the one before", App: "codex_exec", RuleID: "r-1", RuleName: "Cheap first", Tier: "simple", CacheHit: "semantic",
		Trace:    exchange.Trace{ID: [16]byte{1, 2, 3, 15: 4}, Span: [8]byte{7: 5}, Parent: [8]byte{6}, Sampled: true},
		Metadata: []exchange.Field{{Name: "env \"one\"", Value: "prod"}, {Name: "team", Value: "blaues\nTeam"}},
		Tools:    []string{"Edit", "a, \"b\" and c"}, Process: called(exchange.Process{PID: 4711, Name: "codex", Dir: "/home/ada/app"}),
		Spans: []exchange.Span{
			{Phase: exchange.PhaseRead, Duration: 12 * time.Microsecond},
			{Phase: exchange.PhaseAttempt, Attempt: 2, Start: 34 * time.Microsecond, Duration: time.Second},
		},
		ResponseMarks: []byte{5, 200, 1}, AnswerMarks: []byte{6, 1}, Header: []byte("Host: x\r\n"), ResponseHeader: []byte("X-Request-Id: 1\r\n"),
		Request:  body(`{"model":"demo/demo-1","messages":[{"role":"user","content":"Grüße, 世界 \u0000 🌍"}]}`),
		Sent:     body(`{"model":"demo-1","messages":[{"role":"user","content":"Grüße, 世界 \u0000 🌍"}]}`),
		Response: body(`{"error":{"message":"slow down"}}`),
		Answer:   body(`{"error":{"message":"slow down","extra_fields":{}}}`),
	}
}

func called(p exchange.Process) *atomic.Pointer[exchange.Process] {
	var at atomic.Pointer[exchange.Process]
	at.Store(&p)
	return &at
}

// same compares records as they come back.
var same = cmp.Options{cmpopts.EquateEmpty(), cmp.Comparer(func(a, b *atomic.Pointer[exchange.Process]) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a.Load() == *b.Load()
})}

// notKept are the fields of a record that no store keeps.
var notKept = []string{"First", "NoBodies"}

// everyField fails where a field of a record is zero that a store has to keep: it would not be tested.
func everyField(t *testing.T, r *exchange.Record) {
	t.Helper()
	of := reflect.ValueOf(*r)
	for i := range of.NumField() {
		name := of.Type().Field(i).Name
		if of.Field(i).IsZero() != slices.Contains(notKept, name) {
			t.Errorf("the whole record has to have %s if and only if it is kept", name)
		}
	}
}

// logsSessionBegins: a session that is named by the ID of a request has that request, when it came before or in the same
// batch, unless it has a session of its own.
func logsSessionBegins(t *testing.T, open func() observe.Store) {
	s := open()
	of := func(id, session string) *exchange.Record {
		return &exchange.Record{ID: id, Time: noon, SessionID: session}
	}
	appendAll(t, s, of("first", ""), of("alone", ""), of("other", "own"))
	appendAll(t, s, of("second", "first"), of("third", "other"))
	appendAll(t, s, of("begun", ""), of("next", "begun"), of("fourth", "first"))
	for session, want := range map[string]string{"first": "first fourth second", "begun": "begun next", "other": "third", "own": "other", "alone": ""} {
		var ids []string
		for _, r := range search(t, s, observe.Query{Where: filter.OneOf(filter.Session, session), Limit: 10}).Records {
			if ids = append(ids, r.ID); r.SessionID != session {
				t.Errorf("%s is of session %q", r.ID, r.SessionID)
			}
		}
		slices.Sort(ids)
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("session %s has %q, want %q", session, got, want)
		}
	}
}

func body(s string) exchange.Body { return exchange.Body{Data: []byte(s), Size: int64(len(s))} }

func logsRoundTrip(t *testing.T, open func() observe.Store) {
	s := open()
	want := full("0b6fbc4e-8a2d-4c1e-9f0a-1d2e3f405162")
	everyField(t, want)
	appendAll(t, s, want)
	checkGet(t, s, want)
	listed := *want
	for _, b := range bodiesOf(&listed) {
		b.Data = nil
	}
	listed.Header, listed.ResponseHeader, listed.ResponseMarks, listed.AnswerMarks = nil, nil, nil, nil
	if p := search(t, s, observe.Query{Limit: 1}); len(p.Records) == 1 {
		if diff := cmp.Diff(&listed, p.Records[0], same); diff != "" {
			t.Errorf("search (-want +got):\n%s", diff)
		}
	} else {
		t.Errorf("search found %d records, want 1", len(p.Records))
	}
}

func logsBare(t *testing.T, open func() observe.Store) {
	s := open()
	want := &exchange.Record{ID: "x' OR 1=1 --", Time: noon, Status: exchange.StatusCancelled}
	broken := &exchange.Record{ID: "usage", Time: noon, Usage: llm.Usage{Raw: []byte(`{"cut`)}}
	appendAll(t, s, want, broken)
	checkGet(t, s, want)
	broken.Usage.Raw = nil // what is no JSON is not kept, and does no harm
	checkGet(t, s, broken)
}

func logsBodies(t *testing.T, open func() observe.Store) {
	s := open()
	noise := make([]byte, 100_000)
	for i := range noise {
		noise[i] = byte(rand.Uint32())
	}
	text := strings.Repeat(`{"role":"user","content":"the same again and again"},`, 100_000) // 5 MB
	bodies := map[string]exchange.Body{
		"none":      {},
		"left out":  {Size: 4711},
		"cut":       {Data: []byte(text[:50_000]), Size: int64(len(text))},
		"one byte":  body("x"),
		"binary":    body("\x00\xff\xfe\x00"),
		"random":    {Data: noise, Size: int64(len(noise))},
		"big":       body(text[:4<<20]),
		"over 8 KB": body(text[:8<<10]),
	}
	var want []*exchange.Record
	for name, b := range bodies {
		want = append(want,
			&exchange.Record{ID: name + ", request", Time: noon, Request: b},
			&exchange.Record{ID: name + ", response", Time: noon, Response: b},
			&exchange.Record{ID: name + ", both", Time: noon, Request: b, Response: b})
	}
	appendAll(t, s, want...)
	for _, r := range want {
		checkGet(t, s, r)
	}
}

func logsBatch(t *testing.T, open func() observe.Store) {
	s := open()
	for _, n := range []int{1, 7, 8, 9, 250} {
		var batch []*exchange.Record
		for i := range n {
			r := full(fmt.Sprintf("%d of %d", i, n))
			r.Request = body(fmt.Sprintf("request %d of %d", i, n))
			if i%3 == 0 {
				r.Response = exchange.Body{}
			}
			batch = append(batch, r)
		}
		appendAll(t, s, batch...)
		for _, r := range batch {
			checkGet(t, s, r)
		}
	}
	if p := search(t, s, observe.Query{}); p.Total != 275 {
		t.Errorf("%d records, want 275", p.Total)
	}
}

func logsReplace(t *testing.T, open func() observe.Store) {
	s := open()
	other := full("other")
	appendAll(t, s, full("same"), other)
	second := full("same")
	second.Provider, second.Time, second.Request, second.Response = "openai", noon.Add(48*time.Hour), body("second"), exchange.Body{}
	appendAll(t, s, full("new"), second)
	checkGet(t, s, second)
	checkGet(t, s, other)
	third, last := full("same"), full("same")
	third.Model, last.Model = "third", "last"
	appendAll(t, s, third, full("newer"), last)
	checkGet(t, s, last)
	if p := search(t, s, observe.Query{}); p.Total != 4 {
		t.Errorf("%d records in all, want 4", p.Total)
	}
	checkPage(t, s, observe.Query{Providers: []string{"openai"}, Limit: 10}, 0)
	checkPage(t, s, observe.Query{Models: []string{"third"}, Limit: 10}, 0)
	checkPage(t, s, observe.Query{Models: []string{"last"}, Limit: 10}, 1, "same")
}

func logsDelete(t *testing.T, open func() observe.Store) {
	s := open()
	var ids []string
	var batch []*exchange.Record
	for i := range 1200 {
		ids = append(ids, fmt.Sprint("gone ", i))
		batch = append(batch, full(ids[i]))
	}
	kept := full("kept")
	appendAll(t, s, append(batch, kept)...)
	if err := s.Delete(t.Context(), append(ids, "never was", ids[0])); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if _, err := s.Get(t.Context(), ids[0]); !errors.Is(err, observe.ErrNotFound) {
		t.Errorf("get of a deleted record: error %v, want ErrNotFound", err)
	}
	checkGet(t, s, kept)
	checkPage(t, s, observe.Query{Limit: 10}, 1, "kept")
	// A record that comes after may not find an old one's bodies.
	bare := &exchange.Record{ID: ids[0], Time: noon}
	appendAll(t, s, bare)
	checkGet(t, s, bare)
}

func logsPruneAge(t *testing.T, open func() observe.Store) {
	s := open()
	var batch []*exchange.Record
	for i := range 1500 {
		r := full(fmt.Sprintf("%04d", i))
		r.Time = noon.Add(time.Duration(i) * time.Minute)
		batch = append(batch, r)
	}
	appendAll(t, s, batch...)
	p, err := s.Prune(t.Context(), observe.Limits{Before: noon.Add(1497 * time.Minute)})
	if want := (observe.Pruned{Rows: 1497}); err != nil || p != want {
		t.Errorf("prune: %+v, %v; want %+v", p, err, want)
	}
	checkPage(t, s, observe.Query{Limit: 10}, 3, "1499", "1498", "1497")
	checkGet(t, s, batch[1497])
	if _, err := s.Get(t.Context(), "1496"); !errors.Is(err, observe.ErrNotFound) {
		t.Errorf("get of a pruned record: error %v, want ErrNotFound", err)
	}
}

func logsPruneSize(t *testing.T, open func() observe.Store) {
	s := open()
	const records, size = 60, 200_000
	noise := make([]byte, size)
	for i := range records {
		for at := range noise {
			noise[at] = byte(rand.Uint32())
		}
		r := full(fmt.Sprintf("%02d", i))
		r.Time, r.Request, r.Response = noon.Add(time.Duration(i)*time.Minute), exchange.Body{Data: noise, Size: size}, exchange.Body{}
		appendAll(t, s, r)
	}
	if p, err := s.Prune(t.Context(), observe.Limits{MaxBytes: 1 << 40}); err != nil || p != (observe.Pruned{}) {
		t.Errorf("prune below the limit: %+v, %v; want nothing done", p, err)
	}
	if _, err := s.Prune(t.Context(), observe.Limits{MaxBytes: records * size / 2}); err != nil {
		t.Fatalf("prune: %v", err)
	}
	with := 0
	for i := range records {
		r, err := s.Get(t.Context(), fmt.Sprintf("%02d", i))
		if err != nil {
			t.Fatalf("the metadata must stay: %v", err)
		}
		if r.Request.Size != size {
			t.Errorf("record %d: the size of the body is %d now, want %d", i, r.Request.Size, size)
		}
		if r.Request.Data != nil {
			with++
		} else if with > 0 {
			t.Errorf("record %d has no body any more, an older one has", i)
		}
	}
	if with < records/4 || with > records/2 {
		t.Errorf("%d of %d bodies are left; want up to half", with, records)
	}
	if p := search(t, s, observe.Query{}); p.Total != records {
		t.Errorf("%d records, want all %d", p.Total, records)
	}
}

func logsReaders(t *testing.T, open func() observe.Store) {
	s := open()
	const batches, size = 40, 25
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() { readWhile(t, s, done, size) })
	}
	for b := range batches {
		var batch []*exchange.Record
		for i := range size {
			r := full(fmt.Sprintf("%d.%d", b, i))
			r.Request = body(strings.Repeat("x", 5000))
			batch = append(batch, r)
		}
		appendAll(t, s, batch...)
	}
	close(done)
	wg.Wait()
	if p := search(t, s, observe.Query{}); p.Total != batches*size {
		t.Errorf("%d records, want %d", p.Total, batches*size)
	}
}

// readWhile checks until done is closed that a search sees whole batches, and a record all of its bodies.
func readWhile(t *testing.T, s observe.Store, done <-chan struct{}, size int64) {
	for {
		select {
		case <-done:
			return
		default:
		}
		p, err := s.Search(t.Context(), observe.Query{Limit: 5})
		if err != nil || p.Total%size != 0 || int64(len(p.Records)) != min(5, p.Total) {
			t.Errorf("search: %d of %d records, error %v; want whole batches", len(p.Records), p.Total, err)
			return
		}
		for _, r := range p.Records {
			r, err := s.Get(t.Context(), r.ID)
			if err != nil || !bytes.Equal(r.Request.Data, []byte(strings.Repeat("x", 5000))) {
				t.Errorf("get: error %v, want the record with its body", err)
				return
			}
		}
	}
}

func logsReopen(t *testing.T, open func() observe.Store) {
	s := open()
	want, next := full("before"), full("after")
	appendAll(t, s, want)
	closeStore(t, s)
	s = open()
	appendAll(t, s, next)
	checkGet(t, s, want)
	checkGet(t, s, next)
	checkPage(t, s, observe.Query{Limit: 10}, 2, "after", "before")
}

func appendAll(t *testing.T, s observe.Store, batch ...*exchange.Record) {
	t.Helper()
	if err := s.Append(t.Context(), batch); err != nil {
		t.Fatalf("append: %v", err)
	}
}

func checkGet(t *testing.T, s observe.Store, want *exchange.Record) {
	t.Helper()
	got, err := s.Get(t.Context(), want.ID)
	if err != nil {
		t.Errorf("get: %v", err)
		return
	}
	id, kinds := want.ID, [...]string{"request", "sent", "response", "answer"}
	of, back := bodiesOf(want), bodiesOf(got)
	for i, kind := range kinds {
		if want, got := of[i], back[i]; got.Size != want.Size || !bytes.Equal(got.Data, want.Data) {
			t.Errorf("%s of %q: %d of %d bytes %.100q, want %d of %d bytes %.100q", kind, id,
				len(got.Data), got.Size, got.Data, len(want.Data), want.Size, want.Data)
		}
	}
	if diff := cmp.Diff(want, got, same, cmpopts.IgnoreFields(exchange.Record{}, "Request", "Sent", "Response", "Answer")); diff != "" {
		t.Errorf("get of %q (-want +got):\n%s", want.ID, diff)
	}
}

func bodiesOf(r *exchange.Record) [4]*exchange.Body {
	return [...]*exchange.Body{&r.Request, &r.Sent, &r.Response, &r.Answer}
}
