package otel

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/fnv"
	"strconv"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"heimdall/gateway/exchange"
	"heimdall/gateway/transcript"
	"heimdall/providers/llm"
)

// shape says how one profile wants its traces.
type shape struct {
	profile  *Profile
	filter   SpanFilter
	headers  patterns
	reader   transcript.Reader
	provider func(string) string // what the conventions call a provider
	budget   int                 // bytes of what was said in one trace at most
}

// trace is one record on its way to spans.
type trace struct {
	*shape
	item
	id, root, parent []byte
	spans            []*tracepb.Span
	req              *llm.Request
	resp             *llm.Response
	said             said
	inCall, inRoot   bool // where what was said has its place
	inRaw            bool // and whether the bodies have one
	lost             bool // some of it has none
}

// spans makes the spans of a record, the root first. lost says that what was said is missing somewhere.
func (s *shape) spans(it item) (spans []*tracepb.Span, lost bool) {
	t := &trace{shape: s, item: it, lost: !it.full}
	t.ids()
	if it.full {
		t.req, t.resp = it.decoded(s.reader)
		if !s.profile.NoContent {
			t.said = tell(t.req, t.resp, it.rec.Dialect != "chat" && it.rec.Dialect != "completions")
		}
	}
	t.allot()
	t.rootSpan()
	if len(it.rec.Attempts) > 0 {
		t.callSpan()
	}
	for i, one := range it.rec.Spans {
		if one.Attempt == 0 {
			t.step(i, one, t.root)
		}
	}
	return t.spans, t.lost
}

// allot shares out the bytes that a trace may have.
func (t *trace) allot() {
	room := t.budget
	claim := func(size int) bool {
		if size > room {
			return false
		}
		room -= size
		return true
	}
	called := len(t.rec.Attempts) > 0
	if called {
		t.inCall = claim(t.said.size())
		t.lost = t.lost || !t.inCall
	}
	if !t.profile.NoRootContent {
		t.inRoot = claim(t.said.size())
		t.lost = t.lost || !t.inRoot && !called
	}
	if called && t.profile.Raw && !t.profile.NoContent && t.full {
		t.inRaw = claim(len(t.sent()) + len(t.rec.Response.Data))
		t.lost = t.lost || !t.inRaw
	}
}

// sent is what the provider was asked.
func (t *trace) sent() []byte {
	if len(t.rec.Sent.Data) == 0 {
		return t.rec.Request.Data
	}
	return t.rec.Sent.Data
}

// ids finds where the trace belongs. The requests of a session share a trace where the profile wants that and their
// caller has none of its own.
func (t *trace) ids() {
	own := &t.rec.Trace
	id := own.ID
	if t.profile.BySession && t.rec.SessionID != "" && own.Parent == ([8]byte{}) {
		sum := sha256.Sum256([]byte("session " + t.rec.SessionID))
		copy(id[:], sum[:])
	}
	t.id, t.root = id[:], own.Span[:]
	if own.Parent != ([8]byte{}) {
		t.parent = own.Parent[:]
	}
}

// child is the id of a span below the root. It is always the same for the same span of a record, so that one which is
// sent twice is one.
func (t *trace) child(name string) []byte {
	h := fnv.New64a()
	h.Write(t.root)
	h.Write([]byte(name))
	return binary.BigEndian.AppendUint64(nil, max(h.Sum64(), 1))
}

// at is a moment of the exchange as OTLP writes it.
func (t *trace) at(d time.Duration) uint64 { return uint64(t.rec.Time.Add(d).UnixNano()) }

func (t *trace) span(name string, id, parent []byte, kind tracepb.Span_SpanKind, from, until time.Duration) *tracepb.Span {
	s := &tracepb.Span{
		TraceId: t.id, SpanId: id, ParentSpanId: parent, Name: name, Kind: kind,
		StartTimeUnixNano: t.at(from), EndTimeUnixNano: t.at(max(from, until)), Flags: 1, // sampled
	}
	t.spans = append(t.spans, s)
	return s
}

func failed(why string) *tracepb.Status {
	return &tracepb.Status{Code: tracepb.Status_STATUS_CODE_ERROR, Message: why}
}

// plugins say which plugin of Bifrost's does what a step is for.
var plugins = map[exchange.Phase]string{
	exchange.PhaseIdentify: "governance", exchange.PhaseAdmit: "governance", exchange.PhaseSettle: "governance",
	exchange.PhaseRoute: "routing", exchange.PhaseCache: "semantic_cache", exchange.PhasePlugins: "plugins",
}

// names are how the spans of steps are called, where that is not the phase's own name.
var names = map[exchange.Phase]string{exchange.PhasePlugins: "plugin", exchange.PhaseMCP: "mcp.tool"}

// step is the span of a piece of the exchange's time. n tells it from others of its kind.
func (t *trace) step(n int, s exchange.Span, parent []byte) {
	plugin := plugins[s.Phase]
	if plugin != "" && !t.filter.keeps(plugin) {
		return
	}
	name := names[s.Phase]
	if name == "" {
		name = string(s.Phase)
	}
	span := t.span(name, t.child(strconv.Itoa(n)), parent, tracepb.Span_SPAN_KIND_INTERNAL, s.Start, s.Start+s.Duration)
	var a attributes
	a.text(keyPlugin, plugin)
	span.Attributes = a
}

func (t *trace) rootSpan() {
	rec := &t.rec
	span := t.span("http.request", t.root, t.parent, tracepb.Span_SPAN_KIND_SERVER, 0, rec.Latency)
	var a attributes
	a.text(keyHTTPMethod, rec.Method)
	a.text(keyPath, rec.Path)
	a.integer(keyHTTPStatus, int64(rec.HTTPStatus))
	a.text(keyUserAgent, rec.UserAgent)
	a.text(keyRequestID, rec.ID)
	a.text(keyParentID, rec.ParentID)
	a.text(keyApp, rec.App)
	a.text(keyCacheHit, rec.CacheHit)
	t.operation(&a)
	t.caller(&a)
	t.requestHeaders(&a)
	t.failure(&a)
	if t.inRoot {
		t.said.put(&a)
	}
	if t.lost {
		a.truth(keyContentLost, true)
	}
	span.Attributes = a
	if rec.Error != nil {
		span.Status = failed(rec.Error.Message)
	}
}

// callSpan is the call of a model, with a span below it for each call of a provider.
func (t *trace) callSpan() {
	rec := &t.rec
	from, until, known := rec.Latency, time.Duration(0), false
	for _, s := range rec.Spans {
		if s.Attempt > 0 {
			from, until, known = min(from, s.Start), max(until, s.Start+s.Duration), true
		}
	}
	if !known {
		from, until = 0, rec.Latency
	}
	operation := operationOf(rec)
	id := t.child("call")
	span := t.span(operation+" "+rec.Model, id, t.root, tracepb.Span_SPAN_KIND_CLIENT, from, until)
	var a attributes
	t.operation(&a)
	t.caller(&a)
	t.parameters(&a)
	t.response(&a)
	t.usage(&a)
	t.failure(&a)
	if t.inCall {
		t.said.put(&a)
	}
	if t.inRaw {
		a.text(keyRawRequest, string(t.sent()))
		a.text(keyRawResponse, string(t.rec.Response.Data))
	}
	span.Attributes = a
	if rec.Error != nil {
		span.Status = failed(rec.Error.Message)
	}
	for i := range rec.Attempts {
		t.attempt(i, id, from)
	}
}

// attempt is the span of one call of a provider: the first one, a retry, or a fallback.
func (t *trace) attempt(i int, call []byte, from time.Duration) {
	rec := &t.rec
	one := &rec.Attempts[i]
	name := "attempt"
	switch {
	case i > 0 && one.Fallback != rec.Attempts[i-1].Fallback:
		name = "fallback"
	case i > 0:
		name = "retry"
	}
	start, end := from, from+one.Duration
	for _, s := range rec.Spans {
		switch {
		case s.Attempt != i+1:
		case s.Phase == exchange.PhaseAttempt:
			start, end = s.Start, max(end, s.Start+s.Duration)
		case s.Phase == exchange.PhaseStream:
			end = max(end, s.Start+s.Duration)
		}
	}
	id := t.child("attempt " + strconv.Itoa(i+1))
	span := t.span(name, id, call, tracepb.Span_SPAN_KIND_CLIENT, start, end)
	var a attributes
	a.integer(keyAttempt, int64(i+1))
	a.text(keyProvider, t.provider(one.Provider))
	a.text(keyRequestModel, one.Model)
	a.text(keySelectedKeyID, one.KeyID)
	a.text(keySelectedKeyName, one.KeyName)
	a.integer(keyFallback, int64(one.Fallback))
	a.count(keyHTTPStatus, int64(one.Status))
	if one.Error != "" {
		a.text(keyErrorType, strconv.Itoa(one.Status))
		span.Status = failed(one.Error)
	}
	span.Attributes = a
	t.parts(i+1, call, id)
}

// parts are what an attempt's time was spent on; what came before it stands beside it.
func (t *trace) parts(attempt int, call, id []byte) {
	for n, s := range t.rec.Spans {
		switch {
		case s.Attempt != attempt || s.Phase == exchange.PhaseAttempt:
		case s.Phase == exchange.PhaseQueue || s.Phase == exchange.PhaseAdmit:
			t.step(n, s, call)
		default:
			t.step(n, s, id)
		}
	}
}
